"""Compare and judge in Chromium: by keyboard, without a script of theirs, and nothing that axe objects to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, expect

import aisle
from aisle.cluster import Cluster
from aisle.evaluation import read_judged_set
from aisle.indexer.releases.log import forget_log, write_log
from aisle.service.app import create_app
from aisle.service.catalogues import Catalogues
from aisle.service.server import running
from aisle.service.settings import ServiceSettings
from tests.browser.conftest import PATIENCE_MS
from tests.support.hash_vector_catalogue import HashEncoder, put_shelf, shelf_items
from tests.support.served import TestCatalogue

SHOP: Final = "test-browser-workbench"
SHOWN: Final[dict[Literal["light", "dark"], int]] = {"light": 1280, "dark": 360}
# Twenty items with a name and grades each are passed on the way.
MOST_TABS: Final = 60


@pytest.fixture
def page(browser: Browser, client: Cluster, tmp_path: Path) -> Iterator[Page]:
    client.indices.delete(index=SHOP, ignore_unavailable=True)
    put_shelf(client, SHOP, shelf_items(60))
    catalogues = Catalogues([TestCatalogue(SHOP, client, HashEncoder())])
    catalogues.open()
    settings = ServiceSettings(
        port=0, deadline_ms=60_000, check_s=60, grace_s=1, judgments=tmp_path, watch=tmp_path
    )
    with running(create_app(settings, catalogues), settings) as address:
        context = browser.new_context(base_url=address)
        opened = context.new_page()
        opened.set_default_timeout(PATIENCE_MS)
        yield opened
        context.close()
    client.indices.delete(index=SHOP)


def faults(page: Page) -> list[str]:
    """What axe objects to, light on a desk and dark on a phone, and what is wider than the phone."""
    found = []
    for scheme, width in SHOWN.items():
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": width, "height": 800})
        violations = Axe().run(page).response["violations"]
        found += [f"{scheme} {one['id']}: {node['target']}" for one in violations for node in one["nodes"]]
        if page.evaluate("document.documentElement.scrollWidth") > width:
            found.append(f"{scheme}: wider than {width} pixels")
    return found


def tab_to(page: Page, wanted: Locator) -> None:
    """Go there as somebody does who has no mouse."""
    for _ in range(MOST_TABS):
        if wanted.evaluate("one => one === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{wanted} is not reached by the keyboard")


def test_the_status_is_reached_by_keyboard(page: Page, client: Cluster, tmp_path: Path) -> None:
    page.goto(f"/c/{SHOP}/")
    tab_to(page, page.get_by_role("link", name="Status"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=2)).to_have_text(["Live", "Watch", "Log"])
    expect(page.get_by_text(f"aisle watch --name {SHOP}")).to_be_visible()
    assert faults(page) == []
    aisle.watch(SHOP, state=tmp_path / f"{SHOP}.json", cluster=client)
    write_log(client, SHOP, "promote", SHOP, "", "ranker shop 0123456789ab")
    page.reload()
    expect(page.get_by_role("table")).to_have_count(2)
    assert faults(page) == []
    forget_log(client, SHOP)


def test_one_judges_and_compares_by_keyboard(page: Page, tmp_path: Path) -> None:
    page.goto(f"/c/{SHOP}/")
    tab_to(page, page.get_by_role("link", name="Judge"))
    page.keyboard.press("Enter")
    tab_to(page, page.get_by_label("Search", exact=True))
    page.keyboard.type("red oak")
    tab_to(page, page.get_by_label("Your name"))
    page.keyboard.type("ann")
    page.keyboard.press("Enter")
    expect(page.locator("fieldset")).to_have_count(20)
    assert faults(page) == []
    tab_to(page, page.get_by_role("radio").first)
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    tab_to(page, page.get_by_role("button", name="Keep these grades"))
    page.keyboard.press("Enter")
    expect(page.get_by_text("This query was judged by ann.")).to_be_visible()
    expect(page.get_by_role("radio").nth(3)).to_be_checked()
    (grades,) = read_judged_set(tmp_path / SHOP, "ann").qrels.values()
    assert list(grades.values()) == [3]
    tab_to(page, page.get_by_role("link", name="Compare"))
    page.keyboard.press("Enter")
    tab_to(page, page.get_by_label("Search", exact=True))
    page.keyboard.type("red oak")
    tab_to(page, page.get_by_label("Right"))
    page.keyboard.press("Control+A")
    page.keyboard.type("meaning")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=2)).to_have_text(["usual", "meaning"])
    expect(page.get_by_text("only here").first).to_be_visible()
    expect(page.get_by_text("nDCG@10").first).to_be_visible()
    assert faults(page) == []
    why = page.locator("details.why summary").first
    tab_to(page, why)
    page.keyboard.press("Enter")
    expect(page.locator("details.why").first.get_by_role("table")).to_be_visible()
    assert faults(page) == []
