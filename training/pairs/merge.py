"""Two training sets as one."""

from __future__ import annotations

from collections import Counter

from records import InputError
from training.pairs.grades import distinct, merged_grades
from training.pairs.training_set import TrainingSet


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
