"""What an encoder is trained on: positive pairs, the catalogue, and every grade that is known."""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import cache
from pathlib import Path
from types import MappingProxyType

from aisle.catalogue import read_catalogue
from aisle.encoder.artifact import Prefixes
from aisle.encoder.text import item_text
from aisle.errors import InputError

UNJUDGED_GRADE = 3
"""Grade of a pair that no rater saw, as ``catalogue.read_review_queries`` gives a review's product."""


class PairSource(Enum):
    """Where a pair comes from."""

    JUDGMENTS = "judgments"
    REVIEWS = "reviews"
    SEQUENCES = "sequences"
    TITLES = "titles"
    DESCRIPTION = "description"


@dataclass(frozen=True, slots=True)
class Pair:
    """A query and one relevant item.

    Attributes:
        query_id: one id, one text.
        query: encoder text, made by ``aisle.encoder.text``.
        item_id: an item of the training set's catalogue.
        grade: at least the training set's ``relevant``.
        source: where the pair comes from.
    """

    query_id: str
    query: str
    item_id: str
    grade: float
    source: PairSource


Grades = Mapping[str, Mapping[str, float]]
"""Query id to item id to grade."""


def grades_of(pairs: Iterable[Pair]) -> dict[str, dict[str, float]]:
    """The grades that pairs carry. Raises InputError for a pair with two grades."""
    grades: dict[str, dict[str, float]] = {}
    for pair in pairs:
        if grades.setdefault(pair.query_id, {}).setdefault(pair.item_id, pair.grade) != pair.grade:
            raise _two_grades(pair.query_id, pair.item_id)
    return grades


def merged_grades(a: Grades, b: Grades) -> dict[str, Mapping[str, float]]:
    """All of both. Raises InputError for a pair with two grades."""
    grades = dict(a)
    for query, known in b.items():
        before = grades.get(query, {})
        for item, grade in known.items():
            if before.get(item, grade) != grade:
                raise _two_grades(query, item)
        grades[query] = {**before, **known}
    return grades


def distinct(pairs: Iterable[Pair]) -> tuple[Pair, ...]:
    """Each (query, item) once; the first stays. Two texts of one query id both stay, to be refused."""
    first: dict[tuple[str, str, str], Pair] = {}
    for pair in pairs:
        first.setdefault((pair.query_id, pair.item_id, pair.query), pair)
    return tuple(first.values())


def _two_grades(query: str, item: str) -> InputError:
    return InputError(
        f"query '{query}' and item '{item}' have two grades",
        fix="keep one of the judgments, or prefix the query ids of one set",
    )


def data_hash(pairs: Iterable[Pair], items: Mapping[str, str], grades: Grades, relevant: int) -> str:
    """sha256 in hex. Rows are sorted first, so that it depends on what is there and not on its order."""
    digest = hashlib.sha256()
    for row in _rows(pairs, items, grades, relevant):
        # JSON keeps rows apart whatever they hold; ASCII takes lone surrogates too.
        digest.update(json.dumps(row, ensure_ascii=True).encode() + b"\n")
    return digest.hexdigest()


def _rows(
    pairs: Iterable[Pair], items: Mapping[str, str], grades: Grades, relevant: int
) -> Iterator[Sequence[object]]:
    yield ["relevant", relevant]
    yield from (["item", *row] for row in sorted(items.items()))
    yield from sorted(["pair", p.query_id, p.item_id, p.query, p.grade, p.source.value] for p in pairs)
    yield from sorted(["grade", query, *row] for query, known in grades.items() for row in known.items())


_NOTHING: Mapping[str, int] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class TrainingSet:
    """Positive pairs and what is needed to find negatives for them.

    Made by ``training_set`` in ``assemble.py``, which drops what does not fit; the constructor refuses it.

    Attributes:
        pairs: positive pairs only, each (query id, item id) once.
        items: item id to encoder text: the whole catalogue, since negatives come from it.
        grades: query id to item id to every known grade, also those under ``relevant``.
        relevant: the lowest grade of a positive.
        dropped: reason to the number of pairs dropped when the set was made; not part of its hash.

    Raises:
        InputError: no positive pair, or parts that contradict one another.
    """

    pairs: tuple[Pair, ...]
    items: Mapping[str, str]
    grades: Grades
    relevant: int = 2
    dropped: Mapping[str, int] = field(default_factory=lambda: _NOTHING, compare=False)

    def __post_init__(self) -> None:
        _check(self)

    @property
    def queries(self) -> dict[str, str]:
        """Query id to text, in order of first appearance."""
        return {pair.query_id: pair.query for pair in self.pairs}

    @property
    def data_hash(self) -> str:
        """64 hex digits over pairs, items, grades and ``relevant``; the order of rows does not matter."""
        return data_hash(self.pairs, self.items, self.grades, self.relevant)

    @property
    def one_class(self) -> bool:
        """Whether no known grade is under ``relevant``.

        That is enough for in-batch and mined negatives, not for what learns from grades.
        """
        return not any(grade < self.relevant for known in self.grades.values() for grade in known.values())

    def positives(self, query_id: str) -> frozenset[str]:
        """Items known to be relevant to a query; never to be used as its negatives."""
        known = self.grades.get(query_id, {})
        return frozenset(item for item, grade in known.items() if grade >= self.relevant)

    def require_graded(self) -> None:
        """Refuse one-class data. Raises InputError."""
        if self.one_class:
            raise InputError(
                f"one-class data: every judgment has grade {self.relevant} or more, none is negative",
                fix="add judgments of lower grades, or train with in-batch or mined negatives",
            )

    def with_pairs(self, pairs: Iterable[Pair]) -> TrainingSet:
        """The same catalogue with further pairs, whose grades become known.

        Raises:
            InputError: a pair contradicts what is there, or its item is not in the catalogue.
        """
        more = tuple(pairs)
        grades = merged_grades(self.grades, grades_of(more))
        return replace(self, pairs=distinct((*self.pairs, *more)), grades=grades)


def _check(data: TrainingSet) -> None:
    if data.relevant < 1:
        raise InputError(f"relevant = {data.relevant} would make every item a positive", fix="use 1 or more")
    if not data.pairs:
        raise InputError(
            f"no positive pairs: no query has an item of grade {data.relevant} or more in the catalogue",
            fix="lower the grade that counts as relevant, or check that ids match the catalogue's",
        )
    texts: dict[str, str] = {}
    seen: set[tuple[str, str]] = set()
    for pair in data.pairs:
        name = f"the pair '{pair.query_id}' '{pair.item_id}'"
        if pair.item_id not in data.items:
            raise InputError(f"{name} has an item that is not in the catalogue", fix="use training_set(...)")
        if pair.grade < data.relevant:
            raise InputError(f"{name} has grade {pair.grade}, under {data.relevant}", fix="list it in grades")
        if data.grades.get(pair.query_id, {}).get(pair.item_id) != pair.grade:
            raise InputError(f"{name} has another grade in grades, or none", fix="use training_set(...)")
        if texts.setdefault(pair.query_id, pair.query) != pair.query:
            raise InputError(f"query '{pair.query_id}' has two texts", fix="make query ids unique")
        if (pair.query_id, pair.item_id) in seen:
            raise InputError(f"{name} occurs twice", fix="keep one of them")
        seen.add((pair.query_id, pair.item_id))


def merge(a: TrainingSet, b: TrainingSet) -> TrainingSet:
    """All pairs, items and grades of both; what both hold alike stands once.

    Raises:
        InputError: another ``relevant``, an item id with two texts, a query id with two texts, or a pair with
            two grades. Nothing is resolved in silence.
    """
    if a.relevant != b.relevant:
        raise InputError(
            f"one set counts grade {a.relevant} as relevant, the other {b.relevant}",
            fix="make both with the same relevant",
        )
    items = dict(a.items)
    for item, text in b.items.items():
        if items.setdefault(item, text) != text:
            raise InputError(
                f"item '{item}' has two texts", fix="merge sets of one catalogue, or prefix the ids of one"
            )
    return TrainingSet(
        distinct((*a.pairs, *b.pairs)),
        items,
        merged_grades(a.grades, b.grades),
        a.relevant,
        Counter(a.dropped) + Counter(b.dropped),
    )


UNKNOWN_ITEM = "item is not in the catalogue"
EMPTY_QUERY = "query has no text"
REPEATED = "pair occurs twice"


def training_set(
    pairs: Iterable[Pair],
    items: Mapping[str, str],
    grades: Grades | None = None,
    relevant: int = 2,
    dropped: Mapping[str, int] | None = None,
) -> TrainingSet:
    """Keep the positive pairs that can be used.

    Args:
        pairs: of any grade; those under ``relevant`` only become known grades.
        items: item id to encoder text, the whole catalogue.
        grades: further known grades.
        relevant: the lowest grade of a positive.
        dropped: reason to the number of pairs dropped before.

    Raises:
        InputError: no positive pair is left, a query id with two texts, or a pair with two grades.
    """
    lost = Counter(dropped or {})
    usable: dict[tuple[str, str, str], Pair] = {}
    for pair in pairs:
        key = (pair.query_id, pair.item_id, pair.query)
        reason = EMPTY_QUERY if not pair.query else UNKNOWN_ITEM if pair.item_id not in items else ""
        if reason or key in usable:
            lost[reason or REPEATED] += 1
        else:
            usable[key] = pair
    known = merged_grades(_in_catalogue(grades or {}, items), grades_of(usable.values()))
    positive = tuple(pair for pair in usable.values() if pair.grade >= relevant)
    return TrainingSet(positive, items, known, relevant, dict(lost))


def _in_catalogue(grades: Grades, items: Mapping[str, str]) -> dict[str, dict[str, float]]:
    return {
        query: {item: grade for item, grade in known.items() if item in items}
        for query, known in grades.items()
    }


def normalised(text: str) -> str:
    """Case folded, compatibility forms unified, punctuation and controls as single spaces. Idempotent."""
    text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return " ".join("".join(map(_mark, text)).split())


@cache
def _mark(mark: str) -> str:
    # Letters, digits, marks and signs (+, $, degrees) tell texts apart; punctuation does not.
    return " " if unicodedata.category(mark)[0] in "PZC" else mark


def item_texts(path: str | Path) -> dict[str, str]:
    """Item id to encoder text, of anything that ``read_catalogue`` reads. Raises as it does."""
    return {item.id: item_text(item) for item in read_catalogue(path)}


def calibration_texts(data: TrainingSet, prefixes: Prefixes, count: int = 100) -> list[str]:
    """``count`` items and ``count`` queries at even distances: what static INT8 takes its ranges from."""
    items, queries = list(data.items.values()), list(data.queries.values())
    return [
        *(prefixes.item + text for text in items[:: max(1, len(items) // count)][:count]),
        *(prefixes.query + text for text in queries[:: max(1, len(queries) // count)][:count]),
    ]
