"""What an encoder is trained on: positive pairs, the catalogue, and every grade that is known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from records import InputError
from training.pairs.fingerprint import data_hash
from training.pairs.grades import Grades, distinct, grades_of, merged_grades
from training.pairs.pair import Pair

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
        dropped: reason to how many pairs were left out when the set was made; not part of its hash.

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
