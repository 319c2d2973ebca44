"""Known grades and pairs of two origins as one; two grades for one pair are refused, never resolved."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from records import InputError
from training.pairs.pair import Pair

Grades = Mapping[str, Mapping[str, int]]
"""Query id to item id to grade."""


def grades_of(pairs: Iterable[Pair]) -> dict[str, dict[str, int]]:
    """The grades that pairs carry. Raises InputError for a pair with two grades."""
    grades: dict[str, dict[str, int]] = {}
    for pair in pairs:
        if grades.setdefault(pair.query_id, {}).setdefault(pair.item_id, pair.grade) != pair.grade:
            raise _two_grades(pair.query_id, pair.item_id)
    return grades


def merged_grades(a: Grades, b: Grades) -> dict[str, Mapping[str, int]]:
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
