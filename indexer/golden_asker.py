"""Sends many golden queries in few requests."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import islice
from typing import Any, Final, TypeVar

import opensearchpy

from indexer.golden_queries import is_found
from indexer.outcomes import describe
from indexer.retries import RetryPolicy, until_done
from mappings import fields
from records import IndexingFailed, Item

T = TypeVar("T")
_AT_ONCE: Final = 50


class GoldenAsker:
    """Of one release."""

    def __init__(self, client: opensearchpy.OpenSearch, release: str, policy: RetryPolicy) -> None:
        self._client = client
        self._release = release
        self._policy = policy

    def stored(self, ids: Sequence[str]) -> dict[str, Mapping[str, Any]]:
        """Id to its title and vectors, of those that are there."""
        found = {}
        for some in _batches(ids):
            params = {"_source_includes": f"{fields.TITLE},{fields.DENSE}"}
            answer = self._ask(
                partial(self._client.mget, index=self._release, body={"ids": list(some)}, params=params)
            )
            found.update({doc["_id"]: doc.get("_source", {}) for doc in answer["docs"] if doc.get("found")})
        return found

    def not_found(self, items: Sequence[Item], queries: Iterable[Mapping[str, Any]]) -> list[Item]:
        """The items that their own query does not find."""
        lost = []
        for some in _batches(zip(items, queries, strict=True)):
            # Word statistics of the whole index: a shard of a few documents would rank by chance.
            lines = [line for _, query in some for line in ({"search_type": "dfs_query_then_fetch"}, query)]
            answers = self._ask(partial(self._client.msearch, index=self._release, body=lines))["responses"]
            for (item, _), answer in zip(some, answers, strict=True):
                if "error" in answer:
                    raise IndexingFailed(
                        f"{self._release} does not go live: it cannot be asked ({describe(answer['error'])})",
                        fix="look at the node's log (`aisle logs`), then index again",
                    )
                if not is_found(item.id, item.title, answer["hits"]["hits"]):
                    lost.append(item)
        return lost

    def _ask(self, request: Callable[[], Any]) -> Any:
        return until_done(request, self._policy, threading.Event())


def _batches(things: Iterable[T]) -> Iterator[list[T]]:
    rest = iter(things)
    while some := list(islice(rest, _AT_ONCE)):
        yield some
