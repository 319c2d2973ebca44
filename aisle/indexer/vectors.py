"""Which vectors a document gets, and from which model."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import shake_128
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from aisle.mappings import IndexMeta, VectorSpace, fields
from aisle.mappings.document import Column, long_hash
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
            length. A sparse field has token to weight for each item. ``text_hash`` may go with them: which
            items have one text. A function that looks vectors up serves as well as a model, but not where
            more than 32 of them are the same: see `jittered`.
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
    """Items' texts through a dense encoder into the field ``dense``, `jittered`, and their hashes beside it.

    Args:
        model: a loaded ``encoder.DenseEncoder``.
        text: ``encoder.item_text``, the one function that turns an item into text.
        name: of the artifact, for people.
        dims: Matryoshka width that vectors are cut to.
    """

    def encode(items: Sequence[Item]) -> Vectors:
        texts = [text(item) for item in items]
        return {
            fields.DENSE: jittered(model.encode_items(texts, dims=dims), [item.id for item in items]),
            fields.TEXT_HASH: list(map(long_hash, texts)),
        }

    return ItemEncoder({fields.DENSE: VectorSpace(model.fingerprint, name, dims)}, encode)


JITTER: Final = 1e-3
"""Length of what is added to a vector of unit length. Cosines change by 5e-7; a tenth of it is too little for
the graph of faiss."""


# In codes, the root mean square of what is added to each. With it two of a thousand copies hardly ever have
# the same codes, and as many neighbours are found as without; a fifth of it is lost in rounding.
_JITTER_OF_CODES: Final = 0.15
# Times as much is added to a vector of 0, so that its codes are not all 0.
_AROUND_ZERO: Final = 4.0


def jittered(vectors: NDArray[np.float32], ids: Sequence[str], length: float = JITTER) -> NDArray[np.float32]:
    """The vectors, of which no two are the same any more.

    In an HNSW graph all links of a vector lead to its copies, if it has more of them than it may have links:
    the rule that keeps links apart (arXiv 1603.09320, algorithm 4) drops no neighbour for one at the same
    distance. Whoever comes to them does not get out, and other items are not found. So each vector is moved
    a little, in a direction that is drawn by its item's id: the same for every load and update.

    Args:
        vectors: float32 [n, dims], rows of unit length, or near 0.
        ids: one per row.
        length: of what is added.

    Returns:
        float32 [n, dims], rows of unit length again; one of 0, of a text without a known word, is nearly 0.
    """
    drawn = b"".join(shake_128(id_.encode(errors="surrogatepass")).digest(vectors.shape[1]) for id_ in ids)
    directions = np.frombuffer(drawn, dtype=np.uint8).reshape(vectors.shape) - np.float32(127.5)
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    known = np.linalg.norm(vectors, axis=1, keepdims=True) > 0.5
    moved = vectors + np.where(known, np.float32(length), np.float32(length * _AROUND_ZERO)) * directions
    lengths = np.linalg.norm(moved, axis=1, keepdims=True)
    unit: NDArray[np.float32] = np.divide(moved, lengths, out=moved, where=known)
    return unit


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
    """The encoder with dense vectors as a release keeps them: float32, or int8 of the same shape.

    Codes are of vectors that are `jittered` by more, as rounding would make copies of them again.
    """
    if storage.quantisation is None:
        return encoder
    per_dim = _JITTER_OF_CODES / storage.quantisation.scale

    def encode(items: Sequence[Item]) -> Vectors:
        made = dict(encoder.encode(items))
        if fields.DENSE in made:
            rows = np.asarray(made[fields.DENSE], dtype=np.float32)
            length = per_dim * rows.shape[1] ** 0.5
            made[fields.DENSE] = storage.numbers(jittered(rows, [item.id for item in items], length))
        return made

    return ItemEncoder(encoder.spaces, encode)


def written_to(encoder: ItemEncoder, meta: IndexMeta) -> ItemEncoder:
    """The encoder for documents of a release: vectors as it keeps them, and hashes of texts if it has them.

    Releases of before there were hashes take no document with one.
    """
    stored = stored_as(encoder, meta.vectors)
    if meta.features.hashes_texts:
        return stored

    def encode(items: Sequence[Item]) -> Vectors:
        return {field: rows for field, rows in stored.encode(items).items() if field != fields.TEXT_HASH}

    return ItemEncoder(encoder.spaces, encode)


def clipped_values(vectors: Vectors) -> int:
    """How many values of dense vectors were clipped, see ``mappings.vector_types``."""
    return clipped(np.asarray(vectors[fields.DENSE])) if fields.DENSE in vectors else 0


def without_vectors() -> ItemEncoder:
    """For an index that is searched by words alone."""
    return ItemEncoder(MappingProxyType({}), lambda _: {})
