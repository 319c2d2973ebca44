"""Tables while ids keep arriving: a shop's year of orders, week by week, as a table meets it.

Two rows of double hashing count as an id's own if no other id has the same two; each of them is shared.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from aisle._recommend import find_files, read_data
from aisle.errors import InputError
from aisle.recommendation.id_table import SHARED, IdTable, IdTableOptions
from benchmarks.adaptation.tables import Arrivals, DoubleHashing, Modulo, MostFrequent
from benchmarks.harness.command_line import say
from benchmarks.harness.parts import dataset
from benchmarks.harness.result_file import HIGHER, Goal, trials
from benchmarks.harness.topics import Figures

RATIOS: Final = (0.25, 0.5, 1.0)
FIRST_WEEKS: Final = 8
"""Seen before anything is measured; a dict of the most frequent ids is made of them."""
QUARTER: Final = 13
"""Weeks after whose end an id that was not seen counts as gone, and those of the last figures."""
MODULO: Final = Modulo()
ID_TABLE: Final = "ID table"
FROZEN: Final = f"top N of the first {FIRST_WEEKS} weeks + one shared row"
MAX_AGES: Final = (None, 4, QUARTER)
_WEEK_S: Final = 7 * 24 * 3600


@dataclass(frozen=True, slots=True, eq=False)
class Weeks:
    """Sightings in the order of time.

    Attributes:
        ids: each once.
        steps: for each week int64 [sightings], positions of ids.
    """

    ids: tuple[str, ...]
    steps: tuple[NDArray[np.int64], ...]

    def living(self, now: int) -> NDArray[np.int64]:
        """Ids that were seen in the quarter before a week."""
        return np.unique(np.concatenate(self.steps[max(0, now - QUARTER) : now]))

    def known(self, now: int) -> NDArray[np.int64]:
        """A week's sightings of living ids: of those something was learned."""
        return self.steps[now][np.isin(self.steps[now], self.living(now))]

    def named(self, steps: NDArray[np.int64]) -> list[str]:
        """Their ids."""
        return [self.ids[step] for step in steps.tolist()]

    def arrivals(self, begin: int, end: int) -> Arrivals:
        """Those of some weeks."""
        return Arrivals(self.ids, np.concatenate(self.steps[begin:end]))


def measure(name: str = "online_retail") -> Figures:
    """How many sightings find a row that no other living id reads, by table, and what that takes."""
    weeks = _read(name)
    rows: list[dict[str, Any]] = []
    reached: dict[tuple[float, str], float] = {}
    for ratio in RATIOS:
        size = round(ratio * len(weeks.ids))
        for label, shares, handed_on in own_rows(weeks, size):
            last = float(np.mean(shares[-QUARTER:]))
            reached[ratio, label] = last
            rows.append(
                {
                    "dataset": name,
                    "table": label,
                    "ratio": ratio,
                    "rows": size,
                    "ids": len(weeks.ids),
                    "weeks": len(shares),
                    "own row": float(np.mean(shares)),
                    "own row, last weeks": last,
                    "handed on": handed_on,
                }
            )
            say(f"{label}, {ratio:g} rows an id: {rows[-1]['own row']:.3f}, at the end {last:.3f}")
    return Figures(rows, trials("adaptation", "arriving ids"), _goals(reached))


def _read(name: str) -> Weeks:
    _, read = read_data(find_files(dataset(name) / f"{name}.csv.gz", None), None, say)
    times = read.sequences.times
    if times is None:
        raise InputError(f"{name} has no times", fix="name a data set with times")
    order = np.argsort(times, kind="stable")
    week = ((times[order] - times[order[0]]) // _WEEK_S).astype(np.int64)
    cuts = np.flatnonzero(np.diff(week)) + 1
    return Weeks(read.sequences.items, tuple(np.split(read.sequences.steps[order].astype(np.int64), cuts)))


def own_rows(weeks: Weeks, rows: int) -> Iterator[tuple[str, list[float], int]]:
    """Of each table its name, the share of every later week, and how often rows went to another id."""
    first = weeks.arrivals(0, FIRST_WEEKS)
    for placement in (MODULO, DoubleHashing()):
        placed = placement.rows_of(first, rows, 0)
        yield placement.name, [_alone(weeks, now, placed) for now in _later(weeks)], 0
    placed = MostFrequent().rows_of(first, rows, 0)
    # The dict cannot know whom it will meet.
    placed[first.counts == 0] = SHARED
    yield FROZEN, [_alone(weeks, now, placed) for now in _later(weeks)], 0
    for max_age in MAX_AGES:
        table = IdTable(IdTableOptions(rows=rows, max_age=max_age))
        shares, handed_on = [], 0
        for now, steps in enumerate(weeks.steps):
            if now in _later(weeks):
                shares.append(float(np.mean(table.rows_of(weeks.named(weeks.known(now))) != SHARED)))
            given = len(table.observe(weeks.named(steps), now).handed_on)
            handed_on += given if now >= FIRST_WEEKS else 0
        age = "no expiry" if max_age is None else f"{max_age} weeks"
        yield f"{ID_TABLE}, {age}", shares, handed_on


def _later(weeks: Weeks) -> range:
    return range(FIRST_WEEKS, len(weeks.steps))


def _alone(weeks: Weeks, now: int, placed: NDArray[np.int64]) -> float:
    """Share of a week's sightings whose rows no other living id reads."""
    living = weeks.living(now)
    _, same, count = np.unique(placed[living], axis=0, return_inverse=True, return_counts=True)
    alone = np.zeros(len(weeks.ids), dtype=np.bool_)
    alone[living] = count[same.reshape(-1)] == 1
    return float(alone[weeks.known(now)].mean())


def _goals(reached: dict[tuple[float, str], float]) -> tuple[Goal, ...]:
    return tuple(
        Goal(
            f"{ratio:g} rows an id: sightings with an own row at the end, ID table less {other}",
            reached[ratio, f"{ID_TABLE}, {QUARTER} weeks"] - reached[ratio, other],
            0,
            HIGHER,
        )
        for ratio in RATIOS
        for other in (MODULO.name, FROZEN)
    )
