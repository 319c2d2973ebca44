"""Lines that some shop software writes above the header."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

_MACHINE_NAME: Final = re.compile(r"[a-z][a-z0-9_]*(?:\[[^\]]*\])*(?:#\d+)?(?:\.[a-z0-9_]+)*")
_TEMPLATE: Final = ("templatetype=", "settings=", "version=")


def header_row(rows: Sequence[Sequence[str]]) -> int:
    """Which of the first rows of a file is its header, counted from 0.

    Amazon's templates begin with settings and labels for people; the header is the first row of names for
    machines. Meta's begin with a comment on each column, such as ``# Required | The title``.

    Args:
        rows: the first ones, each with its cells; ten are enough.
    """
    if not rows:
        return 0
    if _first(rows[0]).casefold().startswith(_TEMPLATE):
        for number, row in enumerate(rows[1:], 1):
            names = [cell.strip() for cell in row if cell.strip()]
            if len(names) > 1 and all(_MACHINE_NAME.fullmatch(name) for name in names):
                return number
        return min(2, len(rows) - 1)
    commented = 0
    for row in rows[:-1]:
        first = _first(row)
        if not (first.startswith("#") and "|" in first):
            break
        commented += 1
    return commented


def _first(row: Sequence[str]) -> str:
    return row[0].strip() if row else ""


_MOST_PARTS: Final = 4


def joined_headings(cells: Sequence[str]) -> list[str]:
    """A header whose headings hold commas that nobody quoted: ``Categories (x``, ``y``, ``z...)`` are one.

    Args:
        cells: of the header, as they were split.
    """
    joined: list[str] = []
    at = 0
    while at < len(cells):
        parts = 1
        if _open_brackets(cells[at]):
            for more in range(2, min(_MOST_PARTS, len(cells) - at) + 1):
                if not _open_brackets(",".join(cells[at : at + more])):
                    parts = more
                    break
        joined.append(",".join(cells[at : at + parts]))
        at += parts
    return joined


def _open_brackets(heading: str) -> bool:
    return heading.count("(") > heading.count(")")
