"""Judgments as they go from one tool to another, and what a tool cannot take as it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sized
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from aisle._printable import shortened
from aisle.errors import InputError
from aisle.evaluation.qrels import Qrels, grade_of
from aisle.types import Query


@dataclass(frozen=True, slots=True)
class Judgments:
    """Queries, and grades of items for those that were judged.

    Attributes:
        queries: in the order of the file, each id once; some may have no judgment.
        qrels: query id to item id to grade; every query id is that of a query.
    """

    queries: tuple[Query, ...]
    qrels: Qrels

    @property
    def count(self) -> int:
        """How many judgments there are."""
        return sum(map(len, self.qrels.values()))


@dataclass(frozen=True, slots=True)
class Change:
    """What a format cannot hold as it is, and what was done about it.

    Attributes:
        what: in words, of all that it happened to.
        count: how many those are.
        example: the first of them, printable and short.
    """

    what: str
    count: int
    example: str


Kept = TypeVar("Kept", bound=Sized)


@dataclass(slots=True)
class Changes:
    """Counts what changes while judgments are written."""

    _counts: Counter[str] = field(default_factory=Counter)
    _examples: dict[str, str] = field(default_factory=dict)

    def add(self, what: str, example: str) -> None:
        """Count one more."""
        self._counts[what] += 1
        self._examples.setdefault(what, shortened(example, 80))

    def found(self) -> tuple[Change, ...]:
        """One for each thing that happened, in the order in which they first did."""
        return tuple(Change(what, count, self._examples[what]) for what, count in self._counts.items())


@dataclass(slots=True)
class Collected:
    """Judgments while a file is read whose queries are known by their texts.

    Args:
        path: of the file, for messages.
    """

    path: Path
    _grades: dict[str, dict[str, float]] = field(default_factory=dict)

    def query(self, text: object, where: str) -> str:
        """Note a query, judged or not, and return its text. Raises InputError if it is no text."""
        if not isinstance(text, str) or not text.strip():
            raise self.bad(where, "a query without a text", "give each query its text")
        text = one_line(text)
        self._grades.setdefault(text, {})
        return text

    def judgment(self, text: str, item: object, grade: object, where: str) -> None:
        """Note a grade.

        Raises:
            InputError: it is no grade, the item has no id, or the pair has another grade already.
        """
        if not isinstance(item, str) or not item.strip():
            raise self.bad(where, "a judgment without the id of an item", "give each judgment an item")
        if isinstance(grade, bool) or not isinstance(grade, str | int | float):
            raise self.bad(where, "a grade that is not a number", "give a number from 0 to 15")
        try:
            value = grade_of(str(grade))
        except ValueError as error:
            raise self.bad(where, str(error), "give a number from 0 to 15") from None
        items = self._grades[text]
        if items.setdefault(item.strip(), value) != value:
            pair = shortened(f"{text} {item}", 80)
            raise self.bad(where, f"'{pair}' is judged twice with two grades", "keep one of them")

    def done(self) -> Judgments:
        """All of them; queries are numbered from 1. Raises InputError if there is no query."""
        if not self._grades:
            raise InputError(f"{self.path} holds no queries", fix="name a file with judgments")
        queries = tuple(Query(str(number), text) for number, text in enumerate(self._grades, 1))
        qrels = {query.id: self._grades[query.text] for query in queries if self._grades[query.text]}
        return Judgments(queries, qrels)

    def bad(self, where: str, reason: str, fix: str) -> InputError:
        """An error that names the file and the place in it."""
        return InputError(f"{self.path.name} {where}: {reason}", fix=fix)


def one_line(text: str) -> str:
    """The text on one line, its words one space apart."""
    return " ".join(text.split())


def by_text(judgments: Judgments, changes: Changes) -> dict[str, dict[str, float]]:
    """Text of each query to its items' grades, for formats that know no ids of queries.

    Queries of one text become one; of two grades that an item then has, the higher is kept.

    Args:
        judgments: all of them.
        changes: gets what is not kept.
    """
    grades: dict[str, dict[str, float]] = {}
    for query in judgments.queries:
        text = one_line(query.text)
        if text != query.text:
            changes.add("white space in texts of queries became single spaces", query.text)
        if text in grades:
            changes.add("queries of one text became one query", text)
        items = grades.setdefault(text, {})
        for item, grade in kept_items(judgments.qrels.get(query.id, {}), changes).items():
            if items.get(item, grade) != grade:
                changes.add("two grades of one pair, the higher is kept", f"{text} {item}")
            items[item] = max(grade, items.get(item, 0))
    return something_left(grades)


def something_left(kept: Kept) -> Kept:
    """What is to be written. Raises InputError if that is nothing."""
    if not kept:
        raise InputError("nothing is left to write", fix="choose a format that can hold these judgments")
    return kept


def kept_items(items: Mapping[str, float], changes: Changes, *, words: bool = True) -> dict[str, float]:
    """The grades of items whose ids can stand in a line.

    Args:
        items: item id to grade.
        changes: gets those left out.
        words: an id may consist of several words.
    """
    kept = {}
    for item, grade in items.items():
        if not item or item != (one_line(item) if words else "".join(item.split())):
            changes.add("judgments left out: the id of the item has white space there", item)
        else:
            kept[item] = grade
    return kept
