"""Item and vectors → the document that OpenSearch stores. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from aisle.mappings import fields
from aisle.types import Item

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
    optional = {
        fields.TEXT: item.text,
        fields.BRAND: item.brand,
        fields.CATEGORY: " > ".join(item.categories[0]) if item.categories else "",
        fields.IMAGE: item.images[0] if item.images else "",
        fields.ATTRIBUTES: {name: list(values) for name, values in item.attributes.items()},
        fields.FACET: [
            fields.facet_value(name, value) for name, values in item.attributes.items() for value in values
        ],
    }
    built: dict[str, Any] = {fields.ID: item.id, fields.TITLE: item.title}
    built.update((field, value) for field, value in optional.items() if value)
    if item.price is not None:
        built[fields.PRICE] = item.price
    built.update(vectors)
    return built


def item_of(id_: str, source: Mapping[str, Any]) -> Item:
    """The item that a stored document (its ``_id`` and ``_source``) was made from."""
    return Item(
        id=id_,
        title=source.get(fields.TITLE, ""),
        text=source.get(fields.TEXT, ""),
        brand=source.get(fields.BRAND, ""),
        categories=((source[fields.CATEGORY],),) if source.get(fields.CATEGORY) else (),
        price=source.get(fields.PRICE),
        images=(source[fields.IMAGE],) if source.get(fields.IMAGE) else (),
        attributes={
            name: (values,) if isinstance(values, str) else tuple(values)
            for name, values in source.get(fields.ATTRIBUTES, {}).items()
        },
    )
