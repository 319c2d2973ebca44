"""The official image: the same checks as on the embedded node, and faiss."""

from __future__ import annotations

import pytest

import aisle
from aisle.cluster import ClusterSettings, capabilities, connect, require
from aisle.cluster.node.lock import OPENSEARCH
from aisle.errors import ClusterUnavailable
from aisle.mappings.dashboards import saved_objects
from aisle.testing.containers import container_dashboards, container_node, docker_answers


@pytest.mark.skipif(not docker_answers(), reason="no Docker engine answers on this machine")
def test_official_image_has_faiss() -> None:
    with container_node() as url:
        found = require(capabilities(connect(ClusterSettings(url=url))))
    assert found.version == OPENSEARCH
    assert found.best_engine == "faiss"


@pytest.mark.skipif(not docker_answers(), reason="no Docker engine answers on this machine")
def test_dashboards_takes_the_boards() -> None:
    with container_dashboards() as url:
        found = aisle.import_dashboards(url, settings=ClusterSettings())
    assert found.objects == len(saved_objects().splitlines())


@pytest.mark.skipif(docker_answers(), reason="a Docker engine answers on this machine")
def test_without_docker_the_error_names_the_embedded_node() -> None:
    with pytest.raises(ClusterUnavailable) as caught, container_node():
        pytest.fail("a container without Docker")
    assert "aisle up" in caught.value.fix
