"""A leg that found nothing is as a leg that was not asked."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from aisle.mappings import FusionSpec
from aisle.search import LegResult, fuse
from aisle.search.fusion import reweighted
from tests.property.test_fusion import LEGS, leg_lists, specs

NOTHING = LegResult([], [])
found_lists = leg_lists().filter(lambda result: bool(result.ids))
some_legs = st.sets(st.sampled_from(LEGS), min_size=1, max_size=len(LEGS))


@given(specs(), st.fixed_dictionaries(dict.fromkeys(LEGS, found_lists)), some_legs)
def test_scores_and_order_are_those_of_the_other_legs_alone(
    spec: FusionSpec, found: dict[str, LegResult], full: set[str]
) -> None:
    results = {leg: found[leg] if leg in full else NOTHING for leg in LEGS}
    pairs = [pair for pair in zip(spec.legs, spec.weights, strict=True) if pair[0] in full]
    alone = FusionSpec(
        tuple(leg for leg, _ in pairs),
        tuple(weight for _, weight in pairs),
        spec.normalisation,
        spec.combination,
        spec.rank_constant,
    )
    used = reweighted(spec, results)
    expected, fused = fuse(alone, results), fuse(used, results)
    assert [f.id for f in fused] == [f.id for f in expected]
    assert [f.score for f in fused] == pytest.approx([f.score for f in expected], rel=1e-12)
    assert sum(used.weights) == pytest.approx(1)
    assert [weight > 0 for weight in used.weights] == [leg in full for leg in LEGS]


@given(specs(), st.fixed_dictionaries(dict.fromkeys(LEGS, found_lists)), some_legs)
def test_the_shares_of_the_other_legs_stay_in_proportion(
    spec: FusionSpec, found: dict[str, LegResult], full: set[str]
) -> None:
    used = reweighted(spec, {leg: found[leg] for leg in full})
    kept = [(new, old) for new, old, leg in zip(used.weights, spec.weights, LEGS, strict=True) if leg in full]
    for new, old in kept:
        assert new / kept[0][0] == pytest.approx(old / kept[0][1])
        assert new >= old * (1 - 1e-12)


@given(specs(), st.fixed_dictionaries(dict.fromkeys(LEGS, found_lists)))
def test_full_legs_keep_their_weights_to_the_bit(spec: FusionSpec, found: dict[str, LegResult]) -> None:
    assert reweighted(spec, found) is spec


@given(specs())
def test_where_nothing_is_found_nothing_changes(spec: FusionSpec) -> None:
    assert reweighted(spec, {}) is spec
    assert reweighted(spec, dict.fromkeys(LEGS, NOTHING)) is spec


@given(found_lists)
def test_a_leg_of_weight_0_does_not_inherit(found: LegResult) -> None:
    assume(found.ids)
    spec = FusionSpec(("bm25", "dense"), (1, 0))
    assert reweighted(spec, {"bm25": NOTHING, "dense": found}) is spec
