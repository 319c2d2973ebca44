"""``aisle keys``: who may ask the service, and for what."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Annotated, Final

import typer

import aisle
from aisle._keys import add_key, read_keys, remove_key
from aisle.cli.console import JsonOption, print_json
from aisle.cli.filters import FilterOptions
from aisle.cli.option_sets import with_option_sets
from aisle.errors import InputError

app = typer.Typer(no_args_is_help=True, rich_markup_mode="markdown")

FileOption = Annotated[Path, typer.Option("--file", help="Where hashes of keys are kept.")]
CataloguesOption = Annotated[
    list[str] | None, typer.Option("--catalogue", help="Only this catalogue; repeat for several.")
]
KeyName = Annotated[str, typer.Argument(help="Name of the key.")]
_FILE: Final = Path("aisle-keys.json")


@app.callback()
def keys() -> None:
    """Keys of `aisle serve`: make one, take it away, narrow it.

    Examples:

        aisle keys add site --catalogue shop

        aisle keys list
    """


@app.command()
def add(
    name: KeyName,
    file: FileOption = _FILE,
    catalogue: CataloguesOption = None,
    admin: Annotated[bool, typer.Option("--admin", help="It may read figures, at /metrics.")] = False,
    per_minute: Annotated[
        int | None, typer.Option(metavar="N", help="Most requests in a minute (those of the service).")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Make a key and print it, once: only its hash is kept.

    Examples:

        aisle keys add site --catalogue shop --per-minute 6000

        aisle keys add prometheus --admin --file /etc/aisle/keys.json
    """
    key = add_key(file, name, catalogues=catalogue or (), admin=admin, per_minute=per_minute)
    if json:
        print_json({"name": name, "key": key})
    else:
        typer.echo(key)


@app.command("list")
def list_(file: FileOption = _FILE, json: JsonOption = False) -> None:
    """List the keys by name, and what each may ask.

    Examples:

        aisle keys list --file /etc/aisle/keys.json
    """
    there = read_keys(file)
    if json:
        print_json([each.model_dump(exclude={"digest", "signing"}) for each in there])
        return
    for each in there:
        what = "figures" if each.admin else ", ".join(each.catalogues) or "every catalogue"
        limit = f", {each.per_minute:,} requests a minute" if each.per_minute else ""
        typer.echo(f"{each.name:20} {what}{limit}")


@app.command()
def remove(name: KeyName, file: FileOption = _FILE) -> None:
    """Take a key away, and all scoped keys that were made of it; a running service has to be started anew.

    Examples:

        aisle keys remove site
    """
    remove_key(file, name)
    typer.echo(f"{name} is removed from {file}")


@app.command()
@with_option_sets
def scope(
    name: KeyName,
    filters: FilterOptions,
    hours: Annotated[float, typer.Option(metavar="H", help="It ends after so many hours.")] = 24.0,
    catalogue: CataloguesOption = None,
    json: JsonOption = False,
) -> None:
    """Make a key that sees less than the one in the variable AISLE_KEY, offline. Nobody can widen it.

    Examples:

    - `aisle keys scope site --brand Acme --hours 24`
    """
    key = os.environ.get("AISLE_KEY", "")
    if not key:
        raise InputError("there is no key to narrow", fix="put it into the variable AISLE_KEY")
    made = aisle.scoped_key(
        key, name, until=time.time() + hours * 3600, filters=filters.filters(), catalogues=catalogue or ()
    )
    if json:
        print_json({"name": name, "key": made})
    else:
        typer.echo(made)
