"""What a model is trained on: rows of text numbers, their texts as token ids, and batches of like length."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import numpy as np

from aisle.encoder.artifact import Prefixes
from aisle.encoder.tokenizer import TextTokenizer
from aisle.training.data.training_set import Pair, TrainingSet


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
class TeacherTargets:
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
    teaching: TeacherTargets | None = None

    def __len__(self) -> int:
        return len(self.query)

    @classmethod
    def of(
        cls,
        pairs: Sequence[Pair],
        data: TrainingSet,
        prefixes: Prefixes,
        negatives: Sequence[Sequence[str]] | None = None,
        teaching: TeacherTargets | None = None,
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
    grades: Mapping[str, Mapping[str, float]],
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


MEGA_BATCHES = 16
"""Batches whose rows are sorted by length together: little padding, and still another mix every epoch."""


@dataclass(slots=True)
class _Batch:
    rows: list[int] = field(default_factory=list)
    queries: set[int] = field(default_factory=set)
    items: set[int] = field(default_factory=set)
    known: set[int] = field(default_factory=set)

    def takes(self, examples: Examples, row: int) -> bool:
        """No query twice; no item that is known to answer (partly) a query of another row."""
        return (
            examples.query[row] not in self.queries
            and self.known.isdisjoint(examples.candidates[row])
            and self.items.isdisjoint(examples.known[row])
        )

    def add(self, examples: Examples, row: int) -> None:
        self.rows.append(row)
        self.queries.add(examples.query[row])
        self.items.update(examples.candidates[row])
        self.known.update(examples.known[row])


def batch_count(rows: int, size: int) -> int:
    """Batches of an epoch. A remainder waits for another epoch: a small batch has few negatives."""
    return max(1, rows // size)


def plan_epoch(
    examples: Examples, lengths: Sequence[int], size: int, seed: int, epoch: int
) -> list[list[int]]:
    """Batches of row numbers for one epoch: ``batch_count(rows, size)`` of them, none empty.

    Each row at most once. Rows of a batch are sorted by length, for mini-batches without padding; a row that
    fits no batch of its length any more waits for the next rows, and at the end for the next epoch.

    Args:
        examples: the rows.
        lengths: tokens of each row's longest candidate.
        size: most rows of a batch.
        seed: of the run.
        epoch: the same seed and epoch, the same batches.
    """
    draw = np.random.default_rng((seed, epoch))
    order = draw.permutation(len(examples))
    count = batch_count(len(examples), size)
    planned: list[_Batch] = []
    waiting: list[int] = []
    for first in range(0, count, MEGA_BATCHES):
        last = first + MEGA_BATCHES >= count
        rows = order[first * size :] if last else order[first * size : (first + MEGA_BATCHES) * size]
        together = sorted([*waiting, *rows.tolist()], key=lambda row: lengths[row])
        batches, waiting = _filled(examples, together, size, min(MEGA_BATCHES, count - first))
        planned += batches
    return [planned[i].rows for i in draw.permutation(len(planned))]


def _filled(examples: Examples, rows: Sequence[int], size: int, count: int) -> tuple[list[_Batch], list[int]]:
    """First fit, in order of length. A new batch is begun when no open one takes a row."""
    batches: list[_Batch] = []
    open_ones: list[_Batch] = []
    waiting: list[int] = []
    for row in rows:
        fit = next((batch for batch in open_ones if batch.takes(examples, row)), None)
        if fit is None and len(batches) < count:
            fit = _Batch()
            batches.append(fit)
            open_ones.append(fit)
        if fit is None:
            waiting.append(row)
            continue
        fit.add(examples, row)
        if len(fit.rows) == size:
            open_ones.remove(fit)
    return batches, waiting


@dataclass(frozen=True, slots=True)
class TokenTable:
    """Token ids of texts, by their numbers; how many texts were too long and were cut."""

    ids: tuple[list[int], ...]
    truncated: int

    @property
    def lengths(self) -> tuple[int, ...]:
        """Tokens of each text."""
        return tuple(map(len, self.ids))

    @classmethod
    def of(cls, texts: Sequence[str], tokenizer: Path, most: int) -> TokenTable:
        """Tokenize, special tokens included; a text of more than ``most`` tokens is cut there."""
        rows = TextTokenizer(tokenizer, most + 1)(texts)
        long = [number for number, row in enumerate(rows) if len(row) > most]
        for number, row in zip(long, TextTokenizer(tokenizer, most)([texts[i] for i in long]), strict=True):
            rows[number] = row
        return cls(tuple(rows), len(long))


def length_batches(
    lengths: Sequence[int], size: int, seed: int | tuple[int, int], pool: int
) -> list[list[int]]:
    """Every position of ``lengths`` once, in shuffled batches of at most ``size``.

    Args:
        lengths: of the texts, in any unit.
        size: most positions of a batch.
        seed: the same seed, the same batches.
        pool: batches that are sorted by length together: more of them means less padding and less of a mix.
    """
    draw = np.random.default_rng(seed)
    order = draw.permutation(len(lengths)).tolist()
    batches: list[list[int]] = []
    for start in range(0, len(order), pool * size):
        together = sorted(order[start : start + pool * size], key=lambda i: lengths[i])
        batches += [together[first : first + size] for first in range(0, len(together), size)]
    return [batches[i] for i in draw.permutation(len(batches))]
