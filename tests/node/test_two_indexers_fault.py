"""Two ``aisle index`` for one name at once, as two processes: one does it, the other one is told so."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from aisle.cluster import Cluster
from tests.support.command import start
from tests.support.indexing import count, releases
from tests.support.proxies.faults import Fault, Request
from tests.support.proxies.faulty import FaultyProxy

ROWS = 1_500
TIMEOUT_S = 300


@pytest.fixture
def catalogues(tmp_path: Path) -> Sequence[Path]:
    """The same ids twice, each with titles of its own."""
    files = [tmp_path / "left.jsonl", tmp_path / "right.jsonl"]
    for path in files:
        with path.open("w") as file:
            for n in range(ROWS):
                file.write(json.dumps({"_id": str(n), "title": f"{path.stem} shoe {n}"}) + "\n")
    return files


def test_of_two_indexers_one_does_it(
    client: Cluster, node_url: str, name: str, tmp_path: Path, catalogues: Sequence[Path]
) -> None:
    processes: list[subprocess.Popen[str]] = []

    def hold(request: Request) -> Fault | None:
        # However unevenly the two start, the first is not done before the second has come and gone.
        while "/_bulk" in request.path and all(process.poll() is None for process in processes):
            time.sleep(0.05)
        return None

    with FaultyProxy(node_url, plan=hold) as proxy:
        for path in catalogues:
            home = tmp_path / f"home-{path.stem}"
            processes.append(
                start(
                    *("index", str(path), "--name", name, "--encoder", "none", "--json"),
                    cwd=tmp_path,
                    env={"AISLE_URL": proxy.url, "AISLE_HOME": str(home)},
                )
            )
        ends = [process.communicate(timeout=TIMEOUT_S) for process in processes]
    codes = [process.returncode for process in processes]
    assert sorted(codes) == [0, 1], ends
    winner, loser = codes.index(0), codes.index(1)
    said = ends[loser][1]
    assert f"process {processes[winner].pid} on" in said and "Traceback" not in said, said
    assert json.loads(ends[winner][0])["documents"] == ROWS == count(client, name)
    assert releases(client, name) == {f"{name}-v0001": {name}}
    # Of one catalogue, whole: nothing of the other one came in between.
    query = {"query": {"match": {"title": catalogues[winner].stem}}, "track_total_hits": True}
    assert client.search(index=name, body=query)["hits"]["total"]["value"] == ROWS
