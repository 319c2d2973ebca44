"""``aisle train ranker``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

import aisle
from aisle._train_ranker import FOLDS, GUARD_P
from aisle.cli.console import EncoderOption, JsonOption, print_json, progress_console
from aisle.cli.options import SparseOption
from aisle.cli.training import Every, Out, Seed, artifact_store, training_progress

_SHOWN = 12


def ranker(
    data: Annotated[Path, typer.Option("--data", help="BEIR folder with queries.jsonl and qrels/SPLIT.tsv.")],
    index: Annotated[str, typer.Option("--index", help="Catalogue whose index is asked, or one release.")],
    name: Annotated[
        str | None, typer.Option(help="Name of the artifact. Default: the index's.", show_default=False)
    ] = None,
    split: Annotated[str, typer.Option(help="Judgments to learn from: qrels/SPLIT.tsv.")] = "train",
    relevant: Annotated[float, typer.Option(help="Lowest grade that counts as relevant.")] = 2,
    queries: Annotated[
        int | None, typer.Option(help="Learn from at most so many queries, drawn evenly.", min=1)
    ] = None,
    model: Annotated[
        str, typer.Option(help="trees, linear, or auto: whichever is better on held-out queries.")
    ] = "auto",
    unjudged: Annotated[
        str,
        typer.Option(
            help="What candidates that nobody judged are taken for: irrelevant, sampled (30 of a query) or"
            " left-out."
        ),
    ] = "irrelevant",
    gains: Annotated[
        str,
        typer.Option(
            help="What a grade g is worth: exponential (2^g - 1, of judges) or linear (g, rates of clicks)."
        ),
    ] = "exponential",
    least_grade: Annotated[
        float | None,
        typer.Option(
            help="What is judged lower counts as unjudged. Default: 3 in a folder of aisle adapt --pairs.",
            show_default=False,
        ),
    ] = None,
    folds: Annotated[int, typer.Option(help="Folds of the cross-validation.", min=2)] = FOLDS,
    guard_p: Annotated[
        float, typer.Option(help="Write the ranker only if it beats the fusion with a p-value below this.")
    ] = GUARD_P,
    seed: Seed = 7,
    encoder: EncoderOption = None,
    sparse: SparseOption = None,
    out: Out = None,
    progress_every: Every = 30.0,
    as_json: JsonOption = False,
) -> None:
    """Train a ranker over everything that the legs of an index say of their best candidates.

    The index is asked every judged query. A ranker that does not order held-out queries better than the
    fusion is not written. Search with it by `aisle search --ranker NAME`.

    Examples:

      aisle train ranker --index shop --data judged

      aisle train ranker --index shop --data judged --split dev --model linear --json

      aisle train ranker --index shop --data judged --queries 2000 --unjudged sampled

      aisle train ranker --index shop --data clicks --gains linear --relevant 1

      aisle train ranker --index shop --data made
    """
    with training_progress(progress_console(), progress_every) as progress:
        report = aisle.train_ranker(
            index,
            data,
            name=name,
            split=split,
            relevant=relevant,
            queries=queries,
            model=model,
            unjudged=unjudged,
            gains=gains,
            least_grade=least_grade,
            folds=folds,
            guard_p=guard_p,
            seed=seed,
            encoder=encoder,
            sparse=sparse,
            out=artifact_store(out),
            progress=progress,
        )
    if as_json:
        print_json(report.to_json())
        return
    console = Console(highlight=False)
    table = Table("held-out queries", "nDCG@20")
    table.add_row("fusion", f"{report.fused:.4f}")
    table.add_row(f"ranker ({report.settings.kind.value})", f"{report.held_out:.4f}")
    console.print(table)
    console.print(
        f"{report.wins:,} of {report.queries:,} queries better, {report.losses:,} worse"
        f" (p = {report.p_value:.4f}); {report.judged:,} of {report.candidates:,} candidates are judged",
        markup=False,
    )
    counts = Table("feature", "moves a score by")
    for feature, mean in list(report.importances.items())[:_SHOWN]:
        counts.add_row(feature, f"{mean:.3f}")
    console.print(counts)
    console.print(f"artifact {report.artifact.path}", markup=False)
    console.print(
        f"next: aisle search QUERY --name {index} --ranker {report.artifact.manifest.name}", markup=False
    )
