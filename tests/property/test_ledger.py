"""The ledger knows exactly what was settled, in whatever order, and stays small."""

from __future__ import annotations

import random
import tempfile
from itertools import pairwise
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from aisle.indexer.dead_letters import refused_item
from aisle.indexer.ledger.store import Ledger, Positions, Range, ranges_of
from aisle.types import Item

SPANS = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 9)), max_size=12).map(
    lambda pairs: [(first, first + more) for first, more in pairs]
)


def members(spans: list[Range]) -> set[int]:
    return {position for first, last in spans for position in range(first, last + 1)}


@given(SPANS, SPANS)
def test_ranges_are_a_set(some: list[Range], more: list[Range]) -> None:
    both = Positions().plus(some).plus(more)
    assert {position for position in range(80) if position in both} == members(some) | members(more)
    assert len(both) == len(members(some) | members(more))
    assert all(before[1] + 1 < after[0] for before, after in pairwise(both.ranges))
    assert both == Positions().plus([*more, *some])


@given(st.sets(st.integers(0, 80)))
def test_positions_become_the_fewest_ranges(positions: set[int]) -> None:
    spans = list(ranges_of(sorted(positions)))
    assert members(spans) == positions
    assert Positions(tuple(spans)) == Positions().plus(spans)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(SPANS, st.booleans()), max_size=6))
def test_what_is_settled_survives_closing_and_is_never_doubled(
    bodies: list[tuple[list[Range], bool]],
) -> None:
    settled: set[int] = set()
    refused: set[int] = set()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "shop.sqlite"
        with Ledger(path) as ledger:
            ledger.begin("shop-v0001", {"input": "a"})
        for spans, close in bodies:
            ledger = Ledger(path)
            ledger.before()
            positions = sorted(members(spans))
            bad = positions[::3]
            letters = [refused_item(position, Item(str(position), "x"), "no") for position in bad]
            ledger.settle(positions, letters)
            if close:
                ledger.close()
            settled.update(positions)
            refused.update(bad)
        with Ledger(path) as ledger:
            before = ledger.before()
            assert before.settled == Positions().plus(ranges_of(sorted(settled)))
            assert before.refused == len(refused)
            assert before.accepted == len(settled) - len(refused)
            assert [letter.position for letter in ledger.refused()] == sorted(refused)


def test_a_large_catalogue_is_a_handful_of_ranges() -> None:
    items, body, at_once = 826_402, 500, 8
    draw = random.Random(6)
    starts = list(range(0, items, body))
    most = 0
    ledger = Ledger()
    ledger.begin("shop-v0001", {})
    under_way: list[int] = []
    while starts or under_way:
        while starts and len(under_way) < at_once:
            under_way.append(starts.pop(0))
        first = under_way.pop(draw.randrange(len(under_way)))
        ledger.settle(range(first, min(items, first + body)), [])
        most = max(most, len(ledger._settled.ranges))
    assert ledger.before().settled.ranges == ((0, items - 1),)
    # With eight writers a body may be overtaken for a while; it is never a range per body (1,653).
    assert most <= 20 * at_once
