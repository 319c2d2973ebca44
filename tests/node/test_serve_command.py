"""``aisle serve`` as a process: it says where it is, answers, finishes what it has begun, and ends with 0."""

from __future__ import annotations

import json
import signal
import threading
from pathlib import Path

import httpx2 as httpx
import pytest
from opensearchpy import OpenSearch

import aisle
from tests.support.command import failure, here, start
from tests.support.proxies.faulty import Delay, FaultyProxy, Request


def products(folder: Path) -> Path:
    file = folder / "products.csv"
    rows = [f"s{number},cordless drill {number} volt,{number}" for number in range(30)]
    file.write_text("\n".join(["sku,name,price", *rows]) + "\n")
    return file


def test_it_serves_until_it_is_told_to_stop_and_finishes_what_it_has_begun(
    client: OpenSearch, node_url: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AISLE_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    aisle.index(
        products(tmp_path), name, columns={"id": "sku", "title": "name"}, encoder=None, cluster=client
    )
    asked = threading.Event()

    def slow(request: Request) -> Delay | None:
        if "shovel" not in request.body.decode():
            return None
        asked.set()
        return Delay(1.0)

    with FaultyProxy(node_url, slow) as proxy:
        env = {"AISLE_URL": proxy.url, "AISLE_HOME": str(tmp_path / "home")}
        process = start("serve", "--name", name, "--port", "0", "--deadline", "20000", cwd=tmp_path, env=env)
        try:
            assert process.stdout is not None
            address = process.stdout.readline().strip()
            assert address.startswith("http://127.0.0.1:"), process.stderr
            with httpx.Client(base_url=address, timeout=30) as web:
                # It was opened and asked once before anybody could ask it.
                assert web.get("/readyz").json()["ready"] is True
                path = f"/v1/catalogues/{name}"
                found = web.get(f"{path}/search", params={"q": "cordless drill", "size": 3}).json()
                assert len(found["hits"]) == 3 and found["release"] == f"{name}-v0001"
                assert web.get(f"{path}/suggest?q=cor").json()["queries"]
                late: list[int] = []
                asking = threading.Thread(
                    target=lambda: late.append(
                        httpx.get(f"{address}{path}/search?q=shovel", timeout=30).status_code
                    )
                )
                asking.start()
                assert asked.wait(30)
                process.send_signal(signal.SIGTERM)
                asking.join(30)
            assert late == [200]
            assert process.wait(30) == 0
        finally:
            process.kill()
        assert process.stderr is not None
        lines = [json.loads(line) for line in process.stderr.read().splitlines()]
        answered = [line for line in lines if line["message"] == "answered"]
        assert {line["route"] for line in answered} >= {"/readyz", "/v1/catalogues/{name}/search"}
        assert "cordless" not in json.dumps(lines)


def test_what_cannot_be_served_is_told_before_anything_is(
    node_url: str,
    client: OpenSearch,
    name: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    said = failure(here(monkeypatch, capfd, "serve", "--name", name, AISLE_URL=node_url))
    assert name in said and "aisle index" in said
    said = failure(here(monkeypatch, capfd, "serve", "--name", name, "--deadline", "1", AISLE_URL=node_url))
    assert "deadline ms" in said
    said = failure(
        here(monkeypatch, capfd, "serve", "--name", name, AISLE_URL=node_url, AISLE_SERVE_QUEUE="x")
    )
    assert "AISLE_SERVE_QUEUE" in said
