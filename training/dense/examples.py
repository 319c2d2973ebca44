"""Pairs and their negatives as rows of text numbers, with what must never be a row's negative."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from encoder.manifest import Prefixes
from training.pairs.pair import Pair
from training.pairs.training_set import TrainingSet


class Numbers:
    """Texts by number, each text once: two items of one text are one and the same to an encoder."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def __getitem__(self, text: str) -> int:
        return self._numbers.setdefault(text, len(self._numbers))

    def get(self, text: str) -> int | None:
        """The number of a text that has one."""
        return self._numbers.get(text)

    @property
    def texts(self) -> tuple[str, ...]:
        """In order of their numbers."""
        return tuple(self._numbers)


@dataclass(frozen=True, slots=True)
class Teaching:
    """A teacher's scores of each row's candidates, the weight of its part of the loss, and a temperature."""

    scores: tuple[tuple[float, ...], ...]
    weight: float
    temperature: float


@dataclass(frozen=True, slots=True)
class Examples:
    """Rows for the trainer.

    Attributes:
        queries, items: distinct texts, prefixes included; rows name them by position.
        query: each row's query.
        candidates: each row's items, the positive first; as many in every row.
        known: each row's items that are no negatives for its query (its positives and partly relevant ones).
        teaching: scores of ``candidates`` by a teacher, for distillation.
    """

    queries: tuple[str, ...]
    items: tuple[str, ...]
    query: tuple[int, ...]
    candidates: tuple[tuple[int, ...], ...]
    known: tuple[frozenset[int], ...]
    teaching: Teaching | None = None

    def __len__(self) -> int:
        return len(self.query)

    @classmethod
    def of(
        cls,
        pairs: Sequence[Pair],
        data: TrainingSet,
        prefixes: Prefixes,
        negatives: Sequence[Sequence[str]] | None = None,
        teaching: Teaching | None = None,
    ) -> Self:
        """Rows in the order of ``pairs``.

        Args:
            pairs: positives of the catalogue of ``data``, or made from it.
            data: its catalogue and grades.
            prefixes: put before queries and items.
            negatives: item ids for each pair, as many for every pair.
            teaching: scores of each pair's item and negatives.
        """
        queries, items = Numbers(), Numbers()
        query = tuple(queries[prefixes.query + pair.query] for pair in pairs)
        candidates = tuple(
            tuple(items[prefixes.item + data.items[item]] for item in (pair.item_id, *others))
            for pair, others in zip(pairs, negatives or [()] * len(pairs), strict=True)
        )
        numbered = {
            item: number
            for item, text in data.items.items()
            if (number := items.get(prefixes.item + text)) is not None
        }
        known = _known(pairs, query, data.grades, numbered)
        return cls(queries.texts, items.texts, query, candidates, tuple(known[q] for q in query), teaching)


def _known(
    pairs: Iterable[Pair],
    query: Sequence[int],
    grades: Mapping[str, Mapping[str, int]],
    numbered: Mapping[str, int],
) -> dict[int, frozenset[int]]:
    """By the query's text: two query ids of one text share what is known."""
    found: defaultdict[int, set[int]] = defaultdict(set)
    seen: set[str] = set()
    for pair, number in zip(pairs, query, strict=True):
        found[number].add(numbered[pair.item_id])
        if pair.query_id not in seen:
            seen.add(pair.query_id)
            graded = grades.get(pair.query_id, {}).items()
            found[number].update(numbered[item] for item, grade in graded if grade > 0 and item in numbered)
    return {number: frozenset(known) for number, known in found.items()}
