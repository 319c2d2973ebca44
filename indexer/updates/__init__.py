"""Single changes of a catalogue, applied to its live release: lines in, versioned writes out."""

from indexer.updates.apply import Applied, Applier
from indexer.updates.batches import BatchLimits
from indexer.updates.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from indexer.updates.dead_lines import DeadLines
from indexer.updates.encoding import Encoding
from indexer.updates.input_lines import Place
from indexer.updates.input_start import Start, start_input
from indexer.updates.options import UpdateOptions
from indexer.updates.report import UpdateReport
from indexer.updates.run import run_updates
from indexer.updates.sources import is_stream

__all__ = [
    "Applied",
    "Applier",
    "BatchLimits",
    "Checkpoint",
    "DeadLines",
    "Encoding",
    "Place",
    "Start",
    "UpdateOptions",
    "UpdateReport",
    "is_stream",
    "load_checkpoint",
    "run_updates",
    "save_checkpoint",
    "start_input",
]
