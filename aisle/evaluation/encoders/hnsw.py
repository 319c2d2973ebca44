"""Approximate neighbours by FAISS's HNSW graph (Malkov and Yashunin, arXiv 1603.09320)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from aisle.errors import InputError, MissingExtra
from aisle.evaluation.encoders.exact import Floats, best_first, id_order
from aisle.mappings import IndexSettings

_INDEX = IndexSettings()


@dataclass(frozen=True, slots=True)
class HnswSearch:
    """Searches an HNSW graph that it builds of the items; by default as Aisle's own index does.

    Attributes:
        m: links per node and layer (twice that in the lowest).
        ef_construction: beam while building.
        ef_search: beam while searching; 400 is what the dense leg of a search asks for 200 results.

    Raises:
        InputError: no graph has such a number of links, or such a beam.
    """

    m: int = _INDEX.m
    ef_construction: int = _INDEX.ef_construction
    ef_search: int = 400

    def __post_init__(self) -> None:
        if self.m < 2 or self.ef_construction < 1 or self.ef_search < 1:
            raise InputError(f"no HNSW graph has {self}", fix="use m of 2 or more and beams of 1 or more")

    def __call__(self, queries: Floats, items: Floats, ids: Sequence[str], depth: int, /) -> list[list[str]]:
        """What the graph finds by inner product, best first, equal products in order of id.

        It is built with all cores, in an order that differs a little from run to run.

        Args:
            queries: float32 [queries, dims].
            items: float32 [items, dims].
            ids: one per item.
            depth: results per query, at least 1; fewer come back if the graph finds fewer.

        Raises:
            MissingExtra: faiss is not installed.
        """
        try:
            import faiss
        except ModuleNotFoundError as error:
            raise MissingExtra("faiss", extra="train") from error
        depth = min(depth, len(ids))
        if not depth or not len(queries):
            return [[] for _ in queries]
        index = faiss.IndexHNSWFlat(items.shape[1], self.m, faiss.METRIC_INNER_PRODUCT)
        index.hnsw.efConstruction = self.ef_construction
        index.add(np.ascontiguousarray(items))
        index.hnsw.efSearch = max(self.ef_search, depth)
        scores, positions = index.search(np.ascontiguousarray(queries), depth)
        order = id_order(ids)
        # -1 fills a row of which the graph found fewer.
        return [
            best_first(row[at >= 0], at[at >= 0], ids, order)
            for row, at in zip(scores, positions, strict=True)
        ]
