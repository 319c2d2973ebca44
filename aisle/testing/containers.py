"""The official images in containers, for tests of what the embedded node lacks: faiss, Dashboards."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from aisle.cluster.node.lock import OPENSEARCH
from aisle.errors import ClusterUnavailable, MissingExtra

IMAGE = f"opensearchproject/opensearch:{OPENSEARCH}"
DASHBOARDS_IMAGE = f"opensearchproject/opensearch-dashboards:{OPENSEARCH}"


def docker_answers() -> bool:
    """Is there a Docker engine that answers?

    Raises:
        MissingExtra: testcontainers is not installed.
    """
    try:
        import docker  # type: ignore[import-untyped]
        from docker.errors import DockerException  # type: ignore[import-untyped]
    except ModuleNotFoundError as error:
        raise MissingExtra("testcontainers", extra="dev") from error
    try:
        return bool(docker.from_env().ping())
    except DockerException:
        return False


@contextmanager
def container_node(image: str = IMAGE, heap_mib: int = 512) -> Iterator[str]:
    """Run the image, yield its URL, remove it. Security is off: it is for tests on this machine.

    Raises:
        MissingExtra: testcontainers is not installed.
        ClusterUnavailable: no Docker engine answers.
    """
    if not docker_answers():
        raise ClusterUnavailable(
            "no Docker engine answers", fix="start Docker, or use the embedded node: 'aisle up'"
        )
    from testcontainers.community.opensearch import OpenSearchContainer

    container = OpenSearchContainer(image)
    container.with_env("OPENSEARCH_JAVA_OPTS", f"-Xms{heap_mib}m -Xmx{heap_mib}m")
    try:
        container.start()
        config = container.get_config()
        yield f"http://{config['host']}:{config['port']}"
    finally:
        container.stop()


@contextmanager
def container_dashboards(image: str = DASHBOARDS_IMAGE) -> Iterator[str]:
    """Run Dashboards beside a node of its own, yield its URL, remove both. Security is off.

    Raises:
        MissingExtra: testcontainers is not installed.
        ClusterUnavailable: no Docker engine answers.
    """
    if not docker_answers():
        raise ClusterUnavailable("no Docker engine answers", fix="start Docker")
    from testcontainers.core.container import DockerContainer
    from testcontainers.core.network import Network
    from testcontainers.core.wait_strategies import HttpWaitStrategy

    with Network() as network:
        node = DockerContainer(IMAGE).with_network(network).with_network_aliases("opensearch")
        node.with_env("discovery.type", "single-node").with_env("DISABLE_SECURITY_PLUGIN", "true")
        boards = DockerContainer(image).with_network(network).with_exposed_ports(5601)
        boards.with_env("OPENSEARCH_HOSTS", '["http://opensearch:9200"]')
        boards.with_env("DISABLE_SECURITY_DASHBOARDS_PLUGIN", "true")
        ready = HttpWaitStrategy(5601, "/api/status").for_status_code(200).with_startup_timeout(180)
        with node, boards.waiting_for(ready):
            yield f"http://{boards.get_container_host_ip()}:{boards.get_exposed_port(5601)}"
