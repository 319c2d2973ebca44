"""Fixtures of all tests: one real OpenSearch node for the session, from the plugin that users have too."""

from __future__ import annotations

from pathlib import Path

import pytest

from aisle.cluster import Cluster

pytest_plugins = ["aisle.testing.pytest_plugin"]

NODE_TESTS = Path(__file__).parent / "node"


@pytest.hookimpl(tryfirst=True)  # before -m looks at the markers
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark as ``node`` what stands in tests/node, and every other test that asks for the session's node."""
    for item in items:
        needs_node = "aisle_url" in getattr(item, "fixturenames", ())
        if needs_node or item.path.is_relative_to(NODE_TESTS):
            item.add_marker(pytest.mark.node)


@pytest.fixture(scope="session")
def node_url(aisle_url: str) -> str:
    """URL of the session's node."""
    return aisle_url


@pytest.fixture(scope="session")
def client(aisle_cluster: Cluster) -> Cluster:
    """A client of the session's node."""
    return aisle_cluster


@pytest.fixture
def name(aisle_name: str) -> str:
    """A name that no other test uses, for an index or an alias; ``<name>`` and ``<name>-*`` go afterwards."""
    return aisle_name
