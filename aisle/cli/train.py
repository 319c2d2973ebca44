"""``aisle train``: models from a shop's own data."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from aisle.cli.console import JsonOption, print_json, progress_console
from aisle.cli.encoder import as_dict as export_as_dict
from aisle.cli.encoder import print_report as print_export

if TYPE_CHECKING:
    from aisle.encoder.export import ExportReport
    from aisle.training.cross_encoder.reranker import TrainedReranker
    from aisle.training.dense.train import TrainedEncoder

_Folder = Path | None


def reranker(
    data: Annotated[Path, typer.Option(help="BEIR folder; learns from qrels/train.tsv.")],
    name: Annotated[str, typer.Option(help="Name of the artifact.")] = "reranker",
    layers: Annotated[int, typer.Option(help="Layers of the teacher that the reranker keeps.")] = 3,
    epochs: Annotated[int, typer.Option(help="Epochs of the reranker.")] = 4,
    max_tokens: Annotated[int, typer.Option(help="Longest query and item together, in tokens.")] = 96,
    teacher: Annotated[
        _Folder, typer.Option(help="A trained cross-encoder to learn from, instead of training one.")
    ] = None,
    teacher_epochs: Annotated[int, typer.Option(help="Epochs of the teacher.")] = 2,
    base: Annotated[
        str, typer.Option(help="What the teacher begins with: a model, or the name of an `aisle train` run.")
    ] = "all-MiniLM-L6-v2",
    encoder: Annotated[str | None, typer.Option(help="Artifact that finds candidates beside BM25.")] = None,
    run: Annotated[
        list[Path] | None,
        typer.Option(help="TREC run of a leg for the training queries, instead of mining; may be repeated."),
    ] = None,
    with_teacher: Annotated[
        bool, typer.Option("--with-teacher", help="Export the teacher too, as NAME-teacher, for a cascade.")
    ] = False,
    check_data: Annotated[
        _Folder, typer.Option(help="BEIR folder whose dev queries are kept out of the training.")
    ] = None,
    work: Annotated[_Folder, typer.Option(help="Work folder; default: under AISLE_HOME.")] = None,
    seed: Annotated[int, typer.Option(help="Of everything that is drawn.")] = 13,
    out: Annotated[_Folder, typer.Option("--out", help="Store; default: under AISLE_HOME.")] = None,
    measure: Annotated[
        bool, typer.Option("--measure/--no-measure", help="Compare INT8 with fp32 after training.")
    ] = True,
    as_json: JsonOption = False,
) -> None:
    """Train a cross-encoder on graded judgments, distil it into a few layers, export it as INT8.

    What is finished stays in the work folder: the same command goes on from there.

    Examples:

      aisle train reranker --data ../shared/data/homedepot --name homedepot-reranker

      aisle train reranker --data ../shared/data/homedepot --base homedepot --encoder homedepot --layers 2

      aisle train reranker --data ../shared/data/homedepot --teacher ./my-cross-encoder --with-teacher
    """
    from aisle import _paths as paths
    from aisle.encoder import ArtifactStore
    from aisle.training.cross_encoder.job import RerankerPlan
    from aisle.training.cross_encoder.reranker import RerankerSettings
    from aisle.training.cross_encoder.teacher import TeacherSettings

    plan = RerankerPlan(
        data=data,
        check=check_data,
        name=name,
        work=work or paths.home() / "training" / name,
        settings=RerankerSettings(layers=layers, epochs=epochs, max_tokens=max_tokens, seed=seed),
        teacher_settings=TeacherSettings(base=base, epochs=teacher_epochs, seed=seed),
        teacher=teacher,
        encoder=encoder,
        runs=tuple(run or ()),
        with_teacher=with_teacher,
        measure=measure,
    )
    store = ArtifactStore(out) if out else ArtifactStore.default()
    with training_progress(progress_console()) as progress:
        trained, reports = plan.run(store, progress)
    if as_json:
        print_json(_as_dict(trained, reports))
    else:
        _print(trained, reports, Console())


def _as_dict(trained: TrainedReranker, reports: list[ExportReport]) -> dict[str, Any]:
    artifacts = [
        {
            "path": str(report.path),
            "fingerprint": report.manifest.fingerprint,
            "manifest": report.manifest.model_dump(mode="json"),
        }
        for report in reports
    ]
    return {"artifacts": artifacts, "training": {"folder": str(trained.folder), **trained.as_dict()}}


def _print(trained: TrainedReranker, reports: list[ExportReport], console: Console) -> None:
    fall = f"loss {trained.losses[0]:.3f} to {trained.losses[-1]:.3f}, " if trained.losses else ""
    console.print(
        f"{len(trained.kept)} layers, {trained.lists:,} lists, {fall}{trained.seconds / 60:.1f} minutes on"
        f" {trained.device}; the torch model is in {trained.folder}"
    )
    table = Table("", *(report.manifest.name for report in reports))
    table.add_row("fingerprint", *(report.manifest.fingerprint[:12] for report in reports))
    for figure in reports[0].manifest.metrics:
        table.add_row(figure, *(f"{report.manifest.metrics[figure]:g}" for report in reports))
    console.print(table)
    for report in reports:
        console.print(f"search with it: aisle search ... --rerank {report.manifest.name}", highlight=False)


class QuerySideChoice(StrEnum):
    """``--query-side``."""

    INFERENCE_FREE = "inference_free"
    MODEL = "model"


def sparse(
    data: Annotated[Path, typer.Option(help="BEIR folder; learns from qrels/train.tsv.")],
    name: Annotated[str, typer.Option(help="Name of the artifact.")] = "sparse",
    base: Annotated[
        str, typer.Option(help="What to begin with: a model, or the name of an `aisle train encoder` run.")
    ] = "all-MiniLM-L6-v2",
    revision: Annotated[str | None, typer.Option(help="Its branch, tag or commit on the hub.")] = None,
    query_side: Annotated[
        QuerySideChoice, typer.Option(help="Weights of queries: looked up, or by the model.")
    ] = QuerySideChoice.INFERENCE_FREE,
    titles: Annotated[int, typer.Option(help="Epochs of pseudo-queries from titles, before the pairs.")] = 1,
    epochs: Annotated[int, typer.Option(help="Times that every pair is seen.")] = 1,
    flops: Annotated[
        float, typer.Option(help="Penalty on weights: more of it, fewer tokens an item.")
    ] = 0.03,
    held_out: Annotated[
        Path | None, typer.Option(help="BEIR folder whose dev queries are kept out of the training.")
    ] = None,
    work: Annotated[Path | None, typer.Option(help="Work folder; default: under AISLE_HOME.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the run in the work folder.")] = False,
    seed: Annotated[int, typer.Option(help="Of everything that is drawn.")] = 13,
    out: Annotated[Path | None, typer.Option("--out", help="Store; default: under AISLE_HOME.")] = None,
    measure: Annotated[
        bool, typer.Option("--measure/--no-measure", help="Compare INT8 with fp32 after training.")
    ] = True,
    as_json: JsonOption = False,
) -> None:
    """Train a sparse encoder on judgments, and export it as an INT8 artifact.

    Examples:

      aisle train sparse --data ../shared/data/homedepot --name homedepot-sparse

      aisle train sparse --data ../shared/data/homedepot --name homedepot-sparse --base homedepot --titles 0

      aisle train sparse --data ../shared/data/homedepot --name two-sided --query-side model --flops 0.02

      aisle train sparse --data ../shared/data/homedepot --name homedepot-sparse --resume
    """
    from aisle import _paths as paths
    from aisle.encoder import ArtifactStore
    from aisle.training.sparse.job import SparsePlan
    from aisle.training.sparse.settings import QuerySide, SparseSettings

    settings = SparseSettings(
        base=base,
        revision=revision,
        query_side=QuerySide(query_side.value),
        titles=titles,
        epochs=epochs,
        flops=flops,
        seed=seed,
    )
    plan = SparsePlan(data, held_out, name, settings, work or paths.home() / "training" / "sparse", measure)
    store = ArtifactStore(out) if out else ArtifactStore.default()
    with training_progress(progress_console()) as progress:
        trained, exported = plan.run(store, progress, resume=resume)
    facts = {
        "path": str(exported.path),
        "fingerprint": exported.manifest.fingerprint,
        "metrics": dict(exported.manifest.metrics),
        "training": trained.as_dict(),
    }
    if as_json:
        print_json(facts)
        return
    ran = trained.as_dict()["ran"]
    console = Console()
    console.print(
        f"{trained.steps:,} steps of {settings.batch} pairs in {trained.seconds / 60:.1f} minutes,"
        f" loss {ran['loss_first']:.3f} to {ran['loss_last']:.3f},"
        f" {trained.active_items:.0f} tokens an item",
        markup=False,
    )
    console.print(f"artifact {exported.path}", markup=False)
    console.print(f"use it: aisle index DATA --name SHOP --sparse {name}", markup=False)


app = typer.Typer(no_args_is_help=True)
app.command()(sparse)
app.command()(reranker)


@app.callback()
def train() -> None:
    """Train models on your own data. Needs the extra `train`.

    Example: aisle train encoder --data ../shared/data/homedepot --name homedepot
    """


@app.command()
def encoder(
    data: Annotated[_Folder, typer.Option(help="BEIR folder; learns from qrels/train.tsv.")] = None,
    reviews: Annotated[_Folder, typer.Option(help="Folder of reviews (train.jsonl, items.jsonl).")] = None,
    sequences: Annotated[_Folder, typer.Option(help="Folder of user sequences and a catalogue.")] = None,
    name: Annotated[str, typer.Option(help="Name of the artifact.")] = "encoder",
    base: Annotated[str, typer.Option(help="Model to begin with.")] = "all-MiniLM-L6-v2",
    revision: Annotated[str | None, typer.Option(help="Its branch, tag or commit on the hub.")] = None,
    masked: Annotated[
        bool,
        typer.Option("--masked", help="Learn only from reviews without their item's words: the hard task."),
    ] = False,
    titles: Annotated[
        bool, typer.Option("--titles/--no-titles", help="Begin with pseudo-queries from titles.")
    ] = True,
    epochs: Annotated[
        str, typer.Option(help="Epochs of the labelled pairs; as in 4,1,1: of several runs, averaged.")
    ] = "1",
    rounds: Annotated[int, typer.Option(help="Rounds of mining hard negatives and training.")] = 2,
    distill: Annotated[
        bool, typer.Option("--distill/--no-distill", help="End with a cross-encoder teacher.")
    ] = False,
    work: Annotated[_Folder, typer.Option(help="Work folder; default: under AISLE_HOME.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the run in the work folder.")] = False,
    seed: Annotated[int, typer.Option(help="Of everything that is drawn.")] = 7,
    out: Annotated[_Folder, typer.Option("--out", help="Store; default: under AISLE_HOME.")] = None,
    check_data: Annotated[
        _Folder, typer.Option(help="BEIR folder on whose dev judgments INT8 is compared with fp32.")
    ] = None,
    measure: Annotated[
        bool, typer.Option("--measure/--no-measure", help="Compare INT8 with fp32 after training.")
    ] = True,
    as_json: JsonOption = False,
) -> None:
    """Train an encoder on judgments, reviews or sequences, and export it as an INT8 artifact.

    Examples:

      aisle train encoder --data ../shared/data/homedepot --name homedepot

      aisle train encoder --reviews ../shared/data/reviews/amazon2023 --name reviews --masked

      aisle train encoder --data ../shared/data/homedepot --name homedepot --epochs 4,1,1 --rounds 0

      aisle train encoder --data ../shared/data/homedepot --name homedepot --resume
    """
    from aisle.encoder import ArtifactStore
    from aisle.training.dense.job import TrainingPlan
    from aisle.training.dense.settings import TrainingSettings, parse_epochs, recipe

    stages = recipe(titles=titles, rounds=rounds, distill=distill, epochs=parse_epochs(epochs))
    plan = TrainingPlan.of(
        data=data,
        reviews=reviews,
        sequences=sequences,
        masked=masked,
        check=check_data,
        name=name,
        settings=TrainingSettings(base=base, revision=revision, stages=stages, seed=seed),
        work=work,
    )
    store = ArtifactStore(out) if out else ArtifactStore.default()
    with training_progress(progress_console()) as progress:
        trained, exported = plan.run(store, resume=resume, measure=measure, progress=progress)
    if as_json:
        print_json(as_dict(trained, exported))
    else:
        print_report(trained, exported, Console())


def as_dict(trained: TrainedEncoder, exported: ExportReport) -> dict[str, Any]:
    """The report as plain JSON: what the export says, and the training run."""
    run = {
        "folder": str(trained.folder),
        "seconds": trained.seconds,
        "device": trained.device,
        "precision": trained.precision,
        "stages": [asdict(record) for record in trained.history],
    }
    return {**export_as_dict(exported), "training": run}


def print_report(trained: TrainedEncoder, exported: ExportReport, console: Console) -> None:
    """A table of the stages, then the export's."""
    table = Table("stage", "rows", "steps", "loss, first to last", "minutes")
    for record in trained.history:
        losses = [loss for _, loss in record.losses]
        fall = f"{losses[0]:.3f} to {losses[-1]:.3f}" if losses else ""
        table.add_row(
            record.name, f"{record.rows:,}", f"{record.steps:,}", fall, f"{record.seconds / 60:.1f}"
        )
    console.print(table)
    console.print(
        f"trained on {trained.device} in {trained.precision}; the torch model is in {trained.folder}"
    )
    print_export(exported, console)


class TrainingBars:
    """A line per stage: steps, loss, time."""

    def __init__(self, bars: Progress) -> None:
        self._bars = bars
        self._name = "reading"
        self._task: TaskID = bars.add_task(self._name, total=None)

    def stage(self, name: str, position: int, count: int) -> None:
        """Another bar."""
        self._bars.stop_task(self._task)
        self._name = f"stage {position} of {count}: {name}"
        self._task = self._bars.add_task(self._name, total=None)

    def step(self, done: int, total: int, loss: float | None) -> None:
        """The bar moves."""
        shown = self._name if loss is None else f"{self._name}, loss {loss:.3f}"
        self._bars.update(self._task, completed=done, total=total, description=shown)

    def note(self, text: str) -> None:
        """A line above the bars."""
        self._bars.console.print(text, markup=False, highlight=False)


@contextmanager
def training_progress(console: Console) -> Iterator[TrainingBars]:
    """Bars on standard error; they stay, as the run's diary."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as bars:
        yield TrainingBars(bars)
