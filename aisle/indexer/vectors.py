"""Which vectors a document gets, and from which model."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol, TypeAlias

import numpy as np

from aisle.mappings import IndexMeta, VectorSpace, fields
from aisle.mappings.document import Column
from aisle.mappings.vector_types import VectorStorage, clipped
from aisle.types import Item

if TYPE_CHECKING:
    from aisle.encoder.base import ItemEncoder as DenseModel
    from aisle.encoder.base import SparseItemEncoder as SparseModel

# Vector field to what `document` takes of each item.
Vectors: TypeAlias = Mapping[str, Column]


@dataclass(frozen=True, slots=True)
class ItemEncoder:
    """Makes the vectors of items, and knows which model they come from.

    Attributes:
        spaces: vector field to the model and width behind it; goes into ``_meta.aisle``.
        encode: items to float32 ``[items, dims]`` matrices, one per field of ``spaces``; rows of unit
            length. A sparse field has token to weight for each item. A function that looks vectors up serves
            as well as a model.
    """

    spaces: Mapping[str, VectorSpace]
    encode: Callable[[Sequence[Item]], Vectors]


class ReleaseEncoders(Protocol):
    """Knows the encoder of every release; asked once per batch, so it remembers what it has loaded."""

    def of_release(self, meta: IndexMeta, /) -> ItemEncoder:
        """The encoder that the release was built with.

        Raises:
            ArtifactError: it is not on this machine, or not what it was.
        """


def dense_item_encoder(
    model: DenseModel, text: Callable[[Item], str], *, name: str, dims: int
) -> ItemEncoder:
    """Items' texts through a dense encoder into the field ``dense``.

    Args:
        model: a loaded ``encoder.DenseEncoder``.
        text: ``encoder.item_text``, the one function that turns an item into text.
        name: of the artifact, for people.
        dims: Matryoshka width that vectors are cut to.
    """

    def encode(items: Sequence[Item]) -> Vectors:
        return {fields.DENSE: model.encode_items([text(item) for item in items], dims=dims)}

    return ItemEncoder({fields.DENSE: VectorSpace(model.fingerprint, name, dims)}, encode)


def sparse_item_encoder(model: SparseModel, text: Callable[[Item], str], *, name: str) -> ItemEncoder:
    """Items' texts through a sparse encoder into the field ``sparse``; see `dense_item_encoder`."""

    def encode(items: Sequence[Item]) -> Vectors:
        return {fields.SPARSE: model.encode_items([text(item) for item in items])}

    return ItemEncoder({fields.SPARSE: VectorSpace(model.fingerprint, name, model.dims)}, encode)


def together(*encoders: ItemEncoder) -> ItemEncoder:
    """Several as one, each with fields of its own."""

    def encode(items: Sequence[Item]) -> Vectors:
        return {field: rows for encoder in encoders for field, rows in encoder.encode(items).items()}

    spaces = {field: space for encoder in encoders for field, space in encoder.spaces.items()}
    return ItemEncoder(spaces, encode)


def stored_as(encoder: ItemEncoder, storage: VectorStorage) -> ItemEncoder:
    """The encoder with dense vectors as a release keeps them: float32, or int8 of the same shape."""
    if storage.quantisation is None:
        return encoder

    def encode(items: Sequence[Item]) -> Vectors:
        made = encoder.encode(items)
        return {
            field: storage.numbers(np.asarray(rows, dtype=np.float32)) if field == fields.DENSE else rows
            for field, rows in made.items()
        }

    return ItemEncoder(encoder.spaces, encode)


def clipped_values(vectors: Vectors) -> int:
    """How many values of dense vectors were clipped, see ``mappings.vector_types``."""
    return clipped(np.asarray(vectors[fields.DENSE])) if fields.DENSE in vectors else 0


def without_vectors() -> ItemEncoder:
    """For an index that is searched by words alone."""
    return ItemEncoder(MappingProxyType({}), lambda _: {})
