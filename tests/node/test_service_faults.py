"""The service while things change or break: releases, the node, clients that take their time."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator
from dataclasses import replace

import httpx2 as httpx
import pytest
from starlette.testclient import TestClient

from aisle.cluster import Cluster, ClusterSettings, connect
from aisle.service.app import create_app
from aisle.service.catalogues import Catalogues
from aisle.service.settings import ServiceSettings
from tests.support.hash_vector_catalogue import HashEncoder, put_shelf, shelf_items, swap
from tests.support.proxies.faulty import Down, FaultyProxy
from tests.support.served import TestCatalogue

SHOP = "test-service-faults"
PATH = f"/v1/catalogues/{SHOP}"
FIRST, SECOND = f"{SHOP}-v0001", f"{SHOP}-v0002"


@pytest.fixture(scope="module", autouse=True)
def releases(client: Cluster) -> None:
    """The same items twice; their brand names the release."""
    client.indices.delete(index=f"{SHOP}-*", ignore_unavailable=True)
    for release in (FIRST, SECOND):
        put_shelf(client, release, [replace(item, brand=release) for item in shelf_items(60)])
    client.indices.put_alias(index=FIRST, name=SHOP)


def test_no_page_is_of_two_releases_while_they_are_swapped_under_load(client: Cluster) -> None:
    catalogues = Catalogues([TestCatalogue(SHOP, client, HashEncoder())])
    catalogues.open()
    done = threading.Event()
    mixed: list[object] = []
    seen: list[str] = []
    with TestClient(create_app(ServiceSettings(deadline_ms=60_000, check_s=0.05), catalogues)) as web:

        def ask() -> None:
            while not done.is_set():
                said = web.get(f"{PATH}/search?q=oak+chair&size=20&facets=5").json()
                of = {hit["item"]["brand"] for hit in said["hits"]}
                of |= {one["value"] for one in said["facets"]["brand"]["values"]}
                seen.append(said["release"])
                if of != {said["release"]}:
                    mixed.append((said["release"], of))

        asking = [threading.Thread(target=ask) for _ in range(3)]
        for thread in asking:
            thread.start()
        live, other = FIRST, SECOND
        for _ in range(5):
            before = len(seen)
            swap(client, SHOP, live, other)
            live, other = other, live
            ends = time.monotonic() + 30
            while len(seen) < before + 6:
                assert time.monotonic() < ends
                time.sleep(0.01)
        done.set()
        for thread in asking:
            thread.join()
    assert set(seen) == {FIRST, SECOND}
    assert mixed == []


def test_a_node_that_goes_and_comes_back_is_noticed_and_nobody_has_to_do_anything(node_url: str) -> None:
    with FaultyProxy(node_url) as proxy, connect(ClusterSettings(url=proxy.url)) as through:
        catalogues = Catalogues([TestCatalogue(SHOP, through, HashEncoder())])
        catalogues.open()
        with TestClient(create_app(ServiceSettings(deadline_ms=5_000, check_s=0.05), catalogues)) as web:

            def until(status: int) -> None:
                ends = time.monotonic() + 30
                while web.get("/readyz").status_code != status:
                    assert time.monotonic() < ends
                    time.sleep(0.02)

            for _ in range(2):
                until(200)
                assert web.get(f"{PATH}/search?q=oak").status_code == 200
                proxy.plan = lambda _: Down()
                until(503)
                assert web.get("/healthz").status_code == 200
                # What was answered before is answered still, and says so.
                assert web.get(f"{PATH}/search?q=oak").json()["degraded"]["why"] == "cluster"
                assert web.get(f"{PATH}/search?q=lamp").status_code == 503
                proxy.plan = lambda _: None
            until(200)


def test_a_client_that_sends_too_slowly_is_told_so_and_keeps_nobody_else_waiting(client: Cluster) -> None:
    catalogues = Catalogues([TestCatalogue(SHOP, client, HashEncoder())])
    catalogues.open()
    # One request at a time: a body that is still on its way takes no place.
    settings = ServiceSettings(deadline_ms=60_000, body_timeout_s=1.0, threads=1, queue=0)

    async def dripping() -> AsyncIterator[bytes]:
        yield b'{"text": "oa'
        await asyncio.sleep(20)
        yield b'k"}'

    async def ask() -> tuple[httpx.Response, httpx.Response]:
        transport = httpx.ASGITransport(create_app(settings, catalogues))
        async with httpx.AsyncClient(transport=transport, base_url="http://test", timeout=60) as web:
            slow = asyncio.create_task(
                web.post(f"{PATH}/search", content=dripping(), headers={"Content-Type": "application/json"})
            )
            await asyncio.sleep(0.1)
            return await web.get(f"{PATH}/search?q=oak"), await slow

    began = time.monotonic()
    quick, slow = asyncio.run(ask())
    assert quick.status_code == 200
    assert (slow.status_code, slow.json()["status"]) == (408, 408) and slow.json()["fix"]
    assert time.monotonic() - began < 15
