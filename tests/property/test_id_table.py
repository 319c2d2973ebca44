"""A table of ids does what a dict would do, under any order of sightings, expiries and restarts."""

from __future__ import annotations

import functools
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from aisle.errors import ArtifactCorrupt, InputError
from aisle.recommendation.id_keys import UNKNOWN, KeySlots, keys_of
from aisle.recommendation.id_table import SHARED, IdTable, IdTableOptions

NAMES = [f"id {number}" for number in range(24)]
OPTIONS = st.builds(
    IdTableOptions,
    rows=st.integers(2, 8),
    sightings=st.integers(1, 3),
    max_age=st.none() | st.integers(0, 6),
    waiting=st.none() | st.integers(1, 12),
)


@dataclass(slots=True)
class Known:
    """An id of the reference."""

    key: tuple[int, int]
    sightings: int
    last: int
    row: int = SHARED


class DictTable:
    """The same table as a dict, one id at a time."""

    def __init__(self, options: IdTableOptions) -> None:
        self.options = options
        self.known: dict[str, Known] = {}
        self.most = 2 * (options.rows - 1) if options.waiting is None else options.waiting

    def row(self, name: str) -> int:
        return self.known[name].row if name in self.known else SHARED

    def waiting(self) -> list[str]:
        return [name for name, one in self.known.items() if one.row == SHARED]

    def owners(self) -> dict[int, str]:
        return {one.row: name for name, one in self.known.items() if one.row != SHARED}

    def observe(self, names: Sequence[str], now: int) -> set[int]:
        age = self.options.max_age
        if age is not None:
            self.known = {name: one for name, one in self.known.items() if one.last >= now - age}
        counts = Counter(names)
        order = sorted(counts, key=key)
        changed: set[int] = set()
        for begin in range(0, len(order), self.most):
            changed |= self._some(order[begin : begin + self.most], counts, now)
        return changed

    def _some(self, names: Sequence[str], counts: Counter[str], now: int) -> set[int]:
        new = [name for name in names if name not in self.known]
        needed = len(new) - (self.most - len(self.waiting()))
        if needed > 0:
            old = sorted(
                (name for name in self.waiting() if name not in names),
                key=lambda name: (self.known[name].sightings, self.known[name].last, *back(name)),
            )
            for name in old[: max(needed, self.most // 8)]:
                del self.known[name]
        for name in names:
            one = self.known.setdefault(name, Known(key(name), 0, now))
            one.sightings += counts[name]
            one.last = now
        changed = set()
        while wanting := [
            name
            for name in names
            if self.known[name].row == SHARED and self.known[name].sightings >= self.options.sightings
        ]:
            best = min(wanting, key=lambda name: (-self.known[name].sightings, *back(name)))
            owners = self.owners()
            free = [row for row in range(1, self.options.rows) if row not in owners]
            if free:
                row = free[0]
            else:
                least = min(
                    owners.values(),
                    key=lambda name: (self.known[name].sightings, self.known[name].last, *back(name)),
                )
                if self.known[least].sightings >= self.known[best].sightings:
                    break
                row = self.known[least].row
                self.known[least].row = SHARED
            self.known[best].row = row
            changed.add(row)
        return changed


@functools.cache
def key(name: str) -> tuple[int, int]:
    first, second = keys_of([name])[0].tolist()
    return first, second


def back(name: str) -> tuple[int, int]:
    return key(name)[::-1]


class TableBesideDict(RuleBasedStateMachine):
    """Both see the same ids at the same times."""

    @initialize(options=OPTIONS)
    def begin(self, options: IdTableOptions) -> None:
        self.table, self.reference, self.now = IdTable(options), DictTable(options), 0

    @rule(names=st.lists(st.sampled_from(NAMES), max_size=30), later=st.integers(0, 4))
    def see(self, names: list[str], later: int) -> None:
        self.now += later
        before = self.reference.owners()
        observed = self.table.observe(names, self.now)
        changed = self.reference.observe(names, self.now)
        assert observed.handed_on.tolist() == sorted(changed)
        assert observed.rows.tolist() == [self.reference.row(name) for name in names]
        # Nobody reads a row that another id has trained, unless it is reset.
        for row, owner in self.reference.owners().items():
            assert before.get(row) == owner or row in changed

    @rule()
    def restart(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            self.table.save(Path(folder) / "ids.npz")
            self.table = IdTable.load(Path(folder) / "ids.npz")

    @invariant()
    def same(self) -> None:
        assert self.table.rows_of(NAMES).tolist() == [self.reference.row(name) for name in NAMES]
        owners = self.reference.owners()
        assert len(self.table) == len(owners) <= self.table.options.rows - 1
        assert len(self.reference.waiting()) <= self.reference.most


TestTableBesideDict = TableBesideDict.TestCase
TestTableBesideDict.settings = settings(max_examples=50, stateful_step_count=20, deadline=None)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 15)), max_size=60))
@settings(deadline=None)
def test_slots_find_every_key_after_any_removals_even_where_all_have_one_home(
    steps: list[tuple[bool, int]],
) -> None:
    # 32 slots; keys 0 to 15 have two homes, one of them the last slot, so that runs go around the end.
    slots, held = KeySlots(16), dict[int, int]()
    all_keys = np.array([[31 if number % 2 else 30, 2 * number + 1] for number in range(16)], dtype=np.uint64)
    for adds, number in steps:
        if adds and number not in held:
            entry = min(set(range(16)) - set(held.values()))
            slots.add(np.array([entry]), all_keys[number : number + 1])
            held[number] = entry
        elif not adds and number in held:
            slots.remove(np.array([held.pop(number)]))
        assert slots.find(all_keys).tolist() == [held.get(one, UNKNOWN) for one in range(16)]


@given(st.lists(st.sampled_from(NAMES), min_size=1, max_size=60), st.integers(0, 1000))
@settings(deadline=None)
def test_the_order_within_a_batch_does_not_matter(names: list[str], seed: int) -> None:
    one, other = IdTable(IdTableOptions(rows=4)), IdTable(IdTableOptions(rows=4))
    shuffled = [names[place] for place in np.random.default_rng(seed).permutation(len(names))]
    one.observe(names, 0)
    other.observe(shuffled, 0)
    assert one.rows_of(NAMES).tolist() == other.rows_of(NAMES).tolist()


@given(st.integers(2, 20), st.lists(st.integers(0, 40), max_size=300), st.integers(1, 30))
@settings(deadline=None)
def test_without_expiry_the_most_frequent_have_the_rows(rows: int, stream: list[int], size: int) -> None:
    table = IdTable(IdTableOptions(rows=rows, sightings=1, waiting=50))
    for begin in range(0, len(stream), size):
        table.observe(np.array(stream[begin : begin + size]), begin)
    counts = Counter(stream)
    ids = np.array(sorted(counts), dtype=np.int64)
    own = dict(zip(ids.tolist(), (table.rows_of(ids) != SHARED).tolist(), strict=True))
    assert sum(own.values()) == min(len(counts), rows - 1)
    least = min((counts[one] for one in counts if own[one]), default=0)
    assert all(counts[one] <= least for one in counts if not own[one])


def test_an_id_that_returns_too_late_begins_anew_and_its_row_is_reset() -> None:
    table = IdTable(IdTableOptions(rows=2, sightings=2, max_age=10))
    assert table.observe(["a"], 0).rows.tolist() == [SHARED]
    assert table.observe(["a"], 1).handed_on.tolist() == [1]
    assert table.observe(["a"], 11).handed_on.tolist() == []
    assert table.observe(["b"], 22).rows.tolist() == [SHARED]
    assert table.rows_of(["a", "b"]).tolist() == [SHARED, SHARED]
    assert table.observe(["b"], 22).handed_on.tolist() == [1]
    assert table.observe(["a"], 23).rows.tolist() == [SHARED]


def test_integers_and_strings_are_never_one_id() -> None:
    numbers = np.array([0, -1, 5, 2**63 - 1, -(2**63)])
    keys = np.concatenate([keys_of(numbers), keys_of([*map(str, numbers.tolist()), "", "\0", "\ud800"])])
    assert len(np.unique(keys, axis=0)) == 13
    table = IdTable(IdTableOptions(rows=9, sightings=1))
    table.observe(numbers, 0)
    assert sorted(table.rows_of(numbers).tolist()) == [1, 2, 3, 4, 5]
    assert table.rows_of(["5"]).tolist() == [SHARED]


@pytest.mark.parametrize("ids", ["abc", ["a", 1], np.array([0.5]), np.array(["a"]), np.array([1], np.uint64)])
def test_other_ids_are_refused_and_nothing_changes(ids: object) -> None:
    table = IdTable(IdTableOptions(rows=3, sightings=1, max_age=1))
    table.observe(["a"], 0)
    with pytest.raises(InputError):
        table.observe(ids, 9)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="sort batches"):
        table.observe(["b"], -1)
    assert table.rows_of(["a", "b"]).tolist() == [1, SHARED]


@pytest.mark.parametrize(
    "options",
    [{"rows": 1}, {"rows": 2, "sightings": 0}, {"rows": 2, "max_age": -1}, {"rows": 2, "waiting": 0}],
)
def test_options_that_make_no_table_are_refused(options: dict[str, int]) -> None:
    with pytest.raises(InputError, match=list(options)[-1]):
        IdTableOptions(**options)


def test_damaged_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "ids.npz"
    table = IdTable(IdTableOptions(rows=4, sightings=1))
    table.observe(["a", "b", "a"], 3)
    table.save(path)
    whole = path.read_bytes()
    held = dict(np.load(path))
    twice = {**held, "keys": held["keys"][[0, 0]]}
    outside = {**held, "entries": held["entries"] + 70}
    future = {**held, "last": held["last"] + 1}
    huge = {**held, "options": np.array([2**60, 1, -1, 1, 3])}
    none = {"options": held["options"]}
    for damaged in (twice, outside, future, huge, none):
        np.savez(path, **damaged)
        with pytest.raises(ArtifactCorrupt, match="train again"):
            IdTable.load(path)
    for cut in (whole[: len(whole) // 2], b"", b"no table"):
        path.write_bytes(cut)
        with pytest.raises(ArtifactCorrupt):
            IdTable.load(path)
    with pytest.raises(ArtifactCorrupt):
        IdTable.load(tmp_path / "missing.npz")
