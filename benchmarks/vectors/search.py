"""Every judged query to one index, as the dense leg asks it: recall, quality, time."""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from aisle.cluster import Cluster
from aisle.encoder.dense import cut
from aisle.evaluation import Run, evaluate
from aisle.evaluation.encoders.exact import mean_overlap
from aisle.mappings import IndexMeta
from aisle.search.neighbours import nearest
from benchmarks.vectors.work import DEPTH, Questions

METRIC: Final = "nDCG@10"
_DEPTHS: Final = (10, DEPTH)


@dataclass(frozen=True, slots=True)
class Searched:
    """Attributes:
    recall_10, recall_100: mean share of the exact 10 and 100 nearest by float32 vectors that were found when
        as many were asked for.
    ndcg: nDCG@10 of the dense leg alone.
    p50_ms: median time of a request for 100, on the client's side.
    """

    recall_10: float
    recall_100: float
    ndcg: float
    p50_ms: float


def searched(
    cluster: Cluster, meta: IndexMeta, questions: Questions, exact: Mapping[str, Sequence[str]]
) -> Searched:
    """Ask one query after the other, for 10 and then for 100; the first round warms the caches up."""
    vectors = meta.vectors.numbers(cut(questions.vectors, meta.spaces["dense"].dims))
    found: dict[int, dict[str, Sequence[str]]] = {depth: {} for depth in _DEPTHS}
    times = []
    for depth in _DEPTHS:
        for query, vector in zip(questions.queries, vectors, strict=True):
            started = time.perf_counter()
            found[depth][query.id] = nearest(cluster, meta, np.asarray(vector), depth).found.ids
            if depth == DEPTH:
                times.append((time.perf_counter() - started) * 1000)
    wanted = {query.id: questions.qrels[query.id] for query in questions.queries}
    scores = evaluate(Run("dense", found[DEPTH]), wanted, [METRIC])
    return Searched(
        recall_10=mean_overlap(found[10], exact, 10),
        recall_100=mean_overlap(found[DEPTH], exact, DEPTH),
        ndcg=scores.mean(METRIC),
        p50_ms=statistics.median(times),
    )
