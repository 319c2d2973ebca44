"""The search client for asyncio: the same searches, awaited, in threads of its own."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from types import TracebackType
from typing import Final, ParamSpec, Self, TypeVar, Unpack

from aisle.errors import InputError
from aisle.mappings import FusionSpec
from aisle.search.client import SearchClient
from aisle.search.filters import Filters
from aisle.search.page import Page
from aisle.search.rank import RerankOptions
from aisle.search.rank.ranker import RankedByModel
from aisle.search.rank.reranker import RerankedOrder
from aisle.search.ranking import Ranking
from aisle.search.request import SearchOptions, SearchRequest
from aisle.search.suggest import Suggestions

P = ParamSpec("P")
T = TypeVar("T")

CONCURRENCY: Final = 8
"""Searches at a time; `aisle.connect` keeps twenty connections to each node."""


class AsyncSearchClient:
    """A `SearchClient` whose searches are awaited, for web applications that run on asyncio.

        async with AsyncSearchClient(aisle.open_search("shop")) as shop:
            page = await shop.search("cordless drill", size=5)

    Each search runs in one of a few threads, so that neither the wait for OpenSearch nor the encoder's and
    the reranker's work holds up the event loop. Answers and errors are those of `SearchClient`. A task that
    is
    cancelled is done at once: its search is dropped from the queue or, if it has begun, goes on unseen in its
    thread. It belongs to no one event loop.

    Args:
        client: does the searching; it may be used directly as well.
        concurrency: searches at a time, 1 or more; the others wait for a thread.

    Raises:
        InputError: no thread to search in.
    """

    def __init__(self, client: SearchClient, *, concurrency: int = CONCURRENCY) -> None:
        if concurrency < 1:
            raise InputError(
                f"{concurrency} searches at a time answer none", fix="give concurrency=1 or more"
            )
        self._client = client
        self._threads = _Threads(concurrency)

    async def search(self, text: str, **options: Unpack[SearchOptions]) -> Page:
        """One page of results; takes and raises what ``SearchClient.search`` does."""
        return await self.ask(SearchRequest(text, **options))

    async def browse(self, **options: Unpack[SearchOptions]) -> Page:
        """One page with no query; takes and raises what ``SearchClient.browse`` does."""
        return await self._threads.run(self._client.browse, **options)

    async def ask(self, request: SearchRequest) -> Page:
        """One page of results for a request; raises what ``SearchClient.search`` raises."""
        return await self._threads.run(self._client.ask, request)

    async def rank(self, text: str, **options: Unpack[SearchOptions]) -> Ranking:
        """All candidates, best first; takes and raises what ``SearchClient.rank`` does."""
        return await self.candidates(SearchRequest(text, **options))

    async def candidates(self, request: SearchRequest) -> Ranking:
        """All candidates of a request, best first; raises what ``SearchClient.search`` raises."""
        return await self._threads.run(self._client.candidates, request)

    async def suggest(
        self, text: str, *, size: int = 8, items: int = 4, filters: Filters | None = None
    ) -> Suggestions:
        """What was typed so far may become; takes and raises what ``SearchClient.suggest`` does."""
        return await self._threads.run(self._client.suggest, text, size=size, items=items, filters=filters)

    async def order(self, ranking: Ranking) -> tuple[RankedByModel, float]:
        """The candidates of ``rank`` in the ranker's order, as ``SearchClient.order``."""
        return await self._threads.run(self._client.order, ranking)

    async def rerank(
        self,
        ranking: Ranking,
        options: RerankOptions,
        *,
        ranked: RankedByModel | None = None,
        later_page: bool = False,
    ) -> RerankedOrder:
        """The candidates of ``rank`` in their final order, as ``SearchClient.rerank``."""
        return await self._threads.run(
            self._client.rerank, ranking, options, ranked=ranked, later_page=later_page
        )

    async def install(self, fusion: FusionSpec) -> str:
        """Put a fusion's pipeline on the cluster and return its name."""
        return await self._threads.run(self._client.install, fusion)

    def for_release(self, release: str) -> Self:
        """The same client for one release, which stays with it when another one goes live.

        It searches in the threads of this client, and is closed with it.

        Args:
            release: index name, such as the ``release`` of a `Page`.
        """
        fixed = copy.copy(self)
        fixed._client = self._client.for_release(release)
        return fixed

    @property
    def legs(self) -> tuple[str, ...]:
        """Names of the legs that searches may name."""
        return self._client.legs

    async def close(self) -> None:
        """Wait for the searches that were asked, and end the threads.

        The connection to the cluster stays open: it is whoever opened it that closes it. Closing twice is no
        error; searching afterwards is an `InputError`.
        """
        await self._threads.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


class _Threads:
    """A few threads that run what may block, and can be closed."""

    def __init__(self, most: int) -> None:
        self._pool = ThreadPoolExecutor(most, thread_name_prefix="aisle-search")
        self._closed = False

    async def run(self, function: Callable[P, T], *args: P.args, **options: P.kwargs) -> T:
        """Raises what the function raises.

        Raises:
            InputError: the threads are closed.
        """
        if self._closed:
            raise InputError("this search client is closed", fix="search before close(), or open another one")
        # The caller's context goes along, for what logs and traces by it; `asyncio.to_thread` does the same.
        context = copy_context()
        future = self._pool.submit(lambda: context.run(function, *args, **options))
        return await asyncio.wrap_future(future)

    async def close(self) -> None:
        """Wait for all that was asked."""
        self._closed = True
        await asyncio.to_thread(self._pool.shutdown)
