"""Which facets a search asks of the release that is live. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from aisle.errors import InvalidQuery
from aisle.mappings import IndexMeta, fields
from aisle.markup import plain_line
from aisle.search.facets.automatic import AutomaticFacets
from aisle.search.facets.kinds import CategoryFacet, Facet, NumberFacet, StockFacet, ValueFacet, without
from aisle.search.facets.options import FacetOptions
from aisle.search.facets.ranges import Edges
from aisle.search.filters import Filters, paths

BRAND: Final = "brand"
CATEGORY: Final = "category"
CURRENCY: Final = "currency"
PRICE: Final = "price"
IN_STOCK: Final = "in_stock"
_OF_EVERY_RELEASE: Final = (BRAND, CATEGORY, CURRENCY, PRICE, IN_STOCK)
_OF_TEXT: Final = (BRAND, CATEGORY, CURRENCY)

_NO_VALUES: Mapping[str, ValueFacet] = MappingProxyType({})
_NO_NUMBERS: Mapping[str, NumberFacet] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class FacetPlan:
    """The facets that one release is asked for.

    Attributes:
        brand, category, currency, price, in_stock: None where it is not counted.
        attributes, numbers: by name.
        automatic: chooses further attributes; None for none.
        disjunctive: see `FacetOptions`.
    """

    brand: ValueFacet | None = None
    category: CategoryFacet | None = None
    currency: ValueFacet | None = None
    price: NumberFacet | None = None
    in_stock: StockFacet | None = None
    attributes: Mapping[str, ValueFacet] = field(default_factory=lambda: _NO_VALUES)
    numbers: Mapping[str, NumberFacet] = field(default_factory=lambda: _NO_NUMBERS)
    automatic: AutomaticFacets | None = None
    disjunctive: bool = True

    def facets(self) -> dict[str, Facet]:
        """Every facet but the automatic ones, by a name that no other has."""
        single: dict[str, Facet | None] = {
            BRAND: self.brand,
            CATEGORY: self.category,
            CURRENCY: self.currency,
            PRICE: self.price,
            IN_STOCK: self.in_stock,
        }
        return {
            **{name: facet for name, facet in single.items() if facet is not None},
            **{attribute_key(name): facet for name, facet in self.attributes.items()},
            **{number_key(name): facet for name, facet in self.numbers.items()},
        }


def attribute_key(name: str) -> str:
    """An attribute among the facets of a plan, where it may be called as another facet is."""
    return f"attribute {name}"


def number_key(name: str) -> str:
    """A number likewise."""
    return f"number {name}"


def plan_facets(
    options: FacetOptions,
    filters: Filters,
    meta: IndexMeta,
    edges: Mapping[str, Edges],
    shared: tuple[str, ...] = (),
) -> FacetPlan:
    """The facets of a search, in terms of the release that is live.

    Args:
        options: as asked.
        filters: of the search.
        meta: of the release.
        edges: field of each number that the release has, and of prices, to the edges of its ranges, see
            ``ranges.read_edges``.
        shared: roots of categories that are levels of other paths too.

    Raises:
        ForeignIndex: an older Aisle made the release, and it does not know what is in stock.
        InvalidQuery: values are searched for in a facet that has none of text.
    """
    search = {plain_line(name): text for name, text in options.search.items()}
    asked = None if options.fields is None else [plain_line(name) for name in options.fields]
    in_stock = meta.schema_version > 1 if asked is None else IN_STOCK in asked
    meta.require(meta.schema_version > 1 or not in_stock, "count what is in stock")
    chosen = {
        plain_line(name): Filters(attributes={name: values})
        for name, values in filters.attributes.items()
        if values
    }
    further = [*filters.numbers, *chosen] if asked is None else asked
    named = [name for name in dict.fromkeys((*further, *search)) if name not in _OF_EVERY_RELEASE]
    numbers = [name for name in named if fields.number_field(name) in edges]
    if asked is None:
        there = {fields.number_field(name) for name in numbers}
        most = [name for name in edges if name not in (fields.PRICE, *there)][: options.most]
        numbers += [name.removeprefix(f"{fields.NUMBER}.") for name in most]
    for name in search:
        if name in numbers or name in (PRICE, IN_STOCK):
            raise InvalidQuery(
                f"{name!r} has no values of text to search for",
                fix="search the values of brand, category or an attribute",
            )
    attributes = [name for name in named if name not in numbers]
    wanted = (BRAND, CATEGORY, PRICE) if asked is None else (*asked, *search)
    price_own = Filters(price_min=filters.price_min, price_max=filters.price_max)
    return FacetPlan(
        brand=ValueFacet(
            fields.BRAND,
            Filters(brand=filters.brand),
            plain(filters.brand),
            options.size,
            search=search.get(BRAND, ""),
            absent=without(fields.BRAND),
        )
        if BRAND in wanted
        else None,
        category=CategoryFacet(
            Filters(category=filters.category),
            tuple(paths(filters.category)),
            options.size,
            search.get(CATEGORY, ""),
            shared,
        )
        if CATEGORY in wanted
        else None,
        currency=ValueFacet(
            fields.CURRENCY,
            Filters(currency=filters.currency),
            tuple(code.upper() for code in plain(filters.currency)),
            options.size,
            search=search.get(CURRENCY, ""),
            absent=without(fields.CURRENCY),
        )
        if CURRENCY in wanted
        else None,
        price=NumberFacet(
            fields.PRICE,
            fields.PRICE_MAX if meta.schema_version > 1 else fields.PRICE,
            price_own,
            (filters.price_min, filters.price_max) if price_own.clauses() else None,
            edges.get(fields.PRICE, ()),
            options.ranges,
        )
        if PRICE in wanted
        else None,
        in_stock=StockFacet(Filters(in_stock=filters.in_stock)) if in_stock else None,
        attributes={
            name: attribute_facet(
                name,
                options.size,
                names=meta.features.counts_names,
                own=chosen.get(name, Filters()),
                search=search.get(name, ""),
            )
            for name in attributes
        },
        numbers={name: _number(name, filters, edges, options.ranges) for name in numbers},
        automatic=AutomaticFacets(options.size, options.most, meta.features.counts_names)
        if asked is None and options.most
        else None,
        disjunctive=options.disjunctive,
    )


def attribute_facet(
    name: str,
    size: int,
    *,
    names: bool,
    own: Filters | None = None,
    search: str = "",
) -> ValueFacet:
    """The facet of an attribute.

    Args:
        name: of it.
        size: values to show.
        names: whether the release knows which items have which attribute.
        own: what the search's filters say of it.
        search: what values must match.
    """
    has = {"term": {fields.FACET_NAME: fields.facet_name(name)}}
    return ValueFacet(
        fields.FACET,
        own or Filters(),
        tuple(value for values in (own.attributes if own else {}).values() for value in plain(values)),
        size,
        fields.facet_value(name, ""),
        search,
        {"bool": {"must_not": [has]}} if names else None,
    )


def plain(values: tuple[str, ...] | str) -> tuple[str, ...]:
    """Values as readers write them, each once."""
    return tuple(dict.fromkeys(map(plain_line, [values] if isinstance(values, str) else values)))


def _number(name: str, filters: Filters, edges: Mapping[str, Edges], ranges: int) -> NumberFacet:
    field = fields.number_field(name)
    own = Filters(
        numbers={
            given: bounds for given, bounds in filters.numbers.items() if fields.number_field(given) == field
        }
    )
    chosen = next(iter(own.numbers.values()), None)
    return NumberFacet(
        field, field, own, chosen if chosen != (None, None) else None, edges.get(field, ()), ranges
    )
