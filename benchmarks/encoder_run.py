"""One domain's run: train rung by rung, export, and score the artifact beside its base and its fp32 graph."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from aisle import _paths as paths
from aisle.encoder import ArtifactStore, DenseEncoder
from aisle.encoder.export import Fp32, Int8, export
from aisle.evaluation.encoders.tasks import Judged
from aisle.training.common.progress import Silent
from aisle.training.data.training_set import TrainingSet
from aisle.training.dense.settings import TrainingSettings
from aisle.training.dense.train import TrainedEncoder, train_encoder
from benchmarks.command_line import say
from benchmarks.encoder_ladder import artifact_rung, torch_rung
from benchmarks.encoder_names import BASE, FP32, PER_TOKEN, SERVED
from benchmarks.parts import load_encoder


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
