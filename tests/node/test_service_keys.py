"""Keys of the service: what they open, and that a scoped one never shows what its filters leave out."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

import aisle
from aisle._keys import add_key, remove_key, scoped_key
from aisle.cluster import Cluster
from aisle.errors import InputError
from aisle.search import Filters
from aisle.service.app import create_app
from aisle.service.catalogues import Catalogues
from aisle.service.keys import read_keys
from aisle.service.settings import ServiceSettings
from tests.support.hash_vector_catalogue import HashEncoder, put_shelf, shelf_items
from tests.support.recommending_shop import put_recommending_shop
from tests.support.served import TestCatalogue
from tests.support.similar_shop import put_similar_shop

NAME, OTHER, ALONE = "test-service-keys", "test-service-keys-other", "test-service-keys-alone"
TAKES, RELATES, SUGGESTS = (f"test-service-keys-{kind}" for kind in ("takes", "relates", "suggests"))
ITEMS = shelf_items(120)
SEEN = {item.id for item in ITEMS if item.brand == "Acme" and item.attributes["Colour"] == ("Red",)}
SCOPE = Filters(brand=("Acme",), attributes={"Colour": ("Red",)})
PATH = f"/v1/catalogues/{NAME}"


@dataclass(frozen=True, slots=True)
class Shop:
    web: TestClient
    site: str
    admin: str
    file: Path

    def get(self, path: str, key: str, **params: object) -> tuple[int, str]:
        said = self.web.get(path, params=params, headers={"Authorization": f"Bearer {key}"})  # type: ignore[arg-type]
        return said.status_code, said.text


@pytest.fixture(scope="module")
def shop(client: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    file = tmp_path_factory.mktemp("keys") / "keys.json"
    site = add_key(file, "site", catalogues=[NAME, TAKES, RELATES, SUGGESTS])
    admin = add_key(file, "figures", admin=True)
    add_key(file, "slow", per_minute=2)
    client.indices.delete(index=f"{NAME}*")
    put_shelf(client, NAME, ITEMS)
    put_shelf(client, ALONE, [item for item in ITEMS if item.id in SEEN])
    client.indices.put_alias(index=NAME, name=OTHER)
    rows = [f"{item.id},{item.title} {item.brand},{item.brand},{item.categories[0][0]}" for item in ITEMS]
    table = tmp_path_factory.mktemp("shop") / "shop.csv"
    table.write_text("\n".join(("id,title,brand,category", *rows)))
    aisle.index(table, SUGGESTS, language="en", encoder=None, cluster=client)
    encoder = HashEncoder()
    catalogues = Catalogues(
        [
            *(TestCatalogue(name, client, encoder) for name in (NAME, OTHER, ALONE)),
            TestCatalogue(TAKES, client, recommends=put_recommending_shop(client, TAKES)),
            TestCatalogue(RELATES, client, relates=put_similar_shop(client, RELATES)),
            TestCatalogue(SUGGESTS, client),
        ]
    )
    catalogues.open()
    service = ServiceSettings(keys=file, deadline_ms=60_000, check_s=60, origins=("https://shop.example",))
    with TestClient(create_app(service, catalogues)) as web:
        yield Shop(web, site, admin, file)
    client.indices.delete(index=f"{NAME}*")


def test_keys_open_what_is_theirs(shop: Shop) -> None:
    assert shop.get(f"{PATH}/search", shop.site, q="oak")[0] == 200
    assert shop.get(f"/v1/catalogues/{OTHER}/search", shop.site, q="oak")[0] == 404
    assert shop.get(f"/v1/catalogues/{OTHER}/search", shop.admin, q="oak")[0] == 200
    known = json.loads(shop.get("/v1/catalogues", shop.site)[1])["catalogues"]
    assert {one["name"] for one in known} == {NAME, TAKES, RELATES, SUGGESTS}
    assert shop.get("/metrics", shop.site)[0] == 401 and shop.get("/metrics", shop.admin)[0] == 200
    assert shop.web.get("/readyz").json() == {"ready": True, "catalogues": []}
    refused = shop.web.get(f"{PATH}/search?q=oak")
    assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")
    # The file says nothing that opens anything, and its owner alone reads it.
    assert shop.site not in shop.file.read_text() and shop.file.stat().st_mode & 0o777 == 0o600
    assert shop.get(f"{PATH}/search", read_keys(shop.file)[0].digest, q="oak")[0] == 401


def test_pages_of_a_named_site_may_ask_from_a_browser(shop: Shop) -> None:
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    said = shop.web.options(f"{PATH}/search", headers={"Origin": "https://shop.example", **asked})
    assert said.headers["access-control-allow-origin"] == "https://shop.example"
    assert (
        shop.web.options(f"{PATH}/search", headers={"Origin": "https://evil.example", **asked}).status_code
        == 400
    )


def scoped(shop: Shop, until: float | None = None, filters: Filters = SCOPE, **more: object) -> str:
    key = str(more.get("key", shop.site))
    return scoped_key(key, str(more.get("name", "site")), until=until or time.time() + 600, filters=filters)


def untimed(answer: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in answer.items() if k not in ("release", "timings_ms", "took_ms", "query_id")}


ROUTES: dict[str, tuple[str, dict[str, Any]]] = {
    "search": ("search", {"size": 100, "facets": 5}),
    "body": ("search", {"size": 100, "facets": {"fields": ["brand"], "size": 9}, "group": {"size": 9}}),
    "list": ("search", {"sort": "price", "size": 100, "group": True}),
    "item": ("items/{id}", {}),
    "explain": ("explain/{id}", {}),
}


@settings(max_examples=15, deadline=None, derandomize=True)
@given(
    route=st.sampled_from(sorted(ROUTES)),
    item=st.sampled_from(ITEMS),
    words=st.sampled_from(["", "oak", "red steel", "item-0003", "blue lamp -oak", "zzz"]),
    brand=st.sampled_from([(), ("Acme",), ("Corvo",), ("Acme", "Borealis")]),
    colour=st.sampled_from([(), ("Red",), ("Blue",)]),
)
def test_a_scoped_key_never_shows_what_its_filters_leave_out(  # type: ignore[no-untyped-def]
    shop: Shop, route, item, words, brand, colour
) -> None:
    path, params = ROUTES[route]
    asked = {
        **params,
        "q": words or None,
        "brand": list(brand),
        "attribute": [f"Colour={one}" for one in colour],
    }
    if "{id}" in path:
        asked = {name: value for name, value in asked.items() if route == "explain" or name == "none"}
    asked = {name: value for name, value in asked.items() if value}
    if route == "body":
        # Filters of one's own within others of one's own, as a key's filters are around both.
        inner = {"brand": brand, "attributes": {"Colour": colour} if colour else {}}
        body = {"text": words, **params, "filters": {**inner, "within": {"brand": brand}}}
        answer = shop.web.post(
            f"{PATH}/{path}", json=body, headers={"Authorization": f"Bearer {scoped(shop)}"}
        )
        status, said = answer.status_code, answer.text
    else:
        status, said = shop.get(f"{PATH}/{path.format(id=item.id)}", scoped(shop), **asked)
    shown = set(re.findall(r"item-\d{4}", said)) - {item.id, words}
    assert shown <= SEEN
    if route == "item":
        assert status == (200 if item.id in SEEN else 404)
    if route == "explain" and status == 200 and item.id not in SEEN:
        assert json.loads(said)["absent"] == "unknown"
    if route in ("search", "body") and status == 200:
        found = json.loads(said)
        assert found["total"] <= len(SEEN)
        # Though a facet ignores its own filter, it counts nothing beyond the key's.
        counted = [one["value"] for one in found["facets"]["brand"]["values"] if one["count"]]
        assert set(counted) <= {"Acme"}


def test_a_facet_that_ignores_its_own_filter_does_not_ignore_the_same_one_of_the_key(shop: Shop) -> None:
    key = scoped(shop, filters=Filters(brand=("Acme",)))
    said = json.loads(shop.get(f"{PATH}/search", key, q="oak", brand="Acme", facets=5)[1])
    assert [one["value"] for one in said["facets"]["brand"]["values"]] == ["Acme"]


@pytest.mark.parametrize("chosen", [{}, {"brand": ["Acme"], "price_max": 60}], ids=["all", "narrowed"])
def test_a_scoped_key_lists_and_counts_as_if_there_were_nothing_else(
    shop: Shop, chosen: dict[str, object]
) -> None:
    asked = {"sort": "price", "size": 50, "facets": 9, **chosen}
    status, scoped_said = shop.get(f"{PATH}/search", scoped(shop), **asked)
    _, alone_said = shop.get(f"/v1/catalogues/{ALONE}/search", shop.admin, **asked)
    found, alone = untimed(json.loads(scoped_said)), untimed(json.loads(alone_said))
    assert status == 200 and found["total"] > 5 and found["facets"]["price"]["ranges"]
    assert found == alone


KIND = Filters(category=("kind 1",), price_max=90.0)
OF_KIND = {f"item-{number:03d}" for number in range(1, 91, 4)}


def ids_in(said: str) -> set[str]:
    return set(re.findall(r'"((?:item|new|gone)-\d{3})"', said))


@settings(max_examples=10, deadline=None, derandomize=True)
@given(
    history=st.lists(st.integers(0, 119).map("item-{:03d}".format), max_size=4),
    kinds=st.sampled_from([[], ["kind 2"], ["kind 1", "kind 2"]]),
)
def test_recommendations_of_a_scoped_key_neither_show_nor_use_what_it_may_not_see(
    shop: Shop, history: list[str], kinds: list[str]
) -> None:
    key, path = scoped(shop, filters=KIND), f"/v1/catalogues/{TAKES}/recommend"
    status, said = shop.get(path, key, history=history, category=kinds, size=30)
    assert status == 200 and ids_in(said) - set(history) <= OF_KIND
    assert bool(json.loads(said)["items"]) == (kinds != ["kind 2"])
    visible = [id_ for id_ in history if id_ in OF_KIND]
    _, of_visible = shop.get(path, key, history=visible, category=kinds, size=30)
    assert json.loads(said)["items"] == json.loads(of_visible)["items"]


@settings(max_examples=10, deadline=None, derandomize=True)
@given(
    trigger=st.integers(0, 119).map("item-{:03d}".format) | st.sampled_from(["new-000", "gone-000", "x"]),
    alpha=st.sampled_from([None, 0, 50, 100]),
)
def test_similar_items_of_a_scoped_key_are_those_that_it_may_see_and_of_those(
    shop: Shop, trigger: str, alpha: int | None
) -> None:
    asked = {} if alpha is None else {"alpha": alpha}
    key, path = scoped(shop, filters=KIND), f"/v1/catalogues/{RELATES}/similar"
    status, said = shop.get(f"{path}/{trigger}", key, size=30, **asked)
    assert status == (200 if trigger in OF_KIND else 400)
    assert ids_in(said) <= {trigger, *OF_KIND}
    if status == 400:
        # What may not be seen is told of as what is not there.
        nobody = json.loads(shop.get(f"{path}/nobody", key)[1])
        assert json.loads(said)["detail"] == nobody["detail"].replace("nobody", trigger)


@pytest.mark.parametrize("typed", ["", "o", "dr", "red", "aisle", "co", "acme", "ca"])
def test_suggestions_of_a_scoped_key_find_something_that_it_may_see(shop: Shop, typed: str) -> None:
    key, path = scoped(shop, filters=Filters(brand=("Corvo",))), f"/v1/catalogues/{SUGGESTS}"
    status, said = shop.get(f"{path}/suggest", key, q=typed, size=20, items=20)
    found = json.loads(said)
    assert status == 200
    assert {one["item"]["brand"] for one in found["items"]} <= {"Corvo"}
    assert {one["value"] for one in found["brands"]} <= {"Corvo"}
    for category in found["categories"]:
        counted = sum(i.brand == "Corvo" and i.categories[0][0] == category["value"] for i in ITEMS)
        assert category["count"] == counted > 0
    for query in found["queries"]:
        assert json.loads(shop.get(f"{path}/search", key, q=query["text"], typos=False)[1])["total"] > 0


@pytest.mark.parametrize(
    "request_",
    [
        {"params": {"query": "oak", "facets": ["*"], "facetFilters": [["brand:Corvo", "brand:Acme"]]}},
        {"params": {"query": "", "facets": ["brand", "attributes.Colour"], "hitsPerPage": 100}},
        {"params": {"query": "oak", "facets": ["brand"], "hitsPerPage": 0}},
        {"type": "facet", "facet": "brand", "params": {"facetQuery": "", "maxFacetHits": 100}},
        {"type": "facet", "facet": "attributes.Colour", "params": {"facetQuery": "bl"}},
    ],
    ids=["words", "all", "counts", "values", "no value"],
)
def test_instantsearch_with_a_scoped_key_keeps_to_its_filters(shop: Shop, request_: dict[str, Any]) -> None:
    headers = {"X-Algolia-API-Key": scoped(shop)}
    asked = {"requests": [{"indexName": NAME, **request_}]}
    said = shop.web.post("/1/indexes/*/queries", json=asked, headers=headers)
    assert said.status_code == 200
    assert set(re.findall(r"item-\d{4}", said.text)) <= SEEN
    assert not {"Corvo", "Borealis"} & set(re.findall("Corvo|Borealis", said.text.split('"params"')[0]))
    assert "Blue" not in said.text


# Nobody's key is asked for: they say nothing of any catalogue.
BATCHES = ("/v1/instantsearch", "/1/indexes/*/queries")
OPEN = ("/healthz", "/readyz")


def test_every_route_refuses_what_is_no_key_of_its(shop: Shop) -> None:
    ended = scoped(shop, until=time.time() + 1)
    forged = scoped_key("a guess", "site", until=time.time() + 600)
    time.sleep(1.1)
    document = shop.web.get("/openapi.json").json()["paths"]
    routes = [(path, method) for path, methods in document.items() for method in methods if path not in OPEN]
    routes += [("/1/indexes/*/queries", "post")]
    assert len(routes) >= 12
    for template, method in routes:
        path = template.replace("{name}", NAME).replace("{id}", "item-0001")
        body: dict[str, object] = {"requests": []} if template in BATCHES else {}
        for key in (None, ended, forged, "guess"):
            headers = {"Authorization": f"Bearer {key}"} if key else {}
            said = shop.web.request(method, path, headers=headers, json=body)
            assert said.status_code == 401, (method, path, key, said.text)


def test_scoped_keys_end_and_cannot_be_widened(shop: Shop) -> None:
    key = scoped(shop)
    kind, payload, signature = key.split(".")
    assert shop.get(f"{PATH}/search", key, q="oak")[0] == 200
    with pytest.raises(InputError, match="future"):
        scoped(shop, until=time.time() - 1)
    wider = scoped_key("a guess", "site", until=time.time() + 600)
    other = scoped_key(shop.site, "figures", until=time.time() + 600)
    of_admin = scoped_key(shop.admin, "figures", until=time.time() + 600)
    forged = wider.split(".")
    for made in (
        wider,
        other,
        of_admin,
        f"{kind}.{forged[1]}.{signature}",
        f"{kind}.{payload}.{signature[:-2]}AA",
        f"{kind}.{payload}",
        f"{kind}.{payload}.",
        "scoped.e30.e30",
        "scoped..",
        "x" * 10_000,
    ):
        assert shop.get(f"{PATH}/search", made, q="oak")[0] == 401, made
    soon = scoped(shop, until=time.time() + 1.2)
    assert shop.get(f"{PATH}/search", soon, q="oak")[0] == 200
    time.sleep(1.3)
    assert shop.get(f"{PATH}/search", soon, q="oak")[0] == 401


def test_a_key_that_asks_too_often_is_told_when_to_come_back(client: Cluster, tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    slow, quick = add_key(file, "slow", per_minute=2), add_key(file, "quick")
    app = create_app(ServiceSettings(keys=file, per_minute=6, check_s=60), Catalogues([]))
    with TestClient(app) as web:

        def ask(key: str) -> int:
            return web.get("/v1/catalogues", headers={"Authorization": f"Bearer {key}"}).status_code

        assert [ask(slow) for _ in range(3)] == [200, 200, 429]
        assert [ask(quick) for _ in range(3)] == [200, 200, 200]
        # Six requests of one address, whosever the keys.
        told = web.get("/v1/catalogues", headers={"Authorization": f"Bearer {quick}"})
        assert told.status_code == 429 and int(told.headers["retry-after"]) > 0 and "address" in told.text
    remove_key(file, "slow")
    assert [each.name for each in read_keys(file)] == ["quick"]
    with pytest.raises(InputError, match="no key"):
        remove_key(file, "slow")
    with pytest.raises(InputError, match="there is a key"):
        add_key(file, "quick")
    file.write_text("{}")
    with pytest.raises(InputError, match="no file of keys"):
        read_keys(file)
