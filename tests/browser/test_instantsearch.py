"""The page of examples/instantsearch with InstantSearch itself, in Chromium, from a site of its own."""

from __future__ import annotations

import gzip
import re
import shutil
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, expect

from aisle.cluster import Cluster
from aisle.search import FacetOptions, Filters, SearchClient
from aisle.service.app import create_app
from aisle.service.catalogues import Catalogues
from aisle.service.server import running
from aisle.service.settings import ServiceSettings
from tests.browser.conftest import PATIENCE_MS
from tests.support.hash_vector_catalogue import HashEncoder, put_shelf, shelf_items
from tests.support.served import TestCatalogue

SHOP: Final = "test-browser-instantsearch"
ROOT: Final = Path(__file__).parents[2]
LIBRARY: Final = "instantsearch.production.min.js"


@pytest.fixture(scope="module")
def shelf(client: Cluster) -> Iterator[SearchClient]:
    client.indices.delete(index=SHOP, ignore_unavailable=True)
    put_shelf(client, SHOP, shelf_items(200))
    yield SearchClient(client, SHOP, HashEncoder(), window=50)
    client.indices.delete(index=SHOP)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the example is served."""
    folder = shutil.copytree(
        ROOT / "examples" / "instantsearch", tmp_path_factory.mktemp("site"), dirs_exist_ok=True
    )
    packed = ROOT / "tests" / "data" / "instantsearch" / f"{LIBRARY}.gz"
    (folder / LIBRARY).write_bytes(gzip.decompress(packed.read_bytes()))
    with ThreadingHTTPServer(
        ("127.0.0.1", 0), partial(SimpleHTTPRequestHandler, directory=str(folder))
    ) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_one_searches_filters_sorts_and_turns_the_page(
    browser: Browser, client: Cluster, shelf: SearchClient, site: str
) -> None:
    catalogues = Catalogues([TestCatalogue(SHOP, client, HashEncoder())])
    catalogues.open()
    settings = ServiceSettings(port=0, deadline_ms=60_000, check_s=60, grace_s=1, origins=(site,))
    context = browser.new_context()
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    hits = page.locator(".ais-Hits-item h2")

    def shown(**options: object) -> None:
        expected = shelf.search("drill", size=12, **options)  # type: ignore[arg-type]
        assert expected.hits
        expect(hits).to_have_text([hit.item.title for hit in expected.hits])

    with running(create_app(settings, catalogues), settings) as service:
        page.goto(f"{site}/#{urlencode({'service': service, 'catalogue': SHOP})}")
        page.get_by_placeholder("Search", exact=True).fill("drill")
        shown()
        expect(page.locator("mark", has_text="drill").first).to_be_visible()
        page.get_by_label("Acme").check()
        acme = Filters(brand=("Acme",))
        shown(filters=acme)
        counted = shelf.search("drill", filters=acme, facets=FacetOptions(fields=("brand",))).facets
        assert counted and counted.brand
        for brand, count in counted.brand.counts.items():
            # What else could be chosen is counted beside what is.
            expect(page.locator("#brands label", has_text=brand)).to_contain_text(str(count))
        page.locator("#categories").get_by_role("link", name="aisle 1").click()
        both = Filters(brand=("Acme",), category=("aisle 1",))
        shown(filters=both)
        page.get_by_role("combobox").select_option("Cheapest first")
        shown(filters=both, sort="price:asc")
        page.locator("#categories").get_by_role("link", name="aisle 1").click()
        shown(filters=acme, sort="price:asc")
        page.get_by_role("link", name="Page 2").click()
        shown(filters=acme, sort="price:asc", page=2)
        page.locator("#brands").get_by_role("searchbox").fill("co")
        expect(page.locator("#brands label")).to_have_count(1)
        # What is chosen stands in the address, beside where the service is; it is written a moment later.
        expect(page).to_have_url(re.compile(r"page(%5D|])=2"))
        page.reload()
        shown(filters=acme, sort="price:asc", page=2)
    context.close()
    assert errors == []
