"""The lists of a training run with the teacher's scores on them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from training.cross_encoder.lists import GradedList, LabelledList
from training.cross_encoder.scores import teacher_scores
from training.reranker.settings import RerankerSettings
from training.reranker.targets import listwise_targets


def taught_lists(
    epochs: Sequence[Sequence[GradedList]],
    teacher: Path,
    settings: RerankerSettings,
    progress: Callable[[int, int], None] = lambda *_: None,
) -> list[list[LabelledList]]:
    """Each epoch's lists with the labels to learn; only pairs that were drawn are scored, each once.

    Raises:
        InputError: ``teacher`` holds no cross-encoder.
    """
    drawn: dict[str, dict[str, None]] = {}
    for lists in epochs:
        for entry in lists:
            drawn.setdefault(entry.query, {}).update(dict.fromkeys(entry.items))
    # Texts name themselves: two items that read the same have one score.
    texts = {text: text for items in drawn.values() for text in items}
    asked = {query: tuple(items) for query, items in drawn.items()}
    queries = {query: query for query in drawn}
    scores = teacher_scores(teacher, queries, texts, asked, settings.precision, progress)
    return [[_labelled(entry, scores[entry.query], settings) for entry in lists] for lists in epochs]


def _labelled(entry: GradedList, scores: dict[str, float], settings: RerankerSettings) -> LabelledList:
    opinion = [scores[text] for text in entry.items]
    labels = listwise_targets(opinion, entry.grades, settings.share, settings.temperature)
    return LabelledList(entry.query, entry.items, labels)
