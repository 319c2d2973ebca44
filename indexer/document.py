"""Item and vectors → the document that OpenSearch stores. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mappings import fields
from records import Item


def document(item: Item, vectors: Mapping[str, NDArray[np.float32]]) -> dict[str, Any]:
    """One item as a document of ``mappings.index_body``.

    Args:
        item: as a reader yields it.
        vectors: vector field to its float32 ``[dims]`` row; kept as an array, see ``bulk_bodies.serialise``.

    Returns:
        Only fields that have a value: an empty brand is a missing field, so that facets do not count it.
    """
    optional = {
        fields.TEXT: item.text,
        fields.BRAND: item.brand,
        fields.CATEGORY: item.category,
        fields.IMAGE: item.image,
        fields.ATTRIBUTES: dict(item.attributes),
        fields.FACET: [fields.facet_value(name, value) for name, value in item.attributes.items()],
    }
    built: dict[str, Any] = {fields.ID: item.id, fields.TITLE: item.title}
    built.update((field, value) for field, value in optional.items() if value)
    if item.price is not None:
        built[fields.PRICE] = item.price
    built.update(vectors)
    return built
