"""Reranked lists, every pair scored once: of one model, of a cascade, and of several weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import takewhile
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from aisle.encoder import CrossEncoder
from aisle.evaluation import JudgedSet, Qrels, Run, evaluate
from aisle.search import CascadeStage, Fused, PairScorer, Reranker, RerankOptions
from aisle.search.rank.stage import digest_of
from aisle.search.tuning.guard import folds_of
from benchmarks.harness.command_line import say
from benchmarks.search_quality.fused import FusedLists, Rung, chosen_without
from benchmarks.search_quality.shop import WINDOW, Asked

TOP: Final = 100
CASCADED: Final = 20
WEIGHTS: Final = (1.0, 0.7, 0.5, 0.4, 0.3, 0.2)
METRIC: Final = "nDCG@20"
HELD_OUT: Final = ", weight held out"

_FOLDS, _SEED = 5, 0


class Remembered:
    """A model that never scores a pair twice, whoever asks: weights and cascades share the scores."""

    def __init__(self, model: PairScorer) -> None:
        self._model = model
        self._known: dict[bytes, float] = {}

    @property
    def fingerprint(self) -> str:
        """Of the model."""
        return self._model.fingerprint

    def score(self, query: str, texts: Sequence[str]) -> NDArray[np.float32]:
        """float32 [n]."""
        keys = [digest_of(query, text) for text in texts]
        new = [at for at, key in enumerate(keys) if key not in self._known]
        if new:
            scores = self._model.score(query, [texts[at] for at in new]).tolist()
            self._known |= {keys[at]: score for at, score in zip(new, scores, strict=True)}
        return np.array([self._known[key] for key in keys], dtype=np.float32)


def remembered(folder: Path) -> Remembered:
    """The artifact in a folder."""
    return Remembered(CrossEncoder.load(folder))


def reranked(
    stages: Sequence[CascadeStage], weight: float, asked: Asked, fused: FusedLists, texts: Mapping[str, str]
) -> dict[str, list[str]]:
    """Query id to item ids in their final order, as ``SearchClient.rerank`` would put them."""
    reranker = Reranker(stages)
    options = RerankOptions(weight=weight)
    lists = {}
    for query, found in fused.items():
        pinned = _pinned(found, set(asked.pinned.get(query, ())))
        order = reranker.rerank(asked.searched[query], found, texts, options, pinned=pinned).order
        lists[query] = [each.id for each in order[:WINDOW]]
    return lists


def rerank_rungs(
    name: str,
    stages: Sequence[CascadeStage],
    asked: Asked,
    fused: FusedLists,
    texts: Mapping[str, str],
    qrels: Qrels,
    before: str,
) -> tuple[list[Rung], float]:
    """A rung for each weight, and one in which each query's weight was chosen without it.

    Returns:
        The rungs, and the weight that is best on all queries.
    """
    say(f"reranking {len(fused):,} queries: {name}")
    by_weight = {weight: reranked(stages, weight, asked, fused, texts) for weight in WEIGHTS}
    rungs = [Rung(f"{name}, weight {weight:g}", lists, (before,)) for weight, lists in by_weight.items()]
    scores = [
        evaluate(Run("reranked", lists), qrels, [METRIC]).per_query[METRIC] for lists in by_weight.values()
    ]
    queries = list(qrels)
    values = np.array([[found[query] for query in queries] for found in scores])
    chosen = chosen_without(values, folds_of(len(queries), _FOLDS, _SEED))
    lists = {query: by_weight[WEIGHTS[at]][query] for query, at in zip(queries, chosen.tolist(), strict=True)}
    best = WEIGHTS[int(values.mean(axis=1).argmax())]
    return [*rungs, Rung(f"{name}{HELD_OUT}", lists, (before,))], best


def sampled(judged: JudgedSet, number: int, seed: int) -> list[str]:
    """So many queries, drawn evenly without putting back, in the order of the judgments. Pure."""
    queries = list(judged.qrels)
    drawn = np.random.default_rng(seed).choice(len(queries), min(number, len(queries)), replace=False)
    return [queries[at] for at in sorted(drawn.tolist())]


def pool_lists(model: PairScorer, judged: JudgedSet, texts: Mapping[str, str]) -> dict[str, list[str]]:
    """Only the judged items of each query, best first by the model."""
    lists = {}
    for query in judged.queries:
        items = [item for item in sorted(judged.qrels[query.id]) if item in texts]
        scores = model.score(query.text, [texts[item] for item in items])
        lists[query.id] = [items[at] for at in np.argsort(-scores, kind="stable").tolist()]
    return lists


def _pinned(fused: Sequence[Fused], named: set[str]) -> int:
    return sum(1 for _ in takewhile(lambda each: each.id in named, fused))
