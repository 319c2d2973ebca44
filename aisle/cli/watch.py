"""``aisle watch``: whether what is live still is as good as it was."""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import orjson
import typer
from rich.console import Console
from rich.table import Table

import aisle
from aisle._printable import printable
from aisle._watch import WatchPolicy, read_watch_policy
from aisle.cli.console import (
    EXIT_FAILED,
    CatalogueOption,
    JsonOption,
    ends_on_sigterm,
    notice,
    print_json,
    progress_console,
)
from aisle.cli.option_sets import JudgedOptions, with_option_sets

if TYPE_CHECKING:
    from aisle._watch import WatchReport

_ACTION = "What an alarm does"


@with_option_sets
def watch(
    judged: JudgedOptions,
    name: CatalogueOption = "",
    once: Annotated[
        bool, typer.Option("--once", help="One round, for cron; ends with 1 if there is an alarm.")
    ] = False,
    every: Annotated[
        float, typer.Option(metavar="MINUTES", min=0.01, help="Between two rounds, without --once.")
    ] = 60,
    policy: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Triggers, as TOML. Default: the usual ones.")
    ] = None,
    print_policy: Annotated[
        bool, typer.Option("--print-policy", help="Print the triggers as TOML, to begin with, and end.")
    ] = False,
    state: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Remembers the baseline and alarms. Default: AISLE_HOME/watch/NAME.json."
        ),
    ] = None,
    rebase: Annotated[
        bool, typer.Option("--rebase", help="What is measured now is the baseline; alarms are forgotten.")
    ] = False,
    run: Annotated[
        str | None,
        typer.Option(
            metavar="COMMAND",
            help="Start this, without a shell; it reads the alarms as JSON.",
            rich_help_panel=_ACTION,
        ),
    ] = None,
    webhook: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            envvar="AISLE_WATCH_WEBHOOK",
            help="Post the alarms here as JSON; better in the variable, for it is a secret.",
            rich_help_panel=_ACTION,
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Measure what is live, hold it to a baseline, and raise alarms: judged queries, clicks, drift, codes.

    The first round is the baseline. With --json each round is one line, with --once one document.

    Examples:

        aisle watch --name shop --data judged --once

        aisle watch --name shop --data judged --every 30 --run "./retrain.sh --quick"

        aisle watch --print-policy > watch.toml
    """
    if print_policy:
        typer.echo((WatchPolicy() if policy is None else read_watch_policy(policy)).to_toml(), nl=False)
        return
    if not name:
        raise typer.BadParameter("name the catalogue: aisle watch --name shop")
    with ends_on_sigterm():
        while True:
            with progress_console().status("measuring") as status:
                found = aisle.watch(
                    name,
                    **asdict(judged),
                    policy=policy,
                    state=state,
                    rebase=rebase,
                    command=run,
                    webhook=webhook,
                    progress=status.update,
                )
            # A later round of the loop is held to what the first one found.
            rebase = False
            if as_json and once:
                print_json(found.to_json())
            elif as_json:
                typer.echo(orjson.dumps(found.to_json()).decode())
            else:
                _print(found)
            if once:
                break
            time.sleep(every * 60)
    if not found.well:
        raise typer.Exit(EXIT_FAILED)


def _print(found: WatchReport) -> None:
    state, active = found.state, found.decision.active
    console = Console(highlight=False, soft_wrap=True)
    verdict = f"{len(active)} alarm{'s' * (len(active) > 1)}" if active else "no alarm"
    if state.problem:
        notice(f"nothing could be measured, {state.failures} in a row: {state.problem}")
    console.print(
        f"{state.at} {' '.join(filter(None, (printable(state.catalogue), state.release)))}: {verdict}"
        + (", the baseline is set" if found.began and not state.problem else ""),
        markup=False,
    )
    table = Table("alarm", "trigger", "from baseline", "at most", "figures")
    for one in found.readings:
        table.add_row(
            "yes" if one.name in active else "",
            one.name,
            f"{one.value:.4g}",
            f"{one.limit:.4g}",
            one.note,
        )
    console.print(table)
    for what, why in state.skipped.items():
        notice(f"{what} is not watched: {why}")
    for name in found.decision.ended:
        console.print(f"ended: {name}", markup=False)
    if found.acted:
        console.print(f"acted on: {', '.join(found.acted)}", markup=False)
    for problem in found.action_problems:
        notice(problem)
