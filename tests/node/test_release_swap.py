"""Searches go on at about 50 a second while releases are swapped and rolled back."""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest

from aisle._tune import apply_fusion
from aisle.cluster import Cluster
from aisle.errors import IndexNotFound, InputError
from aisle.indexer.releases.rollback import rollback
from aisle.indexer.run import index_catalogue
from aisle.mappings import BM25, DENSE, FusionSpec, VectorSpace
from aisle.search import DenseLeg, MatchType, Page, Ranking, SearchClient
from aisle.search.tuning.fusion_file import FusionFile
from tests.support import hardware_catalogue
from tests.support.hash_vector_catalogue import DIMS, FINGERPRINT, HashEncoder, put_shelf, swap
from tests.support.indexing import ENCODER, items, options

QUERIES_PER_S = 50
SEARCHERS = 4
PAGES = 3
SIZE = 12


@dataclass(slots=True)
class Load:
    """Page sequences, one after the other, until told to stop; the first page is asked of the alias."""

    client: Cluster
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
            same = by_release.setdefault(release, shop.for_release(release))
            for number in range(2, PAGES + 1):
                pages.append(same.search("running shoe", size=SIZE, page=number))
            self.sequences.append(tuple(pages))
            due += PAGES * SEARCHERS / QUERIES_PER_S
            self.stop.wait(max(0.0, due - time.monotonic()))


def test_no_search_fails_and_no_sequence_of_pages_mixes_releases(client: Cluster, name: str) -> None:
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


def test_a_client_of_a_release_stays_with_it_when_the_alias_moves(client: Cluster, name: str) -> None:
    for number in (1, 2):
        index_catalogue(client, items(60, f"shoe{number}"), ENCODER, options(name))
    shop = SearchClient(client, name, HashEncoder())
    first = shop.search("running shoe")
    same = shop.for_release(first.release)
    rollback(client, name)
    assert (first.release, shop.search("running shoe", page=2).release) == (f"{name}-v0002", f"{name}-v0001")
    second = same.search("running shoe", page=2)
    assert second.release == f"{name}-v0002" and second.hits[0].rank == 11
    assert not {hit.item.id for hit in first.hits} & {hit.item.id for hit in second.hits}
    client.indices.delete(index=first.release)
    with pytest.raises(IndexNotFound):
        same.search("running shoe", page=3)
    assert shop.search("running shoe").release == f"{name}-v0001"


def test_a_pinned_client_keeps_encoder_legs_and_window(client: Cluster, name: str) -> None:
    release = index_catalogue(client, items(60), ENCODER, options(name)).release
    shop = SearchClient(client, name, HashEncoder(), (DenseLeg(),), 7)
    page = shop.for_release(release).search("running shoe", size=20)
    assert (page.release, page.reachable, len(page.hits)) == (release, 7, 7)
    assert [hit.item.id for hit in page.hits] == [
        hit.item.id for hit in shop.search("running shoe", size=20).hits
    ]
    with pytest.raises(InputError, match="no leg 'bm25'"):
        shop.for_release(release).search("running shoe", legs=["bm25"])


MEANING = FusionSpec((DENSE,), (1.0,))
BOTH = FusionSpec((BM25, DENSE), (0.7, 0.3), rank_constant=5)
TUNED = {"1": MEANING, "2": BOTH}


@pytest.fixture
def two_fusions(client: Cluster, name: str) -> SearchClient:
    """Two releases of the hardware shop, tuned to different legs; the client has seen the first one live."""
    spaces = {DENSE: VectorSpace(FINGERPRINT, "hash", DIMS)}
    for number, fusion in TUNED.items():
        put_shelf(client, f"{name}-v000{number}", hardware_catalogue.ITEMS)
        client.indices.put_alias(index=f"{name}-v000{number}", name=name)
        apply_fusion(name, FusionFile(fusion, spaces, "x"), cluster=client)
        client.indices.delete_alias(index=f"{name}-v000{number}", name=name)
    client.indices.put_alias(index=f"{name}-v0001", name=name)
    shop = SearchClient(client, name, HashEncoder())
    assert shop.rank("red").spec == MEANING
    return shop


@pytest.mark.parametrize(
    ("query", "path"), [("saw-10005", MatchType.EXACT), ("cordles drill", MatchType.CORRECTED)]
)
def test_a_search_that_meets_a_new_release_is_planned_anew_as_a_whole(
    client: Cluster, name: str, two_fusions: SearchClient, query: str, path: MatchType
) -> None:
    """Whether words are looked after is decided by the very fusion that is asked, not by the last one."""
    assert two_fusions.rank(query).path is MatchType.LEGS
    swap(client, name, f"{name}-v0001", f"{name}-v0002")
    ranking = two_fusions.rank(query)
    assert (ranking.release, ranking.path, ranking.spec.legs) == (f"{name}-v0002", path, BOTH.legs)


def test_while_releases_swap_every_answer_is_by_its_own_releases_fusion(
    client: Cluster, name: str, two_fusions: SearchClient
) -> None:
    stop = threading.Event()
    rankings: list[Ranking] = []

    def ask() -> None:
        while not stop.is_set():
            rankings.append(two_fusions.rank("cordles drill"))

    with ThreadPoolExecutor(2) as pool:
        asking = [pool.submit(ask) for _ in range(2)]
        try:
            for old, new in ((1, 2), (2, 1)) * 3:
                swap(client, name, f"{name}-v000{old}", f"{name}-v000{new}")
                seen, deadline = len(rankings), time.monotonic() + 30
                while len(rankings) < seen + 6 and time.monotonic() < deadline:
                    time.sleep(0.02)
        finally:
            stop.set()
        for one in asking:
            one.result(timeout=60)
    assert {ranking.release[-1] for ranking in rankings} == {"1", "2"}
    for ranking in rankings:
        assert ranking.spec == TUNED[ranking.release[-1]]
        by_words = ranking.release[-1] == "2"
        assert ranking.path is (MatchType.CORRECTED if by_words else MatchType.LEGS)
        assert ranking.text == ("cordless drill" if by_words else "cordles drill")
