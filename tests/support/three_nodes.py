"""Nodes of a test's own, to be killed and started again: three as one cluster, and one alone."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aisle.cluster import Cluster, ClusterSettings, EmbeddedNode, NodeOptions, connect
from aisle.cluster.node.files import free_ports
from aisle.testing.multi_node import group_options, start_group

NAMES = ("one", "two", "three")
HEAP_MIB = 512
# For green again: copies are looked at anew when a node comes back, which a busy machine does slowly.
PATIENCE_S = 240
# A machine that is busy with other things takes minutes for what should take ten seconds.
START_S = 500


@dataclass(slots=True)
class ThreeNodes:
    """Attributes:
    options: of the three nodes, by number.
    nodes: as they run now; one that was killed or stopped is still in its place.
    client: knows all three, so it lives as long as one of them does.
    """

    options: tuple[NodeOptions, ...]
    nodes: list[EmbeddedNode]
    client: Cluster

    @property
    def urls(self) -> list[str]:
        return [node.url for node in self.nodes]

    def kill(self, number: int) -> None:
        """SIGKILL, as a machine that loses its power."""
        kill_node(self.nodes[number])

    def stop(self, number: int) -> None:
        """As an operator stops it."""
        self.nodes[number].stop()

    def start(self, number: int) -> None:
        """Again, with its data and at its ports."""
        self.nodes[number] = EmbeddedNode.start(self.options[number])

    def number_of(self, name: str) -> int:
        return NAMES.index(name)

    def await_green(self, nodes: int = len(NAMES)) -> None:
        """Until all of them are in the cluster and every copy of every shard is there."""
        params = {"wait_for_status": "green", "wait_for_nodes": str(nodes), "timeout": f"{PATIENCE_S}s"}
        health = self.client.cluster.health(params={**params, "request_timeout": PATIENCE_S + 5})
        assert (health["status"], health["number_of_nodes"]) == ("green", nodes), health

    def shards(self, index: str) -> list[dict[str, Any]]:
        """One row per copy: ``node``, ``prirep`` (p or r), ``state``, ``docs``."""
        found: list[dict[str, Any]] = self.client.cat.shards(index=index, params={"format": "json"})
        return found

    def primary(self, index: str) -> int:
        """Number of the node that holds the (only) primary shard."""
        (row,) = (row for row in self.shards(index) if row["prirep"] == "p")
        return self.number_of(row["node"])

    def manager(self) -> int:
        """Number of the node that manages the cluster."""
        (row,) = self.client.cat.cluster_manager(params={"format": "json"})
        return self.number_of(row["node"])


@dataclass(slots=True)
class SpareNode:
    """Attributes:
    options: with fixed ports and a folder of its own, so that it comes back as it went.
    node: as it runs now.
    client: stays valid.
    """

    options: NodeOptions
    node: EmbeddedNode
    client: Cluster

    @property
    def url(self) -> str:
        return self.node.url

    def kill(self) -> None:
        """SIGKILL, as a machine that loses its power."""
        kill_node(self.node)

    def start(self) -> None:
        """Again, with its data and at its ports."""
        self.node = EmbeddedNode.start(self.options)


def kill_node(node: EmbeddedNode) -> None:
    """SIGKILL to the node's own process; its data stay if it has a folder of its own."""
    os.kill(node.pid, signal.SIGKILL)
    # Reaps its supervisor too.
    node.stop()


@contextmanager
def node_home() -> Iterator[Path]:
    """A temporary folder that the nodes' own user may enter, as pytest's may not be."""
    folder = Path(tempfile.mkdtemp(prefix="aisle-test-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def three_nodes() -> Iterator[ThreeNodes]:
    """A green cluster of three nodes."""
    with node_home() as folder:
        options = group_options(NAMES, folder, NodeOptions(heap_mib=HEAP_MIB))
        nodes = start_group(options)
        three = ThreeNodes(options, nodes, connect(ClusterSettings(url=",".join(node.url for node in nodes))))
        try:
            three.await_green()
            yield three
        finally:
            three.client.close()
            for node in three.nodes:
                node.stop()


@contextmanager
def spare_node() -> Iterator[SpareNode]:
    """A node that looks at its disk often."""
    with node_home() as folder:
        http, transport = free_ports(2)
        options = NodeOptions(
            name="spare",
            heap_mib=HEAP_MIB,
            http_port=http,
            transport_port=transport,
            folder=folder / "spare",
            # The shortest that OpenSearch takes.
            settings={
                "cluster.info.update.interval": "10s",
                # Otherwise it makes no index for up to a minute after its disk was full.
                "cluster.routing.allocation.disk.reroute_interval": "1s",
            },
            start_timeout_s=START_S,
        )
        node = EmbeddedNode.start(options)
        spare = SpareNode(options, node, connect(ClusterSettings(url=node.url)))
        try:
            yield spare
        finally:
            spare.client.close()
            spare.node.stop()
