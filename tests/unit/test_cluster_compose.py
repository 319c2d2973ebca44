"""docker-compose.yml: the pinned release, and nothing that listens beyond this machine."""

from __future__ import annotations

import re
from pathlib import Path

from aisle.cluster.node.lock import OPENSEARCH
from aisle.testing.containers import IMAGE

TEXT = (Path(__file__).parents[2] / "docker-compose.yml").read_text(encoding="utf-8")


def test_images_are_of_the_pinned_release() -> None:
    images = re.findall(r"image: (\S+)", TEXT)
    assert images == [IMAGE, f"opensearchproject/opensearch-dashboards:{OPENSEARCH}"]


def test_ports_are_bound_to_loopback() -> None:
    ports = re.findall(r"ports:\n\s+- (\S+)", TEXT)
    assert len(ports) == 2
    assert all(port.startswith("127.0.0.1:") for port in ports)
