"""The official image in a container, for tests of what the embedded node lacks: faiss."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from aisle.cluster.node.lock import OPENSEARCH
from aisle.errors import ClusterUnavailable, MissingExtra

IMAGE = f"opensearchproject/opensearch:{OPENSEARCH}"


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
