"""Fusion against closed forms worked out by hand."""

from __future__ import annotations

import math

import pytest

from aisle.errors import InputError
from aisle.mappings import (
    ARITHMETIC,
    GEOMETRIC,
    HARMONIC,
    L2,
    MIN_MAX,
    RRF,
    Z_SCORE,
    FusionSpec,
    pipeline_body,
    pipeline_name,
    standard_fusions,
)
from aisle.search import LegResult, fuse
from aisle.search.ranking import leg_results

LEGS = ("bm25", "dense")
RESULTS = {
    "bm25": LegResult(["a", "b", "c"], [9.0, 5.0, 1.0]),
    "dense": LegResult(["c", "d"], [1.8, 1.2]),
}


def scores(spec: FusionSpec) -> dict[str, float]:
    return {fused.id: fused.score for fused in fuse(spec, RESULTS)}


def test_rrf_sums_weighted_reciprocal_ranks() -> None:
    found = scores(FusionSpec(LEGS, (3.0, 1.0), RRF, rank_constant=10))
    assert found == pytest.approx(
        {"a": 0.75 / 11, "b": 0.75 / 12, "c": 0.75 / 13 + 0.25 / 11, "d": 0.25 / 12}
    )


def test_min_max_arithmetic_floors_the_lowest_at_a_thousandth() -> None:
    found = scores(FusionSpec.equal(*LEGS, normalisation=MIN_MAX, combination=ARITHMETIC))
    assert found == pytest.approx({"a": 0.5, "b": 0.25, "c": (0.001 + 1) / 2, "d": 0.0005})


def test_l2_harmonic_leaves_out_the_leg_that_did_not_find_it() -> None:
    bm25, dense = math.hypot(9, 5, 1), math.hypot(1.8, 1.2)
    found = scores(FusionSpec.equal(*LEGS, normalisation=L2, combination=HARMONIC))
    c = 2 / (bm25 / 1 + dense / 1.8)
    assert found == pytest.approx({"a": 9 / bm25, "b": 5 / bm25, "c": c, "d": 1.2 / dense})


def test_l2_geometric_weighs_in_the_exponent() -> None:
    bm25, dense = math.hypot(9, 5, 1), math.hypot(1.8, 1.2)
    found = scores(FusionSpec(LEGS, (0.25, 0.75), L2, GEOMETRIC))
    assert found["c"] == pytest.approx((1 / bm25) ** 0.25 * (1.8 / dense) ** 0.75)


def test_z_score_floors_what_lies_below_the_mean() -> None:
    found = scores(FusionSpec.equal(*LEGS, normalisation=Z_SCORE))
    assert found["a"] == pytest.approx((9 - 5) / 4 / 2)
    assert found["d"] == pytest.approx(0.001 / 2)


def test_equal_scores_come_in_order_of_id_whatever_the_order_found() -> None:
    spec = FusionSpec.equal("bm25", normalisation=MIN_MAX)
    found = {"bm25": LegResult(["z", "a", "m"], [2.0, 2.0, 2.0])}
    assert [fused.id for fused in fuse(spec, found)] == ["a", "m", "z"]


def test_a_leg_that_found_nothing_changes_no_order() -> None:
    for spec in standard_fusions(LEGS):
        alone = fuse(spec, {"bm25": RESULTS["bm25"]})
        assert [f.id for f in alone] == ["a", "b", "c"], spec.title


@pytest.mark.parametrize(
    ("legs", "weights", "options"),
    [
        ((), (), {}),
        (("a", "a"), (1, 1), {}),
        (tuple("abcdef"), (1,) * 6, {}),
        (LEGS, (1,), {}),
        (LEGS, (0, 0), {}),
        (LEGS, (-1, 2), {}),
        (LEGS, (math.nan, 1), {}),
        (LEGS, (math.inf, 1), {}),
        (LEGS, (1, 1), {"normalisation": "softmax"}),
        (LEGS, (1, 1), {"combination": "median"}),
        (LEGS, (1, 1), {"normalisation": Z_SCORE, "combination": GEOMETRIC}),
        (LEGS, (1, 1), {"rank_constant": 0}),
        (LEGS, (1, 1), {"rank_constant": 10_001}),
    ],
)
def test_what_the_server_would_refuse_is_refused_here(
    legs: tuple[str, ...], weights: tuple[float, ...], options: dict[str, object]
) -> None:
    with pytest.raises(InputError) as refused:
        FusionSpec(legs, weights, **options)  # type: ignore[arg-type]
    assert refused.value.fix


def test_a_pipeline_is_named_by_its_content() -> None:
    names = [pipeline_name(spec) for spec in standard_fusions(LEGS)]
    assert len(set(names)) == len(names)
    equal = pipeline_name(FusionSpec(LEGS, (1, 1)))
    assert pipeline_name(FusionSpec(LEGS, (2, 2))) == equal
    assert pipeline_name(FusionSpec(LEGS, (2, 1))) != equal
    assert pipeline_name(FusionSpec(LEGS, (1, 1), rank_constant=20)) != equal


def test_pipeline_weights_sum_to_one() -> None:
    body = pipeline_body(FusionSpec(("a", "b", "c"), (1, 1, 1), MIN_MAX))
    processor = body["phase_results_processors"][0]["normalization-processor"]
    weights = processor["combination"]["parameters"]["weights"]
    assert sum(weights) == pytest.approx(1.0, abs=1e-5)


def test_hits_of_one_text_have_its_best_score_and_are_in_order_of_id() -> None:
    hits = [
        {"_id": "c", "matched_queries": {"dense": 1.5003, "bm25": 2.0}},
        {"_id": "z", "matched_queries": {"dense": 1.9}},
        {"_id": "b", "matched_queries": {"dense": 1.5007}},
        {"_id": "d", "matched_queries": {"dense": 1.5005}},
        # Only its words were found, by a search of the graph that ended before it.
        {"_id": "a", "matched_queries": {"bm25": 3.0}},
        {"_id": "y", "matched_queries": {"bm25": 1.0}},
    ]
    texts = {"a": 7, "b": 7, "c": 7, "d": 8, "y": 9}
    found = leg_results(hits, ("bm25", "dense"), 4, {"dense": texts})
    assert list(found["dense"].ids) == ["z", "a", "b", "c"]
    assert list(found["dense"].scores) == [1.9, 1.5007, 1.5007, 1.5007]
    assert list(found["bm25"].ids) == ["a", "c", "y"]
    alone = leg_results([{"_id": id_, "_score": 1 + n / 1e4} for n, id_ in enumerate("cab")], ("dense",), 3)
    assert list(alone["dense"].ids) == ["b", "a", "c"]
