"""Tuning as a whole: honest figures, the same from the same seed, and weights per query that must earn it."""

from __future__ import annotations

import numpy as np
import pytest

from aisle.errors import EvaluationError, InputError
from aisle.mappings import MIN_MAX, RRF, FusionSpec, default_fusion
from aisle.search import LegResult
from aisle.search.fusion import feature_names, for_query, query_features
from aisle.search.tuning.fusion_file import fusion_json
from aisle.search.tuning.grid import grid, neighbours
from aisle.search.tuning.guard import cross_validated, folds_of, rest_of
from aisle.search.tuning.tune import TuneOptions, tune
from tests.support.leg_runs import always, judged_set, leg_runs

JUDGED = judged_set(150)
TWO = {"bm25": always(0.3), "dense": always(0.15)}
OPTIONS = TuneOptions(folds=3)


def test_the_winner_beats_each_leg_and_a_bad_default_on_queries_it_never_saw() -> None:
    bad = FusionSpec(("bm25", "dense"), (0.05, 0.95))
    found = tune(leg_runs(JUDGED, TWO, default=bad), JUDGED, OPTIONS)
    assert set(found.means) == {"bm25", "dense", "default", "tuned"}
    assert found.means["tuned"] > max(found.means["bm25"], found.means["default"])
    assert [comparison.baseline for comparison in found.comparisons] == ["bm25", "default"]
    for comparison in found.comparisons:
        assert comparison.delta == pytest.approx(found.means["tuned"] - found.means[comparison.baseline])
        assert comparison.delta > 0 and comparison.p_value < 0.05
    assert found.helps
    weights = dict(zip(found.spec.legs, found.spec.weights, strict=True))
    assert weights["bm25"] > weights["dense"] > 0


def test_a_default_that_is_the_best_is_not_beaten_by_its_own_tuning() -> None:
    first = tune(leg_runs(JUDGED, TWO), JUDGED, OPTIONS)
    again = tune(leg_runs(JUDGED, TWO, default=first.spec), JUDGED, OPTIONS)
    assert again.spec == first.spec
    assert not again.helps
    # On the queries that it was chosen by it looks better than it is.
    assert again.chosen_on == pytest.approx(again.means["default"])
    assert again.chosen_on >= again.means["tuned"]


def test_the_same_seed_gives_the_same_and_another_one_other_folds() -> None:
    runs = leg_runs(JUDGED, TWO)
    first = tune(runs, JUDGED, OPTIONS)
    assert fusion_json(tune(runs, JUDGED, OPTIONS), runs) == fusion_json(first, runs)
    other = tune(runs, JUDGED, TuneOptions(folds=3, seed=1))
    assert [winner.held_out for winner in other.winners] != [winner.held_out for winner in first.winners]


def test_the_honest_mean_is_that_of_the_folds() -> None:
    found = tune(leg_runs(JUDGED, TWO), JUDGED, OPTIONS)
    assert sum(winner.queries for winner in found.winners) == found.queries
    mean = sum(winner.held_out * winner.queries for winner in found.winners) / found.queries
    assert mean == pytest.approx(found.means["tuned"])


def test_a_leg_whose_weight_is_1_is_that_leg_alone() -> None:
    found = tune(leg_runs(JUDGED, TWO), JUDGED, OPTIONS)
    for leg, points in found.profiles.items():
        assert (points[0].weight, points[-1].weight) == (0, 1)
        assert points[-1].mean == pytest.approx(found.means[leg])
        assert max(point.mean for point in points) <= found.chosen_on + 1e-9


def test_weights_per_query_are_kept_where_queries_differ() -> None:
    """Every other query has digits, which only one of the legs understands; they must be told apart."""
    legs = {"bm25": lambda n: 0.8 if n % 2 else 0.02, "dense": lambda n: 0.02 if n % 2 else 0.8}
    runs = leg_runs(JUDGED, legs)
    found = tune(runs, JUDGED, TuneOptions(folds=3, per_query=True))
    assert found.per_query is not None and found.per_query.kept
    assert found.per_query.delta > 0.02 and found.per_query.p_value < 0.05
    assert found.means["tuned"] > found.means["default"]
    assert found.spec.query_weights is not None
    given = {}
    for query in JUDGED.queries[:2]:
        scores = {leg: runs.runs[leg].rankings[query.id] for leg in found.spec.legs}
        results = {leg: LegResult(list(s), list(s.values())) for leg, s in scores.items()}
        used = for_query(found.spec, query.text, results)
        assert used.query_weights is None
        given[query.id] = dict(zip(used.legs, used.weights, strict=True))
    assert given["q1"]["bm25"] > found.spec.weights[0] > given["q0"]["bm25"]


def test_weights_per_query_that_chance_may_explain_are_left_out() -> None:
    runs = leg_runs(JUDGED, TWO)
    found = tune(runs, JUDGED, TuneOptions(folds=3, per_query=True, guard_p=0.01))
    fixed = tune(runs, JUDGED, TuneOptions(folds=3, guard_p=0.01))
    assert found.per_query is not None and found.per_query.p_value > 0.01
    assert not found.per_query.kept
    assert (found.spec, found.means) == (fixed.spec, fixed.means)
    assert len(found.spec.legs) == 2


def test_features_are_finite_whatever_was_found() -> None:
    legs = ("bm25", "dense")
    nothing = query_features("", {}, legs)
    some = query_features("drill 18V", {"bm25": LegResult(["a", "b"], [4.0, 1.0])}, legs)
    negative = query_features("x", {"dense": LegResult(["a"], [-1.0])}, legs)
    for features in (nothing, some, negative):
        assert len(features) == len(feature_names(legs)) == 8
        assert np.isfinite(features).all()
    named = dict(zip(feature_names(legs), some, strict=True))
    assert named["digits"] == 2 / 9
    assert named["gap bm25"] == 0.75
    assert named["overlap bm25 dense"] == 0.0


def test_cross_validation_never_scores_a_query_with_what_it_chose() -> None:
    # Each setting is perfect on one fold and nothing elsewhere: whoever peeks gets 1.
    folds = folds_of(30, 3, seed=0)
    values = np.zeros((3, 30))
    for number, fold in enumerate(folds):
        values[number, fold] = 1.0
    assert cross_validated(values, folds).sum() == 0.0
    assert sorted(np.concatenate(folds).tolist()) == list(range(30))
    assert set(rest_of(30, folds[0])) == set(folds[1]) | set(folds[2])


def test_the_grid_has_each_leg_alone_once_and_weights_that_sum_to_one() -> None:
    specs = grid(("bm25", "dense", "sparse"))
    assert len(set(specs)) == len(specs)
    assert [spec.legs for spec in specs if len(spec.legs) == 1] == [("bm25",), ("dense",), ("sparse",)]
    assert [len(spec.legs) for spec in specs] == sorted(len(spec.legs) for spec in specs)
    for spec in specs:
        assert sum(spec.weights) == pytest.approx(1.0)
        assert min(spec.weights) > 0.04
    assert {spec.rank_constant for spec in specs if spec.normalisation == RRF} >= {1, 120}


def test_neighbours_move_a_little_and_keep_every_leg() -> None:
    near = list(neighbours(FusionSpec(("bm25", "dense"), (0.9, 0.1)), 0.1, 2.0))
    assert {spec.weights for spec in near} == {(0.8, 0.2), (0.9, 0.1)}
    assert {spec.rank_constant for spec in near} == {60, 120, 30}
    still = FusionSpec(("bm25", "dense"), (0.5, 0.5), MIN_MAX)
    assert {spec.rank_constant for spec in neighbours(still, 0.1, 2.0)} == {60}


@pytest.mark.parametrize(
    "options", [{"folds": 1}, {"folds": 99}, {"guard_p": 0}, {"relevant": 0}, {"seed": -1}]
)
def test_options_that_mean_nothing_are_refused(options: dict[str, int]) -> None:
    with pytest.raises(InputError) as refused:
        TuneOptions(**options)  # type: ignore[arg-type]
    assert refused.value.fix


def test_too_few_queries_and_other_data_are_refused() -> None:
    few = judged_set(9)
    with pytest.raises(InputError, match="cannot be split into 5 folds"):
        tune(leg_runs(few, TWO), few, TuneOptions())
    with pytest.raises(EvaluationError, match="other queries or judgments"):
        tune(leg_runs(JUDGED, TWO), judged_set(150, seed=4), OPTIONS)
    with pytest.raises(EvaluationError, match="cannot be tuned for 'Judged@10'"):
        tune(leg_runs(JUDGED, TWO), JUDGED, TuneOptions("Judged@10"))
    with pytest.raises(EvaluationError, match="no query has an item of grade 9"):
        tune(leg_runs(JUDGED, TWO), JUDGED, TuneOptions(relevant=9))


def test_the_default_of_three_legs_can_be_compared_with() -> None:
    found = tune(leg_runs(JUDGED, TWO | {"sparse": always(0.2)}, default=default_fusion()), JUDGED, OPTIONS)
    assert found.means["default"] > 0
