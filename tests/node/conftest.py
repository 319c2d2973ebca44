"""Nodes that some tests need, which start when the first of these asks; and a way to a node that fails."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from aisle.cluster import Cluster, ClusterSettings, connect
from tests.support import three_nodes as nodes
from tests.support.proxies.faulty import FaultyProxy


@pytest.fixture(scope="session", autouse=True)
def _nodes_of_one_engine(engine: str) -> None:
    """Also those that a test starts by itself."""


@pytest.fixture(scope="session")
def three_nodes(engine: str) -> Iterator[nodes.ThreeNodes]:
    """Three nodes as one green cluster; a test leaves them so."""
    with nodes.three_nodes() as three:
        yield three


@pytest.fixture(scope="session")
def spare_node(engine: str) -> Iterator[nodes.SpareNode]:
    """A single node that may be killed, and whose disk may be full; a test leaves it up and empty."""
    with nodes.spare_node() as spare:
        yield spare


@pytest.fixture
def proxy(node_url: str) -> Iterator[FaultyProxy]:
    """Stands before the session's node."""
    with FaultyProxy(node_url) as standing:
        yield standing


@pytest.fixture
def shaky(proxy: FaultyProxy) -> Iterator[Cluster]:
    """A client that goes through the proxy."""
    with connect(ClusterSettings(url=proxy.url)) as through:
        yield through
