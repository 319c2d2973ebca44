"""A catalogue becomes the live release; what could not be indexed is sent again when it is corrected."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from opensearchpy import OpenSearch

from aisle._index_on_ray import load_for
from aisle._index_run import USUAL_ENCODER, IndexSource, index_folder, letters_file, read_synonyms
from aisle._item_fields import item_field_refs
from aisle._quality_gate import gate_options
from aisle._runs import champions_follow
from aisle._suggest import suggest_options
from aisle._update import ArtifactEncoders
from aisle._vectors import VectorRequest
from aisle.catalogue import ReadOptions, parse_map
from aisle.catalogue.languages import AUTO, language_codes, parse_languages
from aisle.catalogue.reader import formats
from aisle.cluster.client import connected
from aisle.cluster.failures import RetryPolicy
from aisle.encoder import ArtifactStore
from aisle.errors import InputError
from aisle.indexer import IndexOptions, IndexReport, Progress
from aisle.indexer.releases.guards import GuardLimits
from aisle.indexer.releases.names import check_name
from aisle.indexer.replay import ReplayReport
from aisle.indexer.replay import replay as send_again
from aisle.indexer.suggestions.popular import USUAL_MIN_CLIENTS
from aisle.mappings.vector_types import VectorType

__all__ = [
    "AUTO",
    "USUAL_ENCODER",
    "USUAL_MIN_CLIENTS",
    "VectorType",
    "formats",
    "index",
    "language_codes",
    "parse_map",
    "replay",
]


def index(
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
    suggest: bool = True,
    queries: str | Path | None = None,
    min_clients: int = USUAL_MIN_CLIENTS,
    suggest_block: str | Path | None = None,
    language: str = AUTO,
    shards: int = 1,
    replicas: int = 0,
    force_merge: bool = False,
    keep: int = 1,
    stage: bool = False,
    max_rejected: float = 0.05,
    max_shrink: float = 0.2,
    strict: bool = False,
    max_refused: float = 0.01,
    patience_s: float = 120.0,
    gate: str | Path | None = None,
    gate_metric: str | None = None,
    gate_floor: float | None = None,
    gate_drop: float | None = None,
    ray: str | None = None,
    workers: int = 2,
    skip_check: bool = False,
    resume: bool = False,
    dead_letters: str | Path | None = None,
    cluster: OpenSearch | None = None,
    store: ArtifactStore | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> IndexReport:
    """Index a catalogue into a new release and make it live in one step.

    The safe run, as `aisle index` does it: every settled document is noted, so that an interrupted run can be
    resumed; rows that cannot be indexed are written to the dead letters file with their reason, however the
    run ends; sampled items must be found in the release before it goes live; the release inherits the fusion
    that the live one was tuned to. After an error, what is live is as it was.

    Example:
        >>> report = aisle.index("products.csv", "shop", columns={"title": "name"})
        >>> report.release, report.documents, report.dead_letters
        ('shop-v0001', 10000, {'no title': 3})

    Args:
        data: a file (CSV, JSON, XML, XLSX, Parquet; gzip or zip), "-" for standard input, an address on the
            web, a BEIR or ESCI folder, or ``hub:OWNER/NAME``.
        name: of the catalogue; it is searched by this name.
        columns: item field to column of the data, such as ``{"title": "name", "id": "sku"}``.
        format: of the data; "auto" tells by the file's name and content.
        facets: columns that become attributes whatever they hold.
        no_facets: columns that become no attributes.
        decimal: decimal mark of prices, "point" or "comma"; empty: each column's own.
        encoding: of a text file; empty: it is detected.
        variants: "separate" or "merged"; empty: what is usual for the kind of export.
        allow_private: fetch an address on the web also from this machine or a private network.
        locale: only rows of this locale (ESCI).
        limit: stop after so many items.
        encoder: artifact that makes the vectors, by path, name or fingerprint; None indexes words alone.
        dims: width of the vectors; None takes 64 if the model was trained to be cut there, else its own.
        vectors: what their numbers are kept as: "fp32", "fp16" (half the memory), "byte" (a quarter) or
            "disk" (in memory a 32nd with faiss, a quarter with lucene; full ones are read from disk to score
            what those find). None: "fp32", or what finds most within ``vector_bytes``.
        vector_bytes: memory that a vector may take, without its links in the graph; width and type are chosen
            by what they find in a sample of the items.
        sparse: artifact for the sparse leg; None leaves it out.
        recommender: artifact by which the release recommends, see `aisle.train_recommender`; None: it cannot.
        codes: artifact of semantic IDs, see `aisle.train_codes`; None: the router's, else that of the
            recommender's name, if there is one; "none": items have none.
        router: artifact for histories as sequences, trained for that recommender; None: the one of its name,
            if there is one; "none": leave it out.
        item_to_item: artifact by which the release relates items to one another, see
            `aisle.train_item_to_item`; None: it cannot.
        synonyms: file of rules such as ``sofa, couch`` for the queries of this release.
        suggest: make suggestions with the release, see ``aisle.suggest``.
        queries: file of popular queries with their counts and, if known, how many visitors asked them: they
            are suggested first, if they find something.
        min_clients: how many different visitors must have asked a query, where the file says it.
        suggest_block: file of words and phrases that no suggestion may hold.
        language: of the texts: codes such as "de" or "de,fr", the main one first; "auto": what the items say,
            else what their texts look like, else English.
        shards: primary shards.
        replicas: further copies of each shard of the finished release.
        force_merge: merge to one segment per shard before going live: slower to make, faster to search.
        keep: older releases that stay for a way back.
        stage: finish the release and check it, but let what is live stay live: see `aisle.gate_release` and
            `aisle.promote`.
        max_rejected: share of the rows, 0 to 1, that may be dead letters before the run fails.
        max_shrink: share of the live release's documents, 0 to 1, by which the new one may be smaller.
        strict: fail, and do not only warn, if far fewer items have a field (such as a price) than in the live
            release.
        max_refused: share of the documents, 0 to 1, that OpenSearch may refuse before the run fails.
        patience_s: seconds to wait for a node that does not answer.
        gate: BEIR folder of judgments that the release must do well on before it goes live.
        gate_metric: what is measured there; None: nDCG@10.
        gate_floor: least value of the metric, 0 to 1.
        gate_drop: how far below the live release it may be, 0 to 1; None: 0.01, with a floor any.
        ray: encode and write on Ray: "local", "auto" or ``HOST:PORT``; None loads in this process.
            Its workers connect as the ``AISLE_*`` variables say, so ``cluster`` cannot be given with it.
        workers: processes on Ray that encode and write.
        skip_check: go live without asking the release for a sample of its items.
        resume: go on with the run of this name that was interrupted.
        dead_letters: file for what is not indexed; None: ``NAME-dead-letters.jsonl`` in the current folder.
        cluster: connection; None: that of ``AISLE_URL``, else the node of `aisle up`.
        store: where artifacts are looked up; None: the one under ``AISLE_HOME``.
        progress: called several times a second with how far the run is.

    Raises:
        InputError: data or an option cannot be used, or another run changes the catalogue.
        ArtifactNotFound, ArtifactCorrupt: the encoder cannot be loaded.
        CapabilityMissing: the cluster does not keep vectors of that type.
        IndexingFailed: too many rows were rejected or documents refused, the release is too small beside the
            live one, sampled items are not found, or the gate is not passed.
        DiskFull, ClusterUnavailable: on the way; ``resume`` goes on from there.
        MissingExtra: the data or Ray need an optional dependency.
    """
    options = IndexOptions(
        name=name,
        shards=shards,
        replicas=replicas,
        force_merge=force_merge,
        keep=keep,
        stage=stage,
        max_refused_share=max_refused,
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
    limits = GuardLimits(max_rejected, max_shrink, strict)
    suggesting = suggest_options(suggest, queries, suggest_block, min_clients)
    judged = gate_options(gate, gate_metric, gate_floor, gate_drop)
    refs = item_field_refs(recommender, codes, router, item_to_item)
    wanted = VectorRequest.of(encoder, dims, sparse, vectors, vector_bytes, refs)
    if sparse is not None and ray is not None:
        raise InputError("sparse weights are not made on Ray yet", fix="leave out either sparse or ray")
    if cluster is not None and ray is not None:
        raise InputError(
            "workers on Ray make connections of their own, from the AISLE_* variables",
            fix="leave cluster out, and set AISLE_URL",
        )
    if vector_bytes is not None and ray is not None:
        raise InputError(
            "the vectors of a budget are not chosen on Ray yet",
            fix="choose them with --bytes and --dry-run, then give --dims and --vectors",
        )
    client = connected(cluster)
    store = store or ArtifactStore.default()
    letters = letters_file(name, dead_letters)
    source = IndexSource(
        str(data), reading, wanted, languages=parse_languages(language), checked=not skip_check
    )

    with load_for(ray, workers, encoder, dims, store, refs) as load:
        report = index_folder(
            client,
            source,
            options,
            letters,
            store,
            limits=limits,
            resume=resume,
            gate=judged,
            load=load,
            suggest=suggesting,
            progress=progress,
        )
    if not stage:
        champions_follow(client, name)
    return report


def replay(
    name: str,
    file: str | Path,
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
    encoder: str | Path | None = None,
    sparse: str | Path | None = None,
    patience_s: float = 120.0,
    dead_letters: str | Path | None = None,
    cluster: OpenSearch | None = None,
    store: ArtifactStore | None = None,
) -> ReplayReport:
    """Send dead letters, perhaps corrected by hand, to the live release.

    Safe to repeat: a row that was sent before overwrites itself. Correct the catalogue too before it is
    indexed the next time: the rows are only in this release.

    Example:
        >>> aisle.replay("shop", "shop-dead-letters.jsonl").documents
        3

    Args:
        name: of the catalogue.
        file: the dead letters file of `aisle.index`.
        columns: item field to column, as when the catalogue was read.
        format: of the data, as when the catalogue was read.
        facets: columns that become attributes whatever they hold.
        no_facets: columns that become no attributes.
        decimal: decimal mark of prices, "point" or "comma"; empty: each column's own.
        encoding: of a text file; empty: it is detected.
        variants: "separate" or "merged"; empty: what is usual for the kind of export.
        allow_private: fetch an address on the web also from this machine or a private network.
        locale: only rows of this locale (ESCI).
        limit: not more than so many rows.
        encoder: reference to use instead of the release's own; it is still held to its fingerprint.
        sparse: the same for the sparse encoder.
        patience_s: seconds to wait for a node that does not answer.
        dead_letters: file for what fails again; None: ``NAME-dead-letters.jsonl`` in the current folder.
        cluster: connection; None: that of ``AISLE_URL``, else the node of `aisle up`.
        store: where artifacts are looked up; None: the one under ``AISLE_HOME``.

    Raises:
        InputError: a line is no dead letter (nothing was sent then), or another run changes the catalogue.
        IndexNotFound, ArtifactMismatch, ArtifactNotFound: nothing is live, or its encoder cannot be used.
        ClusterUnavailable, DiskFull: on the way; the file is as it was, so replay it again.
    """
    check_name(name)
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
    return send_again(
        connected(cluster),
        Path(file),
        name,
        reading,
        ArtifactEncoders(store or ArtifactStore.default(), encoder, sparse),
        letters_file(name, dead_letters),
        RetryPolicy(deadline_s=patience_s),
    )
