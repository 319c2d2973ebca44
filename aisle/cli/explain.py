"""``aisle explain``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.bar import Bar
from rich.console import Console
from rich.table import Table
from rich.text import Text

import aisle
from aisle._printable import printable
from aisle.cli.console import JsonOption, NameOption, print_json

if TYPE_CHECKING:
    from aisle._search import ExplainedItem


def explain(
    item: Annotated[str, typer.Argument(help="Id of the item.")],
    name: NameOption,
    sparse: Annotated[
        bool, typer.Option("--sparse", help="Show the token weights that the sparse leg uses.")
    ] = False,
    size: Annotated[int, typer.Option(min=1, help="Most tokens to show, heaviest first.")] = 40,
    as_json: JsonOption = False,
) -> None:
    """Show what an index knows about an item.

    Examples:

        aisle explain 100002 --name shop --sparse

        aisle explain 100002 --name shop --sparse --json
    """
    if not sparse:
        raise typer.BadParameter("say what to explain: --sparse")
    found = aisle.explain_item(name, item)
    if as_json:
        print_json(found.to_json())
    else:
        _print(Console(), found, size)


def _print(console: Console, found: ExplainedItem, size: int) -> None:
    console.print(printable(f"{found.id}: {found.title}"), markup=False, highlight=False)
    largest = max(found.tokens.values(), default=1.0)
    table = Table("token", "weight", "")
    for token, weight in list(found.tokens.items())[:size]:
        # As text: a token such as [/b] is no markup.
        table.add_row(Text(printable(token)), f"{weight:.3f}", Bar(largest, 0, weight, width=30))
    console.print(table)
    more = len(found.tokens) - size
    tail = f", {more} more with --size" if more > 0 else ""
    console.print(
        printable(f"{len(found.tokens)} tokens by {found.encoder} ({found.fingerprint[:12]}){tail}"),
        markup=False,
        highlight=False,
    )
