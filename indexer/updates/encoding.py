"""New vectors for items whose text is new."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from indexer.item_encoder import ItemEncoder
from indexer.updates.plan import Write
from mappings import IndexMeta
from records import Item


@dataclass(frozen=True, slots=True)
class Encoding:
    """How changed items get their vectors.

    Attributes:
        encoder_of: the encoder for a release; called once per batch, so it remembers what it has loaded.
        text: what that encoder reads of an item: as long as it stays, so do the vectors.
    """

    encoder_of: Callable[[IndexMeta], ItemEncoder]
    text: Callable[[Item], str]


def encoded(encoder: ItemEncoder, writes: Sequence[Write]) -> dict[str, dict[str, Any]]:
    """Id to vectors, of the items whose text is new."""
    items = [write.item for write in writes if write.item is not None and write.derived is None]
    if not items:
        return {}
    matrices = encoder.encode(items)
    return {
        item.id: {field: matrix[row] for field, matrix in matrices.items()} for row, item in enumerate(items)
    }
