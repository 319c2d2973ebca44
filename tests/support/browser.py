"""Chromium for tests: the machine's own, else the one that Playwright brought."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from playwright.sync_api import Browser, Playwright, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# Root may not use Chromium's sandbox; the others ask nobody outside for anything.
FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"),
    *("--disable-sync", "--no-first-run", "--disable-dev-shm-usage"),
)


def executable(playwright: Playwright) -> str:
    """Path of a Chromium.

    Raises:
        RuntimeError: there is none.
    """
    brought = playwright.chromium.executable_path
    found = next(filter(None, map(shutil.which, NAMES)), brought if Path(brought).is_file() else "")
    if not found:
        raise RuntimeError("no Chromium on this machine: `make browser` installs one")
    return found


def launched(playwright: Playwright) -> Browser:
    """A headless Chromium; raises what `executable` raises."""
    return playwright.chromium.launch(executable_path=executable(playwright), args=list(FLAGS))


if __name__ == "__main__":
    with sync_playwright() as started:
        try:
            print(executable(started))  # noqa: T201
        except RuntimeError as error:
            sys.exit(str(error))
