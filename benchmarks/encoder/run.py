"""One domain's run: train rung by rung, export, and score the artifact beside its base and its fp32 graph."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rich.console import Console

from aisle import _environment as paths
from aisle.encoder import ArtifactStore, DenseEncoder
from aisle.encoder.export import Fp32, Int8, export
from aisle.evaluation import answerable
from aisle.evaluation.encoders.exact import Floats, exact_neighbours
from aisle.evaluation.encoders.quality import METRICS, Encoded, encode
from aisle.evaluation.encoders.tasks import Judged
from aisle.training.common.machine import TrainingPrecision
from aisle.training.common.progress import Silent
from aisle.training.data.training_set import TrainingSet
from aisle.training.dense.encode import encode as encode_with_torch
from aisle.training.dense.settings import TrainingSettings
from aisle.training.dense.train import TrainedEncoder, train_encoder
from benchmarks.harness.command_line import say
from benchmarks.harness.parts import load_encoder

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

FULL: Final = 384
NARROW: Final = 64
WIDTHS: Final = (FULL, NARROW)

BASE: Final = "base"
FP32: Final = "fp32"
PER_TOKEN: Final = "int8-per-token"
SERVED: Final = "int8"


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


@dataclass(frozen=True, slots=True)
class EncoderRun:
    """Attributes:
    trained: model and history; encoder: the INT8 artifact that is served.
    rungs: name to figures, see ``encoder_ladder``: the base, each stage, the fp32 graph and the INT8 ones.
    """

    trained: TrainedEncoder
    encoder: DenseEncoder
    rungs: Mapping[str, Mapping[str, float]]


class _Notes(Silent):
    """Stages and remarks, a line each."""

    def stage(self, name: str, position: int, count: int) -> None:
        say(f"stage {position} of {count}: {name}")

    def phase(self, name: str) -> None:
        say(name)

    def note(self, text: str) -> None:
        say(f"  {text}")


def encoder_run(
    name: str, data: TrainingSet, settings: TrainingSettings, tasks: Mapping[str, Judged]
) -> EncoderRun:
    """Train (or go on), export to this machine's store as ``name``, and score everything on ``tasks``.

    Stages that an interrupted run of these settings finished are not trained again.
    """
    work = paths.home() / "training" / name
    trained = train_encoder(data, settings, work, resume=True, evaluate=torch_rung(tasks), progress=_Notes())
    rungs: dict[str, Mapping[str, float]] = {BASE: artifact_rung(load_encoder(), tasks)}
    rungs |= {
        f"{number} {stage.name}": stage.evaluation for number, stage in enumerate(trained.history, start=1)
    }
    say("exporting and scoring the artifact")
    with tempfile.TemporaryDirectory(prefix="aisle-bench-") as scratch:
        for rung, precision in ((FP32, Fp32()), (PER_TOKEN, Int8())):
            options = trained.export_options(rung, data, precision=precision)
            path = export(options, ArtifactStore(Path(scratch))).path
            rungs[rung] = artifact_rung(DenseEncoder.load(path), tasks)
    made = export(trained.export_options(name, data))
    encoder = DenseEncoder.load(made.path)
    rungs[SERVED] = artifact_rung(encoder, tasks)
    Console(stderr=True).print(f"{name}: {made.path.name}, {trained.seconds:,.0f} s of training")
    return EncoderRun(trained, encoder, rungs)
