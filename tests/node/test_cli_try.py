"""``aisle try`` with a file of one's own: a node of its own if there is none, and three searches."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest

import aisle as door
from aisle.cluster import Cluster
from tests.support.command import AISLE, aisle, environment, failure, here, open_folder, put_encoder
from tests.support.indexing import count

ROWS = [f"p{n},{('Canvas backpack', 'Folding stroller')[n % 2]} {n},{n}.50,Norvik" for n in range(20)]


def write(folder: Path, *more: str) -> Path:
    (folder / "shop.csv").write_text("\n".join(["id,title,price,brand", *ROWS, *more]) + "\n")
    return folder / "shop.csv"


def test_a_trial_starts_a_node_and_stops_it_if_told_to() -> None:
    with open_folder() as folder:
        write(folder)
        put_encoder(folder / "home")
        done = aisle("try", "shop.csv", "--stop", cwd=folder, env={"AISLE_HOME": str(folder / "home")})
        assert done.code == 0, done.err
        assert "Starting OpenSearch" in done.err
        assert "try-shop is now try-shop-v0001: 20 documents" in done.out
        assert "canvas backpack norvik" in done.out and "fodling stroller" in done.out
        assert "searched 'folding stroller'" in done.out and "dense" in done.out
        assert "aisle index shop.csv --name shop" in done.out and "aisle down" not in done.out
        assert re.search(r"Its page was served and shows: (Canvas|Folding) ", done.out)
        assert not list((folder / "home" / "nodes").glob("*.json"))


def test_a_trial_replaces_the_one_before_and_uses_the_cluster_that_is_there(
    client: Cluster,
    node_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    name: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    shop = write(tmp_path).rename(tmp_path / f"{name}.csv")
    env = {"AISLE_URL": node_url, "AISLE_HOME": str(tmp_path / "home")}

    def run(*arguments: str) -> dict[str, Any]:
        done = here(monkeypatch, capfd, "try", shop.name, "--encoder", "none", "--json", *arguments, **env)
        assert done.code == 0, done
        found: dict[str, Any] = json.loads(done.out)
        return found

    try:
        first = run()
        assert (first["name"], first["node"]) == (f"try-{name}", "")
        assert first["examples"][0]["why"].startswith("words of many titles")
        assert all(one["page"]["hits"] for one in first["examples"])
        # Few rows after many, and most of them bad: it is a trial.
        shop.write_text("id,title\n1,Sofa\n2,\n3,\n")
        assert run()["indexed"]["documents"] == 1
        # What somebody named may be live.
        door.index(write(tmp_path), name, encoder=None, cluster=client)
        done = here(monkeypatch, capfd, "try", shop.name, "--encoder", "none", "--name", name, **env)
        assert "fewer, and 20 % may be" in failure(done)
        assert count(client, name) == 20
    finally:
        for index in client.indices.get(index=f"try-{name}-*"):
            client.indices.delete(index=index)


def test_at_a_terminal_its_page_is_served_until_ctrl_c(
    client: Cluster, node_url: str, tmp_path: Path, name: str
) -> None:
    shop = write(tmp_path).rename(tmp_path / f"{name}.csv")
    ours, theirs = os.openpty()
    process = subprocess.Popen(
        [str(AISLE), "try", shop.name, "--encoder", "none"],
        cwd=tmp_path,
        env=environment(AISLE_URL=node_url, AISLE_HOME=str(tmp_path / "home"), TERM="dumb"),
        stdin=theirs,
        stdout=theirs,
        stderr=subprocess.DEVNULL,
    )
    os.close(theirs)
    told = ""
    try:
        while not (address := re.search(r"in a browser: (http://127\.0\.0\.1:\d+)", told)):
            # Of a process that has ended there is nothing to read: that is an error.
            told += os.read(ours, 65_536).decode(errors="replace")
        found = httpx.get(f"{address[1]}/", follow_redirects=True, timeout=30)
        assert found.status_code == 200 and "Canvas backpack" in found.text
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
    finally:
        process.kill()
        os.close(ours)
        for index in client.indices.get(index=f"try-{name}-*"):
            client.indices.delete(index=index)
