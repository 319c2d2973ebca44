"""Lines of a batch → changes, and the lines that are none. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from catalogue.rows import BadRow
from indexer.updates.dead_lines import DeadLine
from indexer.updates.input_lines import InputLine
from indexer.updates.parse_change import parse_change
from indexer.updates.plan import Entry


def parsed(lines: Sequence[InputLine]) -> tuple[list[Entry], list[DeadLine]]:
    """Changes, and the lines that are none; empty lines are neither."""
    entries: list[Entry] = []
    dead: list[DeadLine] = []
    for line in lines:
        if not line.row.strip():
            continue
        try:
            entries.append(Entry(line, parse_change(line.row)))
        except BadRow as reason:
            dead.append(DeadLine(line, "", str(reason)))
    return entries, dead
