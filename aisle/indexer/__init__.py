"""A catalogue on its way into a live release: document, pipeline, bulk writer, alias releases."""

from aisle.indexer.dead_letters import DeadLetters
from aisle.indexer.ledger.resume import ResumeContext
from aisle.indexer.ledger.store import Ledger
from aisle.indexer.options import IndexOptions, IndexReport
from aisle.indexer.pipeline import PipelineOptions
from aisle.indexer.progress import Progress
from aisle.indexer.run import index_catalogue
from aisle.indexer.vectors import (
    ItemEncoder,
    dense_item_encoder,
    sparse_item_encoder,
    together,
    without_vectors,
)

__all__ = [
    "DeadLetters",
    "IndexOptions",
    "IndexReport",
    "ItemEncoder",
    "Ledger",
    "PipelineOptions",
    "Progress",
    "ResumeContext",
    "dense_item_encoder",
    "index_catalogue",
    "sparse_item_encoder",
    "together",
    "without_vectors",
]
