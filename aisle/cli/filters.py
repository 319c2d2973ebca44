"""Options that narrow, count and order results, which `aisle search` and `aisle browse` share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Final

import typer

import aisle
from aisle._search import attribute_values, name_and_value, number_ranges

if TYPE_CHECKING:
    from aisle.search.request import SearchOptions

_FILTERS: Final = "Filters"
_FACETS: Final = "Facets"
PAGE_PANEL: Final = "Page"


@dataclass(frozen=True, slots=True, kw_only=True)
class FilterOptions:
    """What results are narrowed to."""

    brand: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Only this brand; repeatable.", rich_help_panel=_FILTERS),
    ] = None
    category: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PATH",
            help="Only this level or path, 'Home > Kitchen'; repeatable.",
            rich_help_panel=_FILTERS,
        ),
    ] = None
    price_min: Annotated[
        float | None, typer.Option(metavar="PRICE", help="Lowest price.", rich_help_panel=_FILTERS)
    ] = None
    price_max: Annotated[
        float | None, typer.Option(metavar="PRICE", help="Highest price.", rich_help_panel=_FILTERS)
    ] = None
    attribute: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help="Only items with it; repeatable.", rich_help_panel=_FILTERS),
    ] = None
    number: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=LOW..HIGH", help="Weight=0..5 or Watt=60..; repeatable.", rich_help_panel=_FILTERS
        ),
    ] = None
    in_stock: Annotated[
        bool, typer.Option("--in-stock", help="Only what can be bought now.", rich_help_panel=_FILTERS)
    ] = False
    near: Annotated[
        str | None,
        typer.Option(
            metavar="LAT,LON,KM", help="Only within a distance: 52.52,13.40,10km.", rich_help_panel=_FILTERS
        ),
    ] = None

    def filters(self) -> aisle.Filters:
        """The filters that they are.

        Raises:
            InputError: a text that is no pair or range.
            InvalidQuery: see `aisle.Filters`.
        """
        return aisle.Filters(
            brand=tuple(self.brand or ()),
            category=tuple(self.category or ()),
            price_min=self.price_min,
            price_max=self.price_max,
            attributes=attribute_values(self.attribute or (), "--attribute"),
            numbers=number_ranges(self.number or (), "--number"),
            in_stock=self.in_stock,
            near=self.near,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ListOptions(FilterOptions):
    """Which results are listed, how they are counted and ordered, and which page of them is shown."""

    facets: Annotated[
        int,
        typer.Option(
            metavar="N",
            show_default=False,
            help="Values to count per facet (0: none).",
            rich_help_panel=_FACETS,
        ),
    ] = 0
    facet: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Count this: brand, category, price, Colour...; repeatable.",
            rich_help_panel=_FACETS,
        ),
    ] = None
    facet_search: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=TEXT",
            help="Only values with a word like this; repeatable.",
            rich_help_panel=_FACETS,
        ),
    ] = None
    sort: Annotated[
        str | None,
        typer.Option(
            metavar="BY[:asc|:desc]",
            help="price, newest, rating, popularity, title or a number.",
            rich_help_panel=PAGE_PANEL,
        ),
    ] = None
    cursor: Annotated[
        str | None,
        typer.Option(
            metavar="TEXT", help="'*', then what the page before names.", rich_help_panel=PAGE_PANEL
        ),
    ] = None
    size: Annotated[
        int,
        typer.Option(metavar="N", show_default=False, help="Hits per page (10).", rich_help_panel=PAGE_PANEL),
    ] = 10
    page: Annotated[
        int,
        typer.Option(
            metavar="N", show_default=False, help="Page number, from 1.", rich_help_panel=PAGE_PANEL
        ),
    ] = 1
    group: Annotated[
        bool,
        typer.Option("--group", help="One hit per product, not per variant.", rich_help_panel=PAGE_PANEL),
    ] = False

    def asked(self) -> SearchOptions:
        """The keywords of a search that they are.

        Raises:
            InputError: a text that is no pair or range.
            InvalidQuery: see `aisle.Filters` and `aisle.FacetOptions`.
        """
        return {
            "filters": self.filters(),
            "facets": facet_options(self.facets, self.facet, self.facet_search),
            "sort": self.sort,
            "cursor": self.cursor,
            "size": self.size,
            "page": self.page,
            "group": aisle.GroupOptions() if self.group else None,
        }


def facet_options(size: int, names: list[str] | None, search: list[str] | None) -> aisle.FacetOptions | int:
    """What ``--facets``, ``--facet`` and ``--facet-search`` ask to count.

    Raises:
        InputError: a text that is no pair.
        InvalidQuery: see `aisle.FacetOptions`.
    """
    if not (names or search):
        return size
    wanted = dict(name_and_value("--facet-search", pair, "brand=bo") for pair in search or [])
    usual = aisle.FacetOptions()
    return aisle.FacetOptions(size or usual.size, tuple(names) if names else None, search=wanted)
