"""Which precision an export has."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from encoder.dense import TOKENIZER
from encoder.tokens import TextTokenizer
from training.export.bert_graph import bert_graph
from training.export.calibration import calibrate
from training.export.checkpoint import Checkpoint
from training.export.options import ExportOptions
from training.export.precision import Int8, Precision
from training.export.static_precision import StaticInt8
from training.export.weights import Source


def choose_precision(
    options: ExportOptions,
    source: Source,
    checkpoint: Checkpoint,
    max_length: int,
    scratch: Path,
    build: Callable[[Checkpoint, Precision], bytes] = bert_graph,
) -> Precision:
    """The one asked for; else INT8 for the CPU, static if there are texts to calibrate the graph with."""
    if options.precision is not None:
        return options.precision
    if not options.calibration:
        return Int8(options.weight_bits)
    tokens = TextTokenizer(source.folder / TOKENIZER, max_length)(options.calibration)
    return StaticInt8(calibrate(checkpoint, tokens, scratch, build), options.weight_bits)
