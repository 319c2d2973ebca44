"""Runs: what a system returned for each query, best first; TREC run files."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from aisle._files import whole_file
from aisle.errors import EvaluationError, InputError
from aisle.evaluation.qrels import bad_row, text_lines

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


_SCORED_RUN_FIX = "write 'query Q0 item rank score name' on each line, best first"


@dataclass(frozen=True, slots=True)
class ScoredRun:
    """The results of one leg; unlike a ``Run`` its scores mean something, as a fusion needs them.

    Attributes:
        name: the leg ("bm25", "dense", ...), without spaces.
        rankings: query id to item id to raw score, in the order of the ranking, best first. A query that
            found nothing has an empty ranking; one that was not asked is absent.

    Raises:
        EvaluationError: a score that is not finite, or that rises from one rank to the next.
    """

    name: str
    rankings: Mapping[str, Mapping[str, float]]

    def __post_init__(self) -> None:
        if not self.name or self.name.split() != [self.name]:
            raise EvaluationError(f"'{self.name}' cannot name a run", fix="use a name without spaces")
        for query, scores in self.rankings.items():
            last = math.inf
            for item, score in scores.items():
                if not math.isfinite(score) or score > last:
                    raise EvaluationError(
                        f"run {self.name}, query '{query}': the score {score} of '{item}' is not finite, or"
                        " above that of a better rank",
                        fix="write finite scores that fall from rank to rank",
                    )
                last = score


def write_scored_run(run: ScoredRun, path: str | Path) -> None:
    """Write a TREC run file with the raw scores, whole or not at all. Every score reads back as it was.

    Raises:
        EvaluationError: an id holds white space, which the format cannot carry.
    """
    with whole_file(Path(path)) as file:
        for query, scores in run.rankings.items():
            for rank, (item, score) in enumerate(scores.items(), 1):
                if len(query.split()) != 1 or len(item.split()) != 1:
                    raise EvaluationError(
                        f"the ids '{query}' and '{item}' do not fit a TREC run", fix="use ids without spaces"
                    )
                file.write(f"{query} Q0 {item} {rank} {score!r} {run.name}\n".encode())


def read_scored_run(path: str | Path) -> ScoredRun:
    """Read a TREC run file in the order of its lines, which must be that of the scores.

    Raises:
        InputError: no such file, no rows, or a bad row (named by its line).
        EvaluationError: see `ScoredRun`.
    """
    path = Path(path)
    rankings: dict[str, dict[str, float]] = {}
    name = ""
    for number, line in text_lines(path):
        cells = line.split()
        if len(cells) != 6:
            raise bad_row(path, number, f"{len(cells)} columns instead of 6", _SCORED_RUN_FIX)
        query, _, item, _, score, name = cells
        found = rankings.setdefault(query, {})
        if item in found:
            raise bad_row(path, number, f"'{item}' is listed twice for query '{query}'", "keep its best row")
        try:
            found[item] = float(score)
        except ValueError:
            raise bad_row(path, number, f"'{score[:40]}' is not a number", _SCORED_RUN_FIX) from None
    if not rankings:
        raise InputError(f"{path} holds no results", fix=_SCORED_RUN_FIX)
    return ScoredRun(name, rankings)
