"""What holds for every fusion of every set of lists."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisle.mappings import FusionSpec, standard_fusions
from aisle.mappings.fusion import COMBINATIONS, L2, MIN_MAX, RRF, Z_SCORE
from aisle.search import LegResult, fuse
from aisle.search.ranking import leg_results

LEGS = ("bm25", "dense", "sparse")
weights = st.lists(st.floats(0.01, 10), min_size=3, max_size=3).map(tuple)


@st.composite
def specs(draw: st.DrawFn) -> FusionSpec:
    normalisation = draw(st.sampled_from([RRF, MIN_MAX, L2, Z_SCORE]))
    combination = COMBINATIONS[0] if normalisation == Z_SCORE else draw(st.sampled_from(COMBINATIONS))
    return FusionSpec(LEGS, draw(weights), normalisation, combination, draw(st.integers(1, 100)))


@st.composite
def leg_lists(draw: st.DrawFn) -> LegResult:
    found = draw(st.dictionaries(st.sampled_from("abcdefghijkl"), st.floats(0.01, 100), max_size=12))
    ranked = sorted(found.items(), key=lambda pair: (-pair[1], pair[0]))
    return LegResult([id_ for id_, _ in ranked], [score for _, score in ranked])


results = st.fixed_dictionaries({leg: leg_lists() for leg in LEGS})


@given(specs(), results)
def test_the_union_comes_back_once_each_in_falling_order(
    spec: FusionSpec, found: dict[str, LegResult]
) -> None:
    fused = fuse(spec, found)
    assert sorted(f.id for f in fused) == sorted({id_ for r in found.values() for id_ in r.ids})
    assert [(-f.score, f.id) for f in fused] == sorted((-f.score, f.id) for f in fused)


@given(specs(), results)
def test_contributions_sum_to_the_score_and_none_is_negative(
    spec: FusionSpec, found: dict[str, LegResult]
) -> None:
    for f in fuse(spec, found):
        assert sum(f.contributions) == pytest.approx(f.score)
        assert min(f.contributions) >= 0


@given(specs(), results)
def test_a_leg_that_did_not_find_an_item_contributes_nothing(
    spec: FusionSpec, found: dict[str, LegResult]
) -> None:
    for f in fuse(spec, found):
        for leg, contribution in zip(spec.legs, f.contributions, strict=True):
            assert contribution == 0 or f.id in found[leg].ids


@given(leg_lists(), st.integers(1, 100))
def test_rrf_of_one_leg_keeps_its_order(found: LegResult, rank_constant: int) -> None:
    spec = FusionSpec(("bm25",), (1.0,), RRF, rank_constant=rank_constant)
    assert [f.id for f in fuse(spec, {"bm25": found})] == list(found.ids)


@given(results, st.floats(0.1, 10))
def test_scaling_a_legs_scores_changes_no_normalised_order(
    found: dict[str, LegResult], factor: float
) -> None:
    scaled = found | {"bm25": LegResult(found["bm25"].ids, [s * factor for s in found["bm25"].scores])}
    spec = FusionSpec.equal(*LEGS, normalisation=L2)
    before = {f.id: f.score for f in fuse(spec, found)}
    assert {f.id: f.score for f in fuse(spec, scaled)} == pytest.approx(before)


@given(results, st.integers(1, 15))
def test_leg_lists_are_rebuilt_from_the_union_of_hits(found: dict[str, LegResult], window: int) -> None:
    hits: dict[str, dict[str, float]] = {}
    for leg, result in found.items():
        for id_, score in zip(result.ids, result.scores, strict=True):
            hits.setdefault(id_, {})[leg] = score
    rebuilt = leg_results([{"_id": id_, "matched_queries": m} for id_, m in hits.items()], LEGS, window)
    for leg in LEGS:
        assert list(rebuilt[leg].ids) == list(found[leg].ids)[:window]
        assert list(rebuilt[leg].scores) == list(found[leg].scores)[:window]


def test_the_standard_fusions_are_the_eight_that_the_server_knows() -> None:
    assert len({spec.title for spec in standard_fusions()}) == 8
