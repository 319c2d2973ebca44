"""A ranker behind the service: it orders searches, goes where time is short, and is seen on the page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

import pytest
from starlette.testclient import TestClient

from aisle.cluster import Cluster, ClusterSettings, connect
from aisle.search import SearchClient
from aisle.service.app import create_app
from aisle.service.catalogues import Catalogues
from aisle.service.settings import ServiceSettings
from tests.support.hash_vector_catalogue import HashEncoder, put_shelf, shelf_items
from tests.support.proxies.faulty import Delay, FaultyProxy, Request
from tests.support.served import TestCatalogue
from tests.support.tiny_ranker import DEPTH, tiny_ranker

SHOP: Final = "test-service-ranker"
PATH: Final = f"/v1/catalogues/{SHOP}/search"
# A machine that is busy with other tests takes its time.
PATIENT: Final = ServiceSettings(deadline_ms=60_000, check_s=60)


@pytest.fixture(scope="module")
def shop(client: Cluster) -> Iterator[SearchClient]:
    client.indices.delete(index=SHOP, ignore_unavailable=True)
    put_shelf(client, SHOP, shelf_items(200))
    yield SearchClient(client, SHOP, HashEncoder(), window=50, ranker=tiny_ranker())
    client.indices.delete(index=SHOP)


@pytest.fixture(scope="module")
def web(client: Cluster, shop: SearchClient) -> Iterator[TestClient]:
    catalogues = Catalogues([TestCatalogue(SHOP, client, HashEncoder(), ranker=tiny_ranker())])
    catalogues.open()
    with TestClient(create_app(PATIENT, catalogues)) as web:
        yield web


def ids(page: Any) -> list[str]:
    if isinstance(page, dict):
        return [hit["item"]["id"] for hit in page["hits"]]
    return [hit.item.id for hit in page.hits]


def test_searches_are_ordered_by_it_unless_they_say_otherwise(web: TestClient, shop: SearchClient) -> None:
    found = web.get(PATH, params={"q": "red oak chair", "size": 8})
    expected = shop.search("red oak chair", size=8)
    assert ids(found.json()) == ids(expected)
    assert found.json()["ranked"] == expected.ranked == DEPTH
    assert not found.json()["rank_stopped"]
    timing = dict(part.split(";dur=") for part in found.headers["server-timing"].split(", "))
    assert 0 < float(timing["rank"]) < float(timing["total"])
    assert 'aisle_stage_seconds_count{stage="rank"}' in web.get("/metrics").text
    first = found.json()["hits"][0]
    said = first["ranker"]
    assert said["base"] + sum(said["contributions"].values()) == pytest.approx(said["score"])
    assert next(iter(said["contributions"])) == "title: words"

    plain = web.post(PATH, json={"text": "red oak chair", "size": 8, "ranker": False})
    assert ids(plain.json()) == ids(shop.search("red oak chair", size=8, ranker=False)) != ids(expected)
    assert plain.json()["ranked"] == 0 and plain.json()["degraded"] is None
    assert "rank;" not in plain.headers["server-timing"]
    assert web.get(PATH, params={"q": "red oak", "sort": "price"}).json()["ranked"] == 0
    assert web.get(PATH).json()["ranked"] == 0


def asks_of_candidates(asked: Request) -> bool:
    return b'"field:title"' in asked.body


def test_where_its_time_is_over_the_fusions_order_is_shown_and_said(
    node_url: str, shop: SearchClient
) -> None:
    with FaultyProxy(node_url) as proxy, connect(ClusterSettings(url=proxy.url)) as through:
        catalogues = Catalogues([TestCatalogue(SHOP, through, HashEncoder(), ranker=tiny_ranker())])
        catalogues.open()
        settings = ServiceSettings(deadline_ms=6_000, check_s=60)
        with TestClient(create_app(settings, catalogues)) as web:
            proxy.plan = lambda asked: Delay(9.0) if asks_of_candidates(asked) else None
            proxy.requests.clear()
            late = web.get(PATH, params={"q": "steel lamp", "size": 6})
            page = late.json()
            assert page["degraded"] == {"left_out": ["ranker"], "why": "deadline", "age_s": None}
            assert page["rank_stopped"] and page["ranked"] == 0
            assert {hit["ranker"] is None for hit in page["hits"]} == {True}
            assert ids(page) == ids(shop.search("steel lamp", size=6, ranker=False))
            # The candidates were found once.
            assert sum(b'"hybrid"' in asked.body for asked in proxy.requests) == 1
            said = web.get("/metrics").text
            assert f'aisle_degraded_total{{catalogue="{SHOP}",why="deadline",without="ranker"}} 1.0' in said
            proxy.plan = lambda _: None
            assert web.get(PATH, params={"q": "steel lamp", "size": 6}).json()["ranked"] == DEPTH


def test_it_is_compared_with_going_without_it(web: TestClient, shop: SearchClient) -> None:
    asked = {"q": "red oak", "left": "usual", "right": "without the ranker"}
    shown = web.get(f"/c/{SHOP}/compare", params=asked).text
    sides = re.findall(r'<section aria-labelledby="side\d">(.*?)</section>', shown, re.DOTALL)
    left, right = (re.findall(r'/items/([^"]+)">', side) for side in sides)
    assert left == ids(shop.search("red oak"))
    assert right == ids(shop.search("red oak", ranker=False)) != left
    assert "the ranker moved it" in sides[0] and "the ranker moved it" not in sides[1]


def test_the_page_says_what_it_did(web: TestClient, shop: SearchClient) -> None:
    shown = web.get(f"/c/{SHOP}/", params={"q": "red oak"}).text
    assert "Ordered by the ranker" in shown
    for hit in shop.search("red oak", size=3).hits:
        assert hit.ranker is not None
        assert f"{hit.ranker.score:.4f}</td></tr></tfoot>" in shown
        assert f"from {hit.ranker.rank_before} to {hit.ranker.rank}" in shown
