"""What stands around the hits of the search page: facets, choices, orders, pages; all are links. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from aisle.search import Facets, MatchType, Page
from aisle.search.facets.results import NumberCounts, ValueCounts
from aisle.search.filter_texts import number_ranges
from aisle.service.web.asked import FROM, TO, PageParameters, Pairs, page_numbers
from aisle.types import Hit

_LEVELS: Final = " > "
# An order, how it is called, and the signal without which nobody is offered it.
_SIGNAL_ORDERS: Final = (
    ("newest", "Newest", "added"),
    ("rating", "Best rated", "rating"),
    ("popularity", "Most popular", "popularity"),
)


@dataclass(frozen=True, slots=True)
class Link:
    """A link to another search.

    Attributes:
        text: of it.
        query: where it leads, from the search page.
        chosen: whether that is how it is now.
        count: results there; None where nobody counted.
        level: of a category below others, from 0.
    """

    text: str
    query: str
    chosen: bool = False
    count: int | None = None
    level: int = 0


@dataclass(frozen=True, slots=True)
class RangeForm:
    """Two fields for the bounds of a number.

    Attributes:
        low_name, high_name: of the fields.
        low, high: that are chosen; None where none is.
        min, max: that items have.
        hidden: the rest of the search.
    """

    low_name: str
    high_name: str
    low: float | None
    high: float | None
    min: float | None
    max: float | None
    hidden: Pairs


@dataclass(frozen=True, slots=True)
class FacetView:
    """One facet.

    Attributes:
        title: of it.
        links: its values or ranges; each chooses one, or takes the choice back.
        other: items with further values.
        form: for a range of one's own; None for a facet of texts.
    """

    title: str
    links: tuple[Link, ...]
    other: int = 0
    form: RangeForm | None = None


@dataclass(frozen=True, slots=True)
class SearchView:
    """What stands around the hits.

    Attributes:
        facets: with something to choose.
        chosen: every choice; its link takes it back.
        orders: that the results can be sorted by.
        pages: that one can go to; with no text between two where some are left out.
        before, after: the pages beside this one; None where there is none.
        grouped: shows one hit per product, or all again; None where no item has variants.
        instead: searches what was typed; None where it was.
        hidden: the search but for its text, for the form of the next one.
        clear: takes every choice back.
    """

    facets: tuple[FacetView, ...]
    chosen: tuple[Link, ...]
    orders: tuple[Link, ...]
    pages: tuple[Link, ...]
    before: Link | None
    after: Link | None
    grouped: Link | None
    instead: Link | None
    hidden: Pairs
    clear: str


def search_view(asked: PageParameters, page: Page) -> SearchView:
    """Around the hits of a page.

    Args:
        asked: the search.
        page: its answer.
    """
    numbers = page_numbers(asked.page, asked.size, page.reachable)
    pages = {one: Link(str(one), asked.changed(page=one).query, one == asked.page) for one in numbers}
    cleared = PageParameters(q=asked.q, sort=asked.sort, group=asked.group, size=asked.size)
    return SearchView(
        facets=tuple(_facets(asked, page.facets)) if page.facets else (),
        chosen=tuple(_chosen(asked)),
        orders=tuple(_orders(asked, page)),
        pages=tuple(pages.values()) if len(pages) > 1 else (),
        before=pages.get(asked.page - 1),
        after=pages.get(asked.page + 1),
        grouped=_grouped(asked, page),
        instead=Link(page.text, asked.changed(typos=False).query)
        if page.path is MatchType.CORRECTED or page.corrected
        else None,
        hidden=asked.changed(q="", typos=None).pairs,
        clear=cleared.query,
    )


def _grouped(asked: PageParameters, page: Page) -> Link | None:
    if asked.group:
        return Link("Show every variant", asked.changed(group=False).query, chosen=True)
    if any(hit.item.group for hit in page.hits):
        return Link("One result per product", asked.changed(group=True).query)
    return None


def _orders(asked: PageParameters, page: Page) -> Iterator[Link]:
    offered: list[tuple[str | None, str]] = [(None, "Best match" if asked.q.strip() else "Usual order")]
    if any(hit.item.price is not None for hit in page.hits):
        offered += [("price", "Cheapest"), ("price:desc", "Dearest")]
    offered += [(by, text) for by, text, signal in _SIGNAL_ORDERS if _some(page.hits, signal)]
    # What is asked for in the address is shown as it is.
    if asked.sort not in [by for by, _ in offered]:
        offered.append((asked.sort, str(asked.sort)))
    for by, text in offered:
        yield Link(text, asked.changed(sort=by).query, asked.sort == by)


def _some(hits: tuple[Hit, ...], signal: str) -> bool:
    return any(getattr(hit.item.signals, signal) is not None for hit in hits)


def _chosen(asked: PageParameters) -> Iterator[Link]:
    for name in ("brand", "category", "attribute"):
        for value in getattr(asked, name):
            yield Link(value.replace("=", ": ", 1), asked.toggled(name, value).query, chosen=True)
    if asked.price_min is not None or asked.price_max is not None:
        text = f"Price: {range_text(asked.price_min, asked.price_max)}"
        yield Link(text, asked.changed(price_min=None, price_max=None).query, chosen=True)
    for name, (low, high) in number_ranges(asked.number).items():
        text = f"{name}: {range_text(low, high)}"
        yield Link(text, asked.with_number(name, None, None).query, chosen=True)
    if asked.in_stock:
        yield Link("In stock", asked.changed(in_stock=False).query, chosen=True)
    if asked.near:
        yield Link(f"Near {asked.near}", asked.changed(near=None).query, chosen=True)


def _facets(asked: PageParameters, facets: Facets) -> Iterator[FacetView]:
    if facets.in_stock or asked.in_stock:
        link = Link(
            "In stock", asked.changed(in_stock=not asked.in_stock).query, asked.in_stock, facets.in_stock
        )
        yield FacetView("Availability", (link,))
    named = {"category": ("Category", facets.category), "brand": ("Brand", facets.brand)}
    for name, (title, counts) in named.items():
        if counts and counts.values:
            yield FacetView(title, tuple(_values(asked, name, counts)), counts.other)
    if facets.price and (facets.price.count or _bounded(asked)):
        yield _price(asked, facets.price)
    for name, counts in facets.attributes.items():
        if counts.values:
            yield FacetView(name, tuple(_values(asked, "attribute", counts, f"{name}=")), counts.other)
    ranges = number_ranges(asked.number)
    for name, numbers in facets.numbers.items():
        if numbers.count or name in ranges:
            yield _number(asked, name, numbers, ranges)


def _bounded(asked: PageParameters) -> bool:
    return asked.price_min is not None or asked.price_max is not None


def _values(asked: PageParameters, name: str, counts: ValueCounts, prefix: str = "") -> Iterator[Link]:
    for each in counts.values:
        above = each.value.split(_LEVELS)[:-1] if name == "category" else []
        text = each.value.rpartition(_LEVELS)[2] if above else each.value
        query = asked.toggled(name, prefix + each.value).query
        yield Link(text, query, each.chosen, each.count, len(above))


def _price(asked: PageParameters, counts: NumberCounts) -> FacetView:
    links = tuple(
        Link(
            range_text(one.low, one.high),
            asked.changed(
                price_min=None if one.chosen else one.low, price_max=None if one.chosen else one.high
            ).query,
            one.chosen,
            one.count,
        )
        for one in counts.ranges
    )
    rest = asked.changed(price_min=None, price_max=None).pairs
    form = RangeForm("price_min", "price_max", asked.price_min, asked.price_max, counts.min, counts.max, rest)
    return FacetView("Price", links, form=form)


def _number(
    asked: PageParameters,
    name: str,
    counts: NumberCounts,
    chosen: Mapping[str, tuple[float | None, float | None]],
) -> FacetView:
    links = tuple(
        Link(
            range_text(one.low, one.high),
            asked.with_number(name, *((None, None) if one.chosen else (one.low, one.high))).query,
            one.chosen,
            one.count,
        )
        for one in counts.ranges
    )
    low, high = chosen.get(name, (None, None))
    rest = asked.with_number(name, None, None).pairs
    return FacetView(
        name,
        links,
        form=RangeForm(f"{FROM}{name}", f"{TO}{name}", low, high, counts.min, counts.max, rest),
    )


def range_text(low: float | None, high: float | None) -> str:
    """A range in words: ``5 to 10``, ``from 5``, ``up to 10``."""
    if low is None and high is None:
        return "any"
    if low is None:
        return f"up to {high:,.10g}"
    return f"from {low:,.10g}" if high is None else f"{low:,.10g} to {high:,.10g}"
