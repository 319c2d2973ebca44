"""Tuned fusions as a person reads them in a terminal."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.table import Table

from cli.common import printable
from mappings import RRF, FusionSpec, pipeline_name
from workflows.tuning.apply_fusion import Applied
from workflows.tuning.guard import Verdict
from workflows.tuning.leg_runs import LegRuns
from workflows.tuning.per_query import PerQuery
from workflows.tuning.show_fusion import Shown
from workflows.tuning.tune import TUNED, Tuned


def fusion_line(spec: FusionSpec) -> str:
    """Such as ``rrf (constant 8): bm25 0.7, dense 0.3``."""
    if len(spec.legs) == 1:
        return f"{spec.legs[0]} alone"
    weights = ", ".join(f"{leg} {weight:.4g}" for leg, weight in zip(spec.legs, spec.weights, strict=True))
    constant = f" (constant {spec.rank_constant})" if spec.normalisation == RRF else ""
    varying = ", varying with the query" if spec.query_weights else ""
    return f"{spec.title}{constant}: {weights}{varying}"


def print_tuned(console: Console, tuned: Tuned, runs: LegRuns, file: Path) -> None:
    """The winner, the honest figures, and why each leg is in or out."""
    metric, folds = tuned.options.metric, tuned.options.folds
    table = Table("system", metric, "tuned against it", "p", "better / worse")
    against = {comparison.baseline: comparison for comparison in tuned.comparisons}
    for name, mean in tuned.means.items():
        cells = ("", "", "")
        if found := against.get(name):
            cells = (f"{found.delta:+.4f}", f"{found.p_value:.4f}", f"{found.wins} / {found.losses}")
        table.add_row(f"{name} (held out, {folds} folds)" if name == TUNED else name, f"{mean:.4f}", *cells)
    console.print(table)
    for verdict in tuned.verdicts:
        console.print(_verdict_line(verdict, metric), markup=False, highlight=False)
    if found_per_query := tuned.per_query:
        console.print(_per_query_line(found_per_query, metric), markup=False, highlight=False)
    fold_lines = {fusion_line(winner.spec) for winner in tuned.winners}
    console.print(
        f"{tuned.fusions:,} fusions tried on {tuned.queries:,} queries of {runs.dataset} ({runs.split});"
        f" {len(fold_lines)} different winners in {folds} folds",
        style="dim",
        markup=False,
        highlight=False,
        soft_wrap=True,
    )
    console.print(f"winner: {fusion_line(tuned.spec)}", style="bold", markup=False, highlight=False)
    if not tuned.helps:
        console.print(
            "it does not beat what the index uses today by more than chance: there is no need to apply it"
        )
    console.print(
        f"written to {printable(str(file))}; next: aisle tune apply {printable(str(file))} --name NAME",
        markup=False,
        highlight=False,
        soft_wrap=True,
    )


def _verdict_line(verdict: Verdict, metric: str) -> str:
    if verdict.delta is None or verdict.p_value is None:
        return f"{verdict.leg}: asked, the only leg that is left"
    what = f"adds {verdict.delta:+.4f} {metric} (p = {verdict.p_value:.4f})"
    return f"{verdict.leg}: {'asked' if verdict.kept else 'not asked'}, {what}"


def _per_query_line(found: PerQuery, metric: str) -> str:
    what = f"{found.delta:+.4f} {metric} against fixed ones (p = {found.p_value:.4f})"
    return f"weights per query: {'used' if found.kept else 'not used'}, {what}"


def print_applied(console: Console, applied: Applied) -> None:
    """What searches use from now on."""
    before = fusion_line(applied.before) if applied.before else "the default of any catalogue"
    verb = "now uses" if applied.done else "would use"
    for line in (
        f"{applied.release} {verb} {fusion_line(applied.after)}",
        f"pipeline {applied.pipeline}; before: {before}",
    ):
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def print_shown(console: Console, shown: Shown) -> None:
    """What searches use."""
    how = "tuned" if shown.tuned else "not tuned: the default of any catalogue"
    for line in (
        f"{shown.release}: {fusion_line(shown.spec)} ({how})",
        f"pipeline {pipeline_name(shown.spec)}" if len(shown.spec.legs) > 1 else "one leg needs no pipeline",
    ):
        console.print(line, markup=False, highlight=False, soft_wrap=True)
