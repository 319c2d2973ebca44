"""pytest fixtures: one real OpenSearch node for the session, without Docker.

    pytest_plugins = ["aisle.testing.pytest_plugin"]

A node that cannot start fails the tests; it never skips them. ``AISLE_TEST_URL`` names a running node instead
(`aisle up --name tests`), which spares the start while one works on a test.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator

import pytest

from aisle.cluster import Cluster, ClusterSettings, EmbeddedNode, NodeOptions, connect


@pytest.fixture(scope="session")
def aisle_node_options() -> NodeOptions:
    """How the session's node is started; a conftest of your own may have others."""
    return NodeOptions(name="tests")


@pytest.fixture(scope="session")
def aisle_url(aisle_node_options: NodeOptions) -> Iterator[str]:
    """URL of a node that runs for the whole session."""
    given = os.environ.get("AISLE_TEST_URL")
    if given:
        yield given
        return
    with EmbeddedNode.start(aisle_node_options) as node:
        yield node.url


@pytest.fixture(scope="session")
def aisle_cluster(aisle_url: str) -> Iterator[Cluster]:
    """A client of the session's node, for the ``cluster`` of every function of Aisle."""
    with connect(ClusterSettings(url=aisle_url)) as cluster:
        yield cluster


@pytest.fixture
def aisle_name(aisle_cluster: Cluster) -> Iterator[str]:
    """A name that no other test uses, for an index or a catalogue; its indexes are deleted afterwards."""
    unique = f"test-{uuid.uuid4().hex[:12]}"
    yield unique
    for pattern in (unique, f"{unique}-*"):
        # An alias cannot be deleted by its name: resolve names to indices first.
        found = aisle_cluster.indices.get(index=pattern, ignore_unavailable=True, allow_no_indices=True)
        for index in found:
            aisle_cluster.indices.delete(index=index)
