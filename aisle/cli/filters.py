"""Options that narrow, count and order results, which `aisle search` and `aisle browse` share."""

from __future__ import annotations

from typing import Annotated

import typer

import aisle
from aisle.errors import InputError

FILTERS, FACETS, ORDER, OUTPUT = "Filters", "Facets", "Order", "Output"

BrandOption = Annotated[
    list[str] | None,
    typer.Option("--brand", metavar="NAME", help="Only this brand; repeatable.", rich_help_panel=FILTERS),
]
CategoryOption = Annotated[
    list[str] | None,
    typer.Option(
        "--category",
        metavar="PATH",
        help="Only this level or path, 'Home > Kitchen'; repeatable.",
        rich_help_panel=FILTERS,
    ),
]
PriceMinOption = Annotated[
    float | None, typer.Option("--price-min", metavar="PRICE", help="Lowest price.", rich_help_panel=FILTERS)
]
PriceMaxOption = Annotated[
    float | None, typer.Option("--price-max", metavar="PRICE", help="Highest price.", rich_help_panel=FILTERS)
]
AttributeOption = Annotated[
    list[str] | None,
    typer.Option(
        "--attribute", metavar="NAME=VALUE", help="Only items with it; repeatable.", rich_help_panel=FILTERS
    ),
]
NumberOption = Annotated[
    list[str] | None,
    typer.Option(
        "--number",
        metavar="NAME=LOW..HIGH",
        help="Weight=0..5 or Watt=60..; repeatable.",
        rich_help_panel=FILTERS,
    ),
]
InStockOption = Annotated[
    bool, typer.Option("--in-stock", help="Only what can be bought now.", rich_help_panel=FILTERS)
]
FacetsOption = Annotated[
    int,
    typer.Option(
        "--facets",
        metavar="N",
        show_default=False,
        help="Values to count per facet (0: none).",
        rich_help_panel=FACETS,
    ),
]
FacetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--facet",
        metavar="NAME",
        help="Count this: brand, category, price, Colour...; repeatable.",
        rich_help_panel=FACETS,
    ),
]
FacetSearchOption = Annotated[
    list[str] | None,
    typer.Option(
        "--facet-search",
        metavar="NAME=TEXT",
        help="Only values with a word like this; repeatable.",
        rich_help_panel=FACETS,
    ),
]
SortOption = Annotated[
    str | None,
    typer.Option(
        "--sort",
        metavar="BY[:asc|:desc]",
        help="price, newest, rating, popularity, title or a number.",
        rich_help_panel=ORDER,
    ),
]
CursorOption = Annotated[
    str | None,
    typer.Option(
        "--cursor", metavar="TEXT", help="'*', then what the page before names.", rich_help_panel=ORDER
    ),
]
SizeOption = Annotated[
    int,
    typer.Option(
        "--size", metavar="N", show_default=False, help="Hits per page (10).", rich_help_panel=OUTPUT
    ),
]
PageOption = Annotated[
    int,
    typer.Option(
        "--page", metavar="N", show_default=False, help="Page number, from 1.", rich_help_panel=OUTPUT
    ),
]


def facet_options(size: int, names: list[str] | None, search: list[str] | None) -> aisle.FacetOptions | int:
    """What ``--facets``, ``--facet`` and ``--facet-search`` ask to count.

    Raises:
        InputError: a text that is no pair.
        InvalidQuery: see `aisle.FacetOptions`.
    """
    if not (names or search):
        return size
    wanted = dict(_pair("--facet-search", pair, "brand=bo") for pair in search or [])
    usual = aisle.FacetOptions()
    return aisle.FacetOptions(size or usual.size, tuple(names) if names else None, search=wanted)


def _pair(option: str, pair: str, example: str) -> tuple[str, str]:
    name, separator, value = pair.partition("=")
    if not (name and separator and value):
        raise InputError(f"{option} {pair!r} is not NAME=VALUE", fix=f"write it like {option} {example}")
    return name, value


def attribute_values(pairs: list[str] | None) -> dict[str, tuple[str, ...]]:
    """Name to values, from texts such as ``Colour=Red``.

    Raises:
        InputError: a text that is no such pair.
    """
    found: dict[str, tuple[str, ...]] = {}
    for pair in pairs or []:
        name, value = _pair("--attribute", pair, "Colour=Red")
        found[name] = (*found.get(name, ()), value)
    return found


def number_ranges(ranges: list[str] | None) -> dict[str, tuple[float | None, float | None]]:
    """Name to lowest and highest number, from texts such as ``Weight=0..5``.

    Raises:
        InputError: a text that is no such range.
    """
    found: dict[str, tuple[float | None, float | None]] = {}
    for text in ranges or []:
        name, separator, bounds = text.rpartition("=")
        low, dots, high = bounds.partition("..")
        try:
            if not (name and separator and dots and (low or high)):
                raise ValueError(text)
            found[name] = (float(low) if low else None, float(high) if high else None)
        except ValueError:
            raise InputError(
                f"--number {text!r} is not NAME=LOW..HIGH",
                fix="write it like --number Weight=0..5, or Weight=0.. without an end",
            ) from None
    return found
