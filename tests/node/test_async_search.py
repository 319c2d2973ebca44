"""The asyncio client on a real node: the same answers and errors, many at a time, cancelled and closed."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Sequence
from contextvars import ContextVar
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from opensearchpy import OpenSearch

from aisle.errors import AisleError, ClusterUnavailable, IndexNotFound, InputError, InvalidQuery
from aisle.mappings import BM25, DENSE, default_fusion, pipeline_name
from aisle.search import Filters, Page, Ranking, SearchClient, SearchRequest
from aisle.search.aio import AsyncSearchClient
from tests.support.hash_vector_catalogue import HashEncoder, put_shelf, shelf_items

INDEX = "test-async"
TEXTS = ("red oak chair", "steel lamp", "blue", "item-0042", "drll kit", "zzz", "door light pro")


@pytest.fixture(scope="module")
def shop(client: OpenSearch) -> Iterator[SearchClient]:
    client.indices.delete(index=INDEX, ignore_unavailable=True)
    put_shelf(client, INDEX, shelf_items())
    yield SearchClient(client, INDEX, HashEncoder(), window=50)
    client.indices.delete(index=INDEX)


def untimed(page: Page) -> Page:
    return replace(page, timings=replace(page.timings, total=0, encode=0, server=0))


def untimed_ranking(ranking: Ranking) -> Ranking:
    return replace(ranking, encode_ms=0, server_ms=0)


def test_every_method_answers_as_the_blocking_client_does(shop: SearchClient) -> None:
    request = SearchRequest("steel lamp", legs=(BM25,), size=3, page=2, facets=4)

    async def ask() -> None:
        async with AsyncSearchClient(shop) as aio:
            for text in TEXTS:
                assert untimed(await aio.search(text)) == untimed(shop.search(text))
            narrowed = {"filters": Filters(brand=("Acme",)), "size": 7, "page": 2, "facets": 3}
            assert untimed(await aio.search("oak", **narrowed)) == untimed(shop.search("oak", **narrowed))  # type: ignore[arg-type]
            assert untimed(await aio.ask(request)) == untimed(shop.ask(request))
            found, expected = await aio.rank("oak", legs=[DENSE]), shop.rank("oak", legs=[DENSE])
            assert untimed_ranking(found) == untimed_ranking(expected)
            found, expected = await aio.candidates(request), shop.candidates(request)
            assert untimed_ranking(found) == untimed_ranking(expected)
            assert await aio.install(default_fusion()) == pipeline_name(default_fusion())
            assert aio.legs == shop.legs

    asyncio.run(ask())


class Held(HashEncoder):
    """An encoder that keeps its callers until ``go`` is set and so many are inside."""

    def __init__(self, together: int) -> None:
        self.go = threading.Event()
        self.inside = threading.Semaphore(0)
        self.threads: list[str] = []
        self._all = threading.Barrier(together, timeout=60)

    def encode_queries(self, texts: Sequence[str], dims: int | None = None) -> NDArray[np.float32]:
        self.threads.append(threading.current_thread().name)
        self.inside.release()
        assert self.go.wait(60)
        self._all.wait()
        return super().encode_queries(texts, dims)


def test_searches_run_at_the_same_time_and_the_loop_goes_on(client: OpenSearch, shop: SearchClient) -> None:
    """None of them ends before all eight are in their encoder, and before the loop had its turn."""
    held = Held(together=8)
    expected = untimed(shop.search("red oak"))

    async def ask() -> list[Page]:
        async with AsyncSearchClient(SearchClient(client, INDEX, held, window=50), concurrency=8) as aio:
            searches = asyncio.gather(*(aio.search("red oak") for _ in range(8)))
            await asyncio.sleep(0)
            held.go.set()
            return await searches

    assert [untimed(page) for page in asyncio.run(ask())] == [expected] * 8
    assert threading.current_thread().name not in held.threads


def test_no_more_run_at_a_time_than_were_allowed(client: OpenSearch, shop: SearchClient) -> None:
    held = Held(together=2)
    held.go.set()

    async def ask() -> None:
        async with AsyncSearchClient(SearchClient(client, INDEX, held), concurrency=2) as aio:
            await asyncio.gather(*(aio.search("red oak") for _ in range(12)))

    asyncio.run(ask())
    assert (len(held.threads), len(set(held.threads))) == (12, 2)
    with pytest.raises(InputError, match="0 searches at a time"):
        AsyncSearchClient(shop, concurrency=0)


def test_a_cancelled_search_is_over_at_once_and_the_client_goes_on(
    client: OpenSearch, shop: SearchClient
) -> None:
    held = Held(together=1)

    async def ask() -> Page:
        async with AsyncSearchClient(SearchClient(client, INDEX, held, window=50), concurrency=1) as aio:
            running, waiting = (asyncio.create_task(aio.search("red oak")) for _ in range(2))
            await asyncio.to_thread(held.inside.acquire)
            for task in (running, waiting):
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task
            # Its thread is still held.
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.01):
                    await aio.search("red oak")
            held.go.set()
            return await aio.search("red oak")

    assert untimed(asyncio.run(ask())) == untimed(shop.search("red oak"))
    # Those that waited for the thread were never begun.
    assert len(held.threads) == 2


def test_errors_are_those_of_the_blocking_client(client: OpenSearch, shop: SearchClient) -> None:
    dead = OpenSearch("http://127.0.0.1:9", timeout=2, max_retries=0)
    cases: list[tuple[SearchClient, SearchRequest | str, type[AisleError]]] = [
        (shop, "", InvalidQuery),
        (shop, SearchRequest("red", legs=("sparse",)), InputError),
        (SearchClient(client, "no-such-shop", HashEncoder()), "red", IndexNotFound),
        (SearchClient(dead, INDEX, HashEncoder()), "red", ClusterUnavailable),
    ]

    async def ask() -> None:
        for blocking, asked, expected in cases:
            async with AsyncSearchClient(blocking) as aio:
                with pytest.raises(expected) as failed:
                    await (aio.search(asked) if isinstance(asked, str) else aio.ask(asked))
                assert failed.value.fix
                # One that failed does not stop the next.
                if blocking is shop:
                    assert (await aio.search("red")).hits

    asyncio.run(ask())


def test_closing_waits_for_what_was_asked_and_ends_the_threads(shop: SearchClient) -> None:
    async def ask() -> None:
        aio = AsyncSearchClient(shop, concurrency=2)
        tasks = [asyncio.create_task(aio.search("red oak")) for _ in range(6)]
        await asyncio.sleep(0)
        await aio.close()
        assert all(page.hits for page in await asyncio.gather(*tasks))
        assert not [thread for thread in threading.enumerate() if thread.name.startswith("aisle-search")]
        await aio.close()
        with pytest.raises(InputError, match="closed"):
            await aio.search("red")

    asyncio.run(ask())
    assert shop.search("red").hits


def test_a_client_of_a_release_shares_the_threads(shop: SearchClient) -> None:
    async def ask() -> None:
        async with AsyncSearchClient(shop) as aio:
            fixed = aio.for_release(INDEX)
            assert untimed(await fixed.search("red oak")) == untimed(await aio.search("red oak"))
        with pytest.raises(InputError, match="closed"):
            await fixed.search("red oak")

    asyncio.run(ask())


def test_the_callers_context_goes_along(client: OpenSearch, shop: SearchClient) -> None:
    user: ContextVar[str] = ContextVar("user", default="nobody")
    seen: list[str] = []

    class Tracing(HashEncoder):
        def encode_queries(self, texts: Sequence[str], dims: int | None = None) -> NDArray[np.float32]:
            seen.append(user.get())
            return super().encode_queries(texts, dims)

    async def ask() -> None:
        async with AsyncSearchClient(SearchClient(client, INDEX, Tracing())) as aio:
            user.set("ann")
            await aio.search("red oak")

    asyncio.run(ask())
    assert seen == ["ann"]


def test_one_client_serves_one_loop_after_another(shop: SearchClient) -> None:
    aio = AsyncSearchClient(shop)
    pages = [asyncio.run(aio.search("red oak")) for _ in range(2)]
    assert untimed(pages[0]) == untimed(pages[1])
    asyncio.run(aio.close())
