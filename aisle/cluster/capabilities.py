"""What the cluster can do. Nothing is tried out: a faiss index on a node without natives kills the node."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import Any

from opensearchpy import OpenSearch

from aisle.cluster.client import Cluster
from aisle.cluster.node.files import FAISS, NATIVE_ATTRIBUTE, SIMD_ATTRIBUTE
from aisle.cluster.node.lock import MINIMUM
from aisle.errors import AisleError, CapabilityMissing

KNN = "opensearch-knn"
NEURAL = "opensearch-neural-search"
NODE_FIELDS = "nodes.*.name,nodes.*.version,nodes.*.attributes,nodes.*.plugins.name"
PREFERRED = (FAISS, "lucene")


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What Aisle needs to know of a cluster.

    Attributes:
        version: of OpenSearch, the oldest of its nodes.
        distribution: "opensearch", or what else answered.
        plugins: names that every node has, sorted.
        knn_engines: engines that work on every node, the preferred one first.
        nodes: number of nodes.
        knn_simd: whether faiss can score vectors of one bit on every node (``mode: on_disk``, 32x).
    """

    version: str
    distribution: str
    plugins: tuple[str, ...]
    knn_engines: tuple[str, ...]
    nodes: int = 1
    knn_simd: bool = False

    @property
    def best_engine(self) -> str:
        """faiss where it works, else lucene.

        Raises:
            CapabilityMissing: the cluster has no k-NN engine.
        """
        if self.knn_engines:
            return self.knn_engines[0]
        raise CapabilityMissing(
            f"the cluster lacks the plugin {KNN}", fix="install it on every node, or use 'aisle up'"
        )

    def to_json(self) -> dict[str, Any]:
        best = self.knn_engines[0] if self.knn_engines else None
        return {**asdict(self), "best_engine": best}


def capabilities(client: OpenSearch) -> Capabilities:
    """What the cluster can do, asked of it.

    Raises:
        ClusterUnavailable, AuthenticationFailed: it cannot be asked.
    """
    cluster = Cluster.of(client)
    root = cluster.info()
    body = cluster.nodes.info(metric="plugins", filter_path=NODE_FIELDS)
    return read_capabilities(root, body)


def read_capabilities(root: dict[str, Any], nodes_info: dict[str, Any]) -> Capabilities:
    """The pure part: from the bodies of ``GET /`` and ``GET /_nodes/plugins``."""
    nodes = list(nodes_info.get("nodes", {}).values())
    names = [{plugin["name"] for plugin in node.get("plugins", ())} for node in nodes]
    plugins = set.intersection(*names) if names else set()
    versions = [node["version"] for node in nodes if "version" in node] or [root["version"]["number"]]
    engines: tuple[str, ...] = ()
    if KNN in plugins:
        engines = PREFERRED if all(_has(node, NATIVE_ATTRIBUTE) for node in nodes) else ("lucene",)
    return Capabilities(
        version=min(versions, key=parse_version),
        distribution=root["version"].get("distribution", "elasticsearch"),
        plugins=tuple(sorted(plugins)),
        knn_engines=engines,
        nodes=max(1, len(nodes)),
        knn_simd=FAISS in engines and all(_has(node, SIMD_ATTRIBUTE) for node in nodes),
    )


def require(found: Capabilities) -> Capabilities:
    """The same capabilities, if Aisle can work with them.

    Raises:
        CapabilityMissing: another product, too old, or without a plugin that hybrid search needs.
    """
    oldest = ".".join(str(part) for part in MINIMUM)
    if found.distribution != "opensearch":
        raise CapabilityMissing(
            f"this is {found.distribution}, not OpenSearch", fix=f"use OpenSearch {oldest} or later"
        )
    if parse_version(found.version) < MINIMUM:
        raise CapabilityMissing(
            f"OpenSearch {found.version} is too old", fix=f"use OpenSearch {oldest} or later, or 'aisle up'"
        )
    for plugin in (KNN, NEURAL):
        if plugin not in found.plugins:
            raise CapabilityMissing(
                f"the cluster lacks the plugin {plugin}", fix="install it on every node, or use 'aisle up'"
            )
    return found


def parse_version(text: str) -> tuple[int, ...]:
    """(3, 6, 0) for "3.6.0" or "3.6.0-SNAPSHOT"."""
    return tuple(int(part) for part in re.findall(r"\d+", text.partition("-")[0]))


def _has(node: dict[str, Any], attribute: str) -> bool:
    """Official distributions have the natives and not our attributes; embedded nodes always have them."""
    return str(node.get("attributes", {}).get(attribute, "true")) == "true"


def require_engine(client: OpenSearch, engine: str, release: str, *, simd: bool = False) -> None:
    """Refuse vectors of an engine that a node lacks: to search or change them there would end the node.

    Args:
        client: connection.
        engine: k-NN engine of the release's vectors.
        release: that is to be searched or changed.
        simd: whether its vectors are of one bit, see `Capabilities.knn_simd`.

    Raises:
        CapabilityMissing: naming the nodes that lack it.
        ClusterUnavailable, AuthenticationFailed: the cluster cannot be asked.
    """
    if engine != FAISS:
        # Part of the plugin itself.
        return
    try:
        body = Cluster.of(client).nodes.info(metric="plugins", filter_path=NODE_FIELDS)
    except AisleError as error:
        # Users who may only search are not told, nor are those of some hosted clusters. Both run official
        # distributions.
        if error.status in (403, 404):
            return
        raise
    if lacking := lacking_faiss(body, simd=simd):
        raise CapabilityMissing(
            f"{release} has vectors of the k-NN engine {engine}, which {', '.join(lacking[:3])} cannot load:"
            " to search or change them would end the node",
            fix="start it with AISLE_KNN_LIB as when the catalogue was indexed, search with --legs bm25, or"
            " index the catalogue again",
        )


def lacking_faiss(nodes_info: dict[str, Any], *, simd: bool = False) -> list[str]:
    """Names of the nodes that cannot load faiss, from the body of ``GET /_nodes/plugins``.

    Args:
        nodes_info: the body.
        simd: name those too that cannot score vectors of one bit.
    """
    needed = (NATIVE_ATTRIBUTE, SIMD_ATTRIBUTE) if simd else (NATIVE_ATTRIBUTE,)
    nodes = nodes_info.get("nodes", {})
    return sorted(
        str(node.get("name", id_))
        for id_, node in nodes.items()
        if not all(_has(node, attribute) for attribute in needed)
    )


def cluster_report(client: OpenSearch) -> dict[str, Any]:
    """Address, health and capabilities of the cluster as plain JSON.

    Raises:
        ClusterUnavailable, AuthenticationFailed: it cannot be asked.
    """
    cluster = Cluster.of(client)
    found = capabilities(cluster)
    health = cluster.cluster.health()["status"]
    # The transport knows hosts without credentials only.
    address = cluster.transport.get_connection().host
    return {"url": address, "health": health, **found.to_json()}
