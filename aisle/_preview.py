"""What indexing a catalogue would do, without writing anything to the cluster."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

from opensearchpy import OpenSearch

from aisle._index_run import USUAL_ENCODER, in_languages, letters_file, read_synonyms
from aisle._item_fields import item_field_refs
from aisle._quality_gate import gate_options, release_gate
from aisle._suggest import suggest_options
from aisle._vectors import ReleaseVectors, VectorRequest, release_vectors
from aisle.catalogue import ReadOptions, read_catalogue
from aisle.catalogue.languages import AUTO, parse_languages, with_languages
from aisle.catalogue.rejects import RejectedRow
from aisle.catalogue.report import ReadingReport, RowCounts
from aisle.cluster.client import connected
from aisle.cluster.failures import RetryPolicy
from aisle.encoder import ArtifactStore
from aisle.errors import IndexingFailed
from aisle.indexer import IndexOptions
from aisle.indexer.disk_space import check_disk_space
from aisle.indexer.lease.state import StateIndex
from aisle.indexer.options import KeptVectors, index_settings
from aisle.indexer.releases.guards import GuardLimits, ReleaseGuard
from aisle.indexer.releases.inventory import read_inventory
from aisle.indexer.releases.names import next_version, release_name, to_prune
from aisle.indexer.suggestions.popular import USUAL_MIN_CLIENTS
from aisle.mappings import ItemSpaces


@dataclass(frozen=True, slots=True)
class DryRun:
    """What `aisle.index` would do.

    Attributes:
        name, release: the alias, and the release that would be made.
        replaces: what is live now, empty for nothing.
        prunes: releases that would be deleted.
        documents: items that would be sent; OpenSearch may refuse some of them.
        encoder: vector field to the model behind it.
        engine: k-NN engine of the index.
        vectors: the dense ones, and as what they would be kept; None without.
        item_spaces: the artifacts that it would recommend items and relate them by.
        languages: that the texts would be searched in, and how that is known.
        reading: what was read as what.
        rows: where every row went.
        stopped: why it would not go live, or empty; fix: what to do about it.
        lost_coverage: fields that far fewer items have than in the live release, a line each.
        dead_letters: reason to number of rows that could not be read.
        examples: reason to one of these rows.
        dead_letters_file: where they are; None if there are none.
    """

    name: str
    release: str
    replaces: str
    prunes: tuple[str, ...]
    documents: int
    encoder: dict[str, str]
    engine: str
    vectors: KeptVectors | None
    item_spaces: ItemSpaces
    languages: str
    reading: ReadingReport
    rows: RowCounts
    stopped: str
    fix: str
    lost_coverage: tuple[str, ...]
    dead_letters: Mapping[str, int]
    examples: Mapping[str, RejectedRow]
    dead_letters_file: Path | None

    def to_json(self) -> dict[str, Any]:
        """Plain JSON, for ``--json``."""
        content = {name: getattr(self, name) for name in _PLAIN}
        return {
            **content,
            "vectors": asdict(self.vectors) if self.vectors else None,
            **self.item_spaces.to_json(),
            "reading": self.reading.to_json(),
            "rows": self.rows.to_json(),
            "dead_letters": sum(self.dead_letters.values()),
            "reasons": dict(self.dead_letters),
            "examples": {reason: asdict(row) for reason, row in self.examples.items()},
        }


_PLAIN: Final = (
    *("name", "release", "replaces", "prunes", "documents", "encoder", "engine"),
    *("stopped", "fix", "lost_coverage"),
)


def preview(
    data: str | Path,
    name: str,
    *,
    columns: Mapping[str, str | Sequence[str]] | None = None,
    format: str = "auto",
    facets: Sequence[str] = (),
    no_facets: Sequence[str] = (),
    decimal: str = "",
    encoding: str = "",
    variants: str = "",
    allow_private: bool = False,
    locale: str = "",
    limit: int | None = None,
    encoder: str | Path | None = USUAL_ENCODER,
    dims: int | None = None,
    vectors: str | None = None,
    vector_bytes: int | None = None,
    sparse: str | Path | None = None,
    recommender: str | Path | None = None,
    codes: str | Path | None = None,
    router: str | Path | None = None,
    item_to_item: str | Path | None = None,
    synonyms: str | Path | None = None,
    language: str = AUTO,
    suggest: bool = True,
    queries: str | Path | None = None,
    min_clients: int = USUAL_MIN_CLIENTS,
    suggest_block: str | Path | None = None,
    shards: int = 1,
    replicas: int = 0,
    keep: int = 1,
    max_rejected: float = 0.05,
    max_shrink: float = 0.2,
    strict: bool = False,
    patience_s: float = 120.0,
    gate: str | Path | None = None,
    gate_metric: str | None = None,
    gate_floor: float | None = None,
    gate_drop: float | None = None,
    dead_letters: str | Path | None = None,
    cluster: OpenSearch | None = None,
    store: ArtifactStore | None = None,
) -> DryRun:
    """What `aisle.index` would do: read and check everything, write nothing to OpenSearch.

    The whole catalogue is read, the encoders and the judged set are loaded, and the cluster is looked at.

    Example:
        >>> aisle.preview("products.csv", "shop").dead_letters
        {'no title': 3}

    Args:
        data: a file (CSV, JSON, XML, XLSX, Parquet; gzip or zip), "-" for standard input, an address on the
            web, a BEIR or ESCI folder, or ``hub:OWNER/NAME``.
        name: of the catalogue.
        columns: item field to column of the data.
        format: of the data; "auto" tells by the file's name and content.
        facets: columns that become attributes whatever they hold.
        no_facets: columns that become no attributes.
        decimal: decimal mark of prices, "point" or "comma"; empty: each column's own.
        encoding: of a text file; empty: it is detected.
        variants: "separate" or "merged"; empty: what is usual for the kind of export.
        allow_private: fetch an address on the web also from this machine or a private network.
        locale: only rows of this locale (ESCI).
        limit: stop after so many items.
        encoder: artifact that makes the vectors; None indexes words alone.
        dims: width of the vectors; None takes what suits the model.
        vectors: what their numbers would be kept as, as `aisle.index` takes it.
        vector_bytes: memory that a vector may take; what was chosen from is in ``vectors.choices``.
        sparse: artifact for the sparse leg; None leaves it out.
        recommender: artifact by which the release would recommend; None: it could not.
        codes: artifact of semantic IDs, as `aisle.index` takes it.
        router: artifact for histories as sequences, as `aisle.index` takes it.
        item_to_item: artifact by which the release would relate items; None: it could not.
        synonyms: file of rules for the queries of the release.
        language: as `aisle.index` takes it.
        suggest: whether it would have suggestions.
        queries: file of popular queries, which is read.
        min_clients: how many different visitors must have asked a query.
        suggest_block: file of what may not be suggested, which is read.
        shards: primary shards.
        replicas: further copies of each shard.
        keep: older releases that would stay.
        max_rejected: share of the rows, 0 to 1, that may be dead letters.
        max_shrink: share of the live release's documents, 0 to 1, by which the new one may be smaller.
        strict: whether a field that lost its coverage would stop the run.
        patience_s: seconds to wait for a node that does not answer.
        gate: BEIR folder of judgments that the release would have to do well on.
        gate_metric: what is measured there; None: nDCG@10.
        gate_floor: least value of the metric, 0 to 1.
        gate_drop: how far below the live release it may be, 0 to 1.
        dead_letters: file for rows that cannot be read; None: ``NAME-dead-letters.jsonl`` in this folder.
        cluster: connection; None: that of ``AISLE_URL``, else the node of `aisle up`.
        store: where artifacts are looked up; None: the one under ``AISLE_HOME``.

    Raises:
        InputError, ArtifactError, ClusterError, MissingExtra: as `aisle.index` before it writes.
        IndexingFailed: there is nothing to index.
    """
    suggest_options(suggest, queries, suggest_block, min_clients)
    options = IndexOptions(
        name=name,
        shards=shards,
        replicas=replicas,
        keep=keep,
        synonyms=read_synonyms(Path(synonyms) if synonyms is not None else None),
        retry=RetryPolicy(deadline_s=patience_s),
    )
    reading = ReadOptions(
        format=format,
        columns=columns or {},
        facets=tuple(facets),
        no_facets=tuple(no_facets),
        decimal=decimal,
        encoding=encoding,
        variants=variants,
        allow_private=allow_private,
        locale=locale,
        limit=limit,
    )
    asked = parse_languages(language)
    limits = GuardLimits(max_rejected, max_shrink, strict)
    judged = gate_options(gate, gate_metric, gate_floor, gate_drop)
    refs = item_field_refs(recommender, codes, router, item_to_item)
    wanted = VectorRequest.of(encoder, dims, sparse, vectors, vector_bytes, refs)
    client, store = connected(cluster), store or ArtifactStore.default()
    letters = letters_file(name, dead_letters)
    try:
        items = read_catalogue(str(data), reading, letters)
        guard = ReleaseGuard(client.retrying(options.retry), name, limits, items.counts, letters)
        made, stream = release_vectors(client, store, wanted, items)
        if judged:
            release_gate(client, name, judged, store, encoder, sparse)
        now = read_inventory(client, name)
        state = StateIndex(client, name).read(options.retry).state
        languages, stream = with_languages(stream, asked)
        options = replace(in_languages(options, languages), vectors=made.storage)
        settings = index_settings(client, made.encoder, options)
        check_disk_space(client)
        documents = sum(1 for _ in stream)
    finally:
        letters.export()
    if not documents:
        raise IndexingFailed("the catalogue has no items that can be indexed", fix="look at the dead letters")
    stopped = _stopped(guard, documents)
    release = release_name(name, state.next_release(next_version(name, now.releases)))
    after = (*now.releases, release)
    return DryRun(
        name=name,
        release=release,
        replaces=", ".join(now.live),
        prunes=to_prune(name, release, after, now.no_way_back, options.keep),
        documents=documents,
        languages=str(languages),
        reading=items.report,
        rows=items.counts,
        stopped=stopped.message if stopped else "",
        fix=stopped.fix if stopped else "",
        lost_coverage=guard.lost,
        dead_letters=dict(letters.reasons),
        examples=dict(letters.examples),
        dead_letters_file=letters.path if letters.count else None,
        encoder={field: space.name for field, space in made.encoder.spaces.items()},
        vectors=_kept(made),
        item_spaces=made.encoder.item_spaces,
        engine=settings.engine,
    )


def _kept(made: ReleaseVectors) -> KeptVectors | None:
    found = KeptVectors.of(made.storage, made.encoder)
    return replace(found, choices=made.choices) if found else None


def _stopped(guard: ReleaseGuard, documents: int) -> IndexingFailed | None:
    try:
        guard.check_content(documents)
    except IndexingFailed as error:
        return error
    return None
