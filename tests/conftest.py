"""Fixtures of all tests: one real OpenSearch node for the whole session.

It fails, and does not skip, when the node cannot start. ``AISLE_TEST_URL`` names a running node instead,
which spares the start while one works on a test.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator

import pytest

from aisle.cluster import Cluster, ClusterSettings, EmbeddedNode, NodeOptions, connect


@pytest.fixture(scope="session")
def node_url() -> Iterator[str]:
    """URL of the session's node."""
    given = os.environ.get("AISLE_TEST_URL")
    if given:
        yield given
        return
    with EmbeddedNode.start(NodeOptions(name="tests")) as node:
        yield node.url


@pytest.fixture(scope="session")
def client(node_url: str) -> Iterator[Cluster]:
    """A client of the session's node."""
    opensearch = connect(ClusterSettings(url=node_url))
    yield opensearch
    opensearch.close()


@pytest.fixture
def name(client: Cluster) -> Iterator[str]:
    """A name that no other test uses, for an index or an alias; ``<name>`` and ``<name>-*`` go afterwards."""
    unique = f"test-{uuid.uuid4().hex[:12]}"
    yield unique
    for pattern in (unique, f"{unique}-*"):
        # An alias cannot be deleted by its name: resolve names to indices first.
        found = client.indices.get(index=pattern, ignore_unavailable=True, allow_no_indices=True)
        for index in found:
            client.indices.delete(index=index)
