"""``aisle index`` as a user runs it: a process of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from aisle.cluster import Cluster
from aisle.indexer import index_catalogue
from tests.support.indexing import ENCODER, count, items, options, releases

# `aisle`, wherever the tests run.
AISLE = (sys.executable, "-c", "from aisle.cli.main import main; main()")


def environment(url: str, home: Path) -> dict[str, str]:
    return {**os.environ, "AISLE_URL": url, "AISLE_HOME": str(home)}


def aisle(folder: Path, url: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*AISLE, "index", *arguments],
        cwd=folder,
        env={**environment(url, folder), "PYTHONPATH": str(Path.cwd())},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def write_catalogue(path: Path, number: int) -> None:
    with path.open("w") as file:
        for n in range(number):
            file.write(json.dumps({"_id": str(n), "title": f"shoe {n}"}) + "\n")


def test_index_with_dead_letters(client: Cluster, node_url: str, name: str, tmp_path: Path) -> None:
    catalogue = tmp_path / "shop.jsonl"
    write_catalogue(catalogue, 50)
    with catalogue.open("a") as file:
        file.write('{"_id": "7", "title": "twice"}\nnot json\n')
    done = aisle(tmp_path, node_url, str(catalogue), "--name", name, "--encoder", "none", "--json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["documents"] == 50 and report["release"] == f"{name}-v0001"
    assert sum(report["dead_letters"].values()) == 2
    lines = (tmp_path / f"{name}-dead-letters.jsonl").read_text().splitlines()
    assert sorted(json.loads(line)["line"] for line in lines) == [51, 52]
    assert count(client, name) == 50
    assert client.get(index=name, id="7")["_source"]["title"] == "shoe 7"


def test_index_says_what_it_did(node_url: str, name: str, tmp_path: Path) -> None:
    write_catalogue(tmp_path / "shop.jsonl", 5)
    done = aisle(tmp_path, node_url, "shop.jsonl", "--name", name, "--encoder", "none")
    assert done.returncode == 0, done.stderr
    assert f"{name} is now {name}-v0001: 5 documents" in " ".join(done.stdout.split())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("missing.jsonl", "--name", "shop"), "missing.jsonl"),
        (("shop.jsonl", "--name", "Shop"), "lower case"),
        (("shop.jsonl", "--name", "../shop"), "cannot be an index name"),
        (("shop.jsonl", "--name", "shop", "--map", "nonsense"), "nonsense"),
    ],
)
def test_bad_arguments_are_one_clear_error(
    node_url: str, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    write_catalogue(tmp_path / "shop.jsonl", 3)
    done = aisle(tmp_path, node_url, *arguments, "--encoder", "none")
    assert done.returncode == 1
    assert said in done.stderr and "fix:" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_and_sigterm_leave_the_live_release(
    client: Cluster, node_url: str, name: str, tmp_path: Path, how: signal.Signals
) -> None:
    index_catalogue(client, items(20), ENCODER, options(name))
    write_catalogue(tmp_path / "long.jsonl", 150_000)
    process = subprocess.Popen(
        [*AISLE, "index", str(tmp_path / "long.jsonl"), "--name", name, "--encoder", "none"],
        env=environment(node_url, tmp_path),
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_for_documents(client, f"{name}-v0002")
    process.send_signal(how)
    interrupted = time.monotonic()
    _, said = process.communicate(timeout=30)
    assert time.monotonic() - interrupted < 15
    assert process.returncode == 130, said
    assert "Traceback" not in said
    assert "go on with --resume" in said
    assert releases(client, name) == {f"{name}-v0001": {name}, f"{name}-v0002": {f"{name}-v0002-loading"}}
    assert count(client, name) == 20


def wait_for_documents(client: Cluster, index: str) -> None:
    """Until a running command has written something."""
    for _ in range(300):
        stats = client.indices.stats(index=index, metric="indexing", params={"ignore": 404})
        if stats.get("_all", {}).get("primaries", {}).get("indexing", {}).get("index_total"):
            return
        time.sleep(0.1)
    raise AssertionError("nothing was written")
