"""What is known of each query's items: which may never be a negative, and which surely are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from training.pairs.training_set import TrainingSet


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of one query.

    Attributes:
        forbidden: items of any grade above 0, of every query id with the same text.
        texts: folded texts of the positives and of the query: an item that reads the same is no negative.
        judged: items judged irrelevant (grade 0), in the order of the judgments.
    """

    forbidden: frozenset[str]
    texts: frozenset[str]
    judged: tuple[str, ...]

    def allows(self, item: str, items: Mapping[str, str]) -> bool:
        """Whether an item of the catalogue (id to text) can be a negative."""
        return item in items and item not in self.forbidden and folded(items[item]) not in self.texts


def known_items(training_set: TrainingSet) -> dict[str, Known]:
    """Query id to what is known of it, for every query of the pairs."""
    same_text: dict[str, list[str]] = {}
    for query_id, text in training_set.queries.items():
        same_text.setdefault(folded(text), []).append(query_id)
    return {query_id: _known(training_set, ids, text) for text, ids in same_text.items() for query_id in ids}


def _known(training_set: TrainingSet, query_ids: list[str], text: str) -> Known:
    grades: dict[str, int] = {}
    for query_id in query_ids:
        for item, grade in training_set.grades.get(query_id, {}).items():
            grades[item] = max(grade, grades.get(item, 0))
    positives = [item for item, grade in grades.items() if grade >= training_set.relevant]
    return Known(
        forbidden=frozenset(item for item, grade in grades.items() if grade > 0),
        texts=frozenset([text, *_texts(training_set.items, positives)]),
        judged=tuple(item for item, grade in grades.items() if grade == 0 and item in training_set.items),
    )


def _texts(items: Mapping[str, str], wanted: list[str]) -> list[str]:
    return [folded(items[item]) for item in wanted if item in items]


def folded(text: str) -> str:
    """Case and white space do not tell two texts apart."""
    return " ".join(text.casefold().split())
