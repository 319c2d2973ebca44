"""Opens a search client for an index with the very encoders that the index was built with."""

from __future__ import annotations

from pathlib import Path

from opensearchpy import OpenSearch

from encoder import ArtifactStore
from mappings import fields
from search import Bm25Leg, DenseLeg, Leg, Reranker, SearchClient, SparseLeg, read_live
from workflows.encoder_of import encoder_of, sparse_encoder_of


def open_search(
    client: OpenSearch,
    name: str,
    store: ArtifactStore,
    encoder: str | Path | None = None,
    window: int = 100,
    sparse: str | Path | None = None,
    *,
    typos: bool = True,
    exact: bool = True,
    reranker: Reranker | None = None,
) -> SearchClient:
    """A client whose legs are the ones that the index has.

    Args:
        client: connection.
        name: alias or index.
        store: where the encoders are looked up by the fingerprints in the index's ``_meta``.
        encoder: a reference to use instead; it is still held to the index's fingerprint.
        window: candidates per leg.
        sparse: as ``encoder``, for the sparse encoder.
        typos: see ``SearchClient``.
        exact: likewise.
        reranker: likewise; ``workflows.open_reranker`` opens one.

    Raises:
        IndexNotFound, ForeignIndex: see ``search.read_live``.
        ArtifactNotFound, ArtifactMismatch: the index's encoder is not on this machine, or another was named.
    """
    meta = read_live(client, name).meta
    legs: list[Leg] = [Bm25Leg()]
    dense_model = sparse_model = None
    if space := meta.spaces.get(fields.DENSE):
        dense_model = encoder_of(meta.release, space, store, encoder)
        legs.append(DenseLeg())
    if space := meta.spaces.get(fields.SPARSE):
        sparse_model = sparse_encoder_of(meta.release, space, store, sparse)
        legs.append(SparseLeg())
    return SearchClient(
        client, name, dense_model, legs, window, sparse_model, typos=typos, exact=exact, reranker=reranker
    )
