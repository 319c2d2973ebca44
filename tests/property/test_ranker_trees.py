"""Trees in numpy are the trees of the library that trained them, whatever is asked of them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aisle.search.rank.features import FEATURES
from aisle.search.rank.trees import Trees
from aisle.training.ranking.fit import booster, trees_of
from aisle.training.ranking.settings import RankerSettings
from tests.support.ranking_tables import column, ranking_rows


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 1000),
    leaves=st.integers(2, 64),
    trees=st.integers(1, 40),
    least=st.integers(1, 100),
    monotone=st.booleans(),
    queries=st.integers(1, 20),
)
def test_scores_are_the_librarys_bit_for_bit_and_contributions_sum_to_them(
    seed: int, leaves: int, trees: int, least: int, monotone: bool, queries: int
) -> None:
    table = ranking_rows(queries, 20, seed)
    how = RankerSettings(
        trees=trees, leaves=leaves, least_in_leaf=least, monotone=monotone, rate=0.3, seed=seed
    )
    theirs = booster(table, how)
    ours = trees_of(theirs.dump_model())
    draw = np.random.default_rng(seed)
    # Of another catalogue: values far away, missing where none was in training, and right on a threshold.
    others = draw.standard_normal((60, len(FEATURES))) * 10
    others[draw.random(others.shape) < 0.2] = np.nan
    for split, threshold in enumerate(ours.thresholds[:60].tolist()):
        others[split, ours.features[split]] = threshold
    for rows in (table.rows, others):
        assert np.array_equal(ours.scores(rows), theirs.predict(rows))
    moved = ours.contributions(others)
    assert moved.sum(axis=1) + ours.base == pytest.approx(ours.scores(others), abs=1e-9)
    assert np.array_equal(Trees.of_arrays(ours.arrays()).scores(others), ours.scores(others))


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 1000), name=st.sampled_from([f for f in FEATURES if f.sign]))
def test_a_signed_feature_never_moves_a_score_the_other_way(seed: int, name: object) -> None:
    feature = next(each for each in FEATURES if each == name)
    # Grades against the sign: what data alone would teach is the opposite.
    table = ranking_rows(20, 20, seed, taught=feature.name, noise=0.5)
    grades = table.grades if feature.sign < 0 else 3 - table.grades
    taught = type(table)(table.queries, table.bounds, table.rows, grades, table.judged)
    ours = trees_of(booster(taught, RankerSettings(trees=20, least_in_leaf=5, rate=0.3)).dump_model())
    steps = np.repeat(table.rows[:1], 50, axis=0)
    steps[:, column(feature.name)] = np.linspace(-4, 4, 50)
    assert (np.diff(ours.scores(steps)) * feature.sign >= -1e-12).all()
