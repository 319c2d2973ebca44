"""Opens a search client for an index with the very encoder that the index was built with."""

from __future__ import annotations

from pathlib import Path

from opensearchpy import OpenSearch

from encoder import ArtifactStore
from mappings import fields
from search import Bm25Leg, DenseLeg, SearchClient, read_live
from workflows.encoder_of import encoder_of


def open_search(
    client: OpenSearch, name: str, store: ArtifactStore, encoder: str | Path | None = None, window: int = 100
) -> SearchClient:
    """A client whose legs are the ones that the index has.

    Args:
        client: connection.
        name: alias or index.
        store: where the encoder is looked up by the fingerprint in the index's ``_meta``.
        encoder: a reference to use instead; it is still held to the index's fingerprint.
        window: candidates per leg.

    Raises:
        IndexNotFound, ForeignIndex: see ``search.read_live``.
        ArtifactNotFound, ArtifactMismatch: the index's encoder is not on this machine, or another was named.
    """
    meta = read_live(client, name).meta
    space = meta.spaces.get(fields.DENSE)
    if space is None:
        return SearchClient(client, name, None, (Bm25Leg(),), window)
    loaded = encoder_of(meta.release, space, store, encoder)
    return SearchClient(client, name, loaded, (Bm25Leg(), DenseLeg()), window)
