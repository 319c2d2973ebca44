"""The hybrid-hurts guard: noise is dropped, and what helps is kept."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from aisle.evaluation.runs import ScoredRun
from aisle.mappings import FusionSpec
from aisle.search.tuning.guard import GuardOptions, guard
from aisle.search.tuning.tune import Tuned, TuneOptions, tune
from tests.support.leg_runs import always, judged_set, leg_runs

JUDGED = judged_set(120)


def tuned(seed: int = 0, metric: str = "nDCG@10", **strengths: float) -> Tuned:
    runs = leg_runs(JUDGED, {leg: always(strength) for leg, strength in strengths.items()}, seed=seed)
    return tune(runs, JUDGED, TuneOptions(metric, folds=3))


@pytest.mark.parametrize("seed", range(4))
def test_a_leg_of_noise_is_not_asked(seed: int) -> None:
    """Random items with random scores beside two legs that know something of every query."""
    found = tuned(seed, bm25=0.25, dense=0.25, noise=0.0)
    kept = {verdict.leg: verdict.kept for verdict in found.verdicts}
    assert kept == {"bm25": True, "dense": True, "noise": False}
    assert found.spec.legs == ("bm25", "dense")
    # Nor was it in any fold, where it had to be told from fewer queries.
    assert {winner.spec.legs for winner in found.winners} == {("bm25", "dense")}


@pytest.mark.parametrize("seed", range(3))
def test_three_legs_that_help_are_all_kept(seed: int) -> None:
    found = tuned(seed, bm25=0.25, dense=0.25, sparse=0.25)
    assert [verdict.kept for verdict in found.verdicts] == [True, True, True]
    assert set(found.spec.legs) == {"bm25", "dense", "sparse"}
    for verdict in found.verdicts:
        assert verdict.delta is not None and verdict.p_value is not None
        assert verdict.delta > 0 and verdict.p_value < 0.05


def test_one_leg_that_knows_all_is_asked_alone() -> None:
    found = tuned(bm25=2.0, dense=0.02, noise=0.0)
    assert found.spec == FusionSpec(("bm25",), (1.0,))
    assert [(verdict.leg, verdict.kept) for verdict in found.verdicts] == [
        ("bm25", True),
        ("dense", False),
        ("noise", False),
    ]
    assert found.verdicts[0].delta is None


def test_of_two_legs_that_are_the_same_one_goes() -> None:
    one = leg_runs(JUDGED, {"bm25": always(0.3)})
    twin = leg_runs(JUDGED, {"bm25": always(0.3), "dense": always(0.3)})
    runs = {"bm25": one.runs["bm25"], "dense": ScoredRun("dense", one.runs["bm25"].rankings)}
    found = tune(replace(twin, runs=runs), JUDGED, TuneOptions(folds=3))
    assert found.spec == FusionSpec(("bm25",), (1.0,))


def test_a_stricter_guard_drops_more() -> None:
    runs = leg_runs(JUDGED, {"bm25": always(0.3), "dense": always(0.12)})
    deltas = {}
    for p in (1.0, 1e-9):
        found = tune(runs, JUDGED, TuneOptions(folds=3, guard_p=p))
        deltas[p] = {verdict.leg: verdict.kept for verdict in found.verdicts}
    assert deltas == {1.0: {"bm25": True, "dense": True}, 1e-9: {"bm25": True, "dense": False}}


def test_the_last_leg_stays_whatever_it_does() -> None:
    (verdict,) = guard([FusionSpec(("bm25",), (1.0,))], np.zeros((1, 20)), ["bm25"], GuardOptions())
    assert verdict.kept
