"""``aisle train``: models from a shop's own data."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from cli.common import JsonOption, print_json, progress_console
from cli.train_reranker import reranker
from cli.train_sparse import sparse

app = typer.Typer(no_args_is_help=True)
app.command()(sparse)
app.command()(reranker)

_Folder = Path | None


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
    from cli.train_progress import training_progress
    from cli.train_report import as_dict, print_report
    from encoder import ArtifactStore
    from training.dense.plan import TrainingPlan
    from training.dense.recipe import parse_epochs, recipe
    from training.dense.settings import TrainingSettings

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
