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

from aisle._keys import add_key, remove_key, scoped_key
from aisle.cluster import Cluster
from aisle.errors import InputError
from aisle.search import Filters
from aisle.service.app import create_app
from aisle.service.catalogues import Catalogues
from aisle.service.keys import read_keys
from aisle.service.settings import ServiceSettings
from tests.support.hash_vector_catalogue import HashEncoder, put_shelf, shelf_items
from tests.support.served import TestCatalogue

NAME, OTHER = "test-service-keys", "test-service-keys-other"
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
    site = add_key(file, "site", catalogues=[NAME])
    admin = add_key(file, "figures", admin=True)
    add_key(file, "slow", per_minute=2)
    client.indices.delete(index=NAME, ignore_unavailable=True)
    put_shelf(client, NAME, ITEMS)
    client.indices.put_alias(index=NAME, name=OTHER)
    encoder = HashEncoder()
    catalogues = Catalogues([TestCatalogue(NAME, client, encoder), TestCatalogue(OTHER, client, encoder)])
    catalogues.open()
    service = ServiceSettings(keys=file, deadline_ms=60_000, check_s=60, origins=("https://shop.example",))
    with TestClient(create_app(service, catalogues)) as web:
        yield Shop(web, site, admin, file)
    client.indices.delete(index=NAME)


def test_keys_open_what_is_theirs(shop: Shop) -> None:
    assert shop.get(f"{PATH}/search", shop.site, q="oak")[0] == 200
    assert shop.get(f"/v1/catalogues/{OTHER}/search", shop.site, q="oak")[0] == 404
    assert shop.get(f"/v1/catalogues/{OTHER}/search", shop.admin, q="oak")[0] == 200
    assert [one["name"] for one in json.loads(shop.get("/v1/catalogues", shop.site)[1])["catalogues"]] == [
        NAME
    ]
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


ROUTES: dict[str, tuple[str, dict[str, Any]]] = {
    "search": ("search", {"size": 100, "facets": 5}),
    "list": ("search", {"sort": "price", "size": 100, "group": True}),
    "item": ("items/{id}", {}),
    "explain": ("explain/{id}", {}),
}


@settings(max_examples=25, deadline=None, derandomize=True)
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
    status, said = shop.get(
        f"{PATH}/{path.format(id=item.id)}", scoped(shop), **{k: v for k, v in asked.items() if v}
    )
    shown = set(re.findall(r"item-\d{4}", said)) - {item.id, words}
    assert shown <= SEEN
    if route == "item":
        assert status == (200 if item.id in SEEN else 404)
    if route == "explain" and status == 200 and item.id not in SEEN:
        assert json.loads(said)["absent"] == "unknown"
    if route == "search" and status == 200:
        found = json.loads(said)
        assert found["total"] <= len(SEEN)
        # Though a facet ignores its own filter, it counts nothing beyond the key's.
        counted = [one["value"] for one in found["facets"]["brand"]["values"] if one["count"]]
        assert set(counted) <= {"Acme"}


def test_a_facet_that_ignores_its_own_filter_does_not_ignore_the_same_one_of_the_key(shop: Shop) -> None:
    key = scoped(shop, filters=Filters(brand=("Acme",)))
    said = json.loads(shop.get(f"{PATH}/search", key, q="oak", brand="Acme", facets=5)[1])
    assert [one["value"] for one in said["facets"]["brand"]["values"]] == ["Acme"]


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
