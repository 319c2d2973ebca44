"""Item and vectors → the document that OpenSearch stores. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from aisle.mappings import fields
from aisle.types import BusinessSignals, Item

# A float32 [dims] row of a vector field, or token to weight of a sparse one.
Value: TypeAlias = NDArray[np.float32] | Mapping[str, float]


class Column(Protocol):
    """Values of one field for a batch of items, in their order, such as a float32 [items, dims] matrix."""

    def __len__(self) -> int: ...

    def __getitem__(self, row: int, /) -> Any:
        """A `Value`."""

    def __iter__(self) -> Iterator[Any]: ...


def document(item: Item, vectors: Mapping[str, Value]) -> dict[str, Any]:
    """One item as a document of ``aisle.mappings.index_body``.

    Args:
        item: as a reader yields it.
        vectors: vector field to its float32 ``[dims]`` row, kept as an array (see ``bulk_bodies.serialise``),
            or to the weights of its tokens.

    Returns:
        Only fields that have a value: an empty brand is a missing field, so that facets do not count it.
    """
    signals = item.signals
    optional = {
        fields.TEXT: item.text,
        fields.BRAND: item.brand,
        fields.CATEGORY: category_paths(item),
        fields.CATEGORY_NAME: list(dict.fromkeys(name for path in item.categories for name in path)),
        fields.CATEGORIES: item.categories,
        fields.CURRENCY: item.currency,
        fields.IMAGES: item.images,
        fields.URL: item.url,
        fields.IDENTIFIERS: item.identifiers,
        fields.ATTRIBUTES: dict(item.attributes),
        fields.FACET: facet_values(item),
        fields.NUMBERS: dict(item.numbers),
        fields.NUMBER: by_slug(item.numbers),
        fields.LANGUAGE: item.language,
        fields.ADDED: signals.added,
        fields.VARIANT: item.group != "",
        fields.POPULARITY_RANK: _rank(signals.popularity),
    }
    # Of these, 0 and false are values too.
    known = {
        fields.PRICE: item.price,
        fields.PRICE_MAX: item.price if item.price_max is None else item.price_max,
        fields.LIST_PRICE: item.list_price,
        fields.POPULARITY: signals.popularity,
        fields.RATING: signals.rating,
        fields.MARGIN: signals.margin,
        fields.STOCK: signals.stock,
        fields.AVAILABLE: signals.available,
    }
    built: dict[str, Any] = {
        fields.ID: item.id,
        fields.TITLE: item.title,
        fields.GROUP: item.group or item.id,
    }
    built.update((field, value) for field, value in optional.items() if value)
    built.update((field, value) for field, value in known.items() if value is not None)
    built.update(vectors)
    return built


def item_of(id_: str, source: Mapping[str, Any]) -> Item:
    """The item that a stored document (its ``_id`` and ``_source``) was made from.

    Of releases of schema version 1 as well, whose documents had one category, one image and one value of an
    attribute.
    """
    price, price_max = source.get(fields.PRICE), source.get(fields.PRICE_MAX)
    category = source.get(fields.CATEGORY)
    categories = [[category]] if isinstance(category, str) else source.get(fields.CATEGORIES, ())
    images = [source[fields.IMAGE]] if fields.IMAGE in source else source.get(fields.IMAGES, ())
    return Item(
        id=id_,
        title=source.get(fields.TITLE, ""),
        text=source.get(fields.TEXT, ""),
        group=source.get(fields.GROUP, "") if source.get(fields.VARIANT) else "",
        brand=source.get(fields.BRAND, ""),
        categories=tuple(map(tuple, categories)),
        price=price,
        price_max=None if price_max == price else price_max,
        list_price=source.get(fields.LIST_PRICE),
        currency=source.get(fields.CURRENCY, ""),
        images=tuple(images),
        url=source.get(fields.URL, ""),
        identifiers=tuple(source.get(fields.IDENTIFIERS, ())),
        attributes={
            name: (values,) if isinstance(values, str) else tuple(values)
            for name, values in source.get(fields.ATTRIBUTES, {}).items()
        },
        numbers=source.get(fields.NUMBERS, {}),
        signals=BusinessSignals(**{name: source.get(name) for name in fields.SIGNALS}),
        language=source.get(fields.LANGUAGE, ""),
    )


def category_paths(item: Item) -> list[str]:
    """The path to each level of each of its categories, once."""
    levels = (path[: depth + 1] for path in item.categories for depth in range(len(path)))
    return list(dict.fromkeys(map(fields.category_path, levels)))


def facet_values(item: Item) -> list[str]:
    """Each of its attributes' values as a keyword, see ``fields.facet_value``."""
    return [fields.facet_value(name, value) for name, values in item.attributes.items() for value in values]


def by_slug(numbers: Mapping[str, float]) -> dict[str, float]:
    """By the names of their fields; of two that differ in signs alone the first one's number."""
    found: dict[str, float] = {}
    for name, number in numbers.items():
        if slug := fields.number_slug(name):
            found.setdefault(slug, number)
    return found


# What OpenSearch takes as a rank_feature: a positive normal float32. 0 it refuses.
_LEAST_RANK, _MOST_RANK = 1.2e-38, 3.4e38


def _rank(popularity: float | None) -> float:
    return min(max(popularity, _LEAST_RANK), _MOST_RANK) if popularity and popularity > 0 else 0.0
