"""Domain-adapted encoders, rung by rung: homedepot's judgments, and reviews as queries."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from aisle.catalogue.judged import beir_task
from aisle.errors import InputError
from aisle.evaluation.encoders.hnsw import HnswSearch
from aisle.evaluation.encoders.judge import JudgeOptions, judge_encoder
from aisle.training.data.review_pairs import read_review_folder, review_views, reviews_task
from aisle.training.data.reviews import ReviewOptions
from aisle.training.data.sources import judged_pairs, kept_apart
from aisle.training.dense.settings import IN_BATCH, TrainingSettings, recipe
from aisle.training.dense.stages.averaged import AveragedStage
from aisle.training.dense.stages.contrastive import InBatchStage
from aisle.training.dense.stages.head import AxesStage
from benchmarks.encoder.run import encoder_run
from benchmarks.encoder.table import (
    change_rows,
    cost_goals,
    cost_rows,
    homedepot_goals,
    ladder_rows,
    review_goals,
)
from benchmarks.harness.command_line import OutOption, finish, results_folder, run_command, say
from benchmarks.harness.parts import dataset, load_encoder
from benchmarks.harness.result_file import BenchmarkResult, result_of_this_run, trials

MODULE = "benchmarks.encoder"
HOMEDEPOT, REVIEWS, OUTSIDE = "homedepot", "amazon2023", "icecat"
EASY, BODY, HARD = "headline+body", "body", "masked"
# Mining, and a teacher, won nothing on homedepot for their time: see the trials.
JUDGED_EPOCHS = (4.0, 1.0, 1.0)
REVIEW_EPOCHS = 4.0
TIMED_TEXTS = 2000


def encoder(
    domains: Annotated[str, typer.Option(help="Which of them. A result file each.")] = "homedepot,reviews",
    out: OutOption = None,
) -> None:
    """Train, export and judge an encoder for each domain; an interrupted run goes on where it was.

    Examples:

        python -m benchmarks.encoder

        python -m benchmarks.encoder --domains reviews
    """
    folder = results_folder(out, trial=False)
    known: Mapping[str, Callable[[], BenchmarkResult]] = {"homedepot": homedepot, "reviews": reviews}
    for name in (part.strip() for part in domains.split(",")):
        if name not in known:
            raise InputError(f"there is no domain {name!r}", fix=f"choose from {', '.join(known)}")
        finish(known[name](), folder)


def homedepot() -> BenchmarkResult:
    """Judgments as pairs; the ladder, costs, and what was forgotten on another catalogue."""
    task = beir_task(dataset(HOMEDEPOT))
    settings = TrainingSettings(stages=recipe(epochs=JUDGED_EPOCHS, rounds=0))
    data = kept_apart(judged_pairs(dataset(HOMEDEPOT)), dataset(HOMEDEPOT))
    run = encoder_run(HOMEDEPOT, data, settings, {HOMEDEPOT: task})
    say("judging: widths, HNSW, costs, forgetting")
    options = JudgeOptions(
        widths=run.trained.widths,
        graphs={"faiss HNSW": HnswSearch()},
        timed_texts=TIMED_TEXTS,
        weights=str(run.trained.folder),
    )
    report = judge_encoder(
        run.encoder, task, options, base=load_encoder(), outside=[beir_task(dataset(OUTSIDE))], progress=say
    )
    widths = [{"width": width.dims, **width.to_json()} for width in report.widths]
    return result_of_this_run(
        "encoder-homedepot",
        MODULE,
        rows=[*ladder_rows(run), *widths, *cost_rows(report.costs), *change_rows(report.changes)],
        attempts=trials("encoder", "homedepot"),
        goals=[*homedepot_goals(run.rungs, HOMEDEPOT), *cost_goals(report.costs)],
    )


def reviews() -> BenchmarkResult:
    """Reviews as queries (arXiv 2602.00899), easy and with the title's words masked."""
    folder: Path = dataset("reviews") / REVIEWS
    items, rows = read_review_folder(folder, "train")
    tasks = {
        EASY: reviews_task(folder, options=ReviewOptions(with_title=True)),
        BODY: reviews_task(folder, options=ReviewOptions()),
        HARD: reviews_task(folder, options=ReviewOptions(mask=True)),
    }
    # Too few pairs for a head, and to leave the base's weights far behind: see the trials.
    pairs = InBatchStage(replace(IN_BATCH, epochs=REVIEW_EPOCHS), titles=1)
    stages = (AxesStage(), AveragedStage((pairs,), with_start=True))
    settings = TrainingSettings(stages=stages)
    run = encoder_run(REVIEWS, review_views(rows, items), settings, tasks)
    return result_of_this_run(
        "encoder-reviews",
        MODULE,
        rows=ladder_rows(run),
        attempts=trials("encoder", "reviews"),
        goals=review_goals(run.rungs, EASY, HARD),
    )


if __name__ == "__main__":
    run_command(encoder)
