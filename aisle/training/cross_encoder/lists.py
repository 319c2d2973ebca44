"""What a cross-encoder learns from: for each query a list of items of several grades."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Protocol

from aisle.errors import InputError
from aisle.training.data.negatives import Candidates, NegativeOptions, choose_negatives
from aisle.training.data.training_set import TrainingSet


@dataclass(frozen=True, slots=True)
class GradedList:
    """A query, texts of items, and their grades; at least two grades differ."""

    query: str
    items: tuple[str, ...]
    grades: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class LabelledList:
    """A query, texts of items, and what the loss is told of each."""

    query: str
    items: tuple[str, ...]
    labels: tuple[float, ...]


class ListSettings(Protocol):
    """Which lists are drawn, see ``TeacherSettings``."""

    @property
    def list_size(self) -> int:
        """Most items of a list."""

    @property
    def mined(self) -> int:
        """Items that are mined, at least."""

    @property
    def skip(self) -> int:
        """First ranks of the candidates that are passed over."""

    @property
    def depth(self) -> int:
        """Last rank that is mined from."""

    @property
    def seed(self) -> int:
        """Of every draw."""


def graded_lists(
    training_set: TrainingSet, candidates: Candidates, settings: ListSettings, epoch: int = 0
) -> tuple[GradedList, ...]:
    """One list per query: its judged items, and mined ones of grade 0. Another draw every epoch.

    A query whose items are all of one grade teaches nothing and is left out.

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
    settings: ListSettings,
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
