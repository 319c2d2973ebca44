"""Opens a search client for an index with the very encoder that the index was built with."""

from __future__ import annotations

from pathlib import Path

from opensearchpy import OpenSearch

from encoder import ArtifactStore, DenseEncoder
from mappings import fields
from records import ArtifactMismatch, ArtifactNotFound
from search import Bm25Leg, DenseLeg, SearchClient, read_live


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
    try:
        path = store.resolve(encoder if encoder is not None else space.fingerprint)
    except ArtifactNotFound as error:
        if encoder is not None:
            raise
        raise ArtifactNotFound(
            f"index {meta.release} was built with encoder {space.name} ({space.fingerprint[:12]}),"
            " which is not on this machine",
            fix="copy its artifact folder here and pass --encoder PATH, or index the catalogue again",
        ) from error
    loaded = DenseEncoder.load(path)
    if loaded.fingerprint != space.fingerprint:
        raise ArtifactMismatch(
            f"index {meta.release} was built with encoder {space.name} ({space.fingerprint[:12]}),"
            f" not with {loaded.fingerprint[:12]}",
            fix="leave --encoder out to use the index's own, or index the catalogue again",
        )
    return SearchClient(client, name, loaded, (Bm25Leg(), DenseLeg()), window)
