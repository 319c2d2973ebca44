"""What INT8 costs a reranker and wins against fp32: agreement of scores, and the time of 100 pairs."""

from __future__ import annotations

import importlib.util
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from encoder.cross_encoder import CrossEncoder
from encoder.dense import MODEL
from training.export.samples import sample_texts

PAIRS = 100

_QUERIES = ("led outdoor flood light", "wireless mouse", "18v cordless drill with battery", "toilet seat")
_ROUNDS = 5

Score = Callable[[str, Sequence[str]], object]


def measure(
    served: CrossEncoder, reference: CrossEncoder, source: Path, progress: Callable[[str], None]
) -> dict[str, float]:
    """Figures for the manifest; ``source`` is the folder that torch loads the same weights from.

    Returns:
        ``score_correlation``: least Pearson correlation of a query's scores with fp32's; ``size_ratio``;
        ``pairs100_ms``, ``pairs100_fp32_ms`` and, where torch is installed, ``pairs100_torch_ms``: median
        time of 100 pairs, tokenization included.
    """
    texts = sample_texts(PAIRS)
    progress("comparing scores with fp32")
    least = min(
        float(np.corrcoef(served.score(query, texts), reference.score(query, texts))[0, 1])
        for query in _QUERIES
    )
    progress("timing 100 pairs")
    contestants: dict[str, Score] = {
        "pairs100_ms": served.score,
        "pairs100_fp32_ms": reference.score,
        **_torch(source),
    }
    sizes = [(model.artifact.path / MODEL).stat().st_size for model in (served, reference)]
    figures = {"score_correlation": least, "size_ratio": sizes[0] / sizes[1]} | {
        name: _median_ms(score, texts) for name, score in contestants.items()
    }
    return {name: round(value, 5) for name, value in figures.items()}


def _median_ms(score: Score, texts: Sequence[str]) -> float:
    times = []
    for turn in range(_ROUNDS + 1):
        started = time.perf_counter()
        score(_QUERIES[turn % len(_QUERIES)], texts)
        times.append((time.perf_counter() - started) * 1000)
    # The first one warms up.
    return statistics.median(times[1:])


def _torch(source: Path) -> dict[str, Score]:
    if not all(importlib.util.find_spec(name) for name in ("torch", "sentence_transformers")):
        return {}
    from training.cross_encoder.model import load_cross_encoder
    from training.dense.precision import Precision

    model = load_cross_encoder(source, "cpu", Precision.FP32)
    return {
        "pairs100_torch_ms": lambda query, texts: model.predict(
            [(query, text) for text in texts], show_progress_bar=False
        )
    }
