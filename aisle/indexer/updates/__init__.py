"""Single changes of a catalogue, applied to its live release: lines in, versioned writes out."""

from aisle.indexer.dead_letters import DeadLetterLog
from aisle.indexer.updates.apply import BatchApplier, UpdateOptions
from aisle.indexer.updates.checkpoint import InputCheckpoint, load_checkpoint, save_checkpoint
from aisle.indexer.updates.input import BatchLimits, InputStart, Place, is_stream, start_input
from aisle.indexer.updates.run import UpdateReport, run_updates
from aisle.indexer.updates.table import TableStart, is_table, start_table
from aisle.indexer.updates.writes import Encoding

__all__ = [
    "BatchApplier",
    "BatchLimits",
    "DeadLetterLog",
    "Encoding",
    "InputCheckpoint",
    "InputStart",
    "Place",
    "TableStart",
    "UpdateOptions",
    "UpdateReport",
    "is_stream",
    "is_table",
    "load_checkpoint",
    "run_updates",
    "save_checkpoint",
    "start_input",
    "start_table",
]
