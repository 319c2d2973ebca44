"""The manifest of an artifact that is about to be built."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from aisle.encoder.artifact import TOKENIZER, Manifest, sha256_of
from aisle.encoder.dense import KIND
from aisle.encoder.export.bert import bert_graph
from aisle.encoder.export.checkpoint import BertCheckpoint
from aisle.encoder.export.options import ExportOptions
from aisle.encoder.export.precision import Fp32, Int8, WeightPrecision
from aisle.encoder.export.static_int8 import StaticInt8, calibrate
from aisle.encoder.export.weights import WeightSource, prefixes_of
from aisle.encoder.text import TEXT_VERSION
from aisle.encoder.tokenizer import TextTokenizer
from aisle.errors import InputError


def git_commit() -> str:
    """The repository's HEAD, 40 hex digits; empty outside a repository or without git."""
    git = shutil.which("git")
    if git is None:
        return ""

    def ask(*words: str) -> str:
        here = Path(__file__)
        done = subprocess.run([git, *words], cwd=here.parent, capture_output=True, text=True, check=False)
        return done.stdout.strip() if done.returncode == 0 else ""

    # An installed Aisle may lie inside somebody else's repository: only one that tracks this file is Aisle's.
    return ask("rev-parse", "HEAD") if ask("ls-files", "--error-unmatch", Path(__file__).name) else ""


MAX_LENGTH = 256


def describe(options: ExportOptions, source: WeightSource, checkpoint: BertCheckpoint) -> Manifest:
    """All that is known before the graph is built: everything but metrics and file hashes.

    Raises:
        InputError: a length, a width or a number of dimensions that this model cannot have.
    """
    name = _precision_name(options)
    return Manifest(
        kind=KIND,
        name=options.name or source.model.rpartition("/")[2],
        base_model=options.base_model or source.model,
        revision=source.revision or sha256_of(source.folder / "model.safetensors"),
        dims=_dims(options, checkpoint),
        widths=_widths(options, checkpoint),
        pooling=checkpoint.pooling,
        normalisation="l2",
        prefixes=options.prefixes or prefixes_of(source.model),
        max_length=_max_length(options, checkpoint),
        text_version=TEXT_VERSION,
        precision=name,
        instruction_set="" if name == Fp32.name else options.chosen_cpu(),
        data_hash=options.data_hash,
        git_commit=git_commit(),
        created=datetime.now(UTC).isoformat(timespec="milliseconds"),
        training=options.training,
        files={},
    )


def _precision_name(options: ExportOptions) -> str:
    if options.precision is not None:
        return options.precision.name
    return StaticInt8.name if options.calibration else Int8.name


def _dims(options: ExportOptions, checkpoint: BertCheckpoint) -> int:
    dims = checkpoint.width if options.dims is None else options.dims
    if not 1 <= dims <= checkpoint.width:
        raise InputError(
            f"{dims} dimensions asked of a model of {checkpoint.width}",
            fix=f"ask for 1 to {checkpoint.width}",
        )
    return dims


def _widths(options: ExportOptions, checkpoint: BertCheckpoint) -> tuple[int, ...]:
    """The trained widths that fit into the artifact's own, which comes first."""
    widths = options.widths or (checkpoint.width,)
    if widths[0] != checkpoint.width or list(widths) != sorted(set(widths), reverse=True) or widths[-1] < 1:
        raise InputError(f"widths {widths} do not descend from {checkpoint.width}", fix="full width first")
    dims = _dims(options, checkpoint)
    return (dims, *(width for width in widths if width < dims))


def _max_length(options: ExportOptions, checkpoint: BertCheckpoint) -> int:
    possible = min(checkpoint.max_length or MAX_LENGTH, MAX_LENGTH, checkpoint.max_positions)
    longest = possible if options.max_length is None else options.max_length
    if not 3 <= longest <= checkpoint.max_positions:
        raise InputError(
            f"max_length {longest} is not possible with this model",
            fix=f"choose 3 to {checkpoint.max_positions}",
        )
    return longest


def choose_precision(
    options: ExportOptions,
    source: WeightSource,
    checkpoint: BertCheckpoint,
    max_length: int,
    scratch: Path,
    build: Callable[[BertCheckpoint, WeightPrecision], bytes] = bert_graph,
) -> WeightPrecision:
    """The one asked for; else INT8 for the CPU, static if there are texts to calibrate the graph with."""
    if options.precision is not None:
        return options.precision
    if not options.calibration:
        return Int8(options.weight_bits)
    tokens = TextTokenizer(source.folder / TOKENIZER, max_length)(options.calibration)
    return StaticInt8(calibrate(checkpoint, tokens, scratch, build), options.weight_bits)
