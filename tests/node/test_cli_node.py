"""A node of one's own at the command line: up, a disk that is almost full, a node that dies, down."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from aisle.cluster import ClusterSettings, connect
from aisle.cluster.node.registry import stop_process
from tests.support.command import Done, aisle, failure, here, listing, open_folder
from tests.support.indexing import releases

WATERMARKS = ("low", "high", "flood_stage")


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    """Working folder and AISLE_HOME of the tests, with a catalogue."""
    with open_folder() as folder:
        rows = ({"_id": str(n), "title": f"shoe {n}"} for n in range(20))
        (folder / "shop.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        yield folder


@pytest.fixture(scope="module")
def node(place: Path) -> Iterator[dict[str, Any]]:
    """What `aisle up --json` said; the node is gone after the last test."""
    env = {"AISLE_HOME": str(place / "home")}
    done = aisle("up", "--heap", "256", "--data", str(place / "node"), "--json", cwd=place, env=env)
    assert done.code == 0, done.err
    record: dict[str, Any] = json.loads(done.out)
    yield record
    stop_process(record["pid"], record["created"])


def test_the_life_of_a_node(
    place: Path, node: dict[str, Any], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(place)

    def run(*arguments: str) -> Done:
        return here(monkeypatch, capfd, *arguments, AISLE_HOME=str(place / "home"))

    load = ("index", "shop.jsonl", "--name", "shop", "--encoder", "none")
    assert json.loads(run("status", "--json").out)["url"] == node["url"]
    assert run(*load).code == 0
    client = connect(ClusterSettings(url=node["url"]))

    # The disk: every watermark asks for more room than there is.
    room = {f"cluster.routing.allocation.disk.watermark.{mark}": "900tb" for mark in WATERMARKS}
    client.cluster.put_settings(body={"transient": room})
    before = listing(place / "home")
    said = failure(run(*load))
    assert "of disk left, below its watermark" in said and "free disk space" in said
    assert releases(client, "shop") == {"shop-v0001": {"shop"}}
    assert listing(place / "home") == before
    client.cluster.put_settings(body={"transient": dict.fromkeys(room)})
    assert run(*load).code == 0
    assert releases(client, "shop") == {"shop-v0001": set(), "shop-v0002": {"shop"}}

    # A second one of that name, or on that port.
    assert "node aisle runs already" in failure(run("up"))
    port = node["url"].rpartition(":")[2]
    assert port in failure(run("up", "--name", "second", "--port", port, "--data", str(place / "second")))
    assert not (place / "second").exists()

    # It dies.
    client.close()
    dead = psutil.Process(node["pid"])
    dead.kill()
    psutil.wait_procs([dead], timeout=20)
    for command in (("status",), ("search", "shoe", "-n", "shop"), load):
        assert "no OpenSearch address is set and no node runs" in failure(run(*command))
    assert "had ended already" in run("down").out
    assert "no node named aisle was started" in failure(run("down"))

    # Its data are what `aisle up` says they are: kept.
    again = aisle("up", "--heap", "256", "--data", "node", cwd=place, env={"AISLE_HOME": str(place / "home")})
    try:
        assert again.code == 0, again.err
        assert "shoe" in run("search", "shoe", "-n", "shop").out
    finally:
        down = run("down", "--json")
    assert json.loads(down.out) == {"name": "aisle", "stopped": True}
