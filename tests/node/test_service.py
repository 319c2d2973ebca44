"""The service through ASGI on a real node: the clients' own answers, problems with fixes, limits, faults."""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import orjson
import pytest
from numpy.typing import NDArray
from opensearchpy import OpenSearch
from starlette.testclient import TestClient

from aisle.cluster import Cluster, ClusterSettings, connect
from aisle.mappings import BM25
from aisle.search import Filters, SearchClient
from aisle.search.recommend.client import RecommendationArtifacts, RecommendationClient
from aisle.service.app import create_app
from aisle.service.catalogues import Catalogues
from aisle.service.settings import ServiceSettings
from tests.support.hash_vector_catalogue import HashEncoder, put_shelf, shelf_items, swap
from tests.support.proxies.faulty import Delay, Down, FaultyProxy, Request
from tests.support.recommending_shop import SPACE, put_recommending_shop, recommender
from tests.support.served import TestCatalogue

INDEX = "test-service-v0001"
SHOP = "test-service"
ITEMS = [replace(item, numbers={"Watt": number % 40}) for number, item in enumerate(shelf_items())]


@pytest.fixture(scope="module")
def shelf(client: OpenSearch) -> Iterator[SearchClient]:
    client.indices.delete(index=f"{SHOP}-*", ignore_unavailable=True)
    put_shelf(client, INDEX, ITEMS)
    client.indices.put_alias(index=INDEX, name=SHOP)
    yield SearchClient(client, SHOP, HashEncoder(), window=50)
    client.indices.delete(index=f"{SHOP}-*")


@pytest.fixture(scope="module")
def web(client: Cluster, shelf: SearchClient) -> Iterator[TestClient]:
    catalogues = Catalogues([TestCatalogue(SHOP, client, HashEncoder())])
    catalogues.open()
    with TestClient(create_app(PATIENT, catalogues)) as web:
        yield web


def untimed(page: Any) -> dict[str, Any]:
    """An answer as JSON, without what it took."""
    said = orjson.loads(orjson.dumps(page))
    return {name: value for name, value in said.items() if name not in ("timings_ms", "took_ms")}


# A machine that is busy with other tests takes its time.
PATIENT = ServiceSettings(deadline_ms=60_000, check_s=60)
PATH = f"/v1/catalogues/{SHOP}"


def test_an_address_and_a_body_are_answered_as_the_client_answers(
    web: TestClient, shelf: SearchClient
) -> None:
    filters = Filters(
        brand=("Acme", "Corvo"), price_max=200, attributes={"Colour": ("Red",)}, numbers={"Watt": (0, 35)}
    )
    expected = shelf.search("red oak chair", filters=filters, size=3, page=2, facets=4, highlight=True)
    by_address = web.get(
        f"{PATH}/search",
        params={
            "q": "red oak chair",
            "brand": ["Acme", "Corvo"],
            "price_max": 200,
            "attribute": "Colour=Red",
            "number": "Watt=0..35",
            "size": 3,
            "page": 2,
            "facets": 4,
            "highlight": True,
        },
    )
    by_body = web.post(
        f"{PATH}/search",
        json={
            "text": "red oak chair",
            "filters": {
                "brand": ["Acme", "Corvo"],
                "price_max": 200,
                "attributes": {"Colour": ["Red"]},
                "numbers": {"Watt": [0, 35]},
            },
            "size": 3,
            "page": 2,
            "facets": 4,
            "highlight": True,
        },
    )
    assert expected.hits and expected.facets
    assert untimed(by_address.json()) == untimed(by_body.json()) == untimed(expected.to_json())


def test_without_words_it_lists(web: TestClient, shelf: SearchClient) -> None:
    found = web.get(f"{PATH}/search", params={"category": "aisle 2", "sort": "price:desc", "size": 5})
    expected = shelf.browse(filters=Filters(category=("aisle 2",)), sort="price:desc", size=5)
    assert expected.total == 75
    assert untimed(found.json()) == untimed(expected.to_json())


def test_an_item_is_read_by_its_id(web: TestClient) -> None:
    item = ITEMS[42]
    assert web.get(f"{PATH}/items/{item.id}").json()["title"] == item.title
    missing = web.get(f"{PATH}/items/no/such%20item")
    assert missing.status_code == 404 and "from a search" in missing.json()["fix"]


def attributes(number: int) -> str:
    names = {f"a{one}": ["x"] for one in range(number)}
    return orjson.dumps({"text": "oak", "filters": {"attributes": names}, "facets": 5}).decode()


def test_as_many_filters_as_may_be_and_a_forms_empty_ones_are_answered(web: TestClient) -> None:
    said = web.post(f"{PATH}/search", content=attributes(100), headers={"Content-Type": "application/json"})
    assert said.status_code == 200 and said.json()["total"] == 0
    empty = web.get(f"{PATH}/search?q=oak&brand=&category=&sort=price").json()
    assert untimed(empty) == untimed(web.get(f"{PATH}/search?q=oak&sort=price").json())
    assert empty["total"] > 0


PARTS = ".".join(f"w{number}" for number in range(300))
PROBLEMS = {
    "not served": ("GET", "/v1/catalogues/other/search?q=oak", None, 404, "GET /v1/catalogues"),
    "no route": ("GET", "/v2", None, 404, "openapi.json"),
    "no method": ("DELETE", f"{PATH}/search", None, 405, "Allow"),
    "no words": ("GET", f"{PATH}/search?q=%21%3F", None, 400, "type at least one word"),
    "one word of many parts": (
        "GET",
        f"{PATH}/search?q={PARTS}",
        None,
        400,
        "fewer",
    ),
    "crossed prices": ("GET", f"{PATH}/search?price_min=9&price_max=1", None, 400, "swap the bounds"),
    "no pair": ("GET", f"{PATH}/search?attribute=red", None, 400, "Colour=Red"),
    "unknown option": ("GET", f"{PATH}/search?qq=oak", None, 422, "openapi.json"),
    "deep page": ("GET", f"{PATH}/search?q=oak&page=100000", None, 422, "openapi.json"),
    "misspelt filter": ("POST", f"{PATH}/search", '{"filters": {"brnad": ["Acme"]}}', 422, "openapi.json"),
    "no such leg": ("POST", f"{PATH}/search", '{"text": "oak", "legs": ["none"]}', 400, "bm25"),
    "no number": ("POST", f"{PATH}/search", '{"filters": {"numbers": {"x": [1, 2]}}}', 400, "name one"),
    "no ranker": ("POST", f"{PATH}/search", '{"text": "oak", "ranker": true}', 400, "ranker"),
    "no reranker": ("POST", f"{PATH}/search", '{"text": "oak", "rerank": true}', 400, "rerank"),
    "too many filters": ("POST", f"{PATH}/search", attributes(101), 400, "at most 100"),
    "cut off": ("POST", f"{PATH}/search", '{"text": ', 422, "openapi.json"),
    "too large": ("POST", f"{PATH}/search", '{"text": "' + "a" * 200_000 + '"}', 413, "send less"),
    "no recommender": ("GET", f"{PATH}/recommend?history=a", None, 501, "index the catalogue"),
    "no suggestions": ("GET", f"{PATH}/suggest?q=dri", None, 501, "index the catalogue again"),
}


@pytest.mark.parametrize("case", PROBLEMS)
def test_what_cannot_be_answered_is_a_problem_with_its_fix(web: TestClient, case: str) -> None:
    method, path, body, status, fix = PROBLEMS[case]
    said = web.request(method, path, content=body, headers={"Content-Type": "application/json"})
    problem = said.json()
    assert (said.status_code, problem["status"]) == (status, status), problem
    assert said.headers["content-type"] == "application/problem+json"
    assert problem["type"].startswith("urn:aisle:problem:") and problem["detail"] and fix in problem["fix"]
    assert problem["instance"] == said.headers["x-request-id"]


@pytest.mark.parametrize("path", ["/", "/healthz", "/readyz"])
def test_who_only_wants_to_know_whether_it_answers_gets_no_body(web: TestClient, path: str) -> None:
    """As uptime checks and load balancers ask."""
    said, whole = web.head(path), web.get(path)
    assert said.status_code == whole.status_code == 200
    assert said.headers["content-type"] == whole.headers["content-type"]


def test_a_body_that_does_not_say_its_length_is_bounded_too(web: TestClient) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(1_000):
            yield b" " * 1_000

    said = web.post(f"{PATH}/search", content=endless())
    assert (said.status_code, said.headers["content-type"]) == (413, "application/problem+json")


def test_an_answer_names_its_request_and_what_took_how_long(
    web: TestClient, client: Cluster, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "aisle.service.access")
    named = web.get(f"{PATH}/search?q=purple+elephants", headers={"X-Request-Id": "from-the-site.1"})
    assert named.headers["x-request-id"] == "from-the-site.1"
    timing = dict(part.split(";dur=") for part in named.headers["server-timing"].split(", "))
    assert list(timing) == ["queue", "encode", "opensearch", "total"]
    assert float(timing["total"]) >= float(timing["opensearch"]) > 0
    bad = web.get("/healthz", headers={"X-Request-Id": "a b\tc"}).headers["x-request-id"]
    assert re.fullmatch("[0-9a-f]{32}", bad)
    fields = caplog.records[0].__dict__["fields"]
    assert fields["id"] == "from-the-site.1" and fields["route"] == "/v1/catalogues/{name}/search"
    assert fields["status"] == 200 and fields["release"] == INDEX
    assert "purple" not in str([record.__dict__ for record in caplog.records])


def test_figures_are_by_route_and_not_by_address(web: TestClient) -> None:
    web.get(f"{PATH}/items/item-0001")
    web.get(f"{PATH}/search?q=oak")
    web.get("/nowhere/123")
    text = web.get("/metrics").text
    assert (
        'aisle_requests_total{method="GET",route="/v1/catalogues/{name}/items/{id:path}",status="200"}'
        in text
    )
    assert 'route="(none)"' in text and "nowhere" not in text and "item-0001" not in text
    assert f'aisle_catalogue_ready{{catalogue="{SHOP}"}} 1.0' in text
    assert f'aisle_searches_total{{catalogue="{SHOP}",matched="words"}}' in text


class Held(HashEncoder):
    """An encoder that keeps its callers once it is told to, until it is told not to."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.go.set()
        self.inside = threading.Semaphore(0)

    def encode_queries(self, texts: Sequence[str], dims: int | None = None) -> NDArray[np.float32]:
        self.inside.release()
        assert self.go.wait(60)
        return super().encode_queries(texts, dims)


def until_waiting(web: TestClient, requests: int) -> None:
    ends = time.monotonic() + 30
    while f"aisle_requests_waiting {requests}.0" not in web.get("/metrics").text:
        assert time.monotonic() < ends


def test_beyond_the_queue_requests_are_refused_at_once_and_those_inside_are_answered(
    client: Cluster, shelf: SearchClient
) -> None:
    encoder = Held()
    catalogues = Catalogues([TestCatalogue(SHOP, client, encoder)])
    catalogues.open()
    encoder.inside.acquire()
    settings = ServiceSettings(threads=2, queue=4, deadline_ms=60_000)
    with TestClient(create_app(settings, catalogues)) as web:
        before = web.get(f"{PATH}/search?q=steel").json()
        encoder.inside.acquire()
        encoder.go.clear()
        answers: list[int] = []

        def ask() -> None:
            answers.append(web.get(f"{PATH}/search?q=oak").status_code)

        busy = [threading.Thread(target=ask) for _ in range(6)]
        for thread in busy[:2]:
            thread.start()
            assert encoder.inside.acquire(timeout=30)
        for thread in busy[2:5]:
            thread.start()
        until_waiting(web, 3)
        # What was answered before takes nobody's place, though there is one.
        earlier = web.get(f"{PATH}/search?q=steel").json()
        assert (earlier["degraded"]["left_out"], earlier["degraded"]["why"]) == (["search"], "load")
        assert earlier["hits"] == before["hits"]
        busy[5].start()
        until_waiting(web, 4)
        refused = web.get(f"{PATH}/search?q=oak")
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
        assert refused.json()["type"] == "urn:aisle:problem:overloaded"
        assert web.get("/healthz").status_code == 200
        encoder.go.set()
        for thread in busy:
            thread.join(30)
        assert answers == [200] * 6


def test_it_is_ready_only_while_the_cluster_answers_and_no_request_outlasts_its_deadline(
    node_url: str, shelf: SearchClient
) -> None:
    with FaultyProxy(node_url) as proxy, connect(ClusterSettings(url=proxy.url)) as through:
        catalogues = Catalogues([TestCatalogue(SHOP, through, HashEncoder())])
        proxy.plan = lambda _: Down()
        catalogues.open()
        settings = ServiceSettings(deadline_ms=3_000, check_s=0.05)
        with TestClient(create_app(settings, catalogues)) as web:
            assert web.get("/readyz").status_code == 503
            assert web.get("/healthz").status_code == 200
            hidden = web.get(f"{PATH}/search?q=oak")
            assert hidden.status_code == 503 and "OpenSearch" not in hidden.text
            proxy.plan = lambda _: None
            until_ready(web)
            proxy.requests.clear()
            assert web.get(f"{PATH}/search?q=oak&facets=3", headers={"X-Request-Id": "r-1"}).is_success
            mine = [asked for asked in proxy.requests if asked.headers.get("x-opaque-id") == "r-1"]
            assert len(mine) >= 3 and all("cancel_after_time_interval=" in asked.path for asked in mine)
            proxy.plan = lambda asked: Delay(7.0) if "_search" in asked.path else None
            began = time.monotonic()
            late = web.get(f"{PATH}/search?q=oak")
            assert time.monotonic() - began < 6
            assert late.status_code in (503, 504) and late.json()["fix"]


def asks_neighbours(asked: Request) -> bool:
    return b'"knn"' in asked.body


def test_words_answer_where_meaning_takes_too_long_and_an_earlier_answer_where_nothing_answers(
    node_url: str, shelf: SearchClient
) -> None:
    with FaultyProxy(node_url) as proxy, connect(ClusterSettings(url=proxy.url)) as through:
        catalogues = Catalogues([TestCatalogue(SHOP, through, HashEncoder())])
        catalogues.open()
        settings = ServiceSettings(deadline_ms=5_000, check_s=60)
        with TestClient(create_app(settings, catalogues)) as web:
            whole = web.get(f"{PATH}/search?q=red+oak").json()
            assert whole["degraded"] is None
            proxy.plan = lambda asked: Delay(8.0) if asks_neighbours(asked) else None
            words = web.get(f"{PATH}/search?q=steel+lamp&size=5").json()
            assert words["degraded"] == {"left_out": ["meaning"], "why": "deadline", "age_s": None}
            expected = shelf.search("steel lamp", size=5, legs=[BM25])
            assert [hit["item"]["id"] for hit in words["hits"]] == [hit.item.id for hit in expected.hits]
            proxy.plan = lambda _: Down()
            earlier = web.get(f"{PATH}/search?q=red+oak").json()
            assert earlier["degraded"]["left_out"] == ["search"] and earlier["degraded"]["why"] == "cluster"
            assert earlier["degraded"]["age_s"] > 0 and earlier["hits"] == whole["hits"]
            # An answer that was degraded itself is not remembered.
            assert web.get(f"{PATH}/search?q=steel+lamp&size=5").status_code == 503
            assert web.get(f"{PATH}/search?q=red+oak&price_max=5").status_code == 503
            said = web.get("/metrics").text
            assert f'aisle_degraded_total{{catalogue="{SHOP}",why="cluster",without="search"}} 1.0' in said


@pytest.mark.parametrize("text", ["red oak chair", "item-0042"])
def test_an_item_is_explained_as_the_search_has_it(web: TestClient, shelf: SearchClient, text: str) -> None:
    page = shelf.search(text, size=20)
    for hit in page.hits[:2]:
        said = web.get(f"{PATH}/explain/{hit.item.id}", params={"q": text}).json()
        assert (said["rank"], said["score"], said["absent"]) == (hit.rank, hit.score, None)
        assert said["signals"] == hit.to_json()["signals"]


def test_an_item_that_is_not_found_is_told_why(web: TestClient, shelf: SearchClient) -> None:
    found = {fused.id for fused in shelf.rank("oak").fused}
    absent = next(item.id for item in ITEMS if item.id not in found)
    brand = next(item.brand for item in ITEMS if item.id == absent)

    def why(id_: str, **more: str) -> str:
        said = web.get(f"{PATH}/explain/{id_}", params={"q": "oak", **more}).json()
        assert said["rank"] is None and said["candidates"] > 0
        return str(said["absent"])

    assert why(absent) == "not found"
    assert why(absent, brand="Acme" if brand != "Acme" else "Corvo") == "filtered"
    assert why("nobody") == "unknown"
    assert web.get(f"{PATH}/explain/{absent}").status_code == 400


@pytest.fixture(scope="module")
def recommending(client: Cluster) -> Iterator[TestClient]:
    index = "test-service-recommends"
    client.indices.delete(index=index, ignore_unavailable=True)
    catalogues = Catalogues([TestCatalogue(index, client, None, put_recommending_shop(client, index))])
    catalogues.open()
    with TestClient(create_app(PATIENT, catalogues)) as web:
        web.headers["X-Index"] = index
        yield web
    client.indices.delete(index=index)


def test_recommendations_are_those_of_the_client(recommending: TestClient, client: Cluster) -> None:
    index = recommending.headers["X-Index"]
    path = f"/v1/catalogues/{index}/recommend"
    artifacts = RecommendationArtifacts(SPACE, recommender())
    expected = RecommendationClient(client, index, artifacts).recommend(
        ["item-003", "item-004"], size=4, filters=Filters(price_max=60)
    )
    assert len(expected.items) == 4
    by_address = recommending.get(
        path, params={"history": ["item-003", "item-004"], "size": 4, "price_max": 60}
    )
    by_body = recommending.post(
        path, json={"history": ["item-003", "item-004"], "size": 4, "filters": {"price_max": 60}}
    )
    assert untimed(by_address.json()) == untimed(by_body.json()) == untimed(expected.to_json())
    missing = recommending.get(f"/v1/catalogues/{index}/similar/item-003")
    assert missing.status_code == 501 and "index the catalogue" in missing.json()["fix"]


def until_ready(web: TestClient) -> None:
    ends = time.monotonic() + 30
    while web.get("/readyz").status_code != 200:
        assert time.monotonic() < ends
        time.sleep(0.05)


def test_a_release_with_another_encoder_is_opened_and_meanwhile_the_one_before_answers(
    client: Cluster, shelf: SearchClient
) -> None:
    other = "cd" * 32

    class Other(HashEncoder):
        fingerprint = other

    put_shelf(client, f"{SHOP}-v0002", shelf_items(40, seed=9), fingerprint=other)
    source = TestCatalogue(SHOP, client, HashEncoder())
    catalogues = Catalogues([source])
    catalogues.open()
    app = create_app(PATIENT, catalogues)
    try:
        with TestClient(app) as web:
            time.sleep(0.1)
            swap(client, SHOP, INDEX, f"{SHOP}-v0002")
            between = web.get(f"{PATH}/search?q=oak")
            assert (between.status_code, between.json()["release"]) == (200, INDEX)
            catalogues._sources[SHOP] = TestCatalogue(SHOP, client, Other())
            catalogues.check()
            assert web.get(f"{PATH}/search?q=oak").json()["release"] == f"{SHOP}-v0002"
    finally:
        swap(client, SHOP, f"{SHOP}-v0002", INDEX)
