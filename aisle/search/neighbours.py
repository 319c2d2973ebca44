"""The nearest neighbours of a vector in one release: by its graph, as searches are, and exactly."""

from __future__ import annotations

from typing import Any

from aisle.cluster import Cluster
from aisle.mappings import DENSE, IndexMeta, fields
from aisle.mappings.vector_types import Numbers
from aisle.search.fusion import LegResult
from aisle.search.legs import DenseLeg, Question
from aisle.search.ranking import candidates_body, leg_results
from aisle.search.stored import columns_body, with_ids


def nearest(cluster: Cluster, meta: IndexMeta, vector: Numbers, depth: int) -> LegResult:
    """What the dense leg of a search finds.

    Args:
        cluster: connection.
        meta: of the release.
        vector: [dims], in the release's own numbers.
        depth: how many, 1 to 10,000.

    Returns:
        Ids and OpenSearch's scores, best first; ties in order of id.
    """
    question = Question("-", {fields.DENSE: vector}, (), depth, layouts={fields.DENSE: meta.layout})
    return _found(cluster, meta, candidates_body([DenseLeg()], question), depth)


def exactly_nearest(cluster: Cluster, meta: IndexMeta, vector: Numbers, depth: int) -> LegResult:
    """The same as `nearest`, by comparing every vector of the release: its time grows with their number."""
    script = {
        "lang": "knn",
        "source": "knn_score",
        "params": {
            "field": fields.DENSE,
            "query_value": vector.tolist(),
            "space_type": "innerproduct",
        },
    }
    query = {"script_score": {"query": {"exists": {"field": fields.DENSE}}, "script": script}}
    return _found(cluster, meta, {**columns_body(()), "query": query, "size": depth}, depth)


def _found(cluster: Cluster, meta: IndexMeta, body: dict[str, Any], depth: int) -> LegResult:
    hits = cluster.search(index=meta.release, body=body)["hits"]["hits"]
    return leg_results(with_ids(hits), [DENSE], depth)[DENSE]
