"""What an encoder is judged on: a catalogue's texts, queries and judgments."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from aisle.encoder.dense import DenseEncoder
from aisle.errors import EvaluationError
from aisle.evaluation.encoders.exact import exact_neighbours
from aisle.evaluation.encoders.vector_space import sample
from aisle.evaluation.metrics import answerable, evaluate
from aisle.evaluation.qrels import JudgedSet
from aisle.evaluation.runs import Run

_METRIC = "nDCG@10"
_DEPTH = 10


@dataclass(frozen=True, slots=True)
class Judged:
    """Items, as ids and encoder texts of equal length, and the judged queries."""

    ids: tuple[str, ...]
    texts: tuple[str, ...]
    judged: JudgedSet

    def sample(self, count: int) -> list[str]:
        """Texts at even distances."""
        step = max(1, len(self.texts) // count)
        return list(self.texts[::step][:count])

    def ndcg(self, encoder: DenseEncoder) -> float:
        """Mean nDCG@10 (gains 2^grade - 1) over queries with an item of grade 2 or more, by exact search."""
        items = encoder.encode_items(self.texts)
        questions = encoder.encode_queries([query.text for query in self.judged.queries])
        found = exact_neighbours(questions, items, self.ids, _DEPTH)
        rankings = {query.id: best for query, best in zip(self.judged.queries, found, strict=True)}
        run = Run(encoder.manifest.name, rankings)
        return evaluate(run, self.judged.qrels, [_METRIC]).mean(_METRIC)


def check_task(task: Judged, relevant: float = 2) -> Judged:
    """The same task, before minutes are spent on encoding what cannot be scored.

    Raises:
        EvaluationError: no query has a relevant item, or none of these is in the catalogue.
    """
    name, split = task.judged.name, task.judged.split
    wanted = answerable(task.judged.qrels, relevant)
    if relevant < 1 or not wanted:
        raise EvaluationError(
            f"{name} has no judged query in split '{split}' with an item of grade {relevant:g} or more",
            fix="choose another --split, or a --relevant of 1 or more that its grades reach",
        )
    known = set(task.ids)
    if all(known.isdisjoint(items) for items in wanted.values()):
        raise EvaluationError(
            f"none of the items that {name} judges in split '{split}' is in its catalogue",
            fix="put the judgments beside the very catalogue they are about",
        )
    return task


def sampled(task: Judged, seed: int, most: int) -> Judged:
    """A smaller catalogue: every judged item, and others drawn up to ``most`` items in all."""
    judged = {item for items in task.judged.qrels.values() for item in items}
    kept = [place for place, item in enumerate(task.ids) if item in judged]
    others = np.array([place for place, item in enumerate(task.ids) if item not in judged], dtype=np.int64)
    room = max(0, most - len(kept))
    drawn = others[sample(len(others), seed, room)] if room else others[:0]
    places = sorted((*kept, *drawn.tolist()))
    return Judged(
        tuple(task.ids[place] for place in places), tuple(task.texts[place] for place in places), task.judged
    )
