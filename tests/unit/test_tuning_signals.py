"""Weights of business signals: one that tells what is relevant counts, one that does not is left alone."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from aisle.errors import EvaluationError
from aisle.evaluation import JudgedSet, evaluate
from aisle.evaluation.runs import Run
from aisle.mappings import BM25, DENSE, FusionSpec
from aisle.mappings.signals import SignalBoosts, share_below
from aisle.search import LegResult, fuse
from aisle.search.fusion import scaled
from aisle.search.tuning.fusion_file import fusion_json, read_fusion, write_fusion
from aisle.search.tuning.grid import Scorer
from aisle.search.tuning.guard import GuardOptions
from aisle.search.tuning.matrix import metric_of, pool_of
from aisle.search.tuning.nested import FoldWinner, Nested
from aisle.search.tuning.runs import LegRuns, read_leg_runs, write_leg_runs
from aisle.search.tuning.signals import BoostedScorer, Signals, signal_table, try_signals
from aisle.search.tuning.tune import TuneOptions, tune
from tests.support.leg_runs import ITEMS, always, judged_set, leg_runs

METRIC = "nDCG@10"


def bestsellers() -> JudgedSet:
    """What is relevant is among the first twenty items."""
    draw, plain = random.Random(1), judged_set(60)
    qrels = {
        query: dict.fromkeys(draw.sample(ITEMS[:20], 3), 3) | dict.fromkeys(draw.sample(ITEMS[20:], 3), 1)
        for query in plain.qrels
    }
    return JudgedSet(plain.name, plain.split, plain.queries, qrels)


JUDGED = bestsellers()


def runs_with(signals: dict[str, dict[str, float]]) -> LegRuns:
    return replace(leg_runs(JUDGED, {BM25: always(0.1), DENSE: always(0.1)}), signals=signals)


SOLD = {item: 1 - number / len(ITEMS) for number, item in enumerate(ITEMS)}
RANDOM = {item: random.Random(item).random() for item in ITEMS}


def test_a_signal_that_helps_counts_and_one_of_chance_does_not(tmp_path: Path) -> None:
    runs = runs_with({"rating": RANDOM, "popularity": SOLD})
    tuned = tune(runs, JUDGED, TuneOptions(folds=4))
    assert tuned.signals is not None
    kept = {verdict.signal: verdict for verdict in tuned.signals.verdicts}
    assert kept["popularity"].weight > 0
    assert kept["popularity"].delta > 0
    assert kept["popularity"].p_value < 0.025
    assert kept["rating"].weight == 0
    assert tuned.boosts == SignalBoosts({"popularity": kept["popularity"].weight})
    # The figure that is reported counts them, on queries that they were not chosen on.
    alone = tune(runs_with({}), JUDGED, TuneOptions(folds=4))
    assert tuned.means["tuned"] - alone.means["tuned"] == pytest.approx(tuned.signals.delta)
    assert tuned.signals.delta > 0
    assert tuned.helps
    write_fusion(fusion_json(tuned, runs), tmp_path / "fusion.json")
    assert read_fusion(tmp_path / "fusion.json").boosts == tuned.boosts
    write_leg_runs(runs, tmp_path)
    assert read_leg_runs(tmp_path) == runs


def test_boosts_that_the_release_has_are_what_tuning_is_compared_with(tmp_path: Path) -> None:
    first = tune(runs_with({"popularity": SOLD}), JUDGED, TuneOptions(folds=4))
    assert first.boosts is not None
    own = replace(first.boosts, half_life_days=9)
    runs = replace(runs_with({"popularity": SOLD}), default=first.spec, boosts=own)
    again = tune(runs, JUDGED, TuneOptions(folds=4))
    assert again.boosts == own
    assert again.means["default"] > first.means["default"]
    assert not again.helps
    write_leg_runs(runs, tmp_path)
    assert read_leg_runs(tmp_path) == runs
    with pytest.raises(EvaluationError, match="popularity counts in toys-v0001, and the runs hold no values"):
        replace(runs, signals={})


EVEN = judged_set(60)
"""Any item is as likely to be relevant as another one."""
SPEC = FusionSpec((BM25, DENSE), (0.7, 0.3))


def tried(signals: dict[str, dict[str, float]], p: float) -> tuple[Signals, float]:
    """Signals beside one fusion, as if each fold had chosen it, and what they add to it."""
    runs = replace(leg_runs(EVEN, {BM25: always(0.1), DENSE: always(0.1)}), signals=signals)
    scorer = Scorer(pool_of(runs, EVEN.qrels), metric_of(METRIC))
    values = scorer.values([SPEC])[0]
    fixed = Nested(values, tuple(FoldWinner(SPEC, 15, 0.0, 0.0) for _ in range(4)))
    found, boosted = try_signals(scorer, SPEC, fixed, runs, GuardOptions(p, 4))
    return found, float(np.mean(boosted - values))


def test_signals_of_chance_are_refused_however_many_are_tried_and_how_lax_the_guard() -> None:
    # Seeds by which some signal has a p-value below .05, or of which a lax guard takes one.
    for seed in (16, 26, 29):
        draw = random.Random(seed)
        signals = {f"signal {number}": {item: draw.random() for item in ITEMS} for number in range(6)}
        strict, added = tried(signals, 0.05)
        assert (strict.boosts, strict.delta, strict.p_value, added) == (None, 0, 1, 0)
        assert [verdict.weight for verdict in strict.verdicts] == [0] * 6
        # A lax one takes some on all queries; yet never what loses on those that the choice did not see.
        lax, added = tried(signals, 1.0)
        assert (lax.boosts is not None) == (added > 0)
        assert added >= 0


def test_without_signals_nothing_is_said_of_them() -> None:
    tuned = tune(runs_with({}), JUDGED, TuneOptions(folds=4))
    assert (tuned.boosts, tuned.signals) == (None, None)


@pytest.mark.parametrize("spec", [SPEC, FusionSpec((DENSE,), (1.0,))])
def test_boosted_values_are_those_of_the_reference(spec: FusionSpec) -> None:
    signals = {"rating": RANDOM, "popularity": SOLD}
    weights = {"popularity": 0.4, "rating": 0.2}
    runs = runs_with(signals)
    scorer = Scorer(pool_of(runs, JUDGED.qrels), metric_of(METRIC))
    rankings = {}
    for query in JUDGED.qrels:
        found = {
            leg: LegResult(list(run.rankings[query]), list(run.rankings[query].values()))
            for leg, run in runs.runs.items()
        }
        fused = fuse(spec, found)
        for name, weight in weights.items():
            fused = scaled(fused, name, {id_: 1 + weight * value for id_, value in signals[name].items()})
        rankings[query] = [each.id for each in fused]
    expected = evaluate(Run("boosted", rankings), JUDGED.qrels).per_query[METRIC]
    values = BoostedScorer(scorer, spec, signal_table(scorer.pool, runs)).values(weights)
    assert values.tolist() == pytest.approx([expected[query] for query in scorer.pool.queries])
    assert not np.allclose(values, scorer.values([spec])[0])


def test_equal_values_share_and_ends_are_none_and_all() -> None:
    spread = [0.0, 0.0, 0.0, 2.0, 4.0, 4.0]
    found = [share_below(value, spread) for value in (-1, 0, 1, 2, 3, 4, 9)]
    assert found == [0, 0, 0.625, 0.75, 0.875, 1, 1]
    assert [share_below(value, [5.0, 5.0]) for value in (4, 5, 6)] == [0, 0, 1]


def test_shares_of_values_as_large_as_floats_are_between_none_and_all() -> None:
    spread = [-1.7e308, -1.6e308, 1.6e308, 1.7e308]
    found = [share_below(value, spread) for value in (-1.6e308, 0.0, 1e308, 1.6e308)]
    assert found == pytest.approx([1 / 3, 1 / 2, (1 + 2.6 / 3.2) / 3, 2 / 3])
