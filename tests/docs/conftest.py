"""A small shop that the pages' snippets ask: the first tutorial's files, its catalogue, its encoder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from opensearchpy import OpenSearch

from tests.support.command import put_encoder
from tests.support.snippets import ROOT, snippets

TUTORIAL = ROOT / "docs" / "tutorial" / "first-catalogue.md"


def delete_shops(client: OpenSearch) -> None:
    """Remove what snippets index: they say `shop`, as a user would."""
    for pattern in ("shop-v*", "synthetic-shop-v*"):
        for index in client.indices.get(index=pattern, allow_no_indices=True):
            client.indices.delete(index=index)
    # What remembers their numbers, so that the first release is v0001 again.
    for name in ("shop", "synthetic-shop"):
        client.delete(index="aisle-state", id=name, ignore=404)


@pytest.fixture(scope="session")
def shop_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An AISLE_HOME with the encoder that `aisle encoder export` makes."""
    return put_encoder(tmp_path_factory.mktemp("docs-home"))


@pytest.fixture(scope="module")
def no_shops(client: OpenSearch) -> Iterator[None]:
    """No catalogue of a snippet before the module's tests, and none after them."""
    delete_shops(client)
    yield
    delete_shops(client)


@pytest.fixture(scope="module")
def shop_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the files that the first tutorial shows."""
    folder = tmp_path_factory.mktemp("docs-files")
    for snippet in snippets(TUTORIAL):
        if snippet.file:
            file = folder / snippet.file
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(snippet.code, encoding="utf-8")
    return folder


@pytest.fixture
def at_the_shop(
    no_shops: None, shop_files: Path, shop_home: Path, node_url: str, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """The current folder and the environment of somebody who follows the first tutorial."""
    monkeypatch.chdir(shop_files)
    monkeypatch.setenv("AISLE_URL", node_url)
    monkeypatch.setenv("AISLE_HOME", str(shop_home))
    return shop_files
