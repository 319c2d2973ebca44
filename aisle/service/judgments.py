"""Judgments that people make on the page, in a folder: BEIR's layout, one file of grades for each judge."""

from __future__ import annotations

import hashlib
import math
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from aisle.errors import InputError, InvalidQuery
from aisle.evaluation.agreement import krippendorff_alpha
from aisle.evaluation.qrels import Qrels, read_qrels, read_queries, write_qrels, write_queries
from aisle.markup import one_line
from aisle.types import Query

GRADES: Final = (0, 1, 2, 3)
ALL: Final = "all"
_JUDGE: Final = re.compile(r"[A-Za-z0-9_-]{1,40}")
_MAX_JUDGES: Final = 50
_MAX_QUERIES: Final = 100_000


@dataclass(frozen=True, slots=True)
class QueryJudgments:
    """What judges said of one query.

    Attributes:
        by_judge: judge to item to grade.
    """

    by_judge: Mapping[str, Mapping[str, float]]

    @property
    def means(self) -> dict[str, float]:
        """Item to the mean of its grades."""
        items = {item for grades in self.by_judge.values() for item in grades}
        found = {item: [g[item] for g in self.by_judge.values() if item in g] for item in items}
        return {item: math.fsum(grades) / len(grades) for item, grades in found.items()}


class JudgmentStore:
    """Keeps judgments. It may be used from several threads of one process.

    Below the folder, each catalogue has one: ``queries.jsonl``, ``qrels/JUDGE.tsv``, and ``qrels/all.tsv``
    with the mean of all judges, for ``aisle eval``.

    Args:
        folder: nothing is written anywhere else.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()

    def of(self, catalogue: str, text: str) -> QueryJudgments:
        """What judges said of a query."""
        query = query_id(text)
        found = {judge: qrels.get(query, {}) for judge, qrels in self._qrels(catalogue).items()}
        return QueryJudgments({judge: grades for judge, grades in found.items() if grades})

    def agreement(self, catalogue: str) -> float | None:
        """How far all judges of a catalogue agree, see `krippendorff_alpha`."""
        grades: dict[tuple[str, str], list[float]] = {}
        for qrels in self._qrels(catalogue).values():
            for query, items in qrels.items():
                for item, grade in items.items():
                    grades.setdefault((query, item), []).append(grade)
        return krippendorff_alpha(grades.values())

    def keep(self, catalogue: str, judge: str, text: str, grades: Mapping[str, int]) -> None:
        """Keep a judge's grades of a query; what was said of other items of it stays.

        Args:
            catalogue: that is served.
            judge: who.
            text: of the query.
            grades: item to one of `GRADES`.

        Raises:
            InvalidQuery: a name or a grade that cannot be, or too many judges or queries.
            InputError: the folder cannot be written, or holds what is no judgments.
        """
        name = checked_judge(judge)
        if not one_line(text):
            raise InvalidQuery("there is no query to judge for", fix="search for something first")
        if not set(grades.values()) <= set(GRADES):
            raise InvalidQuery("a grade that is none", fix=f"use {GRADES[0]} to {GRADES[-1]}")
        with self._lock:
            judged = self._qrels(catalogue)
            queries = {each.id: each for each in self._queries(catalogue)}
            query = Query(query_id(text), one_line(text))
            queries[query.id] = query
            if len(judged.keys() | {name}) > _MAX_JUDGES or len(queries) > _MAX_QUERIES:
                raise InvalidQuery("more judges or queries than are kept", fix="begin another folder")
            mine = {each: dict(items) for each, items in judged.get(name, {}).items()}
            mine[query.id] = {**mine.get(query.id, {}), **grades}
            judged[name] = mine
            folder = self._of(catalogue)
            # The query first: grades without their query could not be read.
            write_queries(queries.values(), folder / "queries.jsonl")
            write_qrels(mine, folder / "qrels" / f"{name}.tsv")
            write_qrels(_means(judged), folder / "qrels" / f"{ALL}.tsv")

    def _qrels(self, catalogue: str) -> dict[str, Qrels]:
        files = sorted((self._of(catalogue) / "qrels").glob("*.tsv"))
        return {file.stem: read_qrels(file) for file in files if file.stem != ALL}

    def _queries(self, catalogue: str) -> list[Query]:
        file = self._of(catalogue) / "queries.jsonl"
        return read_queries(file) if file.exists() else []

    def _of(self, catalogue: str) -> Path:
        # Names of catalogues are names of indexes: no path, and none begins with a dot.
        return self._folder / catalogue


def checked_judge(name: str) -> str:
    """A judge's name.

    Raises:
        InvalidQuery: it cannot be the name of a file, or is kept for all of them.
    """
    if not _JUDGE.fullmatch(name) or name.lower() == ALL:
        raise InvalidQuery(
            f"{name[:40]!r} cannot be a judge's name",
            fix="use up to 40 letters, digits and hyphens, not 'all'",
        )
    return name


def query_id(text: str) -> str:
    """The id under which a query is judged: the same for texts that differ in spaces and case."""
    return hashlib.sha256(one_line(text).casefold().encode()).hexdigest()[:16]


def _means(judged: Mapping[str, Qrels]) -> dict[str, dict[str, float]]:
    queries = dict.fromkeys(query for qrels in judged.values() for query in qrels)
    return {
        query: QueryJudgments({judge: qrels.get(query, {}) for judge, qrels in judged.items()}).means
        for query in queries
    }


def opened_store(folder: Path | None) -> JudgmentStore | None:
    """A store in a folder that there is, or can be made; None for None.

    Raises:
        InputError: it cannot be made.
    """
    if folder is None:
        return None
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"judgments cannot be kept in {folder}: {error.strerror}", fix="name another folder"
        ) from error
    return JudgmentStore(folder)
