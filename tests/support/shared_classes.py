"""Classes of a node as Java reads them fastest (class data sharing): a node starts in two thirds of the time.

The archive is made once for a JDK and a distribution, beside the distribution, by a node that ends in order.
Java itself checks that it fits, and goes without it where it does not.
"""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path
from typing import Final

import psutil
import pytest

from aisle.cluster import ClusterSettings, EmbeddedNode, NodeOptions, connect
from aisle.cluster.node.distribution import ensure_distribution
from aisle.cluster.node.folder import distributions, lock_at
from aisle.cluster.node.java import ensure_java
from aisle.cluster.node.user import give, node_user

OPTIONS: Final = "OPENSEARCH_JAVA_OPTS"
_ENDS_WITHIN_S: Final = 300


def with_shared_classes(options: str) -> str:
    """Options of Java with the archive, which is made if there is none; as they are where Java makes none."""
    place = _place()
    if not place.exists():
        _make(place, options)
    return f"{options} -XX:SharedArchiveFile={place}" if place.stat().st_size else options


def _place() -> Path:
    """Of this machine's JDK and the locked distribution."""
    user = node_user()
    places = distributions(user)
    release = ensure_java(user, places / "jdk").parents[1] / "release"
    digest = hashlib.sha256(release.read_bytes()).hexdigest()[:12]
    return places / f"{ensure_distribution(places).name}-classes-{digest}.jsa"


def _make(place: Path, options: str) -> None:
    """Start a node, have it search, end it, and keep what it leaves: nothing if it could not."""
    with lock_at(place.with_suffix(".lock")), tempfile.TemporaryDirectory() as name:
        if place.exists():
            return
        folder, made, part = Path(name), Path(name, place.name), place.with_suffix(".part")
        folder.chmod(0o755)
        give(folder, node_user())
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv(OPTIONS, f"{options} -XX:ArchiveClassesAtExit={made}")
            with EmbeddedNode.start(NodeOptions(name="classes", heap_mib=256)) as node:
                _search(node.url)
                java = psutil.Process(node.pid)
                java.terminate()
                java.wait(_ENDS_WITHIN_S)
        part.write_bytes(made.read_bytes() if made.exists() else b"")
        part.chmod(0o644)
        part.replace(place)


def _search(url: str) -> None:
    """What most tests have a node do."""
    knn = {"type": "knn_vector", "dimension": 4, "method": {"name": "hnsw", "engine": "lucene"}}
    body = {"settings": {"index.knn": True}, "mappings": {"properties": {"vector": knn}}}
    vector = [0.0, 0.0, 0.0, 1.0]
    with connect(ClusterSettings(url=url)) as client:
        client.indices.create(index="classes", body=body)
        client.index(index="classes", id="1", body={"text": "red drill", "vector": vector}, refresh=True)
        wanted = {"match": {"text": "drill"}}, {"knn": {"vector": {"vector": vector, "k": 1}}}
        for query in (*wanted, {"hybrid": {"queries": [*wanted]}}):
            client.search(index="classes", body={"query": query})
