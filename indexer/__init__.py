"""A catalogue on its way into a live release: document, pipeline, bulk writer, alias releases."""

from indexer.bulk_bodies import Refusal
from indexer.dead_letters import DeadLetters
from indexer.document import document
from indexer.index_catalogue import index_catalogue
from indexer.index_options import IndexOptions
from indexer.index_report import IndexReport
from indexer.item_encoder import (
    ItemEncoder,
    dense_item_encoder,
    sparse_item_encoder,
    together,
    without_vectors,
)
from indexer.ledger import Ledger
from indexer.ledger_start import Books
from indexer.retries import RetryPolicy
from indexer.stages import PipelineOptions
from indexer.tally import Progress

__all__ = [
    "Books",
    "DeadLetters",
    "IndexOptions",
    "IndexReport",
    "ItemEncoder",
    "Ledger",
    "PipelineOptions",
    "Progress",
    "Refusal",
    "RetryPolicy",
    "dense_item_encoder",
    "document",
    "index_catalogue",
    "sparse_item_encoder",
    "together",
    "without_vectors",
]
