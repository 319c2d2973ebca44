"""The vectors of a release: from which model, how wide, and as what they are kept."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Final, Self

import numpy as np

from aisle._item_fields import ItemFieldRefs, new_item_fields, text_encoders
from aisle.cluster import Cluster
from aisle.encoder import ArtifactStore, DenseEncoder, Manifest, SparseEncoder, item_text
from aisle.encoder.text import TEXT_VERSION
from aisle.errors import InputError
from aisle.indexer import ItemEncoder, sparse_item_encoder, together, without_vectors
from aisle.indexer.options import vector_engine
from aisle.indexer.vectors import ItemFields, reads
from aisle.mappings import ItemSpace, fields
from aisle.mappings.vector_types import (
    AS_FP32,
    FITTED_TO,
    SAMPLE,
    VectorChoice,
    VectorStorage,
    VectorType,
    check_budget,
)
from aisle.types import Item

# The widest vectors an index gets unless asked: the size the design was made for.
USUAL_DIMS: Final = 64


@dataclass(frozen=True, slots=True)
class VectorRequest:
    """What vectors a release is to have.

    Attributes:
        encoder: artifact; None makes no vectors.
        dims: width to cut to; None takes ``usual_dims``, or what fits into the budget.
        sparse: sparse artifact; None makes no weights of tokens.
        kept_as: type of their numbers; None: fp32, or what finds most within the budget.
        budget: bytes of memory that a vector may take, without its links in the graph; None: no limit.
        item_fields: artifacts that make further fields of items; None: none do.

    Raises:
        InputError: options that mean nothing together.
    """

    encoder: str | Path | None = None
    dims: int | None = None
    sparse: str | Path | None = None
    kept_as: VectorType | None = None
    budget: int | None = None
    item_fields: ItemFieldRefs | None = None

    @classmethod
    def of(
        cls,
        encoder: str | Path | None,
        dims: int | None,
        sparse: str | Path | None,
        vectors: str | None,
        vector_bytes: int | None,
        item_fields: ItemFieldRefs | None = None,
    ) -> Self:
        """As `aisle.index` takes it; raises InputError for a type that there is not, too."""
        kept_as = None if vectors is None else VectorType.of(vectors)
        return cls(encoder, dims, sparse, kept_as, vector_bytes, item_fields)

    def __post_init__(self) -> None:
        if self.encoder is None and (self.kept_as or self.budget):
            raise InputError(
                "without an encoder there are no vectors to keep as this type or in so many bytes",
                fix="name an encoder, or leave --vectors and --bytes out",
            )
        check_budget(self.budget, self.dims)
        if self.budget is not None and self.kept_as is VectorType.DISK:
            raise InputError(
                "vectors on disk are searched by their full numbers, so a budget of memory sets no width",
                fix="give --vectors disk and --dims, or --bytes",
            )


@dataclass(frozen=True, slots=True)
class ReleaseVectors:
    """The vectors that a release gets.

    Attributes:
        encoder: makes them, as float32.
        storage: how they are kept.
        choices: what a budget was chosen by, the best first; empty without one.
        makers: of the fields of items among them.
    """

    encoder: ItemEncoder
    storage: VectorStorage = AS_FP32
    choices: tuple[VectorChoice, ...] = ()
    makers: tuple[ItemFields, ...] = ()


def release_vectors(
    cluster: Cluster, store: ArtifactStore, asked: VectorRequest, items: Iterable[Item]
) -> tuple[ReleaseVectors, Iterator[Item]]:
    """The vectors of a new release, and its items, of which the first may be read and encoded now.

    What bytes are quantised by is fitted to those first items, and so is the choice within a budget: the same
    items give the same vectors again when a run is resumed.

    Args:
        cluster: where the release will be.
        store: where artifacts are looked up.
        asked: which vectors.
        items: of the catalogue, once.

    Raises:
        ArtifactNotFound, ArtifactCorrupt: see ``DenseEncoder.load``.
        InputError: the model has no such width, or nothing fits into the budget.
        CapabilityMissing: the cluster does not keep vectors of that type.
    """
    kept_as, rest = asked.kept_as or VectorType.FP32, iter(items)
    makers = new_item_fields(asked.item_fields, store) if asked.item_fields else ()
    choices: tuple[VectorChoice, ...] = ()
    if asked.budget is None:
        # What is wrong with an artifact is said before a cluster is asked.
        encoder = item_encoder(store, asked.encoder, asked.dims, asked.sparse, makers)
        vector_engine(cluster, kept_as)
    else:
        engine, first = vector_engine(cluster, kept_as), list(islice(rest, SAMPLE))
        rest = chain(first, rest)
        choices = _choices(store, asked, asked.budget, engine, first)
        kept_as = choices[0].kept_as
        encoder = item_encoder(store, asked.encoder, choices[0].dims, asked.sparse, makers)
    if kept_as is not VectorType.BYTE:
        # What needs no fitting is not encoded twice.
        return ReleaseVectors(encoder, VectorStorage(kept_as), choices, makers), rest
    first = list(islice(rest, FITTED_TO))
    rows = encoder.encode(first)[fields.DENSE] if first else ()
    storage = VectorStorage.fitted(kept_as, np.asarray(rows, dtype=np.float32))
    return ReleaseVectors(encoder, storage, choices, makers), chain(first, rest)


def _choices(
    store: ArtifactStore, asked: VectorRequest, budget: int, engine: str, items: list[Item]
) -> tuple[VectorChoice, ...]:
    # Its exact search is for whoever gives a budget.
    from aisle.evaluation.encoders.vector_table import BUDGETED, choose_vectors

    if asked.encoder is None:
        raise ValueError("a budget without an encoder")
    full = DenseEncoder.load(asked.encoder, store=store)
    types = (asked.kept_as,) if asked.kept_as else BUDGETED
    return choose_vectors(full, [item_text(item) for item in items], budget, engine, types)


def item_encoder(
    store: ArtifactStore,
    ref: str | Path | None,
    dims: int | None = None,
    sparse: str | Path | None = None,
    makers: Sequence[ItemFields] = (),
) -> ItemEncoder:
    """The encoder of a new release.

    Args:
        store: where names are looked up.
        ref: artifact; None makes no vectors.
        dims: width to cut to; None takes ``usual_dims``.
        sparse: sparse artifact; None makes no weights of tokens.
        makers: of further fields of items. A note says so if another encoder reads the texts for one.

    Raises:
        ArtifactNotFound, ArtifactCorrupt: see ``DenseEncoder.load``.
        InputError: the model has no such width.
    """
    model, width = None, 0
    if ref is not None:
        model = DenseEncoder.load(ref, store=store)
        _warn_of_other_texts(model.manifest)
        width = dims or usual_dims(model.manifest)
    made = text_encoders(model, width, makers, store)
    for maker in makers:
        if model and not reads(maker, model.fingerprint):
            _warn_of_two_encoders(model, maker.space)
    if sparse is not None:
        tokens = SparseEncoder.load(sparse, store=store)
        _warn_of_other_texts(tokens.manifest)
        made.append(sparse_item_encoder(tokens, item_text, name=tokens.manifest.name))
    return together(*made) if made else without_vectors()


def _warn_of_other_texts(manifest: Manifest) -> None:
    if manifest.text_version != TEXT_VERSION:
        warnings.warn(
            f"{manifest.name} was made for text version {manifest.text_version}, and items are read as"
            f" version {TEXT_VERSION}: export it again (`aisle encoder export`), or train it anew",
            stacklevel=3,
        )


def _warn_of_two_encoders(model: DenseEncoder, space: ItemSpace) -> None:
    warnings.warn(
        f"{space.title} was trained with another encoder than {model.manifest.name}: every text is encoded"
        f" twice; {space.trained_by} --encoder {model.manifest.name} makes it once",
        stacklevel=3,
    )


def usual_dims(manifest: Manifest) -> int:
    """64 if the model was trained to be cut there, else its full width: a naive cut costs recall."""
    return USUAL_DIMS if USUAL_DIMS in manifest.widths else manifest.dims
