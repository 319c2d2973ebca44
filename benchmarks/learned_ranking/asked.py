"""A judged catalogue, indexed with the untrained encoder and asked: features of each query's candidates.

Indexing and asking take minutes, trainings seconds: what was asked is kept in a folder, so that trainings can
be measured again without a node.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import orjson

from aisle._search import open_search
from aisle._train_ranker import WINDOW, judged_queries
from aisle._vectors import VectorRequest, release_vectors
from aisle.catalogue import ReadOptions, read_catalogue
from aisle.cluster import Cluster
from aisle.encoder import ArtifactStore
from aisle.evaluation import JudgedSet, read_judged_set
from aisle.indexer import IndexOptions, index_catalogue
from aisle.mappings import FusionSpec, default_fusion, release_fusions
from aisle.mappings.vector_types import VectorType
from aisle.search import SearchClient
from aisle.search.rank.evidence import Evidence
from aisle.search.rank.features import FEATURE_VERSION, FEATURES, features
from aisle.search.rank.titles import TitleReader
from aisle.search.tuning.runs import data_hash
from aisle.training.ranking.table import RankingTable, ranking_table
from benchmarks.harness.command_line import say
from benchmarks.harness.parts import ENCODER, dataset, load_encoder, own_node

RELEVANT = 2.0
_SAID_EVERY = 250


@dataclass(frozen=True, slots=True)
class Asked:
    """What one split of a catalogue was asked.

    Attributes:
        table: features and grades of the candidates.
        evidence_ms, features_ms: medians for a query: asking the index what is known of its candidates, and
            making features of it.
    """

    table: RankingTable
    evidence_ms: float
    features_ms: float


@dataclass(frozen=True, slots=True)
class Legs:
    """The encoders of an index.

    Attributes:
        encoder: dense artifact; dims: width that its vectors are cut to, None: its usual one.
        sparse: sparse artifact; None: no such leg.
        kept_as: type of the vectors' numbers.
    """

    encoder: str | Path = ENCODER
    dims: int | None = None
    sparse: str | Path | None = None
    kept_as: VectorType = VectorType.FP32


UNTRAINED: Final = Legs()


def asked(name: str, splits: dict[str, int | None], folder: Path, limit: int | None) -> dict[str, Asked]:
    """The splits of a catalogue, from the folder where it has them, else from an index made for it.

    Args:
        name: of the data set.
        splits: split to at most so many queries, the first of the file; None: all.
        folder: where answers are kept.
        limit: a trial: so many products.
    """
    read = {split: read_judged_set(dataset(name), split) for split in splits}
    return asked_sets(
        name, {split: first_queries(read[split], most) for split, most in splits.items()}, folder, limit
    )


def asked_sets(name: str, sets: Mapping[str, JudgedSet], folder: Path, limit: int | None) -> dict[str, Asked]:
    """The same of queries that are given, by the names that they are given."""
    wanted = {split: judged_queries(judged, RELEVANT, None) for split, judged in sets.items()}
    files = {split: folder / _file_name(judged, limit) for split, judged in wanted.items()}
    if not all(path.is_file() for path in files.values()):
        folder.mkdir(parents=True, exist_ok=True)
        with own_node() as node:
            shop = indexed(node.client, name, limit, UNTRAINED)
            for split, path in files.items():
                if not path.is_file():
                    write_asked(ask(shop, wanted[split]), path)
    return {split: read_asked(path) for split, path in files.items()}


def first_queries(judged: JudgedSet, most: int | None) -> JudgedSet:
    judged = judged_queries(judged, RELEVANT, None)
    queries = judged.queries[:most]
    return replace(judged, queries=queries, qrels={query.id: judged.qrels[query.id] for query in queries})


def _file_name(judged: JudgedSet, limit: int | None) -> str:
    """Of what was asked of these queries: other judgments, products or features have another one."""
    digest = data_hash(judged)[:12]
    return f"{judged.name}-{judged.split}-{digest}-{limit or 'all'}-v{FEATURE_VERSION}.npz"


def indexed(client: Cluster, name: str, limit: int | None, legs: Legs) -> SearchClient:
    """A search over a data set that is indexed for it, of so many products; None: all."""
    if legs.encoder == ENCODER:
        load_encoder()
    store = ArtifactStore.default()
    request = VectorRequest(legs.encoder, legs.dims, legs.sparse, legs.kept_as)
    items = read_catalogue(dataset(name), ReadOptions(limit=limit))
    vectors, rest = release_vectors(client, store, request, items)
    fusions = release_fusions(tuple(vectors.encoder.spaces), (default_fusion(),))
    options = IndexOptions(name, fusions=fusions, force_merge=True, vectors=vectors.storage)
    report = index_catalogue(client, rest, vectors.encoder, options)
    say(f"{name}: {report.documents:,} documents are live")
    return open_search(
        name, encoder=legs.encoder, sparse=legs.sparse, window=WINDOW, cluster=client, store=store
    )


def ask(shop: SearchClient, judged: JudgedSet, fusion: FusionSpec | None = None) -> Asked:
    """Ask every query; without a fusion by the release's own."""
    evidence_ms: list[float] = []
    features_ms: list[float] = []

    titles = TitleReader()

    def found() -> Iterator[tuple[str, Evidence]]:
        for done, query in enumerate(judged.queries, 1):
            ranking = shop.rank(query.text, fusion=fusion) if fusion else shop.rank(query.text)
            started = time.perf_counter()
            evidence, _ = shop.evidence(ranking)
            told = time.perf_counter()
            features(evidence, titles)
            evidence_ms.append((told - started) * 1000)
            features_ms.append((time.perf_counter() - told) * 1000)
            yield query.id, evidence
            if done % _SAID_EVERY == 0:
                say(f"asked {done:,} of {len(judged.queries):,} queries of {judged.name} ({judged.split})")

    table = ranking_table(found(), judged.qrels)
    return Asked(table, statistics.median(evidence_ms), statistics.median(features_ms))


def write_asked(found: Asked, path: Path) -> None:
    table = found.table
    facts: dict[str, Any] = {
        "queries": table.queries,
        "judged": table.judged,
        "features": [feature.name for feature in FEATURES],
        "ms": [found.evidence_ms, found.features_ms],
    }
    arrays = {"bounds": table.bounds, "rows": table.rows, "grades": table.grades}
    np.savez_compressed(
        path, allow_pickle=False, **arrays, facts=np.frombuffer(orjson.dumps(facts), np.uint8)
    )


def read_asked(path: Path) -> Asked:
    with np.load(path, allow_pickle=False) as held:
        facts = orjson.loads(held["facts"].tobytes())
        table = RankingTable(
            tuple(facts["queries"]),
            held["bounds"],
            held["rows"],
            held["grades"],
            tuple(map(tuple, facts["judged"])),
        )
    return Asked(table, *facts["ms"])
