"""What InstantSearch asks (recorded from the real one) is answered with the clients' own results."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from starlette.testclient import TestClient

from aisle._keys import add_key, scoped_key
from aisle.cluster import Cluster
from aisle.search import FacetOptions, Filters, SearchClient
from aisle.service.app import create_app
from aisle.service.catalogues import Catalogues
from aisle.service.settings import ServiceSettings
from aisle.types import BusinessSignals
from tests.support.hash_vector_catalogue import HashEncoder, put_shelf, shelf_items
from tests.support.served import TestCatalogue

INDEX = "test-instantsearch"
RECORDED = Path(__file__).parents[1] / "data" / "instantsearch" / "requests.json"
KEYSTROKES: dict[str, dict[str, Any]] = json.loads(RECORDED.read_text())["keystrokes"]
ITEMS = [
    replace(
        item,
        categories=((f"aisle {number % 4}", f"bay {number // 4 % 2}"),),
        price=float(5 + number % 50),
        numbers={"Watt": number % 12},
        signals=BusinessSignals(available=number % 9 > 0),
    )
    for number, item in enumerate(shelf_items(600))
]
CHOSEN = Filters(
    brand=("Acme",),
    category=("aisle 2 > bay 1",),
    price_min=10,
    price_max=50,
    attributes={"Colour": ("Red",)},
    numbers={"Watt": (None, 10)},
    in_stock=True,
)


class Counting(HashEncoder):
    """Counts what it is asked to encode."""

    encoded = 0

    def encode_queries(self, texts: Sequence[str], dims: int | None = None) -> NDArray[np.float32]:
        self.encoded += len(texts)
        return super().encode_queries(texts, dims)


@pytest.fixture(scope="module")
def encoder() -> Counting:
    return Counting()


@pytest.fixture(scope="module")
def shelf(client: Cluster, encoder: Counting) -> Iterator[SearchClient]:
    client.indices.delete(index=INDEX, ignore_unavailable=True)
    put_shelf(client, INDEX, ITEMS)
    yield SearchClient(client, INDEX, HashEncoder(), window=50)
    client.indices.delete(index=INDEX)


@pytest.fixture(scope="module")
def web(client: Cluster, shelf: SearchClient, encoder: Counting) -> Iterator[TestClient]:
    catalogues = Catalogues([TestCatalogue(INDEX, client, encoder)])
    catalogues.open()
    with TestClient(create_app(ServiceSettings(deadline_ms=60_000, check_s=60), catalogues)) as web:
        yield web


def named(requests: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**one, "indexName": one["indexName"].replace("shop", INDEX)} for one in requests]


def ask(web: TestClient, requests: list[dict[str, Any]]) -> list[dict[str, Any]]:
    said = web.post("/v1/instantsearch", json={"requests": requests})
    assert said.status_code == 200, said.text
    return [{k: v for k, v in one.items() if k != "processingTimeMS"} for one in said.json()["results"]]


@pytest.mark.parametrize("key", KEYSTROKES)
def test_a_batch_costs_one_search_and_says_what_each_request_alone_is_answered(
    web: TestClient, encoder: Counting, key: str
) -> None:
    requests = named(KEYSTROKES[key]["requests"])
    before = encoder.encoded
    together = ask(web, requests)
    assert encoder.encoded - before == (0 if key in ("all", "facet values") else 1)
    for number, (one, request) in enumerate(zip(together, requests, strict=True)):
        (alone,) = ask(web, [request])
        if number == 0:
            own = [each["params"]["facets"] for each in requests[1:]]
            ignoring = {name for names in own for name in ([names] if isinstance(names, str) else names)}
            for part in ("facets", "facets_stats"):
                if part in one:
                    one[part] = {k: v for k, v in one[part].items() if k not in ignoring}
                    alone[part] = {k: v for k, v in alone[part].items() if k not in ignoring}
            assert one == alone
        else:
            assert one["facets"] == alone["facets"] and (alone["facets"] or alone["facets_stats"])
            assert one["facets_stats"] == alone["facets_stats"] and one["hits"] == []


def test_results_are_those_of_the_client(web: TestClient, shelf: SearchClient) -> None:
    main, *rest = ask(web, named(KEYSTROKES["in stock"]["requests"]))
    expected = shelf.search("drill", filters=CHOSEN, size=8, facets=FacetOptions(10, ("brand", "price")))
    assert expected.facets and expected.facets.brand and expected.facets.price
    assert [hit["objectID"] for hit in main["hits"]] == [hit.item.id for hit in expected.hits]
    assert main["nbHits"] == max(expected.total, expected.reachable) > 0
    brand, stock, price = (
        next(one for one in rest if name in one["facets"]) for name in ("brand", "in_stock", "price")
    )
    assert brand["facets"]["brand"] == expected.facets.brand.counts
    assert stock["facets"]["in_stock"]["true"] > 0
    assert price["facets_stats"]["price"]["max"] == expected.facets.price.max
    (second,) = (one for one in ask(web, named(KEYSTROKES["page 2"]["requests"])) if one["hitsPerPage"])
    assert second["page"] == 1 and second["nbPages"] == -(-second["nbHits"] // 8)


def test_a_category_opens_below_itself(web: TestClient) -> None:
    main, *_ = ask(web, named(KEYSTROKES["category"]["requests"]))
    root = next(one for one in _ if "categories.lvl1" not in one["facets"] and "brand" not in one["facets"])
    assert len(root["facets"]["categories.lvl0"]) == 4
    assert set(main["facets"]["categories.lvl1"]) == {f"aisle 2 > bay {bay}" for bay in range(2)}
    assert main["hits"][0]["categories"]["lvl1"] == ["aisle 2 > bay 1"]


def test_values_of_a_facet_are_searched_for(web: TestClient) -> None:
    (said,) = ask(
        web, [{"indexName": INDEX, "type": "facet", "facet": "brand", "params": {"facetQuery": "co"}}]
    )
    corvo = sum(item.brand == "Corvo" for item in ITEMS)
    assert said["facetHits"] == [{"value": "Corvo", "highlighted": "<em>Co</em>rvo", "count": corvo}]


def test_words_that_were_found_are_marked_and_the_text_around_markup_is_escaped(web: TestClient) -> None:
    asked = {"indexName": INDEX, "query": "oak drill", "hitsPerPage": 1}
    for tags, marked in (({}, "<em>"), ({"highlightPreTag": "__a__", "highlightPostTag": "__/a__"}, "__a__")):
        (said,) = ask(web, [{**asked, **tags}])
        title = said["hits"][0]["_highlightResult"]["title"]
        assert marked in title["value"] and title["matchLevel"] in ("partial", "full")
        assert set(title["matchedWords"]) <= {"oak", "drill"}


def test_facets_that_tell_results_apart_are_chosen(web: TestClient) -> None:
    (said,) = ask(web, [{"indexName": INDEX, "params": {"query": "drill", "facets": ["*"]}}])
    assert said["renderingContent"]["facetOrdering"]["facets"]["order"] == list(said["facets"])
    assert {"brand", "categories.lvl0", "price", "attributes.Colour", "numbers.Watt"} <= set(said["facets"])


def test_algolias_own_clients_are_answered_at_the_address_that_they_know(
    client: Cluster, shelf: SearchClient, web: TestClient, tmp_path: Path
) -> None:
    key = add_key(tmp_path / "keys.json", "site", catalogues=[INDEX])
    catalogues = Catalogues([TestCatalogue(INDEX, client, HashEncoder())])
    catalogues.open()
    settings = ServiceSettings(keys=tmp_path / "keys.json", deadline_ms=60_000, check_s=60)
    # As the client for browsers of today writes it, as that of Node does, and as older ones do.
    flat = {"indexName": INDEX, "query": "oak", "facetFilters": [["brand:Acme"]], "clickAnalytics": True}
    old = {"indexName": INDEX, "params": "query=oak&facetFilters=%5B%5B%22brand%3AAcme%22%5D%5D&tagFilters="}
    path = "/1/indexes/*/queries"
    plain = {"Content-Type": "text/plain"}
    with TestClient(create_app(settings, catalogues)) as locked:
        for request in (flat, old):
            body = json.dumps({"requests": [request]})
            by_address = locked.post(path, params={"x-algolia-api-key": key}, content=body, headers=plain)
            by_header = locked.post(path, content=body, headers={**plain, "X-Algolia-API-Key": key})
            bearer = {"Authorization": f"Bearer {key}"}
            (expected,) = ask(web, [request])
            for said in (
                by_address,
                by_header,
                locked.post(
                    "/v1/instantsearch", content=body, headers=bearer | {"Content-Type": "application/json"}
                ),
            ):
                assert said.status_code == 200, said.text
                found = said.json()["results"][0]
                assert [hit["objectID"] for hit in found["hits"]] == [
                    hit["objectID"] for hit in expected["hits"]
                ]
                assert {hit["brand"] for hit in found["hits"]} == {"Acme"}
            assert locked.post(path, content=body, headers=plain).status_code == 401
        scoped = scoped_key(key, "site", until=4e9, filters=Filters(brand=("Corvo",)))
        none = locked.post(path, json={"requests": [flat]}, headers={"X-Algolia-API-Key": scoped}).json()
        assert none["results"][0]["hits"] == [] and none["results"][0]["nbHits"] == 0
        other = locked.post(path, json={"requests": [{"indexName": "x"}]}, headers={"X-Algolia-API-Key": key})
        assert other.status_code == 404


def test_what_is_shown_is_recorded_once_a_batch(client: Cluster, shelf: SearchClient) -> None:
    catalogues = Catalogues([TestCatalogue(INDEX, client, HashEncoder())])
    catalogues.open()
    settings = ServiceSettings(deadline_ms=60_000, check_s=60, events=True)
    with TestClient(create_app(settings, catalogues, client)) as web:
        main, *counted = ask(web, named(KEYSTROKES["brand"]["requests"]))
        assert main["queryID"] and counted and all("queryID" not in one for one in counted)
        assert re.search(
            r'aisle_events_total\{index="ubi_queries",outcome="accepted".*\} 1.0', web.get("/metrics").text
        )


class Meeting(HashEncoder):
    """Encodes as soon as four texts are to be encoded at once."""

    def __init__(self) -> None:
        super().__init__()
        self.barrier = threading.Barrier(4)

    def encode_queries(self, texts: Sequence[str], dims: int | None = None) -> NDArray[np.float32]:
        if texts != ["warm"]:
            self.barrier.wait(30)
        return super().encode_queries(texts, dims)


def test_searches_of_a_batch_are_answered_beside_each_other(client: Cluster, shelf: SearchClient) -> None:
    catalogues = Catalogues([TestCatalogue(INDEX, client, Meeting())])
    catalogues.open()
    texts = [f"oak {item.title}" for item in ITEMS[:8]]
    with TestClient(create_app(ServiceSettings(deadline_ms=60_000, check_s=60), catalogues)) as web:
        said = ask(web, [{"indexName": INDEX, "query": text, "hitsPerPage": 1} for text in texts])
    assert [one["query"] for one in said] == texts
    assert [one["hits"][0]["objectID"] for one in said] == [
        shelf.search(text, size=1).hits[0].item.id for text in texts
    ]
    assert not any(one["_aisle"]["degraded"] for one in said)


def test_a_batch_that_is_too_much_for_its_time_ends_with_words_alone(
    client: Cluster, shelf: SearchClient
) -> None:
    class Slow(HashEncoder):
        def encode_queries(self, texts: Sequence[str], dims: int | None = None) -> NDArray[np.float32]:
            time.sleep(0 if texts == ["warm"] else 0.3)
            return super().encode_queries(texts, dims)

    catalogues = Catalogues([TestCatalogue(INDEX, client, Slow())])
    catalogues.open()
    with TestClient(create_app(ServiceSettings(deadline_ms=4_000, check_s=60), catalogues)) as web:
        said = ask(web, [{"indexName": INDEX, "query": f"oak {n}", "hitsPerPage": 1} for n in range(50)])
    # 15 s of encoding by four at a time do not fit into 70 % of 4 s.
    degraded = [one["_aisle"]["degraded"] for one in said]
    assert degraded[0] == [] and degraded[-1][:1] == ["meaning"] and all(one["hits"] for one in said)


def test_a_facet_that_no_item_has_is_told_where_algolia_tells_it(web: TestClient) -> None:
    facets = ["brand", "attributes.Colour", "attributes.Color", "numbers.watt"]
    (said,) = ask(web, [{"indexName": INDEX, "query": "oak", "facets": facets}])
    assert "'attributes.Color'" in said["message"] and "Colour" not in said["message"]
    for words in ("oak", "zzzzqqq"):
        (said,) = ask(web, [{"indexName": INDEX, "query": words, "facets": ["Colour", "*"]}])
        assert "message" not in said
    (said,) = ask(web, [{"indexName": INDEX, "type": "facet", "facet": "Color", "facetQuery": "r"}])
    assert said["facetHits"] == [] and "'Color'" in said["message"]


def test_a_batch_counts_as_its_searches(client: Cluster, shelf: SearchClient, tmp_path: Path) -> None:
    key = add_key(tmp_path / "keys.json", "site", per_minute=5)
    catalogues = Catalogues([TestCatalogue(INDEX, client, HashEncoder())])
    catalogues.open()
    settings = ServiceSettings(keys=tmp_path / "keys.json", deadline_ms=60_000, check_s=60)
    with TestClient(create_app(settings, catalogues), headers={"X-Algolia-API-Key": key}) as web:
        batches = [
            [{"indexName": INDEX, "query": f"oak {number}"} for number in range(count)] for count in (0, 3, 3)
        ]
        statuses = [web.post("/v1/instantsearch", json={"requests": one}).status_code for one in batches]
    assert statuses == [200, 200, 429]


PROBLEMS: dict[str, tuple[dict[str, Any], int, str]] = {
    "negation": ({"filters": "NOT brand:Acme"}, 400, "name the values"),
    "negated value": ({"facetFilters": ["brand:-Acme"]}, 400, "name the values"),
    "several facets": ({"filters": "brand:Acme OR Colour:Red"}, 400, "join values of one facet"),
    "parentheses": ({"filters": "(brand:Acme"}, 400, "join conditions"),
    "no pair": ({"facetFilters": ["Acme"]}, 400, "brand:Acme"),
    "no number": ({"numericFilters": ["price>=x"]}, 400, "price>=10"),
    "crossed": ({"numericFilters": ["price>9", "price<1"]}, 400, "swap"),
    "unknown number": ({"numericFilters": ["Weight>1"]}, 400, "name one"),
    "unknown order": ({"indexName": f"{INDEX}/sort/weight"}, 400, "name one"),
    "not served": ({"indexName": "other"}, 404, "GET /v1/catalogues"),
    "not understood": ({"optionalFilters": ["brand:Acme"]}, 422, "openapi.json"),
    "too many": ({"hitsPerPage": 1_000}, 422, "openapi.json"),
    "in vain": ({"params": "query=%ff&page=x"}, 422, "openapi.json"),
}


@pytest.mark.parametrize("case", PROBLEMS)
def test_what_cannot_be_asked_is_a_problem_with_its_fix(web: TestClient, case: str) -> None:
    request, status, fix = PROBLEMS[case]
    said = web.post(
        "/1/indexes/*/queries", json={"requests": [{"indexName": INDEX, "query": "oak", **request}]}
    )
    assert said.status_code == status and fix in said.json()["fix"], said.text
