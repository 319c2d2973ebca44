"""A wall clock that jumps by days, back and forth, in the process that indexes: nothing is decided by it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from aisle.cluster import Cluster
from tests.support.command import aisle
from tests.support.indexing import count, releases
from tests.support.proxies.faults import Answer, Fault, Request
from tests.support.proxies.faulty import FaultyProxy

ROWS = 3_000
JUMP_S = 5 * 24 * 3600
# Python imports it before anything of ours. Every call of the clock jumps, and is counted.
CLOCK = f"""
import atexit, itertools, pathlib, time

real, real_ns, calls = time.time, time.time_ns, itertools.count()
jump = lambda: (0, -{JUMP_S}, {JUMP_S})[next(calls) % 3]
time.time = lambda: real() + jump()
time.time_ns = lambda: real_ns() + jump() * 10**9
atexit.register(lambda: pathlib.Path(__file__).with_name("calls").write_text(str(next(calls))))
"""


@pytest.fixture
def clock(tmp_path: Path) -> Path:
    """Folder with the clock, for PYTHONPATH."""
    folder = tmp_path / "clock"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(CLOCK)
    return folder


def test_clock_jumps_change_nothing(
    client: Cluster, node_url: str, name: str, tmp_path: Path, clock: Path
) -> None:
    catalogue = tmp_path / "shop.jsonl"
    with catalogue.open("w") as file:
        for n in range(ROWS):
            file.write(json.dumps({"_id": str(n), "title": f"shoe {n}"}) + "\n")

    def busy_at_first(request: Request) -> Fault | None:
        # Waiting, time-outs and the deadline are what a clock could spoil.
        return Answer(503) if "/_bulk" in request.path and proxy.count("/_bulk") <= 3 else None

    with FaultyProxy(node_url, plan=busy_at_first) as proxy:
        path = os.pathsep.join([str(clock), os.environ.get("PYTHONPATH", "")])
        done = aisle(
            *("index", str(catalogue), "--name", name, "--encoder", "none", "--json"),
            cwd=tmp_path,
            env={"AISLE_URL": proxy.url, "AISLE_HOME": str(tmp_path / "home"), "PYTHONPATH": path},
            timeout=300,
        )
    assert done.code == 0, done.err
    assert json.loads(done.out)["documents"] == ROWS == count(client, name)
    assert releases(client, name) == {f"{name}-v0001": {name}}
    assert int((clock / "calls").read_text()) > 0
