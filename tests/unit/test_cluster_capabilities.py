"""What is read from the bodies of a cluster, without one."""

from __future__ import annotations

from typing import Any

import pytest

from aisle.cluster.capabilities import (
    KNN,
    NEURAL,
    Capabilities,
    lacking_faiss,
    parse_version,
    read_capabilities,
    require,
)
from aisle.errors import CapabilityMissing

ROOT = {"version": {"number": "3.6.0", "distribution": "opensearch"}}
WHOLE = Capabilities("3.6.0", "opensearch", (KNN, NEURAL), ("faiss", "lucene"))


def node(
    native: str | None, plugins: tuple[str, ...] = (KNN, NEURAL), version: str = "3.6.0"
) -> dict[str, Any]:
    attributes = {} if native is None else {"aisle_knn_native": native}
    return {
        "version": version,
        "attributes": attributes,
        "plugins": [{"name": plugin} for plugin in plugins],
    }


def read(*nodes: dict[str, Any]) -> Capabilities:
    return read_capabilities(ROOT, {"nodes": {str(at): body for at, body in enumerate(nodes)}})


@pytest.mark.parametrize(
    ("natives", "engines"),
    [
        ([None], ("faiss", "lucene")),
        (["true"], ("faiss", "lucene")),
        (["false"], ("lucene",)),
        (["true", "false"], ("lucene",)),
        ([None, "true", None], ("faiss", "lucene")),
    ],
)
def test_faiss_only_where_every_node_has_it(natives: list[str | None], engines: tuple[str, ...]) -> None:
    found = read(*(node(native) for native in natives))
    assert found.knn_engines == engines
    assert found.best_engine == engines[0]
    assert found.to_json()["best_engine"] == engines[0]


def test_without_the_plugin_there_is_no_engine() -> None:
    found = read(node(None), node(None, plugins=(NEURAL,)))
    assert found.plugins == (NEURAL,)
    assert found.knn_engines == ()
    with pytest.raises(CapabilityMissing, match=KNN):
        _ = found.best_engine


def test_the_oldest_node_counts() -> None:
    assert read(node(None), node(None, version="3.10.0"), node(None, version="3.9.1")).version == "3.6.0"
    assert parse_version("3.6.0-SNAPSHOT") == (3, 6, 0)


@pytest.mark.parametrize(
    ("found", "what"),
    [
        (Capabilities("2.19.1", "opensearch", (KNN, NEURAL), ("lucene",)), "too old"),
        (Capabilities("8.1.0", "elasticsearch", (), ()), "not OpenSearch"),
        (Capabilities("3.6.0", "opensearch", (NEURAL,), ()), KNN),
        (Capabilities("3.6.0", "opensearch", (KNN,), ("lucene",)), NEURAL),
    ],
)
def test_what_lacks_is_named(found: Capabilities, what: str) -> None:
    with pytest.raises(CapabilityMissing, match=what):
        require(found)


def test_a_whole_cluster_passes() -> None:
    assert require(WHOLE) is WHOLE


def test_nodes_without_faiss_are_named() -> None:
    nodes = {"a": node("false") | {"name": "two"}, "b": node("true"), "c": node(None), "d": node("false")}
    assert lacking_faiss({"nodes": nodes}) == ["d", "two"]
    assert lacking_faiss({}) == []


@pytest.mark.parametrize(
    ("simd", "has"), [([None], True), (["true"], True), (["false"], False), (["true", "false"], False)]
)
def test_vectors_of_one_bit_need_a_library_more(simd: list[str | None], has: bool) -> None:
    nodes = [node("true") for _ in simd]
    for one, value in zip(nodes, simd, strict=True):
        one["attributes"] |= {} if value is None else {"aisle_knn_simd": value}
    assert read(*nodes).knn_simd is has
    assert not read(*nodes, node("false")).knn_simd
    named = {f"node-{number}": one for number, one in enumerate(nodes)}
    lacking = [name for name, value in zip(named, simd, strict=True) if value == "false"]
    assert lacking_faiss({"nodes": named}, simd=True) == lacking
    assert lacking_faiss({"nodes": named}) == []
