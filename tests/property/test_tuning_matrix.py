"""Fusion and metrics by matrices against the references that work query by query."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aisle.errors import EvaluationError
from aisle.evaluation import JudgedSet, Run, evaluate
from aisle.evaluation.runs import ScoredRun
from aisle.mappings import ARITHMETIC, HARMONIC, L2, MIN_MAX, RRF, Z_SCORE, FusionSpec
from aisle.mappings.fusion import COMBINATIONS
from aisle.search import LegResult, fuse
from aisle.search.tuning.grid import Scorer, grid, techniques
from aisle.search.tuning.matrix import Block, metric_of, pool_of
from aisle.search.tuning.runs import LegRuns, data_hash
from aisle.types import Query
from tests.support.leg_runs import always, judged_set, leg_runs

LEGS = ("bm25", "dense", "sparse")
ITEMS = "abcdefghij"
METRICS = ("nDCG@1", "nDCG@3", "nDCG@20", "R@2", "R@20", "RR@3", "P@4", "AP@3", "AP@20")

# Sixteenths make ties, equal lists, and zeros; they add up without rounding.
raw_scores = st.integers(-4, 40).map(lambda number: number / 16)
weights = st.lists(st.integers(0, 8), min_size=3, max_size=3).filter(any)
grades = st.dictionaries(st.sampled_from(ITEMS), st.integers(0, 4) | st.floats(0, 4), min_size=1)


@st.composite
def specs(draw: st.DrawFn) -> FusionSpec:
    legs = tuple(draw(st.permutations(LEGS)))
    normalisation = draw(st.sampled_from([RRF, MIN_MAX, L2, Z_SCORE]))
    combination = ARITHMETIC if normalisation == Z_SCORE else draw(st.sampled_from(COMBINATIONS))
    spec = FusionSpec(
        legs, tuple(map(float, draw(weights))), normalisation, combination, draw(st.integers(1, 120))
    )
    # Some of the legs alone: those of the others are no candidates then.
    number = draw(st.integers(1, 3))
    if not any(spec.weights[:number]):
        return spec
    return FusionSpec(legs[:number], spec.weights[:number], normalisation, combination, spec.rank_constant)


@st.composite
def rankings(draw: st.DrawFn) -> dict[str, float]:
    found = draw(st.dictionaries(st.sampled_from(ITEMS), raw_scores, max_size=10))
    return dict(sorted(found.items(), key=lambda pair: (-pair[1], pair[0])))


queries = st.lists(st.tuples(grades, st.tuples(rankings(), rankings(), rankings())), min_size=1, max_size=4)
Queries = list[tuple[dict[str, float], tuple[dict[str, float], ...]]]


def made(drawn: Queries) -> tuple[LegRuns, JudgedSet] | None:
    qrels = {f"q{number}": judged for number, (judged, _) in enumerate(drawn)}
    judged = JudgedSet("drawn", "dev", tuple(Query(query, query) for query in qrels), qrels)
    runs = {
        leg: ScoredRun(leg, {f"q{number}": found[place] for number, (_, found) in enumerate(drawn)})
        for place, leg in enumerate(LEGS)
    }
    if not all(any(run.rankings.values()) for run in runs.values()):
        return None
    default = FusionSpec.equal(*LEGS)
    return LegRuns(runs, "r", 10, "drawn", "dev", data_hash(judged), {}, default), judged


def reference(spec: FusionSpec, runs: LegRuns, query: str) -> list[tuple[str, float]]:
    found = {
        leg: LegResult(list(run.rankings[query]), list(run.rankings[query].values()))
        for leg, run in runs.runs.items()
    }
    return [(fused.id, fused.score) for fused in fuse(spec, found)]


def signature(runs: LegRuns, query: str, item: str) -> list[float | None]:
    return [run.rankings[query].get(item) for run in runs.runs.values()]


@settings(max_examples=400, deadline=None)
@given(queries, specs())
def test_every_candidate_gets_the_references_score(drawn: Queries, spec: FusionSpec) -> None:
    case = made(drawn)
    if case is None:
        return
    runs, judged = case
    try:
        pool = pool_of(runs, judged.qrels, relevant=1)
    except EvaluationError:
        return
    fused = Block(pool.legs, pool.scores, pool.ranks).fused(spec)
    for row, query in enumerate(pool.queries):
        union = sorted({item for run in runs.runs.values() for item in run.rankings[query]})
        scores = {
            item: score for item, score in zip(union, fused[row], strict=False) if score != float("-inf")
        }
        expected = dict(reference(spec, runs, query))
        assert scores == pytest.approx(expected, rel=1e-12, abs=1e-15)
        assert (fused[row, len(union) :] == float("-inf")).all()


@settings(max_examples=250, deadline=None)
@given(queries, specs(), st.integers(1, 3))
def test_metrics_are_those_of_evaluate(drawn: Queries, spec: FusionSpec, relevant: int) -> None:
    case = made(drawn)
    if case is None:
        return
    runs, judged = case
    try:
        pool = pool_of(runs, judged.qrels, relevant)
    except EvaluationError:
        return
    ordered = {query: reference(spec, runs, query) for query in judged.qrels}
    # Where rounding decides an order there is no right one.
    if any(
        abs(first - second) < 1e-9 and signature(runs, query, one) != signature(runs, query, other)
        for query, scored in ordered.items()
        for (one, first), (other, second) in pairwise(scored)
    ):
        return
    run = Run("reference", {query: [item for item, _ in scored] for query, scored in ordered.items()})
    expected = evaluate(run, judged.qrels, METRICS, relevant=relevant)
    for metric in METRICS:
        values = Scorer(pool, metric_of(metric), relevant).values([spec])[0]
        found = dict(zip(pool.queries, values.tolist(), strict=True))
        assert found == pytest.approx(dict(expected.per_query[metric]), abs=1e-9), metric


@pytest.mark.parametrize("metric", ["nDCG@10", "R@20"])
def test_a_whole_set_of_queries_scores_as_evaluate_says(metric: str) -> None:
    """More queries than one block holds, ties, and candidates that only one leg found."""
    judged = judged_set(150)
    knows = dict.fromkeys(LEGS, always(0.2))
    # Only sums tie to the last bit in both; logarithms and quotients of other means round each in its way.
    tied, untied = (leg_runs(judged, knows, found=25, digits=digits) for digits in (1, 9))
    additive = {RRF, f"{MIN_MAX}+{ARITHMETIC}"}
    for spec in (*grid(LEGS)[::97], FusionSpec(LEGS, (1, 2, 3), L2, HARMONIC)):
        runs = tied if spec.title in additive else untied
        (values,) = Scorer(pool_of(runs, judged.qrels), metric_of(metric)).values([spec])
        ids = {query: [item for item, _ in reference(spec, runs, query)] for query in judged.qrels}
        expected = evaluate(Run("reference", ids), judged.qrels, [metric])
        assert values.mean() == pytest.approx(expected.mean(metric), abs=1e-9), spec


def test_equal_scores_are_ordered_by_id_and_a_lost_query_counts_as_nothing() -> None:
    qrels = {"q0": {"b": 3}, "q1": {"a": 3}}
    judged = JudgedSet("ties", "dev", (Query("q0", "x"), Query("q1", "y")), qrels)
    run = ScoredRun("bm25", {"q0": {"c": 2.0, "b": 2.0, "a": 2.0}, "q1": {}})
    spec = FusionSpec.equal("bm25", normalisation=MIN_MAX)
    runs = LegRuns({"bm25": run}, "r", 10, "ties", "dev", data_hash(judged), {}, spec)
    scorer = Scorer(pool_of(runs, qrels), metric_of("RR@10"))
    # All equal: a, b, c by id. By rank it is c, b, a, and b is second as well: a tells them apart.
    assert scorer.values([spec])[0].tolist() == [1 / 2, 0.0]
    first = Scorer(pool_of(runs, {"q0": {"a": 3}}), metric_of("RR@10"))
    assert first.values([spec, FusionSpec(("bm25",), (1.0,))])[:, 0].tolist() == [1.0, 1 / 3]


def test_every_technique_is_one_that_the_server_has() -> None:
    titles = {technique.spec(LEGS, (1, 1, 1)).title for technique in techniques()}
    assert len(titles) == 8


@pytest.mark.parametrize("name", ["Judged@10", "nDCG", "nDCG@0", "F1@5", "nDCG@10 "])
def test_a_metric_that_cannot_be_tuned_for_is_named(name: str) -> None:
    with pytest.raises(EvaluationError, match="cannot be tuned for") as refused:
        metric_of(name)
    assert "nDCG@k" in refused.value.fix
