"""Measured files → rows, attempts and goals of the plan's benchmark. Pure."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from opensearchpy import OpenSearch

from aisle.indexer.capacity import Engine
from aisle.indexer.capacity.formulas import TEXT_BYTES, VectorBytes, hnsw_bytes, primary_bytes, vector_bytes
from aisle.mappings.vector_types import VectorType
from benchmarks.harness.result_file import LOWER, Goal

VECTORS: Final = ("vec", "vemf")
QUANTISED: Final = ("veq", "vemq")
GRAPHS: Final = ("vex", "vem", "faiss")


@dataclass(frozen=True, slots=True)
class IndexFiles:
    """Bytes of one primary shard's live segments.

    Attributes:
        store: all of them. What a merge left behind until the next commit is not in it.
        vectors: as they were sent (``.vec`` and its table).
        graphs: the HNSW graph (lucene's ``.vex``; faiss' ``.faiss``, which holds the vectors once more).
        compound: small segments of many, in one file each; what is in them cannot be told apart.
        segments: how many; 1 when it was merged.
        quantised: smaller copies of the vectors that are searched in their place (lucene's ``.veq``).
    """

    store: int
    vectors: int
    graphs: int
    compound: int
    segments: int
    quantised: int = 0

    @property
    def text(self) -> int:
        """Everything that is no vector: postings, stored fields, doc values."""
        return self.store - self.vectors - self.quantised - self.graphs - self.compound

    @property
    def searched(self) -> int:
        """What a search reads of them: the graph, and the vectors that it is walked by."""
        return (self.quantised or self.vectors) + self.graphs


def index_files(client: OpenSearch, index: str) -> IndexFiles:
    """Ask the node for the sizes of what a search sees."""
    client.indices.refresh(index=index)
    params = {"include_segment_file_sizes": "true"}
    answer = client.indices.stats(index=index, metric="segments", params=params)
    return read_files(answer["_all"]["primaries"])


def read_files(stats: Mapping[str, Any]) -> IndexFiles:
    """The pure part: from ``_all.primaries`` of ``GET <index>/_stats``."""
    sizes = {name: int(file["size_in_bytes"]) for name, file in stats["segments"]["file_sizes"].items()}
    vectors, quantised, graphs = (
        sum(sizes.get(name, 0) for name in names) for names in (VECTORS, QUANTISED, GRAPHS)
    )
    segments = int(stats["segments"]["count"])
    return IndexFiles(sum(sizes.values()), vectors, graphs, sizes.get("cfs", 0), segments, quantised)


# By one catalogue's own sample; by a constant for all catalogues; and of vectors with their graph.
_OFF_SAMPLE: Final = 0.1
_OFF_DEFAULT: Final = 0.35
_OFF_VECTORS: Final = 0.1


@dataclass(frozen=True, slots=True)
class Checked:
    """One catalogue that was indexed and merged.

    Attributes:
        name: of the catalogue.
        docs, dims, m: what was planned for.
        files: what the node has.
        seconds: it took to index and merge.
        grown: one of several sizes of the same catalogue.
        kept_as: type of the vectors.
    """

    name: str
    docs: int
    dims: int
    m: int
    files: IndexFiles
    seconds: float
    grown: bool = False
    kept_as: VectorType = VectorType.FP32

    @property
    def predicted(self) -> int:
        """The plan's size of one copy with its own constant, bytes."""
        return primary_bytes(self.docs, self.vectors)

    def predicted_from(self, sample: Checked) -> int:
        """The same with the bytes per document of a smaller index of that catalogue (``--bytes-per-doc``)."""
        text = round(sample.files.text / sample.docs)
        return primary_bytes(self.docs, self.vectors, text)

    @property
    def vectors(self) -> VectorBytes:
        """The plan's size of vectors and graph."""
        return vector_bytes(self.docs, self.dims, self.m, self.kept_as, Engine.LUCENE)

    @property
    def vectors_measured(self) -> VectorBytes:
        """The same as measured."""
        files = self.files
        return VectorBytes(memory=files.searched, disk=files.vectors + files.quantised + files.graphs)


def plan_rows(checked: Sequence[Checked], sample: Checked) -> list[dict[str, Any]]:
    """One row per catalogue, in bytes and bytes per document.

    Args:
        checked: all of them.
        sample: the smallest index of the catalogue that is grown.
    """
    return [
        {
            "catalogue": one.name,
            "docs": one.docs,
            "predicted_bytes": one.predicted,
            "measured_bytes": one.files.store,
            "measured_to_predicted": round(one.files.store / one.predicted, 3),
            "measured_to_predicted_from_sample": (
                round(one.files.store / one.predicted_from(sample), 3) if one.grown else None
            ),
            "text_per_doc": round(one.files.text / one.docs, 1),
            "floats_per_doc": round(one.files.vectors / one.docs, 1),
            "graph_per_doc": round(one.files.graphs / one.docs, 1),
            "graph_formula_per_doc": 8 * one.m,
            "memory_formula_bytes": hnsw_bytes(one.docs, one.dims, one.m),
            "compound_per_doc": round(one.files.compound / one.docs, 1),
            "segments": one.files.segments,
            "seconds": one.seconds,
        }
        for one in checked
    ]


def plan_attempts(checked: Sequence[Checked]) -> list[dict[str, Any]]:
    """What the plan's own constant is held to."""
    return [
        {"tried": "bytes of a document without its vector in the plan", "value": TEXT_BYTES},
        {
            "tried": "the same, median of the catalogues here",
            "value": round(statistics.median(one.files.text / one.docs for one in _merged(checked)), 1),
        },
    ]


def plan_goals(checked: Sequence[Checked], sample: Checked) -> list[Goal]:
    """How far off the plan is at worst, and that memory is not planned too small."""
    default = max(abs(one.files.store / one.predicted - 1) for one in checked)
    own = max(abs(one.files.store / one.predicted_from(sample) - 1) for one in checked if one.grown)
    vectors = max(abs(one.vectors_measured.disk / one.vectors.disk - 1) for one in _merged(checked))
    short = max(one.vectors_measured.disk / hnsw_bytes(one.docs, one.dims, one.m) for one in _merged(checked))
    return [
        Goal("index size off a plan from the smallest size, worst", round(own, 3), _OFF_SAMPLE, LOWER),
        Goal("index size off the default plan, worst catalogue", round(default, 3), _OFF_DEFAULT, LOWER),
        Goal("vector files off the plan, worst catalogue", round(vectors, 3), _OFF_VECTORS, LOWER),
        Goal("vector files / memory formula, worst catalogue", round(short, 3), 1.0, LOWER),
    ]


def _merged(checked: Sequence[Checked]) -> list[Checked]:
    return [one for one in checked if not one.files.compound]
