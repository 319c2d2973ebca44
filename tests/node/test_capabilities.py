"""What the embedded node says of itself."""

from __future__ import annotations

from aisle.cluster import Cluster, capabilities, require
from aisle.cluster.node.lock import OPENSEARCH


def test_embedded_node_is_the_pinned_release_and_has_faiss_where_it_has_the_libraries(
    client: Cluster, engine: str
) -> None:
    found = require(capabilities(client))
    assert found.version == OPENSEARCH
    assert found.distribution == "opensearch"
    assert set(found.plugins) >= {"opensearch-knn", "opensearch-neural-search"}
    assert found.knn_engines == (("lucene",) if engine == "lucene" else ("faiss", "lucene"))
    assert found.best_engine == engine


def test_best_engine_takes_vectors_and_answers(client: Cluster, name: str) -> None:
    engine = capabilities(client).best_engine
    method = {"name": "hnsw", "engine": engine, "space_type": "innerproduct"}
    body = {
        "settings": {"index.knn": True},
        "mappings": {"properties": {"v": {"type": "knn_vector", "dimension": 2, "method": method}}},
    }
    client.indices.create(index=name, body=body)
    client.index(index=name, id="right", body={"v": [1.0, 0.0]})
    client.index(index=name, id="up", body={"v": [0.0, 1.0]}, refresh=True)
    query = {"query": {"knn": {"v": {"vector": [0.1, 0.9], "k": 1}}}}
    hits = client.search(index=name, body=query)["hits"]["hits"]
    assert [hit["_id"] for hit in hits] == ["up"]
