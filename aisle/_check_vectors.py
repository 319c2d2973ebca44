"""Whether the vectors of a live release can be found: its graph against exact search, on a sample."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
from opensearchpy import OpenSearch

from aisle.cluster import Cluster
from aisle.cluster.capabilities import require_engine
from aisle.cluster.client import connected
from aisle.errors import IndexingFailed, InputError
from aisle.indexer.releases.smoke_queries import SmokeQuerySender
from aisle.mappings import IndexMeta, fields
from aisle.mappings.vector_types import Numbers, clipped
from aisle.search import read_live
from aisle.search.neighbours import exactly_nearest, nearest, recall
from aisle.types import Item

USUAL_SAMPLE: Final = 100
USUAL_RECALL: Final = 0.95
USUAL_LOST: Final = 0.01
_DEPTHS: Final = (10, 100)
# OpenSearch counts different values exactly up to this many.
_COUNTED: Final = 40_000
# It takes a long.
_SEEDS: Final = 2**63


@dataclass(frozen=True, slots=True)
class VectorCheck:
    """What a check of vectors found.

    Attributes:
        release: that was asked.
        engine: k-NN engine.
        kept_as: type of the vectors' numbers.
        dims: their width.
        items: of the release.
        vectors: items that have one.
        same_text: items less different texts, among those with a vector; None for a release that does not
            know. Above 40,000 texts it is an estimate.
        sample: vectors that were asked with, of items drawn by chance.
        lost: of these, items that are not among the first 10 of their own vector, nor as near as the tenth.
        examples: ids of some of them.
        recall_10, recall_100: share of the exact neighbours that the graph finds, 0 to 1.
        clipped: share of the sample's values that were beyond what their quantisation was fitted to.
        failures: limits that it does not keep, in words.
    """

    release: str
    engine: str
    kept_as: str
    dims: int
    items: int
    vectors: int
    same_text: int | None
    sample: int
    lost: int
    examples: tuple[str, ...]
    recall_10: float
    recall_100: float
    clipped: float
    failures: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return asdict(self)

    def require(self) -> None:
        """End what goes on only with a sound release.

        Raises:
            IndexingFailed: it does not keep the limits.
        """
        if self.failures:
            raise IndexingFailed(
                f"{self.release}: {'; '.join(self.failures)}",
                fix="index the catalogue again, with --vectors fp32 if it has others, or allow more with"
                " --least-recall and --most-lost",
            )


def check_vectors(
    name: str,
    *,
    sample: int = USUAL_SAMPLE,
    seed: int = 0,
    least_recall: float = USUAL_RECALL,
    most_lost: float = USUAL_LOST,
    cluster: OpenSearch | None = None,
) -> VectorCheck:
    """Compare what a release's graph of vectors finds with exact search.

    The vectors of a sample of its items are asked with. Exact search compares every vector of the release: on
    two cores about a second per query and million items.

    Example:
        >>> aisle.check_vectors("shop").failures
        ()

    Args:
        name: of the catalogue, or of one release.
        sample: items to ask with, 1 to 10,000.
        seed: another one draws other items; 64 bits with a sign.
        least_recall: share of the exact neighbours, of 10 as of 100, that must be found.
        most_lost: share of the sample that may not be found by its own vector.
        cluster: connection; None: that of ``AISLE_URL``, else the node of `aisle up`.

    Raises:
        InputError: a sample, a seed or a limit that means nothing, or a release without vectors.
        IndexNotFound, ForeignIndex: there is no such release.
        CapabilityMissing: its vectors are of a k-NN engine that a node lacks.
        ClusterError: the cluster does not answer.
    """
    if not 1 <= sample <= 10_000:
        raise InputError(f"a sample of {sample} cannot be drawn", fix="use 1 to 10,000")
    if not -_SEEDS <= seed < _SEEDS:
        raise InputError(f"{seed} is no seed", fix="use a number of fewer than 19 digits")
    for limit in (least_recall, most_lost):
        if not 0 <= limit <= 1:
            raise InputError(f"{limit} is no share", fix="use a number from 0 to 1")
    node = connected(cluster)
    meta = read_live(node, name).meta
    if fields.DENSE not in meta.spaces:
        raise InputError(
            f"{meta.release} has no dense vectors", fix="index the catalogue with an encoder: --encoder"
        )
    require_engine(node, meta.engine, meta.release, simd=meta.layout.simd)
    found = _measured(node, meta, sample, seed)
    return VectorCheck(**found, failures=_failures(found, least_recall, most_lost))


def _measured(node: Cluster, meta: IndexMeta, sample: int, seed: int) -> dict[str, Any]:
    counts, drawn = _drawn(node, meta, sample, seed)
    vectors = [_numbers(meta, source[fields.DENSE]) for source in drawn.values()]
    items = [Item(id_, source.get(fields.TITLE, "")) for id_, source in drawn.items()]
    if not items:
        raise InputError(f"no item of {meta.release} has a vector", fix="index the catalogue again")
    sender = SmokeQuerySender(node, meta.release, meta.layout)
    lost = sender.not_found_by_vector(items, vectors, vectors, fields.DENSE)
    recalls = [_recalls(node, meta, vector) for vector in vectors]
    return {
        "release": meta.release,
        "engine": meta.engine,
        "kept_as": meta.vectors.kept_as.value,
        "dims": meta.spaces[fields.DENSE].dims,
        **counts,
        "sample": len(items),
        "lost": len(lost),
        "examples": tuple(item.id for item in lost[:3]),
        "recall_10": float(np.mean([found[10] for found in recalls])),
        "recall_100": float(np.mean([found[100] for found in recalls])),
        "clipped": sum(map(clipped, vectors)) / sum(vector.size for vector in vectors),
    }


def _drawn(
    node: Cluster, meta: IndexMeta, sample: int, seed: int
) -> tuple[dict[str, Any], Mapping[str, Mapping[str, Any]]]:
    """How many items there are, and the sources of some, by id."""
    body = {
        "size": sample,
        "track_total_hits": True,
        "_source": [fields.TITLE, fields.DENSE],
        "query": {
            "function_score": {
                "query": {"exists": {"field": fields.DENSE}},
                "random_score": {"seed": seed, "field": "_seq_no"},
                "boost_mode": "replace",
            }
        },
    }
    if meta.features.hashes_texts:
        field = {"field": fields.TEXT_HASH}
        body["aggs"] = {
            "known": {"value_count": field},
            "texts": {"cardinality": {**field, "precision_threshold": _COUNTED}},
        }
    answer = node.search(index=meta.release, body=body)
    vectors, found = answer["hits"]["total"]["value"], answer.get("aggregations", {})
    known = found["known"]["value"] if found else 0
    counts = {
        "items": int(node.count(index=meta.release)["count"]),
        "vectors": vectors,
        # Vectors that were looked up and not made of texts have no hash.
        "same_text": max(0, known - found["texts"]["value"]) if known else None,
    }
    return counts, {hit["_id"]: hit["_source"] for hit in answer["hits"]["hits"]}


def _numbers(meta: IndexMeta, stored: Sequence[float]) -> Numbers:
    if meta.vectors.quantisation:
        return np.asarray(stored, dtype=np.int8)
    return np.asarray(stored, dtype=np.float32)


def _recalls(node: Cluster, meta: IndexMeta, vector: Numbers) -> dict[int, float]:
    """By depth; exact search, which compares all vectors, is asked once for the deepest."""
    exact = exactly_nearest(node, meta, vector, max(_DEPTHS))
    return {depth: recall(nearest(node, meta, vector, depth), exact.first(depth)) for depth in _DEPTHS}


def _failures(found: Mapping[str, Any], least_recall: float, most_lost: float) -> tuple[str, ...]:
    failures = [
        f"recall@{depth} is {found[f'recall_{depth}']:.3f}, less than {least_recall:g}"
        for depth in _DEPTHS
        if found[f"recall_{depth}"] < least_recall
    ]
    if found["lost"] > most_lost * found["sample"]:
        failures.append(
            f"{found['lost']} of {found['sample']} items are not found by their own vector, such as"
            f" {', '.join(found['examples'])}: more than {most_lost:.1%}"
        )
    return tuple(failures)
