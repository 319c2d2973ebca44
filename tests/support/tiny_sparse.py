"""A tiny sparse encoder on the made-up catalogue, and its recall on the questions held out."""

from __future__ import annotations

import functools
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from aisle.encoder import ArtifactStore, SparseEncoder
from aisle.encoder.export import export
from aisle.training.common.machine import TrainingPrecision
from aisle.training.sparse.settings import SparseSettings
from aisle.training.sparse.train import TrainedSparse, train_sparse
from tests.support.tiny_catalogue import catalogue, split, tiny_training_set
from tests.support.tiny_training import tiny_model

SETTINGS = SparseSettings(
    epochs=40,
    batch=32,
    learning_rate=2e-3,
    matrix_rate=5e-3,
    vector_rate=1e-2,
    titles=0,
    flops=1e-3,
    max_tokens=24,
    precision=TrainingPrecision.FP32,
)


def trained_tiny(folder: Path, **changes: object) -> TrainedSparse:
    """Questions and items share no word: all that is found has been learned."""
    base = tiny_model(folder / "base")
    settings = replace(SETTINGS, base=str(base), **changes)  # type: ignore[arg-type]
    return train_sparse(tiny_training_set(), None, settings, folder / "trained")


@functools.cache
def shared_tiny() -> TrainedSparse:
    """One for all tests of a run."""
    return trained_tiny(Path(_holder().name) / "shared")


@functools.cache
def shared_artifact() -> Path:
    """Its INT8 artifact. Copy it before you change it."""
    options = shared_tiny().export_options("tiny-sparse", tiny_training_set())
    return export(options, ArtifactStore(Path(_holder().name) / "store")).path


def recall(encoder: SparseEncoder, k: int = 10) -> float:
    """Share of the held-out questions whose item is among the first ``k`` of 200 by product of weights."""
    items = catalogue()
    columns = {token: place for place, token in enumerate(encoder.vocabulary)}
    matrix = np.zeros((len(items), len(columns)))
    for row, weights in enumerate(encoder.encode_items(list(items.values()))):
        for token, weight in weights.items():
            matrix[row, columns[token]] = weight
    ids, hits = list(items), []
    for pair in split(held_out=True):
        if pair.grade != 2:
            continue
        asked = encoder.encode_query(pair.query)
        scores = sum(
            (weight * matrix[:, columns[token]] for token, weight in asked.items()), np.zeros(len(ids))
        )
        best = np.argsort(-scores, kind="stable")[:k]
        hits.append(pair.item_id in {ids[place] for place in best if scores[place] > 0})
    return float(np.mean(hits))


@functools.cache
def _holder() -> tempfile.TemporaryDirectory[str]:
    # Kept alive by the cache; its finalizer removes the folder when the interpreter ends.
    return tempfile.TemporaryDirectory(prefix="aisle-test-sparse-")
