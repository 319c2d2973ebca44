"""A judged catalogue, indexed and asked: what each leg found for each query, as searches find it online."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from opensearchpy import OpenSearch

from aisle._search import open_search
from aisle._vectors import item_encoder
from aisle.catalogue import ReadOptions, read_catalogue
from aisle.encoder import ArtifactStore, cross_encoder, dense, item_text, sparse
from aisle.encoder.artifact import read_manifest
from aisle.errors import ArtifactNotFound
from aisle.evaluation import JudgedSet, answerable, read_judged_set
from aisle.evaluation.runs import ScoredRun
from aisle.indexer import IndexOptions, index_catalogue
from aisle.mappings import BM25, FusionSpec, default_fusion, release_fusions
from aisle.search import SearchClient, read_live
from aisle.search.systems import legs_of
from aisle.search.tuning.runs import LegRuns, data_hash
from benchmarks.harness.command_line import say


@dataclass(frozen=True, slots=True)
class Artifacts:
    """Attributes:
    encoder: folder of the dense artifact.
    sparse, reranker, teacher: folders, None where the store has none: their rungs are left out.
    missing: what is left out, in words.
    """

    encoder: Path
    sparse: Path | None
    reranker: Path | None
    teacher: Path | None
    missing: tuple[str, ...]


def find_artifacts(
    store: ArtifactStore, encoder: str, sparse_ref: str, reranker: str, teacher: str
) -> Artifacts:
    """Look them up by name, path or fingerprint.

    Raises:
        ArtifactNotFound: there is no such dense artifact, without which there is no hybrid.
    """
    wanted: Mapping[str, tuple[str, str]] = {
        "sparse leg": (sparse_ref, sparse.KIND),
        "reranker": (reranker, cross_encoder.KIND),
        "teacher": (teacher, cross_encoder.KIND),
    }
    found = {what: _folder(store, ref, kind) for what, (ref, kind) in wanted.items()}
    missing = tuple(f"{what} (no artifact {wanted[what][0]})" for what, path in found.items() if path is None)
    return Artifacts(
        store.resolve(encoder, dense.KIND),
        found["sparse leg"],
        found["reranker"],
        found["teacher"],
        missing,
    )


def _folder(store: ArtifactStore, ref: str, kind: str) -> Path | None:
    try:
        path = store.resolve(ref, kind)
    except ArtifactNotFound:
        return None
    # Without one of that kind, the store offers another of that name.
    return path if read_manifest(path).kind == kind else None


# R@200 needs 200 results of every leg.
WINDOW = 200
SPLIT = "dev"


@dataclass(frozen=True, slots=True)
class Shop:
    """An index and its judgments.

    Attributes:
        name: alias of the index.
        texts: item id to encoder text.
        judged: only queries that have a relevant item.
    """

    name: str
    texts: Mapping[str, str]
    judged: JudgedSet


@dataclass(frozen=True, slots=True)
class Asked:
    """Attributes:
    runs: what each leg found; with typos corrected.
    searched: query id to the text that was searched: the corrected one, where it was corrected.
    pinned: query id to the items that the query names, where it names any.
    typed: query id to what BM25 finds without correction, best first.
    """

    runs: LegRuns
    searched: Mapping[str, str]
    pinned: Mapping[str, Sequence[str]]
    typed: Mapping[str, Sequence[str]]


def index_shop(
    client: OpenSearch, artifacts: Artifacts, data: Path, dims: int, limit: int | None, queries: int | None
) -> Shop:
    """Index a folder end to end.

    Args:
        client: of an own node.
        artifacts: which encoders.
        data: BEIR folder.
        dims: width of the dense vectors.
        limit: a trial: so many products, and the queries that have a relevant one among them.
        queries: a trial: at most so many queries.
    """
    items = list(read_catalogue(data, ReadOptions(limit=limit)))
    encoder = item_encoder(ArtifactStore.default(), artifacts.encoder, dims, artifacts.sparse)
    fusions = release_fusions(tuple(encoder.spaces), (default_fusion(),))
    # As a catalogue that is loaded once and searched all day: every segment has a graph that is walked anew.
    options = IndexOptions(data.name, fusions=fusions, force_merge=True)
    report = index_catalogue(client, iter(items), encoder, options)
    texts = {item.id: item_text(item) for item in items}
    judged = judged_among(read_judged_set(data, SPLIT), texts, queries)
    say(f"{data.name}: {report.documents:,} documents are live, {len(judged.queries):,} queries to ask")
    return Shop(options.name, texts, judged)


def judged_among(judged: JudgedSet, known: Mapping[str, object], most: int | None = None) -> JudgedSet:
    """The judgments of known items, of the first queries that have a relevant one among them. Pure."""
    there = {q: {i: g for i, g in items.items() if i in known} for q, items in judged.qrels.items()}
    qrels = dict(list(answerable(there).items())[:most])
    return replace(judged, queries=tuple(q for q in judged.queries if q.id in qrels), qrels=qrels)


def ask(client: OpenSearch, shop: Shop) -> Asked:
    """Ask each query once, all legs together, and BM25 once more without correction."""
    store = ArtifactStore.default()
    meta = read_live(client, shop.name).meta
    legs = legs_of(meta)
    fusion = default_fusion(legs)
    online = open_search(shop.name, window=WINDOW, cluster=client, store=store)
    online.install(fusion)
    found: dict[str, dict[str, dict[str, float]]] = {leg: {} for leg in legs}
    searched: dict[str, str] = {}
    named: dict[str, list[str]] = {}
    for query in shop.judged.queries:
        ranking = online.rank(query.text, fusion=fusion)
        for leg, result in ranking.results.items():
            found[leg][query.id] = dict(zip(result.ids, result.scores, strict=True))
        searched[query.id] = ranking.text
        if ranking.pinned_first:
            named[query.id] = [each.id for each in ranking.fused[: ranking.pinned_first]]
    runs = LegRuns(
        runs={leg: ScoredRun(leg, lists) for leg, lists in found.items()},
        release=meta.release,
        window=WINDOW,
        dataset=shop.judged.name,
        split=shop.judged.split,
        data_hash=data_hash(shop.judged),
        spaces=dict(meta.spaces),
        default=fusion,
    )
    say(f"{shop.name}: {len(named):,} queries name items by id or part number")
    plain = open_search(shop.name, window=WINDOW, typos=False, cluster=client, store=store)
    return Asked(runs, searched, named, _words(plain, shop.judged))


def _words(search: SearchClient, judged: JudgedSet) -> dict[str, list[str]]:
    fusion = FusionSpec.equal(BM25)
    return {q.id: [f.id for f in search.rank(q.text, fusion=fusion).fused] for q in judged.queries}
