"""What ``aisle index`` would do, without writing anything to the cluster."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from opensearchpy import OpenSearch

from aisle._index import IndexSource, item_encoder
from aisle._quality_gate import GateOptions, release_gate
from aisle.catalogue import read_catalogue
from aisle.cluster import translated_errors
from aisle.encoder import ArtifactStore
from aisle.errors import IndexingFailed
from aisle.indexer import DeadLetters, IndexOptions
from aisle.indexer.disk_space import check_disk_space
from aisle.indexer.lease.state import StateIndex
from aisle.indexer.options import index_settings
from aisle.indexer.releases.inventory import read_inventory
from aisle.indexer.releases.names import next_version, release_name, to_prune


@dataclass(frozen=True, slots=True)
class DryRun:
    """Attributes:
    name, release: the alias, and the release that would be made.
    replaces: what is live now, empty for nothing.
    prunes: releases that would be deleted.
    documents: items that would be sent; OpenSearch may refuse some of them.
    dead_letters: rows that could not be read; they are in the dead letters file.
    encoder: vector field to the model behind it.
    engine: k-NN engine of the index.
    """

    name: str
    release: str
    replaces: str
    prunes: tuple[str, ...]
    documents: int
    dead_letters: int
    encoder: dict[str, str]
    engine: str

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return asdict(self)


def dry_run(
    client: OpenSearch,
    source: IndexSource,
    options: IndexOptions,
    letters: DeadLetters,
    gate: GateOptions | None = None,
) -> DryRun:
    """Read the whole catalogue, load the encoder and the judged set, look at the cluster.

    Raises:
        As ``index_folder`` would before it writes; IndexingFailed: there is nothing to index.
    """
    try:
        items = read_catalogue(source.data, source.reading, letters)
        store = ArtifactStore.default()
        encoder = item_encoder(store, source.encoder, source.dims, source.sparse)
        if gate:
            release_gate(client, options.name, gate, store, source.encoder, source.sparse)
        with translated_errors():
            now = read_inventory(client, options.name)
            state = StateIndex(client, options.name).read(options.retry).state
            settings = index_settings(client, encoder, options)
            check_disk_space(client)
        documents = sum(1 for _ in items)
    finally:
        letters.export()
    if not documents:
        raise IndexingFailed("the catalogue has no items that can be indexed", fix="look at the dead letters")
    release = release_name(options.name, state.next_release(next_version(options.name, now.releases)))
    after = (*now.releases, release)
    return DryRun(
        name=options.name,
        release=release,
        replaces=", ".join(now.live),
        prunes=to_prune(options.name, release, after, now.no_way_back, options.keep),
        documents=documents,
        dead_letters=letters.count,
        encoder={field: space.name for field, space in encoder.spaces.items()},
        engine=settings.engine,
    )
