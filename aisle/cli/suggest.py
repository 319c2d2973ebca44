"""``aisle suggest``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.text import Text

import aisle
from aisle._printable import printable
from aisle.cli.console import JsonOption, NameOption, print_json

if TYPE_CHECKING:
    from aisle.search.suggest import SuggestedValue, Suggestions
    from aisle.types import Segments


def suggest(
    text: Annotated[str, typer.Argument(help="What a shopper has typed so far.")],
    name: NameOption,
    size: Annotated[int, typer.Option(help="Most queries to suggest, 1 to 20.")] = 8,
    items: Annotated[int, typer.Option(help="Most items to suggest, 0 to 20.")] = 4,
    brand: Annotated[
        list[str] | None, typer.Option(help="Only what finds this brand; repeat for several.")
    ] = None,
    category: Annotated[
        list[str] | None,
        typer.Option(
            help="Only what finds this level, or path such as 'Home > Kitchen'; repeat for several."
        ),
    ] = None,
    in_stock: Annotated[bool, typer.Option("--in-stock", help="Only what can be bought now.")] = False,
    json: JsonOption = False,
) -> None:
    """Suggest queries, items, categories and brands while a shopper types.

    Examples:

        aisle suggest "dri" --name shop

        aisle suggest "cordles dri" --name shop --size 5 --json
    """
    filters = aisle.Filters(tuple(brand or ()), tuple(category or ()), in_stock=in_stock)
    found = aisle.suggest(text, name, size=size, items=items, filters=filters)
    if json:
        print_json(found.to_json())
    else:
        print_suggestions(Console(), text, found)


def print_suggestions(console: Console, text: str, found: Suggestions) -> None:
    """A line for each; what was typed is bold."""
    for query in found.queries:
        why = f"  {query.source} {query.count:,}"
        console.print(Text("  ").append_text(_marked(query.segments)).append(why, style="dim"))
    for title, values in (("categories", found.categories), ("brands", found.brands)):
        _print_values(console, title, values)
    if found.items:
        console.print(Text("items", style="dim"))
    for one in found.items:
        id_ = f"  {printable(one.item.id)}"
        console.print(Text("  ").append_text(_marked(one.segments)).append(id_, style="dim"), soft_wrap=True)
    if not (found.queries or found.items or found.categories or found.brands):
        console.print(f"{found.release} has nothing that {text!r} begins", markup=False, highlight=False)
    console.print(f"{found.release}, {found.took_ms:.0f} ms", style="dim", highlight=False)


def _print_values(console: Console, title: str, values: tuple[SuggestedValue, ...]) -> None:
    if values:
        console.print(Text(title, style="dim"))
    for value in values:
        console.print(
            Text("  ").append_text(_marked(value.segments)).append(f"  {value.count:,}", style="dim")
        )


def _marked(segments: Segments) -> Text:
    shown = Text()
    for text, typed in segments:
        shown.append(printable(text), style="bold" if typed else "")
    return shown
