"""Products with their vectors, and queries with what exact search finds: made once, loaded many times."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from aisle.catalogue import ReadOptions, read_catalogue
from aisle.encoder import DenseEncoder, item_text
from aisle.encoder.dense import cut
from aisle.encoder.jitter import jittered
from aisle.evaluation import JudgedSet, Qrels, read_judged_set
from aisle.evaluation.encoders.exact import Floats, exact_neighbours
from aisle.indexer import ItemEncoder, without_vectors
from aisle.indexer.vectors import Vectors
from aisle.mappings import VectorSpace, fields
from aisle.mappings.document import long_hash
from aisle.types import Item, Query
from benchmarks.harness.item_vectors import item_vectors
from benchmarks.harness.parts import dataset
from benchmarks.quality.ask import queries_of

DEPTH: Final = 100


@dataclass(frozen=True, slots=True)
class Products:
    """Items and their vectors at full width.

    Attributes:
        items: in catalogue order.
        vectors: float32 [items, full], unit rows, without jitter.
        fingerprint, name: of the encoder.
    """

    items: Sequence[Item]
    vectors: Floats
    fingerprint: str
    name: str

    def first(self, count: int) -> Products:
        """As many of them."""
        return replace(self, items=self.items[:count], vectors=self.vectors[:count])

    def encoder(self, dims: int) -> ItemEncoder:
        """Looks the vectors up and moves copies apart, as the indexer's own does after encoding.

        Args:
            dims: width; 0 makes no vectors.
        """
        if not dims:
            return without_vectors()
        rows = dict(zip((item.id for item in self.items), cut(self.vectors, dims), strict=True))

        def look_up(items: Sequence[Item]) -> Vectors:
            ids = [item.id for item in items]
            found = np.stack([rows[id_] for id_ in ids])
            hashes = [long_hash(item_text(item)) for item in items]
            return {fields.DENSE: jittered(found, ids), fields.TEXT_HASH: hashes}

        return ItemEncoder({fields.DENSE: VectorSpace(self.fingerprint, self.name, dims)}, look_up)


@dataclass(frozen=True, slots=True)
class Questions:
    """Judged queries.

    Attributes:
        queries: those that have a relevant item.
        vectors: float32 [queries, full], unit rows.
        qrels: their judgments.
    """

    queries: Sequence[Query]
    vectors: Floats
    qrels: Qrels

    def exact(self, products: Products, dims: int) -> Mapping[str, Sequence[str]]:
        """Query id to the ids of its ``DEPTH`` nearest products by exact search of float32 vectors."""
        items = products.encoder(dims).encode(products.items)[fields.DENSE]
        ids = [item.id for item in products.items]
        found = exact_neighbours(cut(self.vectors, dims), np.asarray(items), ids, DEPTH)
        return {query.id: near for query, near in zip(self.queries, found, strict=True)}


def products_of(model: DenseEncoder, items: Sequence[Item]) -> Products:
    """Items and their vectors; raises as ``item_vectors``."""
    return Products(items, item_vectors(model, items), model.fingerprint, model.manifest.name)


def questions_of(model: DenseEncoder, judged: JudgedSet, most: int) -> Questions:
    """Evenly chosen queries of a judged set, encoded one at a time, as a search encodes them."""
    queries = queries_of(judged)
    chosen = queries[:: max(1, len(queries) // most)][:most]
    vectors = np.concatenate([model.encode_queries([query.text]) for query in chosen])
    return Questions(chosen, vectors, judged.qrels)


def homedepot(model: DenseEncoder, limit: int | None, queries: int) -> tuple[Products, Questions]:
    """The products of homedepot and queries of its dev split."""
    folder = dataset("homedepot")
    items = list(read_catalogue(folder, ReadOptions(limit=limit)))
    return products_of(model, items), questions_of(model, read_judged_set(folder, "dev"), queries)
