"""Markdown of a result file: tables, goals and where the figures come from. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

from aisle.errors import InputError
from benchmarks.harness.result_file import HIGHER, BenchmarkResult, Goal

_COMMIT_DIGITS = 12
_DIRTY = "-dirty"


def table(head: Sequence[str], rows: Sequence[Sequence[str]], texts: int = 1) -> str:
    """A table; the first ``texts`` columns are words, the others numbers and set to the right."""
    rule = ["---"] * texts + ["---:"] * (len(head) - texts)
    cells = [head, rule, *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(row)} |" for row in cells)


def goals_table(goals: Sequence[Goal]) -> str:
    """What was asked for, what was reached, and whether that is enough."""
    return table(
        ["goal", "reached", "met"],
        [
            [f"{goal.name} {'≥' if goal.better == HIGHER else '≤'} {number(goal.goal)}", number(goal.value),
             "yes" if goal.met else "**no**"]
            for goal in goals
        ],
    )  # fmt: skip


def number(value: float) -> str:
    """As few digits as tell it from its neighbours: 4 significant ones under 100, whole above."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.4g}"


def source(result: BenchmarkResult) -> str:
    """The command, machine, day and commit behind a table."""
    code, dirty = result.commit.removesuffix(_DIRTY), result.commit.endswith(_DIRTY)
    commit = code[:_COMMIT_DIGITS] + (_DIRTY if dirty else "")
    return f"`{result.command}` · {result.cpu} · {result.date[:10]} · commit {commit}"


def block(result: BenchmarkResult, *tables: str) -> str:
    """The tables and their source."""
    return "\n\n".join([*tables, source(result)])


def unmeasured(result: BenchmarkResult, command: str, topics: Sequence[str]) -> str:
    """A line that names the topics that a result file has no rows of; empty if there is none."""
    there = {row.get("topic") for row in result.rows}
    missing = ",".join(topic for topic in topics if topic not in there)
    return f'Not measured yet: `python -m {command} --only "{missing}"`.' if missing else ""


_START: Final = re.compile(r"^<!-- figures:(?P<name>\S+) -->$", re.MULTILINE)
_END: Final = "<!-- /figures -->"
_ANY_START: Final = "<!-- figures:"


def rewrite(page: str, text: str, render: Callable[[str], str]) -> tuple[str, tuple[str, ...]]:
    """Draw every block anew.

    Args:
        page: file name, for errors.
        text: the whole page.
        render: a figure's name to its Markdown; raises InputError for a name that is none.

    Returns:
        The page with fresh blocks, and the names of those that were stale.

    Raises:
        InputError: a block without an end.
    """
    parts: list[str] = []
    stale: list[str] = []
    at = 0
    while start := _START.search(text, at):
        name = start["name"]
        end = text.find(_END, start.end())
        if end < 0 or _ANY_START in text[start.end() : end]:
            raise InputError(
                f"{page}: the block of figure {name!r} has no end", fix=f"write {_END} on a line after it"
            )
        fresh = f"\n{render(name)}\n"
        if text[start.end() : end] != fresh:
            stale.append(name)
        parts += [text[at : start.end()], fresh]
        at = end
    return "".join(parts) + text[at:], tuple(stale)
