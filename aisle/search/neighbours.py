"""The nearest neighbours of a vector in one release: by its graph, as searches are, and exactly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from aisle.cluster import Cluster
from aisle.mappings import DENSE, IndexMeta, fields
from aisle.mappings.vector_types import Numbers
from aisle.search.fusion import LegResult
from aisle.search.legs import DenseLeg, Question
from aisle.search.ranking import candidates_body, leg_results
from aisle.search.stored import columns_body, stored_values, text_hashes, with_ids


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The neighbours of one vector.

    Attributes:
        found: ids and OpenSearch's scores, best first; items of one text have one score, ties by id.
        texts: id to the hash of its text, of items that have one.
    """

    found: LegResult
    texts: Mapping[str, int]

    def first(self, depth: int) -> Neighbours:
        """The best ones alone."""
        ids, scores = self.found.ids[:depth], self.found.scores[:depth]
        texts = {id_: self.texts[id_] for id_ in ids if id_ in self.texts}
        return Neighbours(LegResult(ids, scores), texts)


# Between scores of one vector that two ways of reckoning make, relative: of float32.
_ALIKE: Final = 1e-5


def recall(found: Neighbours, exact: Neighbours) -> float:
    """The share of the true neighbours that are found.

    One that is as near as the last of them counts as it, and so does one of the same text as any of them:
    which of many copies come back is chance.

    Args:
        found: by a graph.
        exact: the true ones, one or more.
    """
    wanted = len(exact.found.ids)
    least = exact.found.scores[-1] * (1 - _ALIKE)
    texts = set(exact.texts.values())
    pairs = zip(found.found.ids, found.found.scores, strict=True)
    counted = sum(score >= least or found.texts.get(id_) in texts for id_, score in pairs)
    return min(counted, wanted) / wanted


def nearest(cluster: Cluster, meta: IndexMeta, vector: Numbers, depth: int) -> Neighbours:
    """What the dense leg of a search finds.

    Args:
        cluster: connection.
        meta: of the release.
        vector: [dims], in the release's own numbers.
        depth: how many, 1 to 10,000.
    """
    question = Question("-", {fields.DENSE: vector}, (), depth, layouts={fields.DENSE: meta.layout})
    body = candidates_body([DenseLeg()], question, stored=_stored(meta))
    return _found(cluster, meta, body, depth)


def exactly_nearest(cluster: Cluster, meta: IndexMeta, vector: Numbers, depth: int) -> Neighbours:
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
    return _found(cluster, meta, {**columns_body(_stored(meta)), "query": query, "size": depth}, depth)


def _stored(meta: IndexMeta) -> tuple[str, ...]:
    return (fields.TEXT_HASH,) if meta.features.hashes_texts else ()


def _found(cluster: Cluster, meta: IndexMeta, body: dict[str, Any], depth: int) -> Neighbours:
    hits = with_ids(cluster.search(index=meta.release, body=body)["hits"]["hits"])
    texts = text_hashes(stored_values(hits))
    return Neighbours(leg_results(hits, [DENSE], depth, {DENSE: texts})[DENSE], texts)
