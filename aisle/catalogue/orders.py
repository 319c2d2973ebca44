"""A shop's own orders or events, any table of who took what when, as sequences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

import numpy as np

from aisle.catalogue.order_lines import ITEM, QUANTITY, TIME, USER, OrderOptions, OwnedLines, read_order_lines
from aisle.sequences import Sequences, sorted_sequences

_USERS_LINES: Final = OwnedLines(USER, required=(USER, ITEM, TIME), optional=(QUANTITY,))


@dataclass(frozen=True, slots=True)
class ReadSequences:
    """What was read.

    Attributes:
        sequences: of users with at least one step.
        rows: events that were there, or of a line of items each of them.
        skipped: reason to number of events that were left out.
        columns: field to the column it was read from; empty for a file of sequences.
    """

    sequences: Sequences
    rows: int
    skipped: Mapping[str, int]
    columns: Mapping[str, str]

    def words(self) -> str:
        """What became of the events, on one line."""
        kept = len(self.sequences.steps)
        lost = "; ".join(f"{count:,} {reason}" for reason, count in self.skipped.items())
        users = "1 user" if len(self.sequences) == 1 else f"{len(self.sequences):,} users"
        said = f"{kept:,} of {self.rows:,} events of {users}"
        return f"{said}; skipped: {lost}" if lost else said


def read_orders(
    path: str | Path,
    items: Sequence[str] | None = None,
    options: OrderOptions | None = None,
    *,
    aliases: Mapping[str, str] = MappingProxyType({}),
) -> ReadSequences:
    """Read a table with a row for each item that somebody took: order lines, clicks, reviews.

    Rows may stand in any order: each user's are sorted by time, those of one time as they stand. Rows of one
    user, item and time are one step. Returns, and items that the catalogue does not have, are left out and
    counted, as is what cannot be read.

    Args:
        path: whatever the catalogue's readers open: CSV, JSON, XLSX or Parquet, packed or not, ``-``.
        items: ids of the catalogue; None takes every item that occurs, in the order in which they do.
        options: columns and format.
        aliases: other names of items, such as the SKUs of their variants, to their ids.

    Raises:
        InputError: no such file, no column of users, items or times, no row that can be used, or times such
            as 03/04/2026 in a file that does not tell whether days come first.
        MissingExtra: Parquet or XLSX without their extras.
    """
    lines = read_order_lines(path, _USERS_LINES, items, options or OrderOptions(), aliases)
    owners, steps, times = lines.owned, lines.members, lines.times
    # The same line twice in an order is one step.
    order = np.lexsort((np.arange(len(steps)), steps, times, owners))
    same = np.zeros(len(order), dtype=np.bool_)
    same[1:] = (
        (owners[order[1:]] == owners[order[:-1]])
        & (steps[order[1:]] == steps[order[:-1]])
        & (times[order[1:]] == times[order[:-1]])
    )
    kept = np.sort(order[~same])
    if twice := int(np.count_nonzero(same)):
        lines.skipped["again the same user, item and time"] += twice
    return ReadSequences(
        sorted_sequences(lines.items, lines.owners, owners[kept], steps[kept], times[kept]),
        lines.rows,
        dict(lines.skipped.most_common()),
        lines.columns,
    )
