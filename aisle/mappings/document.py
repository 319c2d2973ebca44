"""Item and vectors → the document that OpenSearch stores. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from functools import lru_cache
from hashlib import blake2b
from typing import Any, Final, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from aisle.mappings import fields
from aisle.mappings.measures import measure_terms
from aisle.mappings.part_numbers import attribute_codes, codes
from aisle.types import NO_SIGNALS, BusinessSignals, GeoPoint, Item

# A float32 [dims] row of a vector field, token to weight of a sparse one, a hash of the text behind them, how
# popular an item is, or a prefix of its semantic ID.
Value: TypeAlias = NDArray[np.float32] | Mapping[str, float] | float | str


class Column(Protocol):
    """Values of one field for a batch of items, in their order, such as a float32 [items, dims] matrix."""

    def __len__(self) -> int: ...

    def __getitem__(self, row: int, /) -> Any:
        """A `Value`."""

    def __iter__(self) -> Iterator[Any]: ...


def document(item: Item, vectors: Mapping[str, Value | None]) -> dict[str, Any]:
    """One item as a document of ``aisle.mappings.index_body``.

    Args:
        item: as a reader yields it.
        vectors: vector field to its float32 ``[dims]`` row, kept as an array (see ``bulk_bodies.serialise``),
            or to the weights of its tokens; None: it has no value.

    Returns:
        Only fields that have a value: an empty brand is a missing field, so that facets do not count it.
    """
    paths, names = _levels(item.categories)
    optional = {
        fields.TEXT: item.text,
        fields.VARIANT: item.group != "",
        fields.BRAND: item.brand,
        fields.CATEGORY: paths,
        fields.CATEGORY_NAME: names,
        fields.CATEGORIES: item.categories,
        fields.CURRENCY: item.currency,
        fields.IMAGES: item.images,
        fields.URL: item.url,
        fields.IDENTIFIERS: item.identifiers,
        fields.ATTRIBUTES: dict(item.attributes),
        fields.FACET: facet_values(item),
        fields.FACET_NAME: facet_names(item),
        fields.ATTRIBUTE_TEXT: attribute_text(item),
        fields.MEASURES: measure_terms(_measured(item)),
        fields.CODES: codes((item.id, *item.identifiers)),
        fields.ATTRIBUTE_CODES: attribute_codes(item.attributes),
        fields.LANGUAGE: item.language,
    }
    product = item.group or item.id
    built: dict[str, Any] = {
        fields.ID: item.id,
        fields.TITLE: item.title,
        fields.GROUP: product,
        fields.GROUP_HASH: long_hash(product),
    }
    built.update((field, value) for field, value in optional.items() if value)
    if item.numbers:
        built[fields.NUMBERS] = dict(item.numbers)
        built[fields.NUMBER] = by_slug(item.numbers)
    if item.price is not None:
        built[fields.PRICE] = item.price
        built[fields.PRICE_MAX] = item.price if item.price_max is None else item.price_max
    if item.list_price is not None:
        built[fields.LIST_PRICE] = item.list_price
    if item.location is not None:
        built[fields.LOCATION] = asdict(item.location)
    if item.signals is not NO_SIGNALS:
        built.update(_signals(item.signals))
    built.update((field, value) for field, value in vectors.items() if value is not None)
    return built


def _signals(signals: BusinessSignals) -> dict[str, Any]:
    found = {field: value for field in fields.SIGNALS if (value := getattr(signals, field)) is not None}
    if signals.popularity and signals.popularity > 0:
        found[fields.POPULARITY_RANK] = min(max(signals.popularity, _LEAST_RANK), _MOST_RANK)
    return found


# What OpenSearch takes as a rank_feature: a positive normal float32. 0 it refuses.
_LEAST_RANK: Final = 1.2e-38
_MOST_RANK: Final = 3.4e38


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
        location=GeoPoint(**source[fields.LOCATION]) if fields.LOCATION in source else None,
    )


def long_hash(text: str) -> int:
    """64 bits of a text, signed as OpenSearch's ``long``: BLAKE2b (RFC 7693)."""
    digest = blake2b(text.encode(errors="surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def category_paths(item: Item) -> tuple[str, ...]:
    """The path to each level of each of its categories, once."""
    return _levels(item.categories)[0]


@lru_cache(maxsize=10_000)
def _levels(categories: tuple[tuple[str, ...], ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The path to each level, and each level's own name, once. A catalogue has few different ones."""
    levels = [path[: depth + 1] for path in categories for depth in range(len(path))]
    paths = dict.fromkeys(map(fields.category_path, levels))
    return tuple(paths), tuple(dict.fromkeys(level[-1] for level in levels))


def facet_values(item: Item) -> list[str]:
    """Each of its attributes' values as a keyword, see ``fields.facet_value``."""
    return [fields.facet_value(name, value) for name, values in item.attributes.items() for value in values]


def facet_names(item: Item) -> list[str]:
    """The names of its attributes and numbers, once."""
    return list(dict.fromkeys(map(fields.facet_name, (*item.attributes, *item.numbers))))


_TRUE: Final = frozenset(("true", "yes", "y", "ja", "oui", "sí", "sì", "sim", "tak", "ano", "kyllä", "да"))
_FALSE: Final = frozenset(("false", "no", "n", "nein", "nee", "non", "não", "nej", "nie", "ei", "нет"))
# More is a list of everything that it fits.
_MAX_ATTRIBUTE_CHARS: Final = 10_000


def attribute_text(item: Item) -> list[str]:
    """What its attributes say in words: each value once, and the name of each that is said to be true."""
    said: dict[str, None] = {}
    length = 0
    for name, values in item.attributes.items():
        for value in values:
            word = attribute_word(name, value)
            if word and word not in said:
                length += len(word)
                if length > _MAX_ATTRIBUTE_CHARS:
                    return list(said)
                said[word] = None
    return list(said)


def attribute_word(name: str, value: str) -> str:
    """What one value says: itself, the attribute's name if that is true, and nothing if it is false."""
    meant = value.casefold()
    if meant in _FALSE:
        return ""
    return name.replace("_", " ") if meant in _TRUE else value


# Of a description; what it says further down is about other things.
_MEASURED_CHARS: Final = 3_000


def _measured(item: Item) -> Iterator[str]:
    """The texts whose numbers count as the item's own."""
    yield item.title
    yield item.text[:_MEASURED_CHARS]
    for values in item.attributes.values():
        yield from values


def by_slug(numbers: Mapping[str, float]) -> dict[str, float]:
    """By the names of their fields; of two that differ in signs alone the first one's number."""
    found: dict[str, float] = {}
    for name, number in numbers.items():
        if slug := fields.number_slug(name):
            found.setdefault(slug, number)
    return found
