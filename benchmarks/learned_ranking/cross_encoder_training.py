"""A small cross-encoder from an encoder's layers: judged items and mined ones, one epoch, no teacher.

`aisle train reranker` trains a teacher of all layers first and a student of it after, over an hour without
AMX. This takes a quarter of an hour on one core.
"""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Final

import torch
import typer

from aisle.encoder import ArtifactStore, DenseEncoder
from aisle.encoder.artifact import QUERY_HASHES
from aisle.encoder.export import RerankerExport, export, find_weights
from aisle.encoder.export.layout import Pooling
from aisle.evaluation.seen import query_sketch
from aisle.training.common.base_model import keep_layers
from aisle.training.common.machine import best_device, seed_all
from aisle.training.common.progress import ProgressLines
from aisle.training.common.run_folder import starting_point
from aisle.training.cross_encoder.candidates import calibration_pairs, mined_candidates
from aisle.training.cross_encoder.fit import TeacherLoss, objective
from aisle.training.cross_encoder.lists import LabelledList, graded_lists
from aisle.training.cross_encoder.model import new_cross_encoder
from aisle.training.cross_encoder.reranker import RerankerSettings, layer_count, spread_layers
from aisle.training.cross_encoder.teacher import trained_and_saved
from aisle.training.data.sources import SourceKind, kept_apart, read_training_set
from benchmarks.harness.command_line import run_command, say
from benchmarks.harness.parts import dataset
from benchmarks.learned_ranking.setup import HOME

SETTINGS: Final = RerankerSettings(epochs=1, max_tokens=48, share=0)


def train_cross_encoder(
    part: Annotated[Path, typer.Argument(help="BEIR folder whose split train is learned from.")],
    name: Annotated[str, typer.Argument(help="Of the artifact.")],
    encoder: Annotated[
        str, typer.Option(help="Name of a training and its artifact: its layers, and candidates.")
    ],
    layers: Annotated[int, typer.Option(min=1, help="Of the encoder's that are kept, evenly spread.")] = 3,
    queries: Annotated[int | None, typer.Option(min=2, help="A trial with so many queries.")] = None,
) -> None:
    """Train it and write the artifact.

    Examples:

        python -m benchmarks.learned_ranking.cross_encoder_training taught taught-cross --encoder taught
    """
    torch.set_num_threads(1)
    store = ArtifactStore.default()
    settings = replace(SETTINGS, layers=layers)
    data = kept_apart(read_training_set(SourceKind.JUDGMENTS, part), dataset(HOME))
    with ProgressLines(sys.stdout) as progress, TemporaryDirectory() as folder:
        candidates = mined_candidates(data, DenseEncoder.load(encoder, store=store), progress)
        drawn = graded_lists(data, candidates, settings)[:queries]
        goal = objective(TeacherLoss.LISTNET)
        lists = [LabelledList(each.query, each.items, tuple(map(goal.label, each.grades))) for each in drawn]
        seed_all(settings.seed)
        backbone = find_weights(starting_point(encoder), None).folder
        model = new_cross_encoder(backbone, settings.max_tokens, best_device(), Pooling.MEAN)
        keep_layers(model, spread_layers(layers, layer_count(backbone)))
        began = time.process_time()
        trained_and_saved(
            model, [lists], goal, settings, Path(folder) / "model", None, best_device(), progress
        )
        seconds = time.process_time() - began
        say(f"{len(lists):,} lists in {seconds:,.0f} s of processor time")
        report = export(
            RerankerExport(
                model=str(Path(folder) / "model"),
                base_model=encoder,
                name=name,
                training={**settings.as_dict(), QUERY_HASHES: query_sketch(data.queries.values())},
                data_hash=data.data_hash,
                calibration=calibration_pairs(data, candidates),
            ),
            store,
            progress.note,
        )
    say(f"artifact {report.path}")


if __name__ == "__main__":
    run_command(train_cross_encoder)
