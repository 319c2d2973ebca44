"""Labelled pairs, each with the items of the rest of its batch as negatives (Henderson et al. 2017, 4.4)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from aisle.errors import InputError
from aisle.training.cross_encoder.teacher import (
    TeacherSettings,
    relative_scores,
    teacher_scores,
    train_teacher,
)
from aisle.training.data.examples import Examples, TeacherTargets
from aisle.training.data.mining import TextEncoder, dense_candidates, lexical_candidates
from aisle.training.data.negatives import (
    Candidates,
    NegativeOptions,
    Scores,
    choose_negatives,
    mix_candidates,
    with_negatives,
)
from aisle.training.data.titles import learn_pseudo_queries, title_pairs
from aisle.training.data.training_set import TrainingSet
from aisle.training.dense.stage import Context, StageOutcome
from aisle.training.dense.trainer import Schedule


@dataclass(frozen=True, slots=True)
class InBatchStage:
    """All pairs of the training set, and pseudo-queries beside them.

    Attributes:
        titles: pseudo-queries for each item of the catalogue; so that items nobody has judged are not
            forgotten.
    """

    schedule: Schedule
    titles: int = 0
    name: ClassVar[str] = "in-batch-negatives"

    def train(self, context: Context) -> StageOutcome:
        """On its examples."""
        return context.fit(self.examples(context), self.schedule)

    def examples(self, context: Context) -> Examples:
        """Query and positive."""
        data = context.data
        pseudo = (
            title_pairs(data.items, self.titles, context.seed, learn_pseudo_queries(data))
            if self.titles
            else ()
        )
        return Examples.of((*data.pairs, *pseudo), data, context.prefixes)


@dataclass(frozen=True, slots=True)
class TitleStage:
    """``per_item`` pseudo-queries for every item of the catalogue."""

    schedule: Schedule
    per_item: int = 1
    name: ClassVar[str] = "titles"

    def train(self, context: Context) -> StageOutcome:
        """On its examples."""
        return context.fit(self.examples(context), self.schedule)

    def examples(self, context: Context) -> Examples:
        """Pseudo-query and item; words are chosen as the training set's own queries choose them."""
        habits = learn_pseudo_queries(context.data)
        pairs = title_pairs(context.data.items, self.per_item, context.seed, habits)
        return Examples.of(pairs, context.data, context.prefixes)


def cosines(data: TrainingSet, candidates: Candidates, encoder: TextEncoder) -> Scores:
    """Cosine, not under 0, of every query with its candidates and its positives."""
    wanted = {
        query: dict.fromkeys((*candidates.get(query, ()), *data.positives(query))) for query in data.queries
    }
    ids = [
        item for item in dict.fromkeys(item for own in wanted.values() for item in own) if item in data.items
    ]
    places = {item: place for place, item in enumerate(ids)}
    queries = encoder.encode_queries(list(data.queries.values()))
    items = encoder.encode_items([data.items[item] for item in ids])
    found: dict[str, dict[str, float]] = {}
    for row, (query, own) in zip(queries, wanted.items(), strict=True):
        here = [item for item in own if item in places]
        values = np.maximum(items[[places[item] for item in here]] @ row, 0.0)
        found[query] = dict(zip(here, values.tolist(), strict=True))
    return found


def mined_candidates(context: Context, options: NegativeOptions) -> Candidates:
    """Candidates of BM25 and of the model as it stands, mixed."""
    context.progress.note("searching the catalogue for hard negatives")
    # Positives are among the best of both lists: twice the depth leaves enough of the others.
    depth = 2 * options.depth
    lexical = lexical_candidates(context.data, depth)
    dense = dense_candidates(context.data, context.encoder, depth)
    return mix_candidates(lexical, dense, options.lexical_share)


@dataclass(frozen=True, slots=True)
class HardNegativeStage:
    """Mine, then train. Two of these in a row mine twice, the second time with the better model.

    Attributes:
        per_pair: negatives of a row; they are negatives of the other rows of its batch too.
        options: how they are chosen; the seed is the run's.
    """

    schedule: Schedule
    per_pair: int = 3
    options: NegativeOptions = NegativeOptions()  # noqa: RUF009 - frozen
    name: ClassVar[str] = "hard-negatives"

    def train(self, context: Context) -> StageOutcome:
        """On its examples."""
        return context.fit(self.examples(context), self.schedule)

    def examples(self, context: Context) -> Examples:
        """Query, positive, ``per_pair`` negatives."""
        options = replace(self.options, seed=context.seed)
        candidates = mined_candidates(context, options)
        scores = cosines(context.data, candidates, context.encoder)
        negatives = choose_negatives(context.data, candidates, options, scores)
        pairs, dealt = with_negatives(context.data, negatives, self.per_pair)
        return Examples.of(pairs, context.data, context.prefixes, dealt)


@dataclass(frozen=True, slots=True)
class DistillationStage:
    """Train a teacher, let it score, train on its scores and on the ranking loss.

    Attributes:
        per_pair: negatives of a row.
        weight: of the teacher's part of the loss, to 1 of the ranking part.
        temperature: of the teacher's scores.
        teacher: its training; it begins with the model as it stands, which knows the domain's words.
        options: how negatives are chosen; the seed is the run's.

    Raises:
        InputError: a weight or a temperature of 0 or less.
    """

    schedule: Schedule
    per_pair: int = 7
    weight: float = 1.0
    temperature: float = 1.0
    teacher: TeacherSettings = TeacherSettings()  # noqa: RUF009 - frozen
    options: NegativeOptions = NegativeOptions()  # noqa: RUF009 - frozen
    name: ClassVar[str] = "distillation"

    def __post_init__(self) -> None:
        if not (self.weight > 0 and self.temperature > 0):
            raise InputError(
                f"weight {self.weight} and temperature {self.temperature} teach nothing",
                fix="give more than 0",
            )

    def train(self, context: Context) -> StageOutcome:
        """On its examples."""
        return context.fit(self.examples(context), self.schedule)

    def examples(self, context: Context) -> Examples:
        """Query, positive, ``per_pair`` negatives, and the teacher's scores of these items."""
        data, options = context.data, replace(self.options, seed=context.seed)
        candidates = mined_candidates(context, options)
        folder = context.folder / "teacher"
        # Whole if it is there at all: a resumed run takes it.
        if not folder.exists():
            context.progress.note("training the teacher")
            teacher = replace(self.teacher, base=str(context.start), revision=None)
            train_teacher(
                data,
                candidates,
                teacher,
                folder,
                checkpoints=context.folder / "teacher-checkpoints",
                progress=context.progress,
            )
        context.progress.note("the teacher scores the candidates")
        asked = {
            query: tuple(dict.fromkeys((*own[: options.depth], *sorted(data.positives(query)))))
            for query, own in candidates.items()
        }
        scores = _known_scores(context, asked)
        negatives = choose_negatives(data, candidates, options, relative_scores(scores))
        # Judged and random negatives were no candidates.
        scores = _known_scores(
            context, {q: (*asked.get(q, ()), *own) for q, own in negatives.items()}, scores
        )
        pairs, dealt = with_negatives(data, negatives, self.per_pair)
        taught = tuple(
            tuple(scores[pair.query_id][item] for item in (pair.item_id, *own))
            for pair, own in zip(pairs, dealt, strict=True)
        )
        teaching = TeacherTargets(taught, self.weight, self.temperature)
        return Examples.of(pairs, data, context.prefixes, dealt, teaching)


def _known_scores(
    context: Context, asked: Candidates, known: dict[str, dict[str, float]] | None = None
) -> dict[str, dict[str, float]]:
    """Scores of what is asked; only what is not known yet is given to the teacher."""
    known = known or {}
    missing = {
        query: tuple(
            dict.fromkeys(
                item for item in items if item in context.data.items and item not in known.get(query, {})
            )
        )
        for query, items in asked.items()
    }
    fresh = teacher_scores(context.folder / "teacher", context.data.queries, context.data.items, missing)
    return {query: {**known.get(query, {}), **fresh.get(query, {})} for query in {**known, **fresh}}
