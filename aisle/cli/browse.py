"""``aisle browse``."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

import aisle
from aisle.cli.console import JsonOption, NameOption, print_json
from aisle.cli.filters import (
    OUTPUT,
    AttributeOption,
    BrandOption,
    CategoryOption,
    CursorOption,
    FacetOption,
    FacetSearchOption,
    FacetsOption,
    InStockOption,
    NumberOption,
    PageOption,
    PriceMaxOption,
    PriceMinOption,
    SizeOption,
    SortOption,
    attribute_values,
    facet_options,
    number_ranges,
)
from aisle.cli.search import print_page


def browse(
    name: NameOption,
    brand: BrandOption = None,
    category: CategoryOption = None,
    price_min: PriceMinOption = None,
    price_max: PriceMaxOption = None,
    attribute: AttributeOption = None,
    number: NumberOption = None,
    in_stock: InStockOption = False,
    facets: FacetsOption = 0,
    facet: FacetOption = None,
    facet_search: FacetSearchOption = None,
    sort: SortOption = None,
    cursor: CursorOption = None,
    size: SizeOption = 10,
    page: PageOption = 1,
    group: Annotated[
        bool, typer.Option("--group", help="One hit per product, not per variant.", rich_help_panel=OUTPUT)
    ] = False,
    json: JsonOption = False,
) -> None:
    """List a category, or all items, with no query: the most popular first, or in another order.

    Examples:

        aisle browse --name shop --category "Home > Kitchen" --facets 5

        aisle browse --name shop --brand Norvik --in-stock --sort price:desc

        aisle browse --name shop --sort newest --cursor '*' --json
    """
    client = aisle.open_search(name)
    found = client.browse(
        filters=aisle.Filters(
            tuple(brand or ()),
            tuple(category or ()),
            price_min,
            price_max,
            attribute_values(attribute),
            numbers=number_ranges(number),
            in_stock=in_stock,
        ),
        facets=facet_options(facets, facet, facet_search),
        sort=sort,
        cursor=cursor,
        size=size,
        page=page,
        group=aisle.GroupOptions() if group else None,
    )
    if json:
        print_json(found.to_json())
    else:
        print_page(Console(), ", ".join(category or brand or [name]), found)
