"""Compare and judge in Chromium: by keyboard, without a script of theirs, and nothing that axe objects to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from aisle.cluster import Cluster
from aisle.evaluation import read_judged_set
from aisle.service.app import create_app
from aisle.service.catalogues import Catalogues
from aisle.service.server import running
from aisle.service.settings import ServiceSettings
from tests.browser.conftest import PATIENCE_MS
from tests.support.hash_vector_catalogue import HashEncoder, put_shelf, shelf_items
from tests.support.served import TestCatalogue

SHOP: Final = "test-browser-workbench"


@pytest.fixture
def page(browser: Browser, client: Cluster, tmp_path: Path) -> Iterator[Page]:
    client.indices.delete(index=SHOP, ignore_unavailable=True)
    put_shelf(client, SHOP, shelf_items(60))
    catalogues = Catalogues([TestCatalogue(SHOP, client, HashEncoder())])
    catalogues.open()
    settings = ServiceSettings(port=0, deadline_ms=60_000, check_s=60, grace_s=1, judgments=tmp_path)
    with running(create_app(settings, catalogues), settings) as address:
        context = browser.new_context(base_url=address)
        opened = context.new_page()
        opened.set_default_timeout(PATIENCE_MS)
        yield opened
        context.close()
    client.indices.delete(index=SHOP)


def faults(page: Page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [f"{one['id']}: {node['target']}" for one in found for node in one["nodes"]]


def test_one_judges_and_compares_by_keyboard(page: Page, tmp_path: Path) -> None:
    page.goto(f"/c/{SHOP}/")
    page.get_by_role("link", name="Judge").press("Enter")
    page.get_by_label("Search", exact=True).fill("red oak")
    page.get_by_label("Your name").fill("ann")
    page.keyboard.press("Enter")
    expect(page.locator("fieldset")).to_have_count(20)
    assert faults(page) == []
    page.get_by_role("radio").first.focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    page.get_by_role("button", name="Keep these grades").press("Enter")
    expect(page.get_by_text("This query was judged by ann.")).to_be_visible()
    expect(page.get_by_role("radio").nth(3)).to_be_checked()
    (grades,) = read_judged_set(tmp_path / SHOP, "ann").qrels.values()
    assert list(grades.values()) == [3]
    page.get_by_role("link", name="Compare").press("Enter")
    page.get_by_label("Search", exact=True).fill("red oak")
    page.get_by_label("Right").fill("meaning")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=2)).to_have_text(["usual", "meaning"])
    expect(page.get_by_text("only here").first).to_be_visible()
    expect(page.get_by_text("nDCG@10").first).to_be_visible()
    assert faults(page) == []
