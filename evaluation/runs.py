"""Runs: what a system returned for each query, best first; TREC run files."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from evaluation.rows import bad_row, text_lines
from records import EvaluationError, InputError
from records.files import whole_file

_FIX = "write 'query Q0 item rank score name' on each line"


@dataclass(frozen=True, slots=True)
class Run:
    """The ranked item ids of one system. The list order IS the ranking: equal scores cannot reorder it.

    Attributes:
        name: the system ("bm25", "hybrid", ...), without spaces.
        rankings: query id to item ids, best first, each id once.
    """

    name: str
    rankings: Mapping[str, Sequence[str]]

    def __post_init__(self) -> None:
        if not self.name or self.name.split() != [self.name]:
            raise EvaluationError(f"'{self.name}' cannot name a run", fix="use a name without spaces")
        for query, items in self.rankings.items():
            if len(set(items)) != len(items):
                raise EvaluationError(
                    f"run {self.name} lists an item twice for query '{query}'", fix="list each item once"
                )

    def scored(self) -> dict[str, dict[str, float]]:
        """Scores that fall by 1 from rank to rank, so that any TREC tool keeps the list order."""
        return {
            query: {item: float(len(items) - i) for i, item in enumerate(items)}
            for query, items in self.rankings.items()
        }


def write_run(run: Run, path: str | Path) -> None:
    """Write a TREC run file, whole or not at all.

    Raises:
        EvaluationError: an id holds white space, which the format cannot carry.
    """
    with whole_file(Path(path)) as file:
        for query, items in run.scored().items():
            for rank, (item, score) in enumerate(items.items(), 1):
                if len(query.split()) != 1 or len(item.split()) != 1:
                    raise EvaluationError(
                        f"the ids '{query}' and '{item}' do not fit a TREC run", fix="use ids without spaces"
                    )
                file.write(f"{query} Q0 {item} {rank} {score:.0f} {run.name}\n".encode())


def read_run(path: str | Path) -> Run:
    """Read a TREC run file. Items are ordered by score, equal scores by rank, then by line.

    Raises:
        InputError: no such file, no rows, or a bad row (named by its line).
    """
    path = Path(path)
    rows: dict[str, list[tuple[float, float, str]]] = {}
    seen: set[tuple[str, str]] = set()
    name = ""
    for number, line in text_lines(path):
        cells = line.split()
        if len(cells) != 6:
            raise bad_row(path, number, f"{len(cells)} columns instead of 6", _FIX)
        query, _, item, rank, score, name = cells
        if (query, item) in seen:
            raise bad_row(path, number, f"'{item}' is listed twice for query '{query}'", "keep its best row")
        seen.add((query, item))
        rows.setdefault(query, []).append((-_number(score, path, number), _number(rank, path, number), item))
    if not rows:
        raise InputError(f"{path} holds no results", fix=_FIX)
    ordered = {
        query: [row[2] for row in sorted(hits, key=lambda row: row[:2])] for query, hits in rows.items()
    }
    return Run(name, ordered)


def _number(text: str, path: Path, number: int) -> float:
    try:
        value = float(text)
    except ValueError:
        raise bad_row(path, number, f"'{text[:40]}' is not a number", _FIX) from None
    if math.isnan(value):
        raise bad_row(path, number, "a score is NaN, which has no order", _FIX)
    return value
