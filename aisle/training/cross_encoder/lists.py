"""What a cross-encoder learns from: for each query a list of items of several grades."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass

from aisle.errors import InputError
from aisle.training.common.settings import FitSettings, Rule
from aisle.training.data.negatives import Candidates, NegativeOptions, choose_negatives
from aisle.training.data.training_set import TrainingSet


@dataclass(frozen=True, slots=True)
class GradedList:
    """A query, texts of items, and their grades; at least two grades differ."""

    query: str
    items: tuple[str, ...]
    grades: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class LabelledList:
    """A query, texts of items, and the loss's label of each."""

    query: str
    items: tuple[str, ...]
    labels: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListwiseSettings(FitSettings):
    """A training on lists: for each query items of several grades, judged and mined.

    Attributes:
        epochs: times that every query is seen, each time with other mined items.
        batch: lists of an optimizer step.
        list_size: most items of a query's list.
        mined: items of a list that are mined and count as grade 0, at least; judged items fill the rest, and
            what they leave is mined too.
        skip: first ranks of the candidates that are not mined from.
        depth: last rank of the candidates that is mined from.
        max_tokens: longest query and item together, in tokens.
        checkpoint_steps: steps between checkpoints, from which an interrupted training is resumed.
    """

    epochs: int = 2
    batch: int = 12
    list_size: int = 12
    mined: int = 4
    skip: int = 0
    depth: int = 30
    max_tokens: int = 96
    checkpoint_steps: int = 100

    def rules(self) -> Iterable[Rule]:
        """What values must satisfy."""
        return (
            *FitSettings.rules(self),
            ("epochs", self.epochs >= 1, "1 or more"),
            ("list_size", self.list_size >= 2, "2 or more"),
            ("mined", 0 <= self.mined < self.list_size, "0 to less than list_size"),
            ("max_tokens", self.max_tokens >= 5, "5 or more"),
            ("checkpoint_steps", self.checkpoint_steps >= 1, "1 or more"),
        )


def graded_lists(
    training_set: TrainingSet, candidates: Candidates, settings: ListwiseSettings, epoch: int = 0
) -> tuple[GradedList, ...]:
    """One list per query: its judged items, and mined ones of grade 0. Another draw every epoch.

    A query whose items are all of one grade teaches nothing and is skipped.

    Raises:
        InputError: no query has two items of different grades.
    """
    options = NegativeOptions(
        per_query=settings.list_size,
        skip=settings.skip,
        depth=settings.depth,
        judged_first=False,
        seed=settings.seed + epoch,
    )
    mined = choose_negatives(training_set, candidates, options)
    lists = [
        _graded_list(training_set, query_id, query, mined[query_id], settings, epoch)
        for query_id, query in training_set.queries.items()
    ]
    kept = tuple(entry for entry in lists if len(set(entry.grades)) > 1)
    if not kept:
        raise InputError(
            "every query's items are of one grade: a teacher has nothing to tell apart",
            fix="add judgments of other grades, or candidates to mine negatives from",
        )
    return kept


def _graded_list(
    training_set: TrainingSet,
    query_id: str,
    query: str,
    mined: tuple[str, ...],
    settings: ListwiseSettings,
    epoch: int,
) -> GradedList:
    rng = random.Random(f"{settings.seed}:{epoch}:{query_id}")
    known = training_set.grades.get(query_id, {})
    judged = [item for item in known if item in training_set.items]
    best = max(judged, key=lambda item: known[item])
    rng.shuffle(judged)
    # One positive comes first: a list cut short must not lose them all.
    judged.sort(key=lambda item: item != best)
    judged = judged[: settings.list_size - min(settings.mined, len(mined))]
    chosen = {item: known[item] for item in judged}
    for item in mined:
        if len(chosen) < settings.list_size:
            chosen.setdefault(item, 0)
    return GradedList(query, tuple(training_set.items[item] for item in chosen), tuple(chosen.values()))
