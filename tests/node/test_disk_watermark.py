"""A disk that OpenSearch itself finds full, in the middle of a run, and free again."""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from aisle.indexer.run import index_catalogue
from tests.support.command import Done, aisle, failure
from tests.support.indexing import ENCODER, count, items, options, releases
from tests.support.node_loss import PATIENT
from tests.support.proxies.faults import Fault, Request
from tests.support.proxies.faulty import FaultyProxy
from tests.support.three_nodes import SpareNode

WATERMARK = "cluster.routing.allocation.disk.watermark."
BLOCK = "index.blocks.read_only_allow_delete"
# OpenSearch looks at its disks every 30 s at first, later every 10 s.
PATIENCE_S = 90
ROWS = 4_000
pytestmark = pytest.mark.timeout(900)


def set_watermarks(spare: SpareNode, free: str | None) -> None:
    """So much must stay free; None: as ever."""
    marks = {f"{WATERMARK}{mark}": free for mark in ("low", "high", "flood_stage")}
    spare.client.cluster.put_settings(body={"transient": marks})


def is_blocked(spare: SpareNode, index: str) -> bool:
    """Has the node closed the index for writing?"""
    (found,) = spare.client.indices.get_settings(index=index, params={"flat_settings": "true"}).values()
    return bool(found["settings"].get(BLOCK) == "true")


def await_block(spare: SpareNode, index: str) -> None:
    """Until the node has closed the index for writing."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if is_blocked(spare, index):
            return
        time.sleep(0.2)
    raise AssertionError(f"{index} was not blocked")


@pytest.fixture
def shop(spare_node: SpareNode) -> Iterator[str]:
    """A name on the spare node, whose disk has room again afterwards."""
    name = f"test-{uuid.uuid4().hex[:12]}"
    yield name
    set_watermarks(spare_node, None)
    for index in spare_node.client.indices.get(index=f"{name}-v*"):
        spare_node.client.indices.delete(index=index)


def test_a_disk_that_fills_up_in_mid_run_and_is_freed(
    spare_node: SpareNode, shop: str, tmp_path: Path
) -> None:
    index_catalogue(spare_node.client, items(20), ENCODER, options(shop, retry=PATIENT))
    live, catalogue = f"{shop}-v0001", tmp_path / "shop.jsonl"
    with catalogue.open("w") as file:
        for n in range(ROWS):
            file.write(json.dumps({"_id": str(n), "title": f"thing {n}"}) + "\n")
    filled = threading.Lock()

    def fill_up(request: Request) -> Fault | None:
        # The first body is written. All others wait until the disk is full, then go to the node.
        if "/_bulk" in request.path and proxy.count("/_bulk") > 1:
            with filled:
                if not is_blocked(spare_node, live):
                    set_watermarks(spare_node, "900tb")
                    await_block(spare_node, live)
        return None

    def index(url: str, *more: str) -> Done:
        arguments = ("index", str(catalogue), "--name", shop, "--encoder", "none", "--json", *more)
        env = {"AISLE_URL": url, "AISLE_HOME": str(tmp_path / "home")}
        return aisle(*arguments, cwd=tmp_path, env=env, timeout=600)

    with FaultyProxy(spare_node.url, plan=fill_up) as proxy:
        full = index(proxy.url)
    assert "disk is almost full" in failure(full) and "--resume" in full.err
    assert releases(spare_node.client, shop)[live] == {shop}
    assert count(spare_node.client, shop) == 20

    # While it is full, nothing begins.
    assert "of disk left, below its watermark" in failure(index(spare_node.url, "--resume"))

    # Freed a moment ago: the node has not noticed yet, and lifts one block after the other.
    set_watermarks(spare_node, None)
    assert is_blocked(spare_node, live)
    done = index(spare_node.url, "--resume")
    assert done.code == 0, done.err
    report = json.loads(done.out)
    assert 0 < report["resumed"] < ROWS and report["release"] == f"{shop}-v0002"
    assert count(spare_node.client, shop) == report["documents"] == ROWS
