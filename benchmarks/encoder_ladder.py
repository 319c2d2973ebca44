"""A rung of the ladder: a model scored by exact search on the dev queries of one or more tasks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from aisle.encoder import DenseEncoder
from aisle.evaluation import answerable
from aisle.evaluation.encoders.exact import Floats, exact_neighbours
from aisle.evaluation.encoders.quality import METRICS, Encoded, encode
from aisle.evaluation.encoders.tasks import Judged
from aisle.training.common.machine import TrainingPrecision
from aisle.training.dense.encode import encode as encode_with_torch
from benchmarks.encoder_names import WIDTHS

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

_TOKENS = 256
_RELEVANT = 2


def torch_rung(tasks: Mapping[str, Judged]) -> Callable[[SentenceTransformer, str], dict[str, float]]:
    """What measures a model after each stage: "<task>/<width>/<metric>" to mean."""

    def measure(model: SentenceTransformer, _: str) -> dict[str, float]:
        return figures({name: _encoded(model, task) for name, task in tasks.items()})

    return measure


def artifact_rung(encoder: DenseEncoder, tasks: Mapping[str, Judged]) -> dict[str, float]:
    """The same of an artifact, as it is served."""
    return figures({name: encode(encoder, task, _RELEVANT) for name, task in tasks.items()})


def figures(encoded: Mapping[str, Encoded]) -> dict[str, float]:
    """Every task at every width."""
    found: dict[str, float] = {}
    for name, vectors in encoded.items():
        for width in WIDTHS:
            scores = vectors.score(vectors.rankings(exact_neighbours, width), name)
            found |= {f"{name}/{width}/{metric}": scores.mean(metric) for metric in METRICS}
    return found


def _encoded(model: SentenceTransformer, task: Judged) -> Encoded:
    wanted = answerable(task.judged.qrels, _RELEVANT)
    queries = [query for query in task.judged.queries if query.id in wanted]
    precision = TrainingPrecision.AUTO.on(model.device.type)

    def vectors(texts: Sequence[str]) -> Floats:
        return encode_with_torch(model, texts, _TOKENS, precision)

    return Encoded(
        task=task,
        relevant=_RELEVANT,
        query_ids=tuple(query.id for query in queries),
        items=vectors(task.texts),
        queries=vectors([query.text for query in queries]),
    )
