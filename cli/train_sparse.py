"""``aisle train sparse``."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from cli.common import JsonOption, print_json, progress_console


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
    from cli.train_progress import training_progress
    from encoder import ArtifactStore
    from records import paths
    from training.sparse.plan import SparsePlan
    from training.sparse.settings import QuerySide, SparseSettings

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
