"""Searches go on at about 50 a second while releases are swapped and rolled back."""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest
from opensearchpy import OpenSearch

from aisle.errors import IndexNotFound, InputError
from aisle.indexer.releases.rollback import rollback
from aisle.indexer.run import index_catalogue
from aisle.search import DenseLeg, Page, SearchClient
from tests.support.hash_vector_catalogue import HashEncoder
from tests.support.indexing import ENCODER, items, options

QUERIES_PER_S = 50
SEARCHERS = 4
PAGES = 3
SIZE = 12


@dataclass(slots=True)
class Load:
    """Page sequences, one after the other, until told to stop; the first page is asked of the alias."""

    client: OpenSearch
    name: str
    stop: threading.Event = field(default_factory=threading.Event)
    sequences: list[tuple[Page, ...]] = field(default_factory=list)

    def ask(self) -> None:
        by_release: dict[str, SearchClient] = {}
        shop = SearchClient(self.client, self.name, HashEncoder())
        due = time.monotonic()
        while not self.stop.is_set():
            pages = [shop.search("running shoe", size=SIZE)]
            release = pages[0].release
            same = by_release.setdefault(release, shop.pinned(release))
            for number in range(2, PAGES + 1):
                pages.append(same.search("running shoe", size=SIZE, page=number))
            self.sequences.append(tuple(pages))
            due += PAGES * SEARCHERS / QUERIES_PER_S
            self.stop.wait(max(0.0, due - time.monotonic()))


def test_no_search_fails_and_no_sequence_of_pages_mixes_releases(client: OpenSearch, name: str) -> None:
    def index(number: int) -> str:
        return index_catalogue(client, items(100, f"shoe{number}"), ENCODER, options(name, keep=9)).release

    index(1)
    load = Load(client, name)
    with ThreadPoolExecutor(SEARCHERS) as pool:
        searching: list[Future[None]] = [pool.submit(load.ask) for _ in range(SEARCHERS)]
        try:
            for number in (2, 3):
                index(number)
                for to in (number - 1, number):
                    rollback(client, name, f"{name}-v000{to}")
                    # Long enough for some searches of each release.
                    seen = len(load.sequences)
                    deadline = time.monotonic() + 30
                    while len(load.sequences) < seen + 2 * SEARCHERS and time.monotonic() < deadline:
                        time.sleep(0.05)
        finally:
            load.stop.set()
        for one in searching:
            # Raises what any search raised.
            one.result(timeout=60)
    assert {pages[0].release[-1] for pages in load.sequences} == {"1", "2", "3"}
    for pages in load.sequences:
        (release,) = {page.release for page in pages}
        hits = [hit for page in pages for hit in page.hits]
        assert len({hit.item.id for hit in hits}) == len(hits) == PAGES * SIZE
        assert [hit.rank for hit in hits] == list(range(1, PAGES * SIZE + 1))
        assert {hit.item.title.split()[0] for hit in hits} == {f"shoe{release[-1]}"}


def test_a_client_of_a_release_stays_with_it_when_the_alias_moves(client: OpenSearch, name: str) -> None:
    for number in (1, 2):
        index_catalogue(client, items(60, f"shoe{number}"), ENCODER, options(name))
    shop = SearchClient(client, name, HashEncoder())
    first = shop.search("running shoe")
    same = shop.pinned(first.release)
    rollback(client, name)
    assert (first.release, shop.search("running shoe", page=2).release) == (f"{name}-v0002", f"{name}-v0001")
    second = same.search("running shoe", page=2)
    assert second.release == f"{name}-v0002" and second.hits[0].rank == 11
    assert not {hit.item.id for hit in first.hits} & {hit.item.id for hit in second.hits}
    client.indices.delete(index=first.release)
    with pytest.raises(IndexNotFound):
        same.search("running shoe", page=3)
    assert shop.search("running shoe").release == f"{name}-v0001"


def test_a_pinned_client_keeps_encoder_legs_and_window(client: OpenSearch, name: str) -> None:
    release = index_catalogue(client, items(60), ENCODER, options(name)).release
    shop = SearchClient(client, name, HashEncoder(), (DenseLeg(),), 7)
    page = shop.pinned(release).search("running shoe", size=20)
    assert (page.release, page.reachable, len(page.hits)) == (release, 7, 7)
    assert [hit.item.id for hit in page.hits] == [
        hit.item.id for hit in shop.search("running shoe", size=20).hits
    ]
    with pytest.raises(InputError, match="no leg 'bm25'"):
        shop.pinned(release).search("running shoe", legs=["bm25"])
