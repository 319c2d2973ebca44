"""The programs of examples/ do what their first lines say."""

from __future__ import annotations

import asyncio
import importlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import aisle
from tests.support.command import environment
from tests.support.snippets import ROOT, snippets

pytestmark = pytest.mark.node
EXAMPLES = ROOT / "examples"
CHANGES = b'{"op": "update", "id": "cordless-drill", "price": 99.0}\n{"op": "delete", "id": "paint-roller"}\n'


def run(home: Path, url: str, name: str, *arguments: str, said: bytes = b"") -> str:
    """Run an example as a user does, and return what it printed."""
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / name), *arguments],
        input=said,
        capture_output=True,
        env=environment(AISLE_URL=url, AISLE_HOME=str(home)),
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


def test_the_examples_index_search_and_update(at_the_shop: Path, shop_home: Path, node_url: str) -> None:
    found = run(shop_home, node_url, "first_search.py", "products.csv", "shop", "cordless drill")
    assert "shop-v0001: 12 documents" in found
    assert "1. Cordless drill 18 V (bm25 0.0" in found

    run(shop_home, node_url, "update_from_stream.py", "shop", "shop.json", said=CHANGES)
    assert (at_the_shop / "shop.json").exists()
    shop = aisle.open_search("shop")
    cheap = shop.search("cordless drill", filters=aisle.Filters(price_max=100.0)).hits
    assert cheap[0].item.id == "cordless-drill"
    assert "paint-roller" not in {hit.item.id for hit in shop.search("paint roller").hits}


def test_the_asynchronous_example_answers_over_http(
    at_the_shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    aisle.index("products.csv", "shop")
    monkeypatch.syspath_prepend(str(EXAMPLES))
    example = importlib.import_module("async_search")

    async def get(port: int, target: str) -> tuple[int, dict[str, Any]]:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(f"GET {target} HTTP/1.0\r\n\r\n".encode())
        head, body = (await reader.read()).split(b"\r\n\r\n", 1)
        writer.close()
        return int(head.split()[1]), json.loads(body)

    async def shoppers() -> list[tuple[int, dict[str, Any]]]:
        async with aisle.AsyncSearchClient(aisle.open_search("shop")) as shop:
            server = await example.serve(shop, 0)
            port = server.sockets[0].getsockname()[1]
            async with server:
                return await asyncio.gather(
                    *(get(port, f"/?q={words}") for words in ("cordless+drill", "saw", "!!!"))
                )

    drill, saw, nothing = asyncio.run(shoppers())
    assert (drill[0], drill[1]["hits"][0]["id"]) == (200, "cordless-drill")
    assert saw[1]["hits"][0]["title"] == "Hand saw 50 cm"
    assert nothing[0] == 400
    assert nothing[1]["fix"]


def test_the_fixtures_that_a_page_shows_work(tmp_path: Path, node_url: str) -> None:
    page = ROOT / "docs" / "how-to" / "test-with-the-embedded-node.md"
    for snippet in snippets(page):
        if snippet.file:
            (tmp_path / snippet.file).write_text(snippet.code, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "."],
        cwd=tmp_path,
        capture_output=True,
        env=environment(AISLE_TEST_URL=node_url),
        timeout=120,
        check=False,
    )
    assert "1 passed" in done.stdout.decode(), done.stdout.decode() + done.stderr.decode()


def test_every_example_is_run() -> None:
    text = Path(__file__).read_text(encoding="utf-8")
    assert [example.name for example in EXAMPLES.glob("*.py") if example.stem not in text] == []
