"""Fixtures of all tests: one real OpenSearch node for the session, from the plugin that users have too."""

from __future__ import annotations

import pytest

from aisle.cluster import Cluster

pytest_plugins = ["aisle.testing.pytest_plugin"]


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
