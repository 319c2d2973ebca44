"""The manifest of a reranker that is about to be built."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from encoder.artifact import sha256_of
from encoder.cross_encoder import KIND
from encoder.manifest import Manifest
from encoder.pair_tokens import SPECIAL
from encoder.text import TEXT_VERSION
from records import InputError
from training.export.checkpoint import json_object, read_backbone
from training.export.commit import git_commit
from training.export.cross_encoder_head import read_head
from training.export.describe import MAX_LENGTH
from training.export.options import ExportOptions
from training.export.precision import Fp32
from training.export.weights import Source


def describe_reranker(options: ExportOptions, source: Source, precision: str) -> Manifest:
    """All that is known before the graph is built: everything but metrics and file hashes.

    Raises:
        InputError: a length that this model cannot have, or a model that is no cross-encoder.
    """
    backbone = read_backbone(source.folder)
    return Manifest(
        kind=KIND,
        name=options.name or source.model.rpartition("/")[2],
        base_model=options.base_model or source.model,
        revision=source.revision or sha256_of(source.folder / "model.safetensors"),
        dims=1,
        pooling=read_head(source.folder, backbone).pooling.value,
        max_length=_max_length(options.max_length, source.folder, backbone.max_positions),
        text_version=TEXT_VERSION,
        precision=precision,
        instruction_set="" if precision == Fp32.name else options.chosen_cpu(),
        data_hash=options.data_hash,
        git_commit=git_commit(),
        created=datetime.now(UTC).isoformat(timespec="milliseconds"),
        training=options.training,
        files={},
    )


def _max_length(asked: int | None, folder: Path, most: int) -> int:
    """What is asked for, else what the model was trained with, else what all of ours read at most."""
    path = folder / "tokenizer_config.json"
    trained = json_object(path).get("model_max_length") if path.is_file() else None
    longest = asked if asked is not None else min(int(trained or MAX_LENGTH), MAX_LENGTH, most)
    if not SPECIAL + 2 <= longest <= most:
        raise InputError(
            f"max_length {longest} is not possible with this model", fix=f"choose {SPECIAL + 2} to {most}"
        )
    return longest
