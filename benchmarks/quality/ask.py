"""One index, asked every judged query once: what each leg found, by HNSW and exactly."""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from opensearchpy import OpenSearch

from aisle.catalogue import ReadOptions, read_catalogue
from aisle.encoder import DenseEncoder
from aisle.evaluation import JudgedSet, answerable
from aisle.evaluation.encoders.exact import exact_neighbours
from aisle.indexer import IndexOptions, IndexReport, ItemEncoder, index_catalogue
from aisle.indexer.vectors import Vectors
from aisle.mappings import BM25, DENSE, FusionSpec, default_fusion, fields
from aisle.search import LegResult, SearchClient
from aisle.search.systems import HYBRID
from aisle.types import Item, Query
from benchmarks.harness.parts import encoder_of_items

# R@200 needs 200 results of every leg.
DEPTH = 200
TIMED_QUERIES = 300


@dataclass(frozen=True, slots=True)
class Asked:
    """Attributes:
    dims: width of the index's vectors.
    indexed: how the index was made.
    legs: query id to leg to its candidates.
    exact: query id to the ids that exact search of the same vectors finds.
    p50_ms: system (bm25, dense, hybrid) to median milliseconds of ``SearchClient.rank``.
    """

    dims: int
    indexed: IndexReport
    legs: Mapping[str, Mapping[str, LegResult]]
    exact: Mapping[str, Sequence[str]]
    p50_ms: Mapping[str, float]


class _Recorder:
    """An item encoder that keeps the very vectors it handed to the index."""

    def __init__(self, encoder: ItemEncoder) -> None:
        self.ids: list[str] = []
        self._rows: list[NDArray[np.float32]] = []
        self._encode = encoder.encode
        self.encoder = ItemEncoder(encoder.spaces, self._recorded)

    @property
    def matrix(self) -> NDArray[np.float32]:
        """float32 [items, dims]."""
        return np.concatenate(self._rows)

    def _recorded(self, items: Sequence[Item]) -> Vectors:
        vectors = self._encode(items)
        self.ids.extend(item.id for item in items)
        self._rows.append(np.asarray(vectors[fields.DENSE]))
        return vectors


def ask_index(
    client: OpenSearch, model: DenseEncoder, folder: Path, judged: JudgedSet, dims: int, limit: int | None
) -> Asked:
    """Index a folder end to end, then ask it.

    The hybrid request returns each leg's whole window, so one request per query serves every fusion.
    """
    recorder = _Recorder(encoder_of_items(model, dims))
    name = f"{judged.name}-{dims}"
    items = read_catalogue(folder, ReadOptions(limit=limit))
    indexed = index_catalogue(client, items, recorder.encoder, IndexOptions(name=name))
    shop = SearchClient(client, name, model, window=DEPTH)
    queries = queries_of(judged)
    legs = {query.id: shop.rank(query.text).results for query in queries}
    # One at a time, as a search encodes them.
    vectors = np.concatenate([model.encode_queries([query.text], dims) for query in queries])
    exact = exact_neighbours(vectors, recorder.matrix, recorder.ids, DEPTH)
    return Asked(
        dims=dims,
        indexed=indexed,
        legs=legs,
        exact=dict(zip(legs, exact, strict=True)),
        p50_ms=median_ms(shop, queries),
    )


def queries_of(judged: JudgedSet) -> list[Query]:
    """The queries that have a relevant item: no other can be scored."""
    wanted = answerable(judged.qrels)
    return [query for query in judged.queries if query.id in wanted]


def median_ms(shop: SearchClient, queries: Sequence[Query]) -> dict[str, float]:
    """Median milliseconds of each real system on an even sample of the queries, all of them asked before."""
    sample = queries[:: max(1, len(queries) // TIMED_QUERIES)][:TIMED_QUERIES]
    systems = {BM25: FusionSpec.equal(BM25), DENSE: FusionSpec.equal(DENSE), HYBRID: default_fusion()}
    return {
        name: statistics.median(_milliseconds(shop, query, fusion) for query in sample)
        for name, fusion in systems.items()
    }


def _milliseconds(shop: SearchClient, query: Query, fusion: FusionSpec) -> float:
    started = time.perf_counter()
    shop.rank(query.text, fusion=fusion)
    return (time.perf_counter() - started) * 1000
