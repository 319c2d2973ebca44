"""A release of schema version 2 is searched as it was, and refused with its fix where it lacks something."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from opensearchpy import helpers

from aisle.cluster import Cluster
from aisle.errors import ForeignIndex
from aisle.indexer.updates.apply import LiveReleases
from aisle.search import Filters, SearchClient, read_live

STORED = Path(__file__).parents[1] / "data" / "release_of_schema_2.json"
RELEASE = "older-v0001"


@pytest.fixture(scope="module")
def older(client: Cluster) -> Iterator[Cluster]:
    """The release as an Aisle of then made it, live as ``older``."""
    stored: dict[str, Any] = json.loads(STORED.read_text("utf-8"))
    client.indices.create(index=RELEASE, body=stored["index"])
    documents = ({"_index": RELEASE, "_id": body["id"], **body} for body in stored["documents"])
    helpers.bulk(client, documents, refresh=True)
    yield client
    client.indices.delete(index=RELEASE)


def test_it_is_searched_and_filtered(older: Cluster) -> None:
    shop = SearchClient(older, "older")
    assert [hit.item.id for hit in shop.search("wooden chair", legs=["bm25"]).hits] == ["chair-1"]
    in_stock = shop.search("garden kitchen drill", legs=["bm25"], filters=Filters(in_stock=True))
    assert [hit.item.id for hit in in_stock.hits] == ["chair-1"]
    assert read_live(older, "older").meta.features.languages == ("en",)


def test_it_is_not_written_to(older: Cluster) -> None:
    with pytest.raises(ForeignIndex, match=r"made by an older Aisle \(schema version 2\)") as refused:
        LiveReleases(older, "older").now()
    assert "index the catalogue again" in refused.value.fix
