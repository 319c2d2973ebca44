"""Markdown of a result file: tables, goals and where the figures come from. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from aisle.errors import InputError
from benchmarks.harness.result_file import HIGHER, BenchmarkResult, Goal, Source

_COMMIT_DIGITS = 12
_DIRTY = "-dirty"
_MOST_RUNS: Final = 4


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


def source(run: Source) -> str:
    """The command, machine, day and commit behind a table."""
    code, dirty = run.commit.removesuffix(_DIRTY), run.commit.endswith(_DIRTY)
    commit = code[:_COMMIT_DIGITS] + (_DIRTY if dirty else "")
    if not run.command:
        return f"came with commit {commit} on {run.date[:10]}; command and machine of that run were not kept."
    return f"`{run.command}` · {run.cpu} · {run.date[:10]} · commit {commit}"


def block(result: BenchmarkResult, *tables: str, topics: Iterable[str] = ()) -> str:
    """The tables and their source.

    Args:
        result: the file.
        tables: Markdown, one below the other.
        topics: that the tables show, where the file has several; none: all of them.
    """
    return "\n\n".join([*tables, _sources(result, dict.fromkeys(topics) or result.sources)])


def topics_of(rows: Iterable[Mapping[str, Any]]) -> dict[str, None]:
    """The topics that rows belong to, each once."""
    return dict.fromkeys(row["topic"] for row in rows)


def _sources(result: BenchmarkResult, topics: Iterable[str]) -> str:
    """One line, or one for each of a few runs; many of them are told where they are."""
    by_run: dict[Source, list[str]] = {}
    for topic in topics:
        if topic in result.sources:
            by_run.setdefault(result.sources[topic], []).append(topic)
    runs = list(by_run) or [result.source]
    if len(runs) == 1:
        line = source(runs[0])
        return line[0].upper() + line[1:]
    if len(runs) > _MOST_RUNS:
        days = sorted({run.date[:10] for run in runs})
        when = " to ".join(dict.fromkeys((days[0], days[-1])))
        return (
            f"Of {len(runs)} runs, {when}: command, machine and commit of each topic stand under `sources` in"
            f" `benchmarks/results/{result.benchmark}.json`."
        )
    return "\n".join(f"- {', '.join(named)}: {source(run)}" for run, named in by_run.items())


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
