"""The page in Chromium: by keyboard, on a phone, light and dark, and with a catalogue that means harm."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final

import pytest
from axe_playwright_python.sync_playwright import Axe
from opensearchpy import helpers
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

import aisle
from aisle.cluster import Cluster
from aisle.encoder import ArtifactStore
from aisle.mappings.document import document
from aisle.service.app import create_app
from aisle.service.catalogues import Catalogues, IndexedCatalogue
from aisle.service.server import running
from aisle.service.settings import ServiceSettings
from aisle.types import Item
from tests.browser.conftest import PATIENCE_MS
from tests.support.served import TestCatalogue
from tests.support.similar_shop import put_similar_shop
from tests.support.tiny_ranker import tiny_ranker

SHOP: Final = "test-browser"
ALIKE: Final = "test-browser-alike"
HARM: Final = '<img src=x onerror="window.harmed=1"><script>window.harmed=1</script>'
MISSING: Final = "https://pictures.example/missing.png"
KINDS: Final = ("cordless drill", "hammer drill", "desk lamp")


def rows() -> Iterator[dict[str, Any]]:
    for number in range(60):
        kind = KINDS[number % 3]
        yield {
            "id": f"p{number}",
            "title": f"{('Acme', 'Corvo')[number % 2]} {kind} {number} volt",
            "brand": ("Acme", "Corvo")[number % 2],
            "category": f"Tools > {kind.title()}",
            "price": 10.0 + number,
            "image": MISSING if number == 3 else "",
        }


def harmful() -> Iterator[Item]:
    """What no reader lets into an index: a catalogue that somebody wrote to by hand."""
    links = ("javascript:window.harmed=1", "data:text/html,x", '"><script>window.harmed=1</script>')
    for number, link in enumerate(links):
        yield Item(
            f"../{HARM}{number}",
            f"zebra {number} {HARM}",
            HARM,
            brand=HARM,
            categories=((HARM,),),
            price=1.0,
            images=(link,),
            url=link,
        )


@pytest.fixture(scope="module")
def address(client: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Of a service with two catalogues: one with suggestions and facets, one with similar items, ranked."""
    folder = tmp_path_factory.mktemp("browser")
    (folder / "shop.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows()))
    store = ArtifactStore(folder / "store")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AISLE_HOME", str(folder))
        aisle.index(folder / "shop.jsonl", SHOP, encoder=None, cluster=client, store=store)
    written = ({"_index": SHOP, "_id": item.id, **document(item, {})} for item in harmful())
    assert helpers.bulk(client, written, refresh=True)[0] == 3
    client.indices.delete(index=ALIKE, ignore_unavailable=True)
    alike = TestCatalogue(
        ALIKE, client, relates=put_similar_shop(client, ALIKE), ranker=tiny_ranker("signal: popularity")
    )
    catalogues = Catalogues([IndexedCatalogue(SHOP, client, store), alike])
    catalogues.open()
    settings = ServiceSettings(port=0, deadline_ms=60_000, check_s=60, grace_s=1)
    try:
        with running(create_app(settings, catalogues), settings) as found:
            yield found
    finally:
        for index in (f"{SHOP}-*", ALIKE):
            client.indices.delete(index=index, ignore_unavailable=True)


class Opened:
    """A page of the service, and what the browser asked of anybody else."""

    def __init__(self, context: BrowserContext, address: str) -> None:
        self.elsewhere: list[str] = []
        self.errors: list[str] = []
        context.route(lambda url: not url.startswith(address), self._elsewhere)
        self.page: Page = context.new_page()
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("dialog", lambda dialog: self.errors.append(dialog.message))
        self.page.set_default_timeout(PATIENCE_MS)

    def _elsewhere(self, route: Route) -> None:
        self.elsewhere.append(route.request.url)
        route.abort()


@pytest.fixture
def opened(browser: Browser, address: str) -> Iterator[Opened]:
    context = browser.new_context(base_url=address)
    found = Opened(context, address)
    yield found
    harmed = found.page.evaluate("window.harmed")
    context.close()
    assert (harmed, found.errors) == (None, [])


def test_by_keyboard_one_searches_by_a_suggestion_filters_sorts_and_turns_the_page(opened: Opened) -> None:
    page = opened.page
    page.goto("/")
    page.get_by_role("link", name=SHOP, exact=True).press("Enter")
    page.wait_for_url(f"**/c/{SHOP}/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the results")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    box = page.get_by_role("combobox", name=f"Search {SHOP}")
    expect(box).to_be_focused()
    expect(box).to_have_attribute("aria-expanded", "false")
    page.keyboard.type("dril")
    expect(page.get_by_role("option").first).to_be_visible()
    expect(box).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("ArrowDown")
    chosen = page.get_by_role("option", selected=True)
    expect(chosen).to_have_count(1)
    expect(box).to_have_attribute("aria-activedescendant", str(chosen.get_attribute("id")))
    page.keyboard.press("ArrowUp")
    expect(box).to_have_value("dril")
    page.keyboard.press("Escape")
    expect(page.get_by_role("listbox")).to_be_hidden()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("option").first).to_be_visible()
    page.keyboard.press("ArrowDown")
    suggested = box.input_value()
    assert "drill" in suggested
    page.keyboard.press("Enter")
    page.wait_for_url("**/?q=*")
    expect(box).to_have_value(suggested)
    page.get_by_role("link", name="Acme").first.press("Enter")
    expect(page.get_by_role("link", name="Remove Acme")).to_be_visible()
    assert all("Acme" in title for title in page.locator(".title").all_inner_texts())
    page.get_by_role("link", name="Remove Acme").press("Enter")
    page.get_by_role("link", name="Dearest").press("Enter")
    expect(page.get_by_role("link", name="Dearest")).to_have_attribute("aria-current", "true")
    first = page.locator(".title").first.inner_text()
    page.get_by_role("link", name="Page 2").press("Enter")
    expect(page.get_by_role("link", name="Page 2")).to_have_attribute("aria-current", "page")
    assert page.locator(".title").first.inner_text() != first
    why = page.locator("details.why").first
    why.locator("summary").press("Enter")
    expect(why.get_by_role("table")).to_be_visible()
    assert set(opened.elsewhere) <= {MISSING}


def test_an_item_leads_to_similar_ones_and_each_says_which_head_found_it(opened: Opened) -> None:
    page = opened.page
    page.goto(f"/c/{ALIKE}/items/item-030")
    shelf = page.get_by_role("region", name="Similar items")
    expect(shelf.get_by_role("listitem").first).to_be_visible()
    assert "head)" in (shelf.locator("details.why").first.text_content() or "")
    title = shelf.locator(".title").first.inner_text()
    shelf.locator("a.item").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text(title)


def test_a_hit_shows_what_the_ranker_made_of_it_and_both_orders_are_compared(opened: Opened) -> None:
    page = opened.page
    page.goto(f"/c/{ALIKE}/?q=thing")
    why = page.locator("details.why").first
    why.locator("summary").press("Enter")
    learned = why.get_by_role("table").filter(has_text="Learned ranker")
    expect(learned).to_be_visible()
    numbers = [float(cell) for cell in learned.locator("td").all_inner_texts()]
    assert sum(numbers[:-1]) == pytest.approx(numbers[-1], abs=1e-3)
    expect(learned.get_by_role("row", name="signal: popularity")).to_be_visible()
    expect(why.get_by_text(re.compile("the ranker moved it [↑↓=] from"))).to_be_visible()
    titles = page.locator(".title").all_inner_texts()[:5]
    page.get_by_role("link", name="Compare").press("Enter")
    page.get_by_label("Search", exact=True).fill("thing")
    page.get_by_label("Right").fill("without the ranker")
    page.get_by_role("button", name="Compare").press("Enter")
    left, right = (
        page.get_by_role("region", name=side).locator("li > a").all_inner_texts()[:5]
        for side in ("usual", "without the ranker")
    )
    assert left == titles != right


def test_nothing_runs_that_a_catalogue_or_a_query_holds(opened: Opened) -> None:
    page = opened.page
    page.goto(f"/c/{SHOP}/?q=zebra")
    expect(page.locator(".title").first).to_contain_text("<script>window.harmed=1</script>")
    assert page.locator("img").count() == 0
    page.locator("a.item").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(HARM)
    assert page.locator('a[href^="javascript:"], a[href^="data:"]').count() == 0
    box = page.get_by_role("combobox")
    box.press_sequentially("zebr")
    expect(page.get_by_role("option").filter(has_text="<script>").first).to_be_visible()
    box.fill(f"\"'>{HARM}")
    box.press("Enter")
    page.wait_for_url("**/?q=*")
    expect(box).to_have_value(f"\"'>{HARM}")
    assert opened.elsewhere == []


def test_a_picture_that_does_not_load_is_a_drawing_and_only_pictures_are_asked_of_others(
    opened: Opened,
) -> None:
    opened.page.goto(f"/c/{SHOP}/?q=p3")
    tile = opened.page.locator(".tile").first
    expect(tile.locator("img")).to_be_hidden()
    expect(tile.locator("svg").first).to_be_visible()
    assert opened.elsewhere == [MISSING]


def test_without_scripts_everything_but_suggestions_is_there(browser: Browser, address: str) -> None:
    context = browser.new_context(base_url=address, java_script_enabled=False)
    page = context.new_page()
    page.goto(f"/c/{SHOP}/")
    page.get_by_role("textbox", name=f"Search {SHOP}").fill("desk lamp")
    page.get_by_role("button", name="Search").click()
    prices = page.locator("form.range").first
    prices.get_by_label("to").fill("30")
    prices.get_by_role("button").click()
    expect(page.get_by_role("link", name="Remove Price: up to 30")).to_be_visible()
    assert all("lamp" in title for title in page.locator(".title").all_inner_texts())
    context.close()


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 360)])
def test_it_meets_wcag_in_light_and_dark_on_a_desk_and_a_phone(
    browser: Browser, address: str, scheme: Any, width: int
) -> None:
    # What checks is no part of the page, whose policy would not let it run.
    size = {"width": width, "height": 800}
    context = browser.new_context(base_url=address, color_scheme=scheme, viewport=size, bypass_csp=True)  # type: ignore[arg-type]
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    found = {}
    for path in (
        f"/c/{SHOP}/?q=drill&brand=Acme",
        f"/c/{ALIKE}/?q=thing",
        f"/c/{ALIKE}/items/item-030",
        f"/c/{SHOP}/items/nobody",
    ):
        page.goto(path)
        for one in page.locator("details").all():
            one.evaluate("one => { one.open = true; }")
        if page.locator("input[data-suggest]").count():
            page.get_by_role("combobox").fill("dril")
            expect(page.get_by_role("option").first).to_be_visible()
        checked = Axe().run(page)
        found[path] = [(each["id"], each["nodes"][0]["html"]) for each in checked.response["violations"]]
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
    context.close()
    assert found == {path: [] for path in found}
