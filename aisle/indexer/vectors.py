"""Which vectors a document gets, and from which model."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias

import numpy as np

from aisle.encoder.dense import cut
from aisle.encoder.jitter import jittered
from aisle.mappings import IndexMeta, RecommendationSpace, VectorSpace, fields
from aisle.mappings.document import Column, long_hash
from aisle.mappings.vector_types import VectorStorage, clipped
from aisle.types import Item

if TYPE_CHECKING:
    from aisle.encoder.base import ItemEncoder as DenseModel
    from aisle.encoder.base import SparseItemEncoder as SparseModel
    from aisle.recommendation.item_fields import ItemFields

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
        recommends: the artifacts behind the fields that items are recommended by; None: it makes none.
    """

    spaces: Mapping[str, VectorSpace]
    encode: Callable[[Sequence[Item]], Vectors]
    recommends: RecommendationSpace | None = None


class ReleaseEncoders(Protocol):
    """Knows the encoder of every release; asked once per batch, so it remembers what it has loaded."""

    def of_release(self, meta: IndexMeta, /) -> ItemEncoder:
        """The encoder that the release was built with.

        Raises:
            ArtifactError: it is not on this machine, or not what it was.
        """


def dense_item_encoder(
    model: DenseModel,
    text: Callable[[Item], str],
    *,
    name: str,
    dims: int,
    recommended: ItemFields | None = None,
) -> ItemEncoder:
    """Items' texts through a dense encoder into the field ``dense``, `jittered`, and their hashes beside it.

    Args:
        model: a loaded ``encoder.DenseEncoder``.
        text: ``encoder.item_text``, the one function that turns an item into text.
        name: of the artifact, for people.
        dims: Matryoshka width that vectors are cut to.
        recommended: makes what items are recommended by, of the same vectors before they are cut; None: they
            are not.
    """
    space = {fields.DENSE: VectorSpace(model.fingerprint, name, dims)}

    def encode(items: Sequence[Item]) -> Vectors:
        texts, ids = [text(item) for item in items], [item.id for item in items]
        whole = model.encode_items(texts)
        return {
            fields.DENSE: jittered(cut(whole, dims), ids),
            fields.TEXT_HASH: list(map(long_hash, texts)),
            **(recommended.columns(ids, texts, whole) if recommended else {}),
        }

    if recommended is None:
        return ItemEncoder(space, encode)
    return ItemEncoder({**space, **recommended.spaces}, encode, recommended.space)


def recommended_item_encoder(
    recommended: ItemFields, model: DenseModel | None, text: Callable[[Item], str]
) -> ItemEncoder:
    """What items are recommended by alone, of texts that an encoder reads for nothing else.

    Args:
        recommended: makes it.
        model: the encoder that it was made with; None: it reads no texts.
        text: as of `dense_item_encoder`.
    """

    def encode(items: Sequence[Item]) -> Vectors:
        texts, ids = [text(item) for item in items], [item.id for item in items]
        whole = model.encode_items(texts) if model else np.zeros((len(items), 0), dtype=np.float32)
        return recommended.columns(ids, texts, whole)

    return ItemEncoder(recommended.spaces, encode, recommended.space)


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
    recommends = next((encoder.recommends for encoder in encoders if encoder.recommends), None)
    return ItemEncoder(spaces, encode, recommends)


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
