"""A task's texts as vectors, encoded once at full width; every narrower width is cut from these."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from encoder.dense import DenseEncoder
from encoder.vectors import cut
from evaluation import Run, Scores, answerable, evaluate
from training.export.judged import Judged
from training.judge.exact_search import Floats, Neighbours

METRICS = ("nDCG@10", "nDCG@20", "R@10", "R@200")
DEPTH = 200
"""R@200 needs 200 results."""

Rankings = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Encoded:
    """Attributes:
    task: what was encoded.
    relevant: the lowest grade that counts as relevant.
    query_ids: the queries that have a relevant item, in the order of ``queries``.
    items, queries: float32 unit rows, [n, full] and [q, full].
    """

    task: Judged
    relevant: int
    query_ids: tuple[str, ...]
    items: Floats
    queries: Floats

    def rankings(self, search: Neighbours, dims: int | None = None) -> dict[str, list[str]]:
        """The ``DEPTH`` best items of each query, found by ``search`` at a width (None: the full one)."""
        found = search(cut(self.queries, dims), cut(self.items, dims), self.task.ids, DEPTH)
        return dict(zip(self.query_ids, found, strict=True))

    def score(self, rankings: Rankings, name: str) -> Scores:
        """``METRICS`` of rankings, per query."""
        return evaluate(Run(name, rankings), self.task.judged.qrels, METRICS, relevant=self.relevant)


def encode(encoder: DenseEncoder, task: Judged, relevant: int = 2) -> Encoded:
    """Encode a task's catalogue and its scorable queries."""
    wanted = answerable(task.judged.qrels, relevant)
    queries = [query for query in task.judged.queries if query.id in wanted]
    return Encoded(
        task=task,
        relevant=relevant,
        query_ids=tuple(query.id for query in queries),
        items=encoder.encode_items(task.texts),
        queries=encoder.encode_queries([query.text for query in queries]),
    )
