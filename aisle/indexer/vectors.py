"""Which vectors a document gets, and from which model."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from aisle.encoder.dense import cut
from aisle.encoder.jitter import jittered
from aisle.mappings import IndexMeta, ItemSpace, ItemSpaces, VectorSpace, fields
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
        item_spaces: the artifacts behind the `ItemFields` among them.
    """

    spaces: Mapping[str, VectorSpace]
    encode: Callable[[Sequence[Item]], Vectors]
    item_spaces: ItemSpaces = field(default_factory=ItemSpaces)


class ReleaseEncoders(Protocol):
    """Knows the encoder of every release; asked once per batch, so it remembers what it has loaded."""

    def of_release(self, meta: IndexMeta, /) -> ItemEncoder:
        """The encoder that the release was built with.

        Raises:
            ArtifactError: it is not on this machine, or not what it was.
        """


class ItemFields(Protocol):
    """Makes fields of items of what shoppers did: what they are recommended by, or related by.

    There is no other way to these fields: a load, a single change and whoever checks an answer without a
    cluster come to the same values. What was learned is frozen, so a new item has them at once.
    """

    @property
    def space(self) -> ItemSpace:
        """The artifacts behind it, as the index names them; its encoder is the one that reads the texts."""

    def columns(self, items: Sequence[Item], vectors: NDArray[np.float32], /) -> Vectors:
        """The fields of some items.

        Args:
            items: any.
            vectors: float32 [items, dims], of their texts, of the space's encoder at its full width; of any
                width if it names none. Rows of zeros where there is no text.
        """

    def taken(self) -> Iterator[str]:
        """The ids of items that somebody took, as the orders name them."""


def reads(maker: ItemFields, encoder: str) -> bool:
    """Whether the vectors of an encoder of that fingerprint will do for these fields."""
    return maker.space.encoder in ("", encoder)


def dense_item_encoder(
    model: DenseModel,
    text: Callable[[Item], str],
    *,
    name: str,
    dims: int,
    also: Sequence[ItemFields] = (),
) -> ItemEncoder:
    """Items' texts through a dense encoder into the field ``dense``, `jittered`, and their hashes beside it.

    Args:
        model: a loaded ``encoder.DenseEncoder``.
        text: ``encoder.item_text``, the one function that turns an item into text.
        name: of the artifact, for people.
        dims: Matryoshka width that vectors are cut to.
        also: further fields of the same vectors before they are cut.
    """
    space = {fields.DENSE: VectorSpace(model.fingerprint, name, dims)}
    item_spaces = ItemSpaces.of(one.space for one in also)

    def encode(items: Sequence[Item]) -> Vectors:
        texts = [text(item) for item in items]
        whole = model.encode_items(texts)
        return {
            fields.DENSE: jittered(cut(whole, dims), [item.id for item in items]),
            fields.TEXT_HASH: list(map(long_hash, texts)),
            **_columns(also, items, texts, whole),
        }

    return ItemEncoder({**space, **item_spaces.vectors}, encode, item_spaces)


def item_fields_encoder(
    makers: Sequence[ItemFields], model: DenseModel | None, text: Callable[[Item], str]
) -> ItemEncoder:
    """Fields of items alone, of texts that an encoder reads for nothing else.

    Args:
        makers: of the fields, all of one encoder.
        model: that encoder; None: they read no texts.
        text: as of `dense_item_encoder`.
    """
    item_spaces = ItemSpaces.of(one.space for one in makers)

    def encode(items: Sequence[Item]) -> Vectors:
        texts = [text(item) for item in items]
        whole = model.encode_items(texts) if model else np.zeros((len(items), 0), dtype=np.float32)
        return _columns(makers, items, texts, whole)

    return ItemEncoder(item_spaces.vectors, encode, item_spaces)


def _columns(
    makers: Sequence[ItemFields], items: Sequence[Item], texts: Sequence[str], whole: NDArray[np.float32]
) -> Vectors:
    there = np.array([bool(text) for text in texts], dtype=np.bool_)[:, None]
    read = np.where(there, whole, np.float32(0))
    return {field: rows for one in makers for field, rows in one.columns(items, read).items()}


# In codes, the root mean square of what is added to each. With it two of a thousand copies hardly ever have
# the same codes, and as many neighbours are found as without; a fifth of it is lost in rounding.
_JITTER_OF_CODES: Final = 0.15


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
    found = ItemSpaces.of(space for encoder in encoders for space in encoder.item_spaces.present)
    return ItemEncoder(spaces, encode, found)


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

    return replace(encoder, encode=encode)


def written_to(encoder: ItemEncoder, meta: IndexMeta) -> ItemEncoder:
    """The encoder for documents of a release: vectors as it keeps them, and hashes of texts if it has them.

    Releases of before there were hashes take no document with one.
    """
    stored = stored_as(encoder, meta.vectors)
    if meta.features.hashes_texts:
        return stored

    def encode(items: Sequence[Item]) -> Vectors:
        return {field: rows for field, rows in stored.encode(items).items() if field != fields.TEXT_HASH}

    return replace(encoder, encode=encode)


def clipped_values(vectors: Vectors) -> int:
    """How many values of dense vectors were clipped, see ``mappings.vector_types``."""
    return clipped(np.asarray(vectors[fields.DENSE])) if fields.DENSE in vectors else 0


def without_vectors() -> ItemEncoder:
    """For an index that is searched by words alone."""
    return ItemEncoder(MappingProxyType({}), lambda _: {})
