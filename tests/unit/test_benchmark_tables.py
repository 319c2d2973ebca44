"""Ways to place ids in a table, and the small model that is measured with them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from aisle.recommendation.id_table import SHARED
from aisle.sequences import sequences_of
from benchmarks.adaptation.arriving_ids import FROZEN, ID_TABLE, MODULO, QUARTER, Weeks, own_rows
from benchmarks.adaptation.table_model import WINDOW, TableModel, TableScorer, fit, windows_before
from benchmarks.adaptation.table_model import TableModelSettings as Settings
from benchmarks.adaptation.tables import (
    Arrivals,
    ByIdTable,
    DoubleHashing,
    Modulo,
    MostFrequent,
    OwnRows,
    Placement,
    canonical,
    collisions,
)

ROWS = 40


@pytest.fixture(scope="module")
def arrivals() -> Arrivals:
    draw = np.random.default_rng(3)
    stream = np.minimum(draw.zipf(1.3, 3000) - 1, 99)
    return Arrivals(tuple(f"id {number}" for number in range(100)), stream.astype(np.int64))


@pytest.mark.parametrize(
    "placement",
    [Modulo(), DoubleHashing(), MostFrequent(), MostFrequent(0.1), ByIdTable()],
    ids=lambda placement: placement.name,
)
def test_a_placement_stays_within_the_rows_and_is_the_same_again(
    placement: Placement, arrivals: Arrivals
) -> None:
    placed = placement.rows_of(arrivals, ROWS, 1)
    assert len(placed) == 100
    assert placed.min() >= 0
    assert placed.max() < ROWS
    assert np.array_equal(placed, placement.rows_of(arrivals, ROWS, 1))
    assert any(collisions(placed, arrivals.counts))


def test_an_id_table_keeps_those_that_counting_everything_finds(arrivals: Arrivals) -> None:
    counts = arrivals.counts
    own = ByIdTable(1).rows_of(arrivals, ROWS, 0)[:, 0] != SHARED
    assert np.count_nonzero(own) == ROWS - 1
    assert counts[own].min() >= counts[~own].max()
    assert collisions(ByIdTable(1).rows_of(arrivals, ROWS, 0), counts)[:3] == [0, 0, 0]


def test_collisions_are_counted_by_decile_of_frequency() -> None:
    counts = np.arange(20, 0, -1)
    placed = np.arange(20)[:, None]
    assert collisions(placed, counts) == [0] * 10
    placed[1] = placed[19]
    assert collisions(placed, counts) == [0.5, *[0] * 8, 0.5]
    halves = np.stack([np.zeros(20, dtype=np.int64), np.arange(20)], axis=1)
    assert collisions(halves, counts) == [0] * 10


def test_placements_are_the_same_if_they_put_the_same_ids_together() -> None:
    one = canonical(np.array([[4, 9], [7, 9], [4, 8]]))
    assert one.tolist() == [[0, 1], [2, 1], [0, 3]]
    assert np.array_equal(one, canonical(np.array([[1, 5], [3, 5], [1, 2]])))
    assert not np.array_equal(one, canonical(np.array([[1, 5], [1, 5], [1, 2]])))


def test_windows_end_where_a_user_begins() -> None:
    windows = windows_before(np.arange(30), np.array([1, 12, 30]), np.array([1, 2, 20]))
    assert windows[0].tolist() == [0, *[-1] * (WINDOW - 1)]
    assert windows[1].tolist() == [11, 10, *[-1] * (WINDOW - 2)]
    assert windows[2].tolist() == list(range(29, 29 - WINDOW, -1))


@pytest.mark.parametrize("with_text", [False, True])
def test_the_model_learns_what_follows_what(with_text: bool) -> None:
    sequences = sequences_of(
        tuple("abcdef"), [[(start + step) % 6 for step in range(12)] for start in range(6)] * 20
    )
    texts = np.eye(6, 4, dtype=np.float32) if with_text else None
    arrivals = Arrivals(sequences.items, sequences.steps.astype(np.int64))
    torch.manual_seed(0)
    settings = replace(Settings(), epochs=30, batch=64, negatives=6, dropout=0.0)
    model = TableModel(OwnRows().rows_of(arrivals, 6, 0), 6, texts, settings)
    fit(model, sequences, settings, 0)
    scores = TableScorer(model, "small").scores(sequences_of(sequences.items, [[0, 1, 2], [3, 4, 5]]))
    assert scores.argmax(axis=1).tolist() == [3, 0]


def test_where_ids_come_and_go_a_table_with_expiry_follows_and_a_dict_does_not() -> None:
    # Each week four ids come and four go; about 80 are alive.
    draw = np.random.default_rng(0)
    steps = tuple((np.minimum(draw.zipf(1.4, 300) - 1, 79) + 4 * week) % 400 for week in range(40))
    weeks = Weeks(tuple(f"id {number}" for number in range(400)), steps)
    assert set(weeks.known(20).tolist()) <= set(np.concatenate(steps[20 - QUARTER : 20]).tolist())
    ended = {label: np.mean(shares[-QUARTER:]) for label, shares, _ in own_rows(weeks, 100)}
    changed = {label: handed_on for label, _, handed_on in own_rows(weeks, 100)}
    assert ended[f"{ID_TABLE}, {QUARTER} weeks"] > 0.9
    assert ended[f"{ID_TABLE}, no expiry"] < 0.3
    assert ended[FROZEN] == 0
    assert ended[MODULO.name] < 0.5
    assert changed[f"{ID_TABLE}, {QUARTER} weeks"] > 0
    assert changed[FROZEN] == 0
