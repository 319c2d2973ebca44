"""``aisle rules``: check, put, list, show, try, go back, switch off."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich import box
from rich.console import Console
from rich.table import Table

import aisle
from aisle._printable import printable
from aisle._search import attribute_values
from aisle.cli.console import CatalogueOption, JsonOption, notice, print_json
from aisle.cli.options import AtOption, ContextOption, moment
from aisle.cli.search import outcome_line
from aisle.errors import InputError
from aisle.types import CatalogueWarning

if TYPE_CHECKING:
    from aisle._rules import MatchedRules, PutRules

app = typer.Typer(no_args_is_help=True)

_FILE = Annotated[Path, typer.Argument(help="JSON, or Querqy's rules.txt.", show_default=False)]
_STRICT = Annotated[
    bool,
    typer.Option("--strict", help="What is left out, or not in the live release, is an error."),
]


@app.callback()
def rules() -> None:
    """Pin, hide, boost, filter, rewrite and redirect: rules of a catalogue.

    Examples:

        aisle rules check rules.json

        aisle rules put rules.json --name shop

        aisle rules test "cordless drill" --name shop
    """


@app.command()
def check(
    file: _FILE,
    name: Annotated[
        str | None,
        typer.Option("--name", "-n", help="Also check against the live release of this catalogue."),
    ] = None,
    strict: _STRICT = False,
    as_json: JsonOption = False,
) -> None:
    """Check a file of rules. Nothing is put; without --name no cluster is asked.

    Examples:

        aisle rules check rules.json

        aisle rules check rules.txt --name shop --strict
    """
    found = aisle.check_rules(file, name)
    if strict and found.warnings:
        _warn(found.warnings[1:])
        raise InputError(found.warnings[0], fix="mend it, or leave --strict out")
    if as_json:
        print_json({"rules": found.rules, "warnings": found.warnings})
        return
    _warn(found.warnings)
    _say(f"{found.rules:,} rules, {len(found.warnings)} warnings")


@app.command()
def put(file: _FILE, name: CatalogueOption, strict: _STRICT = False, as_json: JsonOption = False) -> None:
    """Make the rules of a file the live ones, in place of all that were. Searches follow within seconds.

    Examples:

        aisle rules put rules.json --name shop

        aisle rules put rules.txt --name shop --strict
    """
    done = aisle.put_rules(name, file, strict=strict)
    _warn(done.warnings)
    _told(name, done, as_json)


@app.command("list")
def list_all(name: CatalogueOption, as_json: JsonOption = False) -> None:
    """List the versions of the rules that are kept, oldest first. The last one is live.

    Examples:

        aisle rules list --name shop
    """
    versions = aisle.list_rules(name)
    if not versions:
        raise _no_rules(name)
    if as_json:
        print_json([one.to_json() for one in versions])
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in ("version", "rules"):
        table.add_column(column, justify="right")
    for column in ("put", "release then", "fingerprint"):
        table.add_column(column)
    for one in versions:
        live = f"{one.version} (live)" if one is versions[-1] else str(one.version)
        table.add_row(live, f"{one.rules:,}", one.created, printable(one.release), one.fingerprint[:12])
    Console().print(table)


@app.command()
def show(
    name: CatalogueOption,
    version: Annotated[int | None, typer.Option(help="Version to show. Default: the live one.")] = None,
) -> None:
    """Print the rules of a version as JSON, as `aisle rules put` takes them.

    Examples:

        aisle rules show --name shop > rules.json

        aisle rules show --name shop --version 3
    """
    print_json({"rules": aisle.show_rules(name, version)})


@app.command()
def test(
    query: Annotated[str, typer.Argument(help="What a shopper would type; '' for a page that is browsed.")],
    name: Annotated[
        str | None, typer.Option("--name", "-n", help="Catalogue whose live rules are asked.")
    ] = None,
    file: Annotated[Path | None, typer.Option(help="Ask the rules of this file instead.")] = None,
    brand: Annotated[list[str] | None, typer.Option(help="As in a search narrowed to this brand.")] = None,
    category: Annotated[
        list[str] | None, typer.Option(help="As in a search narrowed to this category.")
    ] = None,
    attribute: Annotated[
        list[str] | None, typer.Option(help="As in a search narrowed to NAME=VALUE.")
    ] = None,
    context: ContextOption = None,
    at: AtOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tell which rules would act on a search, and what they would do. Nothing is searched.

    Examples:

        aisle rules test "cordless drill" --name shop

        aisle rules test "cordless drill" --file rules.json --context campaign --at 2026-12-24T18:00:00Z
    """
    found = aisle.match_rules(
        query,
        name,
        rules=file,
        filters=aisle.Filters(
            tuple(brand or ()),
            tuple(category or ()),
            attributes=attribute_values(attribute or (), "--attribute"),
        ),
        context=tuple(context or ()),
        at=moment(at),
    )
    if as_json:
        print_json(found.to_json())
        return
    for line in _lines(found):
        _say(line)


@app.command()
def rollback(
    name: CatalogueOption,
    to: Annotated[int | None, typer.Option(help="Version to go back to. Default: the one before.")] = None,
    release: Annotated[
        str | None, typer.Option(help="Go back to the version that was live with this release.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Make an older version of the rules live again, as a new version.

    Examples:

        aisle rules rollback --name shop

        aisle rules rollback --name shop --to 3

        aisle rules rollback --name shop --release shop-v0004
    """
    _told(name, aisle.rollback_rules(name, to, release=release), as_json)


@app.command()
def delete(
    name: CatalogueOption,
    history: Annotated[
        bool, typer.Option("--history", help="Delete every version for good, not only switch rules off.")
    ] = False,
) -> None:
    """Switch all rules of a catalogue off. `aisle rules rollback` brings them back.

    Examples:

        aisle rules delete --name shop
    """
    left = aisle.delete_rules(name, history=history)
    _say(f"{name} has no rules (version {left.version})" if left else f"every version of {name} is deleted")


def _lines(found: MatchedRules) -> Iterator[str]:
    if not found.rules:
        yield "no rule acts"
        return
    yield f"rules that act: {', '.join(found.rules)}"
    if found.text:
        yield f"searched: {found.text}"
    yield from map(outcome_line, found.report.outcomes)


def _told(name: str, done: PutRules, as_json: bool) -> None:
    if as_json:
        print_json({**done.live.to_json(), "changed": done.changed, "warnings": done.warnings})
        return
    live = done.live
    what = "is live" if done.changed else "was live already, with the same rules"
    _say(f"version {live.version} of the rules of {name} {what}: {live.rules:,} rules")


def _no_rules(name: str) -> InputError:
    return InputError(f"{name} has no rules", fix=f"put some: aisle rules put FILE --name {name}")


def _warn(warnings: Iterable[str]) -> None:
    for warning in warnings:
        notice(warning, CatalogueWarning)


def _say(line: str) -> None:
    Console().print(printable(line), markup=False, highlight=False, soft_wrap=True)
