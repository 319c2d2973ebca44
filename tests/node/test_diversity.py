"""Diversity on a real node: vectors come back, pages stay whole."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from aisle.cluster import Cluster
from aisle.errors import InvalidQuery
from aisle.search import GroupOptions, SearchClient
from aisle.search.diversity import diversified
from aisle.types import Item
from tests.support.hash_vector_catalogue import HashEncoder, direction, put_shelf

INDEX = "test-diversity"
ITEMS = tuple(Item(f"{number:02d}", f"lamp {number}", group=f"g{number // 2}") for number in range(30))


@pytest.fixture(scope="module")
def shop(client: Cluster) -> Iterator[SearchClient]:
    client.indices.delete(index=INDEX, ignore_unavailable=True)
    put_shelf(client, INDEX, ITEMS)
    yield SearchClient(client, INDEX, HashEncoder())
    client.indices.delete(index=INDEX)


def test_pages_are_those_of_the_reference_and_hits_say_where_they_were(shop: SearchClient) -> None:
    plain = shop.rank("lamp").fused
    expected, signals = diversified(plain, {item.id: np.array(direction(item.id)) for item in ITEMS}, 0.4)
    assert [each.id for each in expected] != [each.id for each in plain]
    hits = [hit for page in (1, 2, 3) for hit in shop.search("lamp", diversity=0.4, page=page).hits]
    assert [hit.item.id for hit in hits] == [each.id for each in expected]
    for hit in hits:
        assert hit.diversity is not None
        assert plain[hit.diversity.rank_before - 1].id == hit.item.id
        assert hit.diversity.likeness == pytest.approx(signals[hit.item.id].likeness, abs=1e-4)
    grouped = shop.search("lamp", diversity=0.4, group=GroupOptions(), size=30).hits
    assert len({hit.item.group for hit in grouped}) == len(grouped) == 15


def test_without_it_nothing_moves(shop: SearchClient) -> None:
    assert all(hit.diversity is None for hit in shop.search("lamp").hits)
    with pytest.raises(InvalidQuery):
        shop.search("lamp", diversity=1.1)
