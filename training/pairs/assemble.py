"""From raw pairs and grades to a training set: what cannot be used is dropped and counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from training.pairs.grades import Grades, grades_of, merged_grades
from training.pairs.pair import Pair
from training.pairs.training_set import TrainingSet

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
        dropped: reason to count of what was left out before.

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


def _in_catalogue(grades: Grades, items: Mapping[str, str]) -> dict[str, dict[str, int]]:
    return {
        query: {item: grade for item, grade in known.items() if item in items}
        for query, known in grades.items()
    }
