"""The page through ASGI on a real node: plain links and forms, nothing of a catalogue becomes markup."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Final

import pytest
from opensearchpy import OpenSearch
from pydantic import SecretStr
from starlette.testclient import TestClient

from aisle.cluster import Cluster
from aisle.errors import InputError
from aisle.search import Filters, SearchClient
from aisle.service.app import create_app
from aisle.service.catalogues import Catalogues
from aisle.service.keys import new_key, write_keys
from aisle.service.settings import ServiceSettings
from aisle.types import Item
from tests.support.hash_vector_catalogue import HashEncoder, put_shelf, shelf_items
from tests.support.recommending_shop import put_recommending_shop
from tests.support.served import TestCatalogue

SHOP: Final = "test-page"
PATH: Final = f"/c/{SHOP}/"
HOSTILE: Final = '"><script>alert(1)</script><img src=x onerror=alert(2)>'
# A machine that is busy with other tests takes its time.
PATIENT: Final = ServiceSettings(deadline_ms=60_000, check_s=60)


def items() -> list[Item]:
    made = [replace(item, numbers={"Watt": number % 40}) for number, item in enumerate(shelf_items(80))]
    made[1] = replace(made[1], images=("ftp://a/b.png", "https://pictures.example/1.png"), group="one")
    made[2] = replace(
        made[2], images=("javascript:alert(3)", "data:image/svg+xml,x"), url="javascript:alert(4)"
    )
    made[3] = replace(made[3], title=f"zebra {HOSTILE}", text=HOSTILE, brand=HOSTILE, id="a/b?c#d")
    return made


@pytest.fixture(scope="module")
def shelf(client: OpenSearch) -> Iterator[SearchClient]:
    client.indices.delete(index=f"{SHOP}-*", ignore_unavailable=True)
    put_shelf(client, f"{SHOP}-v0001", items())
    client.indices.put_alias(index=f"{SHOP}-v0001", name=SHOP)
    yield SearchClient(client, SHOP, HashEncoder(), window=50)
    client.indices.delete(index=f"{SHOP}-*")


@pytest.fixture(scope="module")
def catalogues(client: Cluster, shelf: SearchClient) -> Catalogues:
    found = Catalogues([TestCatalogue(SHOP, client, HashEncoder())])
    found.open()
    return found


@pytest.fixture(scope="module")
def web(catalogues: Catalogues) -> Iterator[TestClient]:
    with TestClient(create_app(PATIENT, catalogues)) as web:
        yield web


def link(page: str, text: str) -> str:
    """Where the first link leads that says this."""
    links: list[tuple[str, str]] = re.findall(r'<a[^>]*href="([^"]*)"[^>]*>(.*?)</a>', page, re.DOTALL)
    said = ((unescape(to), unescape(re.sub("<[^>]+>", "", inside))) for to, inside in links)
    return next(to for to, inside in said if text in inside)


def titles(page: str) -> list[str]:
    found = re.findall(r'<span class="title"[^>]*>(.*?)</span>', page)
    return [unescape(re.sub("</?mark>", "", title)) for title in found]


def test_the_only_catalogue_is_where_one_begins(web: TestClient) -> None:
    begun = web.get("/")
    assert begun.url.path == PATH and "All items" in begun.text
    policy = begun.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'") and "unsafe" not in policy
    assert not re.search(r"<(script|style)[^>]*>[^<]|<[^>]+\s(on\w+|style)=", begun.text)
    parts = [web.get(part) for part in re.findall(r'(?:src|href)="(/static/[^"]*)"', begun.text)]
    assert len(parts) == 3 and all(part.status_code == 200 for part in parts)
    assert titles(begun.text) and sum(len(part.content) for part in (begun, *parts)) <= 100_000


def test_hits_facets_and_signals_are_those_of_the_client(web: TestClient, shelf: SearchClient) -> None:
    expected = shelf.search("red oak", size=24, facets=8)
    page = web.get(PATH, params={"q": "red oak"}).text
    assert titles(page) == [hit.item.title for hit in expected.hits]
    first = expected.hits[0]
    for signal in first.signals:
        assert f"<td>{signal.contribution:.4f}<" in page
    assert f"<td>{first.score:.4f}</td>" in page
    assert expected.facets is not None and expected.facets.brand is not None
    for value, count in expected.facets.brand.counts.items():
        assert re.search(rf"<span>{value}</span> <span class=\"count\">{count}</span>", page)


def test_links_narrow_widen_sort_and_turn_pages(web: TestClient, shelf: SearchClient) -> None:
    page = web.get(PATH, params={"q": "oak"}).text
    narrowed = web.get(PATH + link(page, "Acme")).text
    acme = shelf.search("oak", size=24, filters=Filters(brand=("Acme",)))
    assert titles(narrowed) == [hit.item.title for hit in acme.hits]
    assert titles(web.get(PATH + link(narrowed, "Remove Acme")).text) == titles(page)
    cheapest = web.get(PATH + link(page, "Cheapest")).text
    assert titles(cheapest) == [hit.item.title for hit in shelf.search("oak", size=24, sort="price").hits]
    second = web.get(PATH + link(page, "Next")).text
    assert titles(second) == [hit.item.title for hit in shelf.search("oak", size=24, page=2).hits]
    assert titles(second) and link(second, "Back")
    ranged = web.get(PATH, params={"q": "oak", "from:Watt": "5", "to:Watt": "9", "price_min": ""}).text
    within = shelf.search("oak", size=24, filters=Filters(numbers={"Watt": (5, 9)}))
    assert titles(ranged) == [hit.item.title for hit in within.hits]
    assert "Watt: 5 to 9" in ranged
    grouped = web.get(PATH + link(web.get(PATH, params={"q": items()[1].title}).text, "per product")).text
    assert "Show every variant" in grouped


def test_nothing_of_a_catalogue_or_a_query_becomes_markup_or_a_link_that_runs(web: TestClient) -> None:
    for asked in ({"q": HOSTILE}, {"q": "zebra", "brand": HOSTILE}, {"sort": HOSTILE}, {"q": "zebra"}):
        page = web.get(PATH, params=asked)
        assert "<script>alert" not in page.text and "<img src=x" not in page.text
    found = web.get(PATH, params={"q": "zebra"}).text
    hostile = web.get(link(found, "zebra")).text
    assert "&lt;script&gt;alert(1)" in hostile and "<script>alert" not in hostile
    safe = web.get(f"{PATH}items/{items()[2].id}").text
    assert "javascript:" not in safe and "data:image" not in safe and "<svg" in safe
    assert 'src="https://pictures.example/1.png"' in web.get(f"{PATH}items/{items()[1].id}").text


def test_what_a_catalogue_lacks_is_left_out(web: TestClient) -> None:
    page = web.get(f"{PATH}items/{items()[0].id}").text
    assert "Similar items" not in page and "Recommended" not in page and "data-suggest" not in page
    assert web.get(f"{PATH}suggest?q=a").status_code == 501


@pytest.mark.parametrize(
    ("path", "status", "told"),
    [
        (f"{PATH}items/nobody", 404, "no such item"),
        ("/c/nobody/", 404, "GET /v1/catalogues"),
        (f"{PATH}?price_min=9&price_max=1", 400, "Swap the bounds"),
        (f"{PATH}?page=0", 400, "Page: input should be greater than or equal to 1"),
    ],
)
def test_what_goes_wrong_is_a_page_with_its_fix(web: TestClient, path: str, status: int, told: str) -> None:
    said = web.get(path)
    assert (said.status_code, said.headers["content-type"]) == (status, "text/html; charset=utf-8")
    assert told in unescape(said.text) and said.headers["x-request-id"] in said.text


def test_what_was_viewed_recommends(client: Cluster) -> None:
    index = "test-page-recommends"
    client.indices.delete(index=index, ignore_unavailable=True)
    catalogues = Catalogues([TestCatalogue(index, client, None, put_recommending_shop(client, index))])
    catalogues.open()
    try:
        with TestClient(create_app(PATIENT, catalogues)) as web:
            assert "For you" not in web.get(f"/c/{index}/").text
            seen = web.get(f"/c/{index}/items/item-003")
            assert (
                "HttpOnly" in seen.headers["set-cookie"] and f"Path=/c/{index}/" in seen.headers["set-cookie"]
            )
            assert "because of thing 3" in seen.text
            beginning = web.get(f"/c/{index}/").text
            assert "For you" in beginning and "because of thing 3" in beginning
            # Whatever a search asks, it is about that.
            assert "For you" not in web.get(f"/c/{index}/?q=thing").text
    finally:
        client.indices.delete(index=index)


def test_it_is_shown_where_only_this_machine_sees_it_or_with_a_key_of_its_own(
    catalogues: Catalogues, tmp_path: Path
) -> None:
    assert ServiceSettings().shows_page and not ServiceSettings(host="0.0.0.0").shows_page
    assert ServiceSettings(host="0.0.0.0", page=True).shows_page
    key, stored = new_key("page", catalogues=(SHOP,))
    file = tmp_path / "keys.json"
    write_keys(file, [stored])
    assert not ServiceSettings(keys=file).shows_page
    with pytest.raises(InputError, match="key of its own"):
        create_app(ServiceSettings(keys=file, page=True), catalogues)
    with TestClient(create_app(ServiceSettings(keys=file), catalogues)) as web:
        assert web.get(PATH).headers["content-type"] == "application/problem+json"
    keyed = ServiceSettings(keys=file, page=True, page_key=SecretStr(key), deadline_ms=60_000)
    assert key not in repr(keyed)
    with TestClient(create_app(keyed, catalogues)) as web:
        assert web.get(PATH).status_code == 200
        assert web.get(f"/v1/catalogues/{SHOP}/search").status_code == 401
