"""Judgments as lines of text: TREC's four columns, and those of learning to rank (RankLib, Quepid)."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from aisle._files import whole_file
from aisle.errors import InputError
from aisle.evaluation.exchange.judgments import Changes, Judgments, kept_items, one_line, something_left
from aisle.evaluation.qrels import bad_row, grade_of, read_qrels, read_queries, text_lines
from aisle.types import Query


@dataclass(frozen=True, slots=True)
class Trec:
    """``qid 0 item grade`` (also as Quepid writes it). It holds no texts.

    Attributes:
        queries: a file with the texts, as ``read_queries`` reads it; needed for reading.
    """

    queries: Path | None = None

    def recognises(self, path: Path) -> bool:
        """Whether it is a file whose first line has four columns, the last a number."""
        cells = _first_line(path).split()
        return len(cells) == 4 and _is_number(cells[3])

    def read(self, path: Path) -> Judgments:
        """Judgments of the file, texts of the other.

        Raises:
            InputError: no texts are named, a judged query has none, or a bad row.
        """
        qrels = read_qrels(path)
        if self.queries is None:
            raise InputError(
                "TREC's judgments hold no texts of queries", fix="name them: --queries queries.jsonl"
            )
        queries = tuple(query for query in read_queries(self.queries) if query.id in qrels)
        if missing := qrels.keys() - {query.id for query in queries}:
            raise InputError(
                f"{len(missing)} judged queries are not in {self.queries.name}, one is '{min(missing)[:80]}'",
                fix="add their texts, or drop their judgments",
            )
        return Judgments(queries, qrels)

    def write(self, judgments: Judgments, path: Path, changes: Changes) -> None:
        """Write whole grades, as trec_eval reads no others."""
        with whole_file(path) as file:
            for query, items in _judged(judgments, changes):
                if query.id != "".join(query.id.split()):
                    changes.add("queries left out: their ids have white space in them", query.id)
                    continue
                changes.add("texts of queries are not in TREC's file: read it with --queries", query.text)
                for item, grade in items.items():
                    whole = math.floor(grade + 0.5)
                    if whole != grade:
                        changes.add("grades rounded: trec_eval reads whole ones", f"{grade} to {whole}")
                    file.write(f"{query.id} 0 {item} {whole}\n".encode())


@dataclass(frozen=True, slots=True)
class Ltr:
    """``grade qid:number # item text``, which may have features before the ``#``."""

    def recognises(self, path: Path) -> bool:
        """Whether it is a file whose first line has such a number of a query."""
        return _LTR.fullmatch(_first_line(path)) is not None

    def read(self, path: Path) -> Judgments:
        """All lines; features are passed over.

        Raises:
            InputError: no such file, or a bad row (named by its line).
        """
        texts: dict[str, str] = {}
        qrels: dict[str, dict[str, float]] = {}
        for number, line in text_lines(path):
            match = _LTR.fullmatch(line.strip())
            if match is None:
                raise bad_row(path, number, "not 'grade qid:number # item text'", _LTR_FIX)
            identity, item, text = match["query"], match["item"], one_line(match["text"])
            if texts.setdefault(identity, text) != text:
                raise bad_row(path, number, f"qid:{identity} has two texts", "number the queries anew")
            try:
                grade = grade_of(match["grade"])
            except ValueError as error:
                raise bad_row(path, number, str(error), _LTR_FIX) from None
            if qrels.setdefault(identity, {}).setdefault(item, grade) != grade:
                raise bad_row(path, number, f"'{item[:80]}' is judged twice with two grades", "keep one row")
        if not qrels:
            raise InputError(f"{path} holds no judgments", fix=_LTR_FIX)
        return Judgments(tuple(Query(identity, text) for identity, text in texts.items()), qrels)

    def write(self, judgments: Judgments, path: Path, changes: Changes) -> None:
        """Write lines without features. Queries get numbers, unless their ids are some."""
        numbered = all(_NUMBER.fullmatch(query.id) for query in judgments.queries)
        with whole_file(path) as file:
            for number, (query, items) in enumerate(_judged(judgments, changes), 1):
                text = one_line(query.text)
                if text != query.text:
                    changes.add("white space in texts of queries became single spaces", query.text)
                if not numbered:
                    changes.add("queries are numbered: their ids are not kept", query.id)
                identity = query.id if numbered else str(number)
                for item, grade in items.items():
                    file.write(f"{grade} qid:{identity} # {item} {text}\n".encode())


_NUMBER: Final = re.compile(r"0|[1-9][0-9]{0,17}")
_LTR: Final = re.compile(
    r"(?P<grade>\S+)\s+qid:(?P<query>[0-9]{1,18})(?:\s+[0-9]+:\S+)*\s*#\s*(?P<item>\S+)\s+(?P<text>\S.*)"
)
_LTR_FIX: Final = "write 'grade qid:number # item text of the query' on each line"


def _judged(judgments: Judgments, changes: Changes) -> list[tuple[Query, dict[str, float]]]:
    """The queries that have judgments which can be written in a line."""
    judged = []
    for query in judgments.queries:
        if items := kept_items(judgments.qrels.get(query.id, {}), changes, words=False):
            judged.append((query, items))
        else:
            changes.add("queries left out: they have no judgment", query.text)
    return something_left(judged)


def _first_line(path: Path) -> str:
    return next((line.strip() for _, line in text_lines(path)), "")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
