"""``aisle tune``: choose how the legs are fused, apply it, show it; and what orders results after that."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

import aisle
from aisle._printable import printable
from aisle._tune import RRF, TUNED, USUAL, show_fusion
from aisle.cli.console import (
    CatalogueOption,
    EncoderOption,
    JsonOption,
    NameOption,
    print_json,
    query_progress,
)
from aisle.cli.options import SparseOption

if TYPE_CHECKING:
    from aisle._tune import AppliedFusion, Shown, TunedFusion
    from aisle._tune_ladder import TunedLadder
    from aisle.mappings import FusionSpec
    from aisle.mappings.signals import SignalBoosts
    from aisle.search.tuning.guard import LegVerdict
    from aisle.search.tuning.per_query import PerQuery
    from aisle.search.tuning.tune import Tuned


def fusion_line(spec: FusionSpec) -> str:
    """Such as ``rrf (constant 8): bm25 0.7, dense 0.3``."""
    if len(spec.legs) == 1:
        return f"{spec.legs[0]} alone"
    weights = ", ".join(f"{leg} {weight:.4g}" for leg, weight in zip(spec.legs, spec.weights, strict=True))
    constant = f" (constant {spec.rank_constant})" if spec.normalisation == RRF else ""
    varying = ", varying with the query" if spec.query_weights else ""
    return f"{spec.title}{constant}: {weights}{varying}"


def boosts_line(boosts: SignalBoosts | None) -> str:
    """Such as ``business signals: popularity 0.2``."""
    return f"business signals: {_weights_line(boosts)}"


def _weights_line(boosts: SignalBoosts | None) -> str:
    weights = ", ".join(f"{name} {weight:g}" for name, weight in boosts.weights.items()) if boosts else ""
    return printable(weights) or "none"


def print_tuned(console: Console, found: TunedFusion, catalogue: str) -> None:
    """The winner, the honest figures, and why each leg is in or out."""
    tuned, runs, file = found.tuned, found.runs, found.file
    metric, folds = tuned.options.metric, tuned.options.folds
    table = Table("system", metric, "tuned against it", "p", "better / worse")
    against = {comparison.baseline: comparison for comparison in tuned.comparisons}
    for name, mean in tuned.means.items():
        cells = ("", "", "")
        if other := against.get(name):
            cells = (f"{other.delta:+.4f}", f"{other.p_value:.4f}", f"{other.wins} / {other.losses}")
        table.add_row(f"{name} (held out, {folds} folds)" if name == TUNED else name, f"{mean:.4f}", *cells)
    console.print(table)
    for verdict in tuned.verdicts:
        console.print(_verdict_line(verdict, metric), markup=False, highlight=False)
    if found_per_query := tuned.per_query:
        console.print(_per_query_line(found_per_query, metric), markup=False, highlight=False)
    for line in _signal_lines(tuned, metric):
        console.print(line, markup=False, highlight=False)
    fold_lines = {fusion_line(winner.spec) for winner in tuned.winners}
    console.print(
        f"{tuned.fusions:,} fusions tried on {tuned.queries:,} queries of {runs.dataset} ({runs.split});"
        f" {len(fold_lines)} different winners in {folds} folds",
        style="dim",
        markup=False,
        highlight=False,
        soft_wrap=True,
    )
    winner = f"winner: {fusion_line(tuned.spec)}; {boosts_line(tuned.boosts)}"
    console.print(winner, style="bold", markup=False, highlight=False, soft_wrap=True)
    if not tuned.helps:
        console.print(
            "it does not beat what the index uses today by more than chance: there is no need to apply it"
        )
    written = printable(str(file))
    console.print(
        f"written to {written}; next: aisle tune apply {written} --name {printable(catalogue)}",
        markup=False,
        highlight=False,
        soft_wrap=True,
    )


def _verdict_line(verdict: LegVerdict, metric: str) -> str:
    if verdict.delta is None or verdict.p_value is None:
        return f"{verdict.leg}: asked, the only leg that is left"
    what = f"adds {verdict.delta:+.4f} {metric} (p = {verdict.p_value:.4f})"
    return f"{verdict.leg}: {'asked' if verdict.kept else 'not asked'}, {what}"


def _per_query_line(found: PerQuery, metric: str) -> str:
    what = f"{found.delta:+.4f} {metric} against fixed ones (p = {found.p_value:.4f})"
    return f"weights per query: {'used' if found.kept else 'not used'}, {what}"


def _signal_lines(tuned: Tuned, metric: str) -> Iterator[str]:
    if tuned.spec.query_weights:
        yield "business signals: not tried beside weights per query"
    if tuned.signals is None:
        return
    for verdict in tuned.signals.verdicts:
        said = f"counts {verdict.weight:g}" if verdict.weight else "does not count"
        name = printable(verdict.signal)
        yield f"{name}: {said}, adds {verdict.delta:+.4f} {metric} (p = {verdict.p_value:.4f})"
    if tuned.signals.delta:
        what = f"{tuned.signals.delta:+.4f} {metric} on held-out queries (p = {tuned.signals.p_value:.4f})"
        yield f"business signals: {'used' if tuned.boosts else 'not used'}, {what}"


def print_applied(console: Console, applied: AppliedFusion) -> None:
    """What searches use from now on."""
    before = fusion_line(applied.before) if applied.before else "the default of any catalogue"
    verb = "now uses" if applied.done else "would use"
    for line in (
        f"{applied.release} {verb} {fusion_line(applied.after)}",
        f"pipeline {applied.pipeline}; before: {before}",
        f"{boosts_line(applied.boosts)}; before: {_weights_line(applied.boosts_before)}",
    ):
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def print_shown(console: Console, shown: Shown) -> None:
    """What searches use."""
    how = "tuned" if shown.tuned else "not tuned: the default of any catalogue"
    for line in (
        f"{shown.release}: {fusion_line(shown.spec)} ({how})",
        f"pipeline {shown.pipeline}" if len(shown.spec.legs) > 1 else "one leg needs no pipeline",
        boosts_line(shown.boosts),
    ):
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def print_ladder(console: Console, found: TunedLadder, name: str) -> None:
    """Each rung, what it adds, and how to search by those that stay."""
    table = Table("rung", found.metric, "adds", "p", "better / worse", "p50 ms", "")
    for rung in found.rungs:
        cells = ("", "", "")
        if rung.delta is not None and rung.p_value is not None:
            cells = (f"{rung.delta:+.4f}", f"{rung.p_value:.4f}", f"{rung.wins} / {rung.losses}")
        verdict = "used" if rung.kept else "not used"
        title = f"{rung.name} ({found.fusion})" if rung.delta is None else rung.name
        table.add_row(title, f"{rung.mean:.4f}", *cells, f"{rung.p50_ms:.1f}", verdict)
    console.print(table)
    lines = [f"{found.queries:,} queries of {found.release}"]
    if not found.options:
        lines.append("nothing beats the fusion by more than chance: search without them")
    if found.binding:
        lines.append(f"next: aisle releases bind {' '.join(map(printable, (name, *found.binding)))}")
    for line in lines:
        console.print(line, markup=False, highlight=False, soft_wrap=True)


app = typer.Typer(no_args_is_help=True)


@app.callback()
def group() -> None:
    """Choose how the legs are fused, and what orders results after that, from judged queries.

    Examples:

        aisle tune run judged --name shop

        aisle tune apply tuning/fusion.json --name shop

        aisle tune ladder judged --name shop --ranker shop
    """


@app.command()
def run(
    data: Annotated[Path, typer.Argument(help="BEIR folder with queries.jsonl and qrels/SPLIT.tsv.")],
    runs: Annotated[
        Path, typer.Option(help="Folder of saved runs of the legs: read if present, else written.")
    ] = Path("tuning"),
    name: Annotated[
        str | None,
        typer.Option("--name", "-n", help="Catalogue name, or one release; not needed with saved runs."),
    ] = None,
    offline: Annotated[
        bool, typer.Option("--offline", help="Use only saved runs; never contact a node.")
    ] = False,
    ask_again: Annotated[
        bool, typer.Option("--ask-again", help="Query the index even if runs are saved.")
    ] = False,
    split: Annotated[
        str,
        typer.Option(
            help="Judgments to tune on. Measure the result on others: a fusion looks too good on the queries"
            " that chose it."
        ),
    ] = "dev",
    metric: Annotated[
        str, typer.Option(help="Metric to maximise: nDCG@k, R@k, RR@k, P@k or AP@k.")
    ] = USUAL.metric,
    relevant: Annotated[float, typer.Option(help="Lowest grade that counts as relevant.")] = USUAL.relevant,
    folds: Annotated[int, typer.Option(help="Folds of the cross-validation.")] = USUAL.folds,
    seed: Annotated[int, typer.Option(help="Seed of the folds.")] = USUAL.seed,
    guard_p: Annotated[
        float, typer.Option(help="Keep a leg or signal only if it helps with a p-value below this.")
    ] = USUAL.guard_p,
    per_query: Annotated[
        bool, typer.Option("--per-query", help="Also try weights that vary with the query.")
    ] = False,
    window: Annotated[int, typer.Option(min=1, help="Candidates per leg when the index is queried.")] = 200,
    encoder: EncoderOption = None,
    sparse: SparseOption = None,
    out: Annotated[
        Path | None, typer.Option(help="File for the chosen fusion. Default: fusion.json in the runs folder.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Choose legs, weights and technique by nested cross-validation over judged queries.

    The index is queried once; its answers are saved, so tuning again needs no node. A leg that does not help
    is dropped, and a business signal (popularity, rating, margin, in_stock, recency) counts only if it helps.
    The index does not change until `aisle tune apply`.

    Examples:

        aisle tune run judged --name shop --runs runs

        aisle tune run judged --runs runs --offline --metric nDCG@20 --json

        aisle tune run judged --name shop --runs runs --ask-again --out fusion.json
    """
    with query_progress() as progress:
        found = aisle.tune(
            name,
            data,
            runs=runs,
            out=out,
            offline=offline,
            ask_again=ask_again,
            split=split,
            metric=metric,
            relevant=relevant,
            folds=folds,
            seed=seed,
            guard_p=guard_p,
            per_query=per_query,
            window=window,
            encoder=encoder,
            sparse=sparse,
            progress=progress,
        )
    if as_json:
        print_json(found.to_json())
    else:
        print_tuned(Console(), found, name or "NAME")


@app.command()
def apply(
    file: Annotated[Path, typer.Argument(help="File written by `aisle tune run`.")],
    name: CatalogueOption,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check everything; change nothing.")] = False,
    wait: Annotated[
        float, typer.Option(min=0, help="Seconds to wait for another run on this catalogue.")
    ] = 0,
    as_json: JsonOption = False,
) -> None:
    """Make a tuned fusion and its signals the default of the live release; install its pipeline.

    Later releases with the same legs and encoders inherit it.

    Examples:

        aisle tune apply fusion.json --name shop --dry-run

        aisle tune apply fusion.json --name shop
    """
    applied = aisle.apply_fusion(name, file, dry_run=dry_run, wait_s=wait)
    if as_json:
        print_json(applied.to_json())
    else:
        print_applied(Console(), applied)


@app.command()
def ladder(
    data: Annotated[Path, typer.Argument(help="BEIR folder with queries.jsonl and qrels/SPLIT.tsv.")],
    name: Annotated[str, typer.Option("--name", "-n", help="Catalogue name, or one release.")],
    ranker: Annotated[
        str | None, typer.Option(metavar="REF", help="Ranker of `aisle train ranker` to try.")
    ] = None,
    rerank: Annotated[
        str | None, typer.Option(metavar="REF", help="Reranker to try: small:50, or small:100,large:20.")
    ] = None,
    split: Annotated[
        str, typer.Option(help="Judgments to decide by, of queries that neither of them learned from.")
    ] = "dev",
    metric: Annotated[
        str, typer.Option(help="Metric to raise: nDCG@k, R@k, RR@k, P@k or AP@k.")
    ] = USUAL.metric,
    relevant: Annotated[float, typer.Option(help="Lowest grade that counts as relevant.")] = USUAL.relevant,
    guard_p: Annotated[
        float, typer.Option(help="Keep a model only if it helps with a p-value below this.")
    ] = USUAL.guard_p,
    encoder: EncoderOption = None,
    sparse: SparseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Decide what orders results: the fusion alone, a learned ranker, a reranker after it.

    Each is asked all judged queries, and stays if it beats what it stands on. Queries that a model learned
    from are refused. Nothing changes in the index.

    Examples:

        aisle tune ladder judged --name shop --ranker shop

        aisle tune ladder judged --name shop --ranker shop --rerank reranker:50 --split test --json
    """
    with query_progress() as progress:
        found = aisle.tune_ladder(
            name,
            data,
            ranker=ranker,
            reranker=rerank,
            split=split,
            metric=metric,
            relevant=relevant,
            guard_p=guard_p,
            encoder=encoder,
            sparse=sparse,
            progress=progress,
        )
    if as_json:
        print_json(found.to_json())
    else:
        print_ladder(Console(), found, name)


@app.command()
def show(name: NameOption, as_json: JsonOption = False) -> None:
    """Show the default fusion and business signals of the live release.

    Examples:

        aisle tune show --name shop

        aisle tune show --name shop --json
    """
    shown = show_fusion(name)
    if as_json:
        print_json(shown.to_json())
    else:
        print_shown(Console(), shown)
