"""Hard negatives with the scores of a cross-encoder teacher to learn (Lin et al. 2020, 2010.11386)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from records import InputError
from training.cross_encoder.scores import relative_scores, teacher_scores
from training.cross_encoder.settings import TeacherSettings
from training.cross_encoder.teacher import train_teacher
from training.dense.examples import Examples, Teaching
from training.dense.mined import mined_candidates, with_negatives
from training.dense.stage import Context, Outcome, Schedule
from training.negatives.candidates import Candidates
from training.negatives.choose import choose_negatives
from training.negatives.options import NegativeOptions


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

    def train(self, context: Context) -> Outcome:
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
            train_teacher(data, candidates, teacher, folder, context.progress.step)
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
        teaching = Teaching(taught, self.weight, self.temperature)
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
