"""Reranking with a real model: its order, its memory, its time and its cascade."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
import pytest
from numpy.typing import NDArray

from aisle.encoder import CrossEncoder
from aisle.errors import InputError, InvalidQuery
from aisle.search import CascadeStage, Fused, PairScorer, Reranker, RerankOptions
from aisle.search.rank.stage import PROBE, ThroughputEstimate
from tests.support.tiny_reranker import tiny_reranker

WORDS = ("red", "blue", "drill", "lamp", "saw")
TEXTS = {f"i{n}": f"{WORDS[n % 2]} {WORDS[2 + n % 3]} {n}" for n in range(40)}
ALONE = RerankOptions(weight=1)
"""The model's own order."""

FUSED = [Fused(id_, 1 / (rank + 10), ()) for rank, id_ in enumerate(TEXTS)]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> CrossEncoder:
    return CrossEncoder.load(tiny_reranker(tmp_path_factory.mktemp("model"), WORDS))


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> CrossEncoder:
    return CrossEncoder.load(tiny_reranker(tmp_path_factory.mktemp("other"), WORDS, seed=4))


@dataclass
class Slow:
    """A real model that takes ``ms`` a pair, on a clock of its own; counts what it reads."""

    model: PairScorer
    ms: float = 0.0
    now: float = 0.0
    read: list[str] = field(default_factory=list)

    @property
    def fingerprint(self) -> str:
        return self.model.fingerprint

    def score(self, query: str, texts: Sequence[str]) -> NDArray[np.float32]:
        self.now += self.ms * len(texts) / 1000
        self.read += texts
        return self.model.score(query, texts)

    def clock(self) -> float:
        return self.now


def order(model: CrossEncoder, query: str, ids: Sequence[str]) -> list[str]:
    scores = dict(zip(ids, model.score(query, [TEXTS[id_] for id_ in ids]).tolist(), strict=True))
    return sorted(ids, key=lambda id_: -scores[id_])


def test_the_first_get_the_models_order_and_the_others_keep_theirs(model: CrossEncoder) -> None:
    found = Reranker([CascadeStage(model)]).rerank("red saw", FUSED, TEXTS, RerankOptions(top=15, weight=1))
    ids = [f.id for f in FUSED]
    assert [f.id for f in found.order] == order(model, "red saw", ids[:15]) + ids[15:]
    assert found.order[:15] != FUSED[:15]
    assert not found.stopped
    scores = dict(zip(ids, model.score("red saw", list(TEXTS.values())), strict=True))
    for id_, signal in found.signals.items():
        assert signal.score == pytest.approx(scores[id_], abs=1e-3)
        assert signal.stage == 1


def test_weight_0_is_the_fused_order_and_between_lies_another(model: CrossEncoder) -> None:
    reranker = Reranker([CascadeStage(model)])
    orders = {
        weight: [f.id for f in reranker.rerank("red saw", FUSED, TEXTS, RerankOptions(weight=weight)).order]
        for weight in (0.0, 0.5, 1.0)
    }
    assert orders[0.0] == [f.id for f in FUSED]
    assert len({tuple(each) for each in orders.values()}) == 3


def test_what_was_scored_is_remembered_by_query_text_and_artifact(
    model: CrossEncoder, other: CrossEncoder
) -> None:
    counted = Slow(model)
    reranker = Reranker([CascadeStage(counted)])
    first = reranker.rerank("red saw", FUSED, TEXTS, ALONE)
    assert sorted(counted.read) == sorted(TEXTS.values())
    assert reranker.rerank("red saw", FUSED, TEXTS, ALONE) == first
    assert len(counted.read) == 40
    updated = {**TEXTS, "i7": "blue lamp, new and better"}
    changed = reranker.rerank("red saw", FUSED, updated, ALONE)
    assert counted.read[40:] == ["blue lamp, new and better"]
    fresh = model.score("red saw", ["blue lamp, new and better"])[0]
    assert changed.signals["i7"].score == pytest.approx(float(fresh), abs=1e-3)
    assert changed.signals["i7"].score != first.signals["i7"].score
    reranker.rerank("blue saw", FUSED, TEXTS, ALONE)
    assert len(counted.read) == 81
    # Two models share one memory in a cascade: neither takes the other's scores.
    both = Reranker([CascadeStage(model), CascadeStage(other)])
    apart = Reranker([CascadeStage(other)]).rerank("red saw", FUSED, TEXTS, ALONE)
    together = both.rerank("red saw", FUSED, TEXTS, ALONE)
    assert {i: s.score for i, s in together.signals.items()} == pytest.approx(
        {i: s.score for i, s in apart.signals.items()}, abs=1e-3
    )


def test_the_memory_is_bounded(model: CrossEncoder) -> None:
    counted = Slow(model)
    reranker = Reranker([CascadeStage(counted)], remembered=10)
    for _ in range(2):
        reranker.rerank("red saw", FUSED, TEXTS, ALONE)
    assert len(counted.read) == 40 + 30
    forgetful = Reranker([CascadeStage(counted)], remembered=0)
    counted.read.clear()
    for _ in range(2):
        forgetful.rerank("red saw", FUSED, TEXTS, ALONE)
    assert len(counted.read) == 80


def test_a_slow_model_stops_in_time_and_the_rest_keep_their_order(model: CrossEncoder) -> None:
    slow = Slow(model, ms=2.0)
    reranker = Reranker([CascadeStage(slow)], clock=slow.clock)
    ids = [f.id for f in FUSED]
    for turn, query in enumerate(("red saw", "blue saw", "lamp")):
        began = slow.now
        found = reranker.rerank(query, FUSED, TEXTS, RerankOptions(budget_ms=31, chunk=6, weight=1))
        assert (slow.now - began) * 1000 <= 31
        done = len(found.signals)
        assert done == 15, turn
        assert found.stopped
        assert [f.id for f in found.order] == order(model, query, ids[:done]) + ids[done:]
    enough = reranker.rerank("drill", FUSED, TEXTS, RerankOptions(budget_ms=81, weight=1))
    assert len(enough.signals) == 40
    assert not enough.stopped


def test_a_budget_that_is_spent_already_reranks_nothing(model: CrossEncoder) -> None:
    slow = Slow(model, ms=2.0)
    found = Reranker([CascadeStage(slow)], clock=slow.clock).rerank(
        "red saw", FUSED, TEXTS, RerankOptions(budget_ms=5, weight=1), spent_ms=6
    )
    assert found.order == FUSED
    assert found.signals == {}
    assert found.stopped
    assert slow.read == []


def test_time_helps_a_later_search_but_not_a_later_page(model: CrossEncoder) -> None:
    slow = Slow(model, ms=2.0)
    reranker = Reranker([CascadeStage(slow)], clock=slow.clock)
    options = RerankOptions(budget_ms=20, weight=1)
    first = reranker.rerank("red saw", FUSED, TEXTS, options)
    second = reranker.rerank("red saw", FUSED, TEXTS, options, later_page=True)
    assert second.order == first.order
    assert second.stopped
    again = reranker.rerank("red saw", FUSED, TEXTS, options)
    assert len(again.signals) > len(first.signals)
    assert reranker.rerank("red saw", FUSED, TEXTS, options, later_page=True).order == again.order


def test_a_cascade_reads_the_best_of_the_first_stage(model: CrossEncoder, other: CrossEncoder) -> None:
    large = Slow(other)
    found = Reranker([CascadeStage(model, 30), CascadeStage(large, 8)]).rerank("red saw", FUSED, TEXTS, ALONE)
    ids = [f.id for f in FUSED]
    first = order(model, "red saw", ids[:30])
    assert sorted(large.read) == sorted(TEXTS[id_] for id_ in first[:8])
    assert [f.id for f in found.order] == order(other, "red saw", first[:8]) + first[8:] + ids[30:]
    assert [found.signals[f.id].stage for f in found.order[:30]] == [2] * 8 + [1] * 22


def test_a_cascade_that_runs_out_of_time_keeps_the_first_order(
    model: CrossEncoder, other: CrossEncoder
) -> None:
    slow = Slow(other, ms=10.0)
    reranker = Reranker([CascadeStage(model, 30), CascadeStage(slow, 8)], clock=slow.clock)
    found = reranker.rerank("red saw", FUSED, TEXTS, RerankOptions(budget_ms=45, weight=1))
    first = order(model, "red saw", [f.id for f in FUSED][:30])
    assert len(slow.read) == 4
    assert [f.id for f in found.order[4:30]] == first[4:]
    assert found.stopped


def test_one_candidate_none_and_one_without_words(model: CrossEncoder) -> None:
    reranker = Reranker([CascadeStage(model)])
    assert reranker.rerank("red", [], {}, ALONE).order == []
    alone = reranker.rerank("red", FUSED[:1], TEXTS, RerankOptions(weight=0.5))
    assert alone.order == FUSED[:1]
    assert alone.signals["i0"].rank == 1
    empty = reranker.rerank("red", FUSED[:3], {**TEXTS, "i1": ""}, ALONE)
    assert np.isfinite(empty.signals["i1"].score)
    gone = reranker.rerank("red", FUSED[:3], {"i0": TEXTS["i0"], "i2": TEXTS["i2"]}, ALONE)
    assert [f.id for f in gone.order][-1] == "i1"
    assert not gone.stopped


def test_threads_share_a_reranker(model: CrossEncoder) -> None:
    reranker = Reranker([CascadeStage(model)], remembered=60)
    queries = [f"{word} {number % 3}" for number, word in enumerate(WORDS * 8)]
    expected = {query: order(model, query, list(TEXTS)) for query in set(queries)}
    with ThreadPoolExecutor(4) as pool:
        found = pool.map(lambda query: reranker.rerank(query, FUSED, TEXTS, ALONE), queries)
    for query, each in zip(queries, found, strict=True):
        assert [f.id for f in each.order] == expected[query]


def test_a_pace_trusts_the_slow_more_than_the_fast() -> None:
    pace = ThroughputEstimate()
    assert pace.fits(100, 1e9) == PROBE
    assert pace.fits(100, 0) == 0
    pace.saw(10, 10)
    assert pace.fits(100, 7.5) == 7
    pace.saw(10, 40)
    assert pace.fits(100, 20) == 5
    pace.saw(10, 10)
    assert 5 < pace.fits(100, 20) < 20
    for _ in range(40):
        pace.saw(10, 10)
    assert pace.fits(100, 20.5) == 20


@pytest.mark.parametrize(
    "setting",
    [{"top": 0}, {"budget_ms": 0}, {"budget_ms": -1}, {"weight": 1.1}, {"weight": -0.1}, {"chunk": 0}],
)
def test_impossible_options_are_refused(setting: dict[str, float]) -> None:
    with pytest.raises(InvalidQuery, match=next(iter(setting))):
        RerankOptions(**setting)  # type: ignore[arg-type]


def test_a_reranker_needs_a_model_that_reads_something(model: CrossEncoder) -> None:
    with pytest.raises(InputError, match="without a model"):
        Reranker([])
    with pytest.raises(InputError, match="reads 0 items"):
        CascadeStage(model, 0)
