"""What of a stored document was made from its item's text by a model. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from mappings import fields

# What `indexer.document.document` makes of an item itself.
OF_ITEM: Final = frozenset((*fields.DISPLAY, fields.FACET))


def derived_of(source: Mapping[str, Any]) -> dict[str, Any]:
    """Vectors and semantic ids, which stay true as long as the item's text does."""
    return {field: value for field, value in source.items() if field not in OF_ITEM}
