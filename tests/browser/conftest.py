"""A Chromium for tests of pages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.support.browser import launched

# A machine that is busy with other tests takes its time.
PATIENCE_MS: Final = 30_000


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One for each file: the event loop that Playwright runs in would be in the way of asynchronous tests."""
    with sync_playwright() as playwright:
        expect.set_options(timeout=PATIENCE_MS)
        started = launched(playwright)
        yield started
        started.close()
