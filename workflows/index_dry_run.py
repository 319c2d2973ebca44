"""What ``aisle index`` would do, without writing anything to the cluster."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from opensearchpy import OpenSearch

from catalogue import read_catalogue
from cluster import translated_errors
from encoder import ArtifactStore
from indexer import DeadLetters, IndexOptions
from indexer.disk_space import check_disk_space
from indexer.index_settings import index_settings
from indexer.release_names import next_version, release_name, to_prune
from indexer.standing import standing
from indexer.state_index import StateIndex
from records import IndexingFailed
from workflows.gate_options import GateOptions
from workflows.index_folder import IndexSource, item_encoder
from workflows.release_gate import release_gate


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
            now = standing(client, options.name)
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
