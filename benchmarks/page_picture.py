"""Runs the demo and keeps its page, as a browser shows it, for the README: docs/images/page.png."""

from __future__ import annotations

from pathlib import Path
from typing import Final
from urllib.parse import urlencode

from playwright.sync_api import sync_playwright

from aisle._demo import running_demo
from aisle.encoder import ArtifactStore
from aisle.service.app import create_app
from aisle.service.catalogues import Catalogues, IndexedCatalogue
from aisle.service.server import running
from aisle.service.settings import ServiceSettings
from tests.support.browser import launched

PICTURE: Final = Path(__file__).parent.parent / "docs" / "images" / "page.png"
QUERY: Final = "insulated mug or flask for hot drinks"
NAME: Final = "demo"


def main() -> None:
    """Write the picture."""
    settings = ServiceSettings(port=0, deadline_ms=60_000, grace_s=0)
    with running_demo(
        data=None, split="dev", name=NAME, keep=False, products=6000, seed=0, say=print
    ) as demo:
        catalogues = Catalogues([IndexedCatalogue(NAME, demo.cluster, ArtifactStore.default())])
        catalogues.open()
        with running(create_app(settings, catalogues), settings) as address:
            take(f"{address}/c/{NAME}/?{urlencode({'q': QUERY})}", PICTURE)
    print(f"wrote {PICTURE.name}")


def take(address: str, picture: Path) -> None:
    """A picture of a page, with the signals of its first hit."""
    with sync_playwright() as playwright:
        browser = launched(playwright)
        page = browser.new_page(viewport={"width": 1180, "height": 860}, color_scheme="light")
        page.goto(address)
        page.locator("details.why summary").first.click()
        page.screenshot(path=picture)
        browser.close()


if __name__ == "__main__":
    main()
