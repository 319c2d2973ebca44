"""Nodes that only some tests need: they start when the first of these asks for them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.node import three_nodes as nodes


@pytest.fixture(scope="session")
def three_nodes() -> Iterator[nodes.ThreeNodes]:
    """Three nodes as one green cluster; a test leaves them so."""
    with nodes.three_nodes() as three:
        yield three


@pytest.fixture(scope="session")
def spare_node() -> Iterator[nodes.SpareNode]:
    """A single node that may be killed, and whose disk may be full; a test leaves it up and empty."""
    with nodes.spare_node() as spare:
        yield spare
