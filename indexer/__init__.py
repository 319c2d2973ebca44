"""A catalogue on its way into a live release: document, pipeline, bulk writer, alias releases."""

from indexer.bulk_bodies import Refusal
from indexer.document import document
from indexer.index_catalogue import index_catalogue
from indexer.index_options import IndexOptions, IndexReport
from indexer.item_encoder import ItemEncoder, dense_item_encoder, without_vectors
from indexer.retries import RetryPolicy
from indexer.shared_rejects import SharedRejects
from indexer.stages import PipelineOptions
from indexer.tally import Progress

__all__ = [
    "IndexOptions",
    "IndexReport",
    "ItemEncoder",
    "PipelineOptions",
    "Progress",
    "Refusal",
    "RetryPolicy",
    "SharedRejects",
    "dense_item_encoder",
    "document",
    "index_catalogue",
    "without_vectors",
]
