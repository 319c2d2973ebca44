"""``aisle train``: models from a shop's own data."""

from __future__ import annotations

from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

import aisle
from aisle.cli.console import JsonOption, print_json, progress_console
from aisle.cli.encoder import as_dict as export_as_dict
from aisle.cli.encoder import print_report as print_export
from aisle.cli.train_codes import codes
from aisle.cli.train_item_to_item import item_to_item
from aisle.cli.train_preferences import preferences
from aisle.cli.train_ranker import ranker
from aisle.cli.train_recommender import recommender
from aisle.cli.train_router import router
from aisle.cli.training import Base as _Base
from aisle.cli.training import Every as _Every
from aisle.cli.training import Measure as _Measure
from aisle.cli.training import Name as _Name
from aisle.cli.training import Out as _Out
from aisle.cli.training import Resume as _Resume
from aisle.cli.training import Seed as _Seed
from aisle.cli.training import Work as _Work
from aisle.cli.training import artifact_store as _store
from aisle.cli.training import training_progress
from aisle.errors import InputError

if TYPE_CHECKING:
    from aisle.encoder.export import ExportReport
    from aisle.training.cross_encoder.reranker import TrainedReranker
    from aisle.training.dense.train import TrainedEncoder
    from aisle.training.sparse.train import TrainedSparse

# One meaning of each word in all three commands.
_Data = Annotated[Path, typer.Option("--data", help="BEIR folder; learns from qrels/train.tsv.")]
_HeldOut = Annotated[
    Path | None,
    typer.Option("--held-out", help="BEIR folder whose dev queries are kept out of the training."),
]
_CheckData = Annotated[Path | None, typer.Option("--check-data", hidden=True)]
_Revision = Annotated[
    str | None, typer.Option("--revision", help="Branch, tag or commit of the base on the hub.")
]
app = typer.Typer(no_args_is_help=True)
app.command()(recommender)
app.command()(codes)
app.command()(router)
app.command()(preferences)
app.command()(item_to_item)
app.command()(ranker)


@app.callback()
def train() -> None:
    """Train models on your own data. All but `recommender` need the extra `train`.

    A training that was interrupted is continued by the same command with `--resume`. Without a terminal, as
    in a job that writes to a file, progress is a line with step, loss, rate and time left every 30 seconds.

    Examples:

      aisle train encoder --data judged --name my-encoder
    """


@app.command()
def encoder(
    data: Annotated[
        Path | None, typer.Option("--data", help="BEIR folder; learns from qrels/train.tsv.")
    ] = None,
    reviews: Annotated[
        Path | None, typer.Option(help="Folder of reviews (train.jsonl, items.jsonl).")
    ] = None,
    sequences: Annotated[Path | None, typer.Option(help="Folder of user sequences and a catalogue.")] = None,
    held_out: _HeldOut = None,
    name: _Name = "encoder",
    base: _Base = "all-MiniLM-L6-v2",
    revision: _Revision = None,
    masked: Annotated[
        bool,
        typer.Option("--masked", help="Learn only from reviews without their item's words: the hard task."),
    ] = False,
    titles: Annotated[
        bool, typer.Option("--titles/--no-titles", help="Begin with pseudo-queries from titles.")
    ] = True,
    epochs: Annotated[
        str, typer.Option(help="Epochs of the labelled pairs; 4,1,1: several runs, averaged.")
    ] = "1",
    rounds: Annotated[int, typer.Option(help="Rounds of mining hard negatives and training.")] = 2,
    distill: Annotated[
        bool, typer.Option("--distill/--no-distill", help="End with a cross-encoder teacher.")
    ] = False,
    work: _Work = None,
    resume: _Resume = False,
    seed: _Seed = 7,
    out: _Out = None,
    measure: _Measure = True,
    progress_every: _Every = 30.0,
    check_data: _CheckData = None,
    as_json: JsonOption = False,
) -> None:
    """Train an encoder on judgments, reviews or sequences, and export it as an INT8 artifact.

    With --held-out, INT8 is compared with fp32 on those dev judgments too.

    Examples:

      aisle train encoder --data judged --name my-encoder

      aisle train encoder --reviews reviews --name my-encoder --masked

      aisle train encoder --data judged --name my-encoder --epochs 4,1,1 --rounds 0

      aisle train encoder --data judged --name my-encoder --resume
    """
    with training_progress(progress_console(), progress_every) as progress:
        trained, exported = aisle.train_encoder(
            data=data,
            reviews=reviews,
            sequences=sequences,
            masked=masked,
            held_out=_held_out(held_out, check_data),
            name=name,
            base=base,
            revision=revision,
            titles=titles,
            epochs=epochs,
            rounds=rounds,
            distill=distill,
            work=work,
            resume=resume,
            seed=seed,
            measure=measure,
            store=_store(out),
            progress=progress,
        )
    if as_json:
        print_json(as_dict(trained, exported))
    else:
        print_report(trained, exported, Console())


class QuerySideChoice(StrEnum):
    """``--query-side``."""

    INFERENCE_FREE = "inference_free"
    MODEL = "model"


@app.command()
def sparse(
    data: _Data,
    held_out: _HeldOut = None,
    name: _Name = "sparse",
    base: _Base = "all-MiniLM-L6-v2",
    revision: _Revision = None,
    query_side: Annotated[
        QuerySideChoice, typer.Option(help="Weights of queries: looked up, or by the model.")
    ] = QuerySideChoice.INFERENCE_FREE,
    titles: Annotated[int, typer.Option(help="Epochs of pseudo-queries from titles, before the pairs.")] = 1,
    epochs: Annotated[int, typer.Option(help="Times that every pair is seen.")] = 1,
    flops: Annotated[
        float, typer.Option(help="Penalty on weights: a higher one, fewer tokens an item.")
    ] = 0.03,
    work: _Work = None,
    resume: _Resume = False,
    seed: _Seed = 13,
    out: _Out = None,
    measure: _Measure = True,
    progress_every: _Every = 30.0,
    as_json: JsonOption = False,
) -> None:
    """Train a sparse encoder on judgments, and export it as an INT8 artifact.

    Examples:

      aisle train sparse --data judged --name my-sparse

      aisle train sparse --data judged --name my-sparse --base my-encoder --titles 0

      aisle train sparse --data judged --name two-sided --query-side model --flops 0.02

      aisle train sparse --data judged --name my-sparse --resume
    """
    with training_progress(progress_console(), progress_every) as progress:
        trained, exported = aisle.train_sparse(
            data,
            held_out=held_out,
            name=name,
            base=base,
            revision=revision,
            query_side=query_side.value,
            titles=titles,
            epochs=epochs,
            flops=flops,
            work=work,
            resume=resume,
            seed=seed,
            measure=measure,
            store=_store(out),
            progress=progress,
        )
    if as_json:
        print_json(_sparse_as_dict(trained, exported))
    else:
        _print_sparse(trained, exported, Console())


def _sparse_as_dict(trained: TrainedSparse, exported: ExportReport) -> dict[str, Any]:
    return {
        "path": str(exported.path),
        "fingerprint": exported.manifest.fingerprint,
        "metrics": dict(exported.manifest.metrics),
        "training": trained.as_dict(),
    }


def _print_sparse(trained: TrainedSparse, exported: ExportReport, console: Console) -> None:
    ran = trained.as_dict()["ran"]
    console.print(
        f"{trained.steps:,} steps of {trained.settings.batch} pairs in {trained.seconds / 60:.1f} minutes on"
        f" {ran['on']}, loss {ran['loss_first']:.3f} to {ran['loss_last']:.3f},"
        f" {trained.active_items:.0f} tokens an item",
        markup=False,
    )
    console.print(f"artifact {exported.path}", markup=False)
    console.print(f"use it: aisle index DATA --name SHOP --sparse {exported.manifest.name}", markup=False)


@app.command()
def reranker(
    data: _Data,
    held_out: _HeldOut = None,
    name: _Name = "reranker",
    base: _Base = "all-MiniLM-L6-v2",
    revision: _Revision = None,
    layers: Annotated[int, typer.Option(help="Layers of the teacher that the reranker keeps.")] = 3,
    epochs: Annotated[int, typer.Option(help="Epochs of the reranker.")] = 4,
    max_tokens: Annotated[int, typer.Option(help="Longest query and item together, in tokens.")] = 96,
    teacher: Annotated[
        Path | None, typer.Option(help="A trained cross-encoder to learn from, instead of training one.")
    ] = None,
    teacher_epochs: Annotated[int, typer.Option(help="Epochs of the teacher.")] = 2,
    encoder: Annotated[str | None, typer.Option(help="Artifact that finds candidates beside BM25.")] = None,
    run: Annotated[
        list[Path] | None,
        typer.Option(
            help="TREC run of a leg for the training queries, instead of mining; repeat for several."
        ),
    ] = None,
    with_teacher: Annotated[
        bool, typer.Option("--with-teacher", help="Export the teacher too, as NAME-teacher, for a cascade.")
    ] = False,
    work: _Work = None,
    resume: _Resume = False,
    seed: _Seed = 13,
    out: _Out = None,
    measure: _Measure = True,
    progress_every: _Every = 30.0,
    check_data: _CheckData = None,
    as_json: JsonOption = False,
) -> None:
    """Train a cross-encoder on graded judgments, distil it into a few layers, export it as INT8.

    The base is what the teacher begins with. With --resume, a finished teacher is kept.

    Examples:

      aisle train reranker --data judged --name my-reranker

      aisle train reranker --data judged --base my-encoder --encoder my-encoder --layers 2

      aisle train reranker --data judged --teacher ./my-cross-encoder --with-teacher

      aisle train reranker --data judged --name my-reranker --resume
    """
    with training_progress(progress_console(), progress_every) as progress:
        trained, reports = aisle.train_reranker(
            data,
            held_out=_held_out(held_out, check_data),
            name=name,
            base=base,
            revision=revision,
            layers=layers,
            epochs=epochs,
            max_tokens=max_tokens,
            teacher=teacher,
            teacher_epochs=teacher_epochs,
            encoder=encoder,
            runs=tuple(run or ()),
            with_teacher=with_teacher,
            work=work,
            resume=resume,
            seed=seed,
            measure=measure,
            store=_store(out),
            progress=progress,
        )
    if as_json:
        print_json(_reranker_as_dict(trained, reports))
    else:
        _print_reranker(trained, reports, Console())


def _reranker_as_dict(trained: TrainedReranker, reports: list[ExportReport]) -> dict[str, Any]:
    artifacts = [
        {
            "path": str(report.path),
            "fingerprint": report.manifest.fingerprint,
            "manifest": report.manifest.model_dump(mode="json"),
        }
        for report in reports
    ]
    return {"artifacts": artifacts, "training": {"folder": str(trained.folder), **trained.as_dict()}}


def _print_reranker(trained: TrainedReranker, reports: list[ExportReport], console: Console) -> None:
    fall = f"loss {trained.losses[0]:.3f} to {trained.losses[-1]:.3f}, " if trained.losses else ""
    console.print(
        f"{len(trained.kept)} layers, {trained.lists:,} lists, {fall}{trained.seconds / 60:.1f} minutes on"
        f" {trained.ran_on}; the torch model is in {trained.folder}"
    )
    table = Table("", *(report.manifest.name for report in reports))
    table.add_row("fingerprint", *(report.manifest.fingerprint[:12] for report in reports))
    for figure in reports[0].manifest.metrics:
        table.add_row(figure, *(f"{report.manifest.metrics[figure]:g}" for report in reports))
    console.print(table)
    for report in reports:
        console.print(f"search with it: aisle search ... --rerank {report.manifest.name}", highlight=False)


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
        f"trained on {trained.history[-1].ran_on} in {trained.precision}; the torch model is in"
        f" {trained.folder}"
    )
    print_export(exported, console)


def _held_out(given: Path | None, older_word: Path | None) -> Path | None:
    if given is not None and older_word is not None:
        raise InputError("--check-data is an older word for --held-out", fix="give --held-out alone")
    return given or older_word
