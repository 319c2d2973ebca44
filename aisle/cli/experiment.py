"""``aisle experiment``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

import aisle
from aisle._experiment import USUAL_DEPTH, Kind, check_experiment, read_experiment
from aisle.cli.console import JsonOption, notice, print_json, progress_console

if TYPE_CHECKING:
    from aisle._experiment import Outcome

app = typer.Typer(no_args_is_help=True)

_FILE = Annotated[Path, typer.Argument(help="What is compared, as TOML: that of `aisle serve --experiment`.")]
_SURE = 0.05


@app.callback()
def experiment() -> None:
    """Compare ways to answer on shoppers: percentage split, interleaving, shadow.

    Examples:

        aisle experiment check experiment.toml

        aisle serve --name shop --events --experiment experiment.toml

        aisle experiment report experiment.toml
    """


@app.command()
def check(
    file: _FILE,
    offline: Annotated[
        bool, typer.Option("--offline", help="Read the file alone; ask no cluster for its releases.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Read an experiment's file, look whether its releases are there, and say what it compares, on whom.

    Examples:

        aisle experiment check experiment.toml

        aisle experiment check experiment.toml --offline
    """
    found = read_experiment(file)
    check_experiment(found, offline=offline)
    if as_json:
        print_json(found.to_json())
        return
    left = 100 - sum(arm.percent for arm in found.arms)
    typer.echo(f"{found.name}: {found.kind} on {found.catalogue}")
    for arm, percent in ((found.control, left), *((arm, arm.percent) for arm in found.arms)):
        what = [arm.release or "what is live", arm.system, "" if arm.rules else "without rules"]
        if found.kind is Kind.SPLIT:
            share = f"{percent:g} % of the shoppers: "
        elif arm is found.control:
            share = "the control: "
        else:
            unit = "searches" if found.kind is Kind.SHADOW else "shoppers"
            share = f"beside it for {percent:g} % of the {unit}: "
        typer.echo(f"  {arm.name}, {share}{', '.join(filter(None, what))}")


@app.command()
def report(
    file: _FILE,
    depth: Annotated[int, typer.Option(min=1, help="CTR@k: a click among so many first.")] = USUAL_DEPTH,
    as_json: JsonOption = False,
) -> None:
    """What came of an experiment: clicks and CTR@k of each arm, or whose items were clicked.

    Look at the number of shoppers that you planned, not each day: who stops at the first p below .05 is
    wrong far more often than 1 time in 20.

    Examples:

        aisle experiment report experiment.toml

        aisle experiment report experiment.toml --depth 5 --json
    """
    with progress_console().status("reading events"):
        found = aisle.report_experiment(file, depth=depth)
    if as_json:
        print_json(found.to_json())
        return
    _print(found)


def _print(found: Outcome) -> None:
    console = Console(highlight=False, soft_wrap=True)
    if found.nameless:
        notice(f"{found.nameless:,} searches without a client's or session's id do not count")
    if wins := found.wins:
        arm, control = found.experiment.arms[0].name, found.experiment.control.name
        console.print(
            f"{found.searches:,} searches; clicks speak for {arm} in {wins.arm:,}, for {control} in"
            f" {wins.control:,}, for neither in {wins.ties:,}, of {wins.shoppers:,} shoppers",
            markup=False,
        )
        if not wins.arm + wins.control:
            notice("no click speaks for either yet")
            return
        console.print(
            f"{arm} wins {wins.share:.1%} (95 %: {wins.low:.1%} to {wins.high:.1%}), p = {wins.p:.3g}",
            markup=False,
        )
        if wins.p >= _SURE:
            notice("that may be chance")
        return
    # An arm a column: names of any length are shown whole beside figures that never break.
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    table.add_column("")
    for each in found.arms:
        table.add_column(escape(each.name), justify="right", overflow="fold")
    rows = {
        "shoppers": [f"{each.shoppers:,}" for each in found.arms],
        "searches": [f"{each.searches:,}" for each in found.arms],
        "clicks": [f"{each.clicks:,}" for each in found.arms],
        f"CTR@{found.depth}": [f"{each.ctr.value:.2%}" for each in found.arms],
        "  95 %": [f"{each.ctr.low:.2%} to {each.ctr.high:.2%}" for each in found.arms],
        "  p": ["" if each.p is None else f"{each.p:.3g}" for each in found.arms],
        "mean position": ["" if each.position is None else f"{each.position:.2f}" for each in found.arms],
        "no word found": [f"{each.unmatched:.1%}" for each in found.arms],
    }
    for measure, figures in rows.items():
        table.add_row(measure, *figures)
    console.print(table)
    if not any(each.p is not None and each.p < _SURE for each in found.arms):
        notice("what differs may be chance")
