"""The programs of examples/ do what their first lines say."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import aisle
from tests.support.command import environment
from tests.support.snippets import ROOT

pytestmark = pytest.mark.node
EXAMPLES = ROOT / "examples"
CHANGES = b'{"op": "update", "id": "D100", "price": 99.0}\n{"op": "delete", "id": "P200"}\n'


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
    assert cheap[0].item.id == "D100"
    assert "P200" not in {hit.item.id for hit in shop.search("paint roller").hits}


def test_every_example_is_run() -> None:
    text = Path(__file__).read_text(encoding="utf-8")
    assert [example.name for example in EXAMPLES.glob("*.py") if example.name not in text] == []
