"""``aisle tune``: choose how the legs are fused, apply it, show it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from cli.common import EncoderOption, JsonOption, NameOption, print_json
from cli.progress import query_progress
from cli.sparse_option import SparseOption
from cli.tune_report import print_applied, print_shown, print_tuned
from cluster import connect
from encoder import ArtifactStore
from evaluation import read_judged_set
from workflows.tuning.apply_fusion import apply_fusion
from workflows.tuning.fusion_file import fusion_json, read_fusion, write_fusion
from workflows.tuning.get_runs import RunSource, get_runs
from workflows.tuning.options import TuneOptions
from workflows.tuning.show_fusion import show_fusion
from workflows.tuning.tune import tune

app = typer.Typer(no_args_is_help=True)

_USUAL = TuneOptions()


@app.callback()
def group() -> None:
    """Choose how the legs are fused, from judged queries.

    Example: aisle tune run data/homedepot --name shop
    """


@app.command()
def run(
    data: Annotated[Path, typer.Argument(help="BEIR folder: queries.jsonl and qrels/<split>.tsv.")],
    runs: Annotated[
        Path, typer.Option(help="Folder of the legs' runs: read if there are some, else written.")
    ] = Path("tuning"),
    name: Annotated[
        str | None, typer.Option("--name", "-n", help="Alias or index to ask; not needed for saved runs.")
    ] = None,
    offline: Annotated[bool, typer.Option("--offline", help="Only saved runs, never a node.")] = False,
    ask_again: Annotated[
        bool, typer.Option("--ask-again", help="Ask the index even if runs are saved.")
    ] = False,
    split: Annotated[
        str,
        typer.Option(
            help="Judgments to tune on. Measure the result on others: a fusion looks too good on the queries"
            " that it was chosen by."
        ),
    ] = "dev",
    metric: Annotated[
        str, typer.Option(help="What to make large: nDCG@k, R@k, RR@k, P@k or AP@k.")
    ] = _USUAL.metric,
    relevant: Annotated[int, typer.Option(help="Lowest grade that counts as relevant.")] = _USUAL.relevant,
    folds: Annotated[int, typer.Option(help="Folds of the cross-validation.")] = _USUAL.folds,
    seed: Annotated[int, typer.Option(help="Of the folds.")] = _USUAL.seed,
    guard_p: Annotated[
        float, typer.Option(help="A leg stays if it helps with a p-value below this.")
    ] = _USUAL.guard_p,
    per_query: Annotated[
        bool, typer.Option("--per-query", help="Also try weights that depend on the query.")
    ] = False,
    window: Annotated[int, typer.Option(min=1, help="Candidates per leg, when an index is asked.")] = 200,
    encoder: EncoderOption = None,
    sparse: SparseOption = None,
    out: Annotated[
        Path | None, typer.Option(help="File for the winner. Default: fusion.json in the folder of the runs.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Choose legs, weights and technique by nested cross-validation over judged queries.

    An index is asked once, all legs together; the runs are saved, and tuning again needs no node. A leg that
    does not help is left out. Nothing changes in the index: see `aisle tune apply`.

    Examples:

        aisle tune run data/homedepot --name shop --runs runs

        aisle tune run data/homedepot --runs runs --offline --metric nDCG@20 --json

        aisle tune run data/homedepot --name shop --runs runs --ask-again --out fusion.json
    """
    options = TuneOptions(metric, relevant, folds, seed, guard_p, per_query)
    source = RunSource(runs, name, window, encoder, sparse, ask_again, offline)
    judged = read_judged_set(data, split)
    with query_progress() as progress:
        found = get_runs(source, judged, connect, ArtifactStore.default(), progress)
        tuned = tune(found, judged, options, progress)
    content = fusion_json(tuned, found)
    file = out or runs / "fusion.json"
    write_fusion(content, file)
    if as_json:
        print_json(content)
    else:
        print_tuned(Console(), tuned, found, file)


@app.command()
def apply(
    file: Annotated[Path, typer.Argument(help="Of `aisle tune run`.")],
    name: NameOption,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check all, change nothing.")] = False,
    wait: Annotated[float, typer.Option(min=0, help="Seconds to wait for another run.")] = 0,
    as_json: JsonOption = False,
) -> None:
    """Make a tuned fusion what searches of the live release use, and install its pipeline.

    Later releases with the same encoders take it over.

    Examples:

        aisle tune apply fusion.json --name shop --dry-run

        aisle tune apply fusion.json --name shop
    """
    applied = apply_fusion(connect(), name, read_fusion(file), dry_run=dry_run, wait_s=wait)
    if as_json:
        print_json(applied.to_json())
    else:
        print_applied(Console(), applied)


@app.command()
def show(name: NameOption, as_json: JsonOption = False) -> None:
    """Show the fusion that searches of the live release use when they name none.

    Example: aisle tune show --name shop
    """
    shown = show_fusion(connect(), name)
    if as_json:
        print_json(shown.to_json())
    else:
        print_shown(Console(), shown)
