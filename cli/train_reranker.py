"""``aisle train reranker``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from cli.common import JsonOption, print_json, progress_console

if TYPE_CHECKING:
    from training.export.cross_encoder import RerankerReport
    from training.reranker.trained import TrainedReranker

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
    from cli.train_progress import training_progress
    from encoder import ArtifactStore
    from records import paths
    from training.cross_encoder.settings import TeacherSettings
    from training.reranker.plan import RerankerPlan
    from training.reranker.settings import RerankerSettings

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


def _as_dict(trained: TrainedReranker, reports: list[RerankerReport]) -> dict[str, Any]:
    artifacts = [
        {
            "path": str(report.path),
            "fingerprint": report.manifest.fingerprint,
            "manifest": report.manifest.model_dump(mode="json"),
        }
        for report in reports
    ]
    return {"artifacts": artifacts, "training": {"folder": str(trained.folder), **trained.as_dict()}}


def _print(trained: TrainedReranker, reports: list[RerankerReport], console: Console) -> None:
    fall = f"loss {trained.losses[0]:.3f} to {trained.losses[-1]:.3f}, " if trained.losses else ""
    console.print(
        f"{len(trained.kept)} layers, {trained.lists:,} lists, {fall}{trained.seconds / 60:.1f} minutes on"
        f" {trained.device}; the torch model is in {trained.folder}"
    )
    table = Table("", *(report.manifest.name for report in reports))
    table.add_row("fingerprint", *(report.manifest.fingerprint[:12] for report in reports))
    for figure in reports[0].metrics:
        table.add_row(figure, *(f"{report.metrics[figure]:g}" for report in reports))
    console.print(table)
    for report in reports:
        console.print(f"search with it: aisle search ... --rerank {report.manifest.name}", highlight=False)
