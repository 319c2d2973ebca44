"""``aisle gate``: whether a release may go live."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import orjson
import typer

import aisle
from aisle._files import whole_file
from aisle._gate import USUAL_SAMPLE, GatePolicy, read_policy
from aisle.cli.console import EXIT_FAILED, JsonOption, print_json, progress_console
from aisle.cli.option_sets import ASKED, JudgedOptions, with_option_sets


@with_option_sets
def gate(
    judged: JudgedOptions,
    candidate: Annotated[
        str | None, typer.Argument(help="The release in question, such as shop-v0008.", show_default=False)
    ] = None,
    against: Annotated[
        str | None,
        typer.Option(
            "--against", metavar="LIVE", help="The catalogue's name, or a release.", show_default=False
        ),
    ] = None,
    golden: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Queries that must find their item: text, tab, id.", rich_help_panel=ASKED
        ),
    ] = None,
    popular: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Popular queries: tells head, torso and tail apart.", rich_help_panel=ASKED
        ),
    ] = None,
    labels: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Further segments: query id, tab, name.", rich_help_panel=ASKED),
    ] = None,
    rules: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Rules that are to go live with it. Default: those that are.",
            rich_help_panel=ASKED,
        ),
    ] = None,
    sample: Annotated[
        int,
        typer.Option(
            metavar="N", help="Items asked for by their own title and vector.", rich_help_panel=ASKED
        ),
    ] = USUAL_SAMPLE,
    policy: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Limits, as TOML. Default: the usual ones.")
    ] = None,
    print_policy: Annotated[
        bool, typer.Option("--print-policy", help="Print the limits as TOML, to begin with, and end.")
    ] = False,
    report: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the report here: .md, or .json.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Hold a release to a policy, against what is live. Ends with 1 if it may not go live; changes nothing.

    Examples:

        aisle gate shop-v0008 --against shop --data judged

        aisle gate shop-v0008 --against shop --data judged --golden golden.tsv --report gate.md

        aisle gate shop --against shop --rules rules.json --data judged

        aisle gate --print-policy > gate.toml
    """
    if print_policy:
        typer.echo((GatePolicy() if policy is None else read_policy(policy)).to_toml(), nl=False)
        return
    if candidate is None or against is None:
        raise typer.BadParameter(
            "name the release, and what it is held against: aisle gate shop-v0008 --against shop"
        )
    with progress_console().status("measuring") as status:
        found = aisle.gate_release(
            candidate,
            against,
            **asdict(judged),
            policy=policy,
            golden=golden,
            popular=popular,
            labels=labels,
            rules=rules,
            sample=sample,
            progress=status.update,
        )
    if report is not None:
        with whole_file(report) as file:
            file.write(
                orjson.dumps(found.to_json(), option=orjson.OPT_INDENT_2)
                if report.suffix == ".json"
                else found.to_markdown().encode()
            )
    if as_json:
        print_json(found.to_json())
    else:
        typer.echo(found.to_markdown(), nl=False)
    if not found.passed:
        raise typer.Exit(EXIT_FAILED)
