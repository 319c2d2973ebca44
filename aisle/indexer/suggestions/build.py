"""The index of suggestions beside a release: made of what was gathered while the release was loaded."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from time import perf_counter
from typing import Any, Final, Protocol

from aisle.cluster import Cluster
from aisle.cluster.failures import RetryPolicy
from aisle.errors import AisleError, IndexingFailed, InputError
from aisle.indexer.bulk import BulkWriter, Line, Refusal, pack, serialise, sum_results
from aisle.indexer.releases.smoke_queries import ItemSampler
from aisle.indexer.suggestions.phrases import title_phrases
from aisle.indexer.suggestions.popular import BlockList, CountedQuery, PopularQueries
from aisle.indexer.suggestions.report import SuggestionReport
from aisle.mappings import IndexSettings, fields
from aisle.mappings.languages import LANGUAGES
from aisle.mappings.suggestions import (
    SuggestionKind,
    SuggestionSource,
    folded,
    suggest_alias,
    suggest_body,
    suggest_index,
    suggestion_document,
)
from aisle.types import Item

TITLES: Final = 10_000
"""Titles that phrases are taken from: a phrase that is in one of a thousand is in ten of these."""

VALUES: Final = 10_000
"""Categories, and brands, that can be suggested: those with the most items."""

# In fewer titles than these, two that agree are no chance.
_SMALL: Final = 2_000
_BODY_BYTES: Final = 5_000_000
_BODY_DOCS: Final = 2_000
_AT_ONCE: Final = 200


class QueryCheck(Protocol):
    """Tells which queries find something."""

    def found(self, release: str, texts: Sequence[str], /) -> Sequence[bool]:
        """For each text, whether its words find an item in the loaded release."""


@dataclass(slots=True)
class SuggestionsBuilder:
    """Makes the suggestions of a release, once it is loaded.

    Attributes:
        cluster: one that repeats nothing by itself.
        retry: of each request.
        check: of popular queries.
        popular: queries that shoppers asked.
        block: what may not be suggested.
        report: once they are made.
    """

    cluster: Cluster
    retry: RetryPolicy
    check: QueryCheck
    popular: PopularQueries = field(default_factory=PopularQueries)
    block: BlockList = field(default_factory=BlockList)
    report: SuggestionReport | None = field(default=None, init=False)
    _titles: ItemSampler = field(default_factory=lambda: ItemSampler(TITLES), init=False)
    _read: int = field(default=0, init=False)

    def watch(self, items: Iterable[Item]) -> Iterator[Item]:
        """The same items; the titles of a sample of them are kept."""
        for item in items:
            self._read += 1
            self._titles.offer(Item(item.id, item.title))
            yield item

    def check_free(self, release: str) -> None:
        """Refuse to take the place of somebody else's index.

        Raises:
            InputError: there is one where the suggestions of this release would be.
        """
        self._ours(self.cluster.retrying(self.retry), release)

    def build(self, release: str, settings: IndexSettings) -> None:
        """Make the index anew, whatever an interrupted run has left of it.

        Args:
            release: loaded and refreshed; not live.
            settings: of the release.

        Raises:
            InputError: see `check_free`.
            IndexingFailed: a suggestion was refused, or some are missing.
            ClusterError, DiskFull: on the way.
        """
        started = perf_counter()
        cluster = self.cluster.retrying(self.retry)
        queries, dropped = self._queries(release)
        stop_words = frozenset().union(*(LANGUAGES[code].stop_words for code in settings.languages))
        phrases = self._phrases({folded(query.text) for query in queries}, stop_words)
        values = self._values(cluster, release)
        index = suggest_index(release)
        if self._ours(cluster, release):
            cluster.indices.delete(index=index, params={"ignore_unavailable": "true"})
        self._create(cluster, release, settings.replicas)
        documents = [*_query_documents(queries, phrases), *_value_documents(values)]
        self._write(release, documents)
        cluster.indices.refresh(index=index)
        there = cluster.count(index=index)["count"]
        if there != len(documents):
            raise IndexingFailed(
                f"{index} holds {there} suggestions, and {len(documents)} were written",
                fix="look at the node's log (`aisle logs`), then index again",
            )
        kinds = Counter(kind for kind, _, _, _ in values)
        self.report = SuggestionReport(
            popular=len(queries),
            titles=len(phrases),
            categories=kinds[SuggestionKind.CATEGORY],
            brands=kinds[SuggestionKind.BRAND],
            dropped=dict(dropped),
            seconds=perf_counter() - started,
        )

    def _ours(self, cluster: Cluster, release: str) -> bool:
        index = suggest_index(release)
        found = cluster.indices.get_alias(index=index, params={"ignore_unavailable": "true"})
        if not found:
            return False
        if index not in found or suggest_alias(release) not in found[index]["aliases"]:
            raise InputError(
                f"{index} exists, and Aisle did not make it",
                fix="delete or rename it, or leave suggestions out with --no-suggest",
            )
        return True

    def _create(self, cluster: Cluster, release: str, replicas: int) -> None:
        try:
            cluster.indices.create(index=suggest_index(release), body=suggest_body(release, replicas))
        except AisleError as error:
            # Our own request, repeated after its answer was lost.
            if error.status != 400 or not self._ours(cluster, release):
                raise

    def _queries(self, release: str) -> tuple[list[CountedQuery], Counter[str]]:
        """The popular queries that find something."""
        queries = self.popular.queries
        dropped = Counter(self.popular.dropped)
        kept: list[CountedQuery] = []
        rest = iter(queries)
        while some := list(islice(rest, _AT_ONCE)):
            found = self.check.found(release, [query.text for query in some])
            kept += [query for query, finds in zip(some, found, strict=True) if finds]
        if missing := len(queries) - len(kept):
            dropped["finds nothing"] += missing
        return kept, dropped

    def _phrases(self, known: Collection[str], stop_words: Collection[str]) -> list[tuple[str, int]]:
        titles = [item.title for item in self._titles.samples]
        scale = max(1.0, self._read / max(1, len(titles)))
        least = 2 if len(titles) < _SMALL else 3
        return [
            (phrase.text, round(phrase.count * scale))
            for phrase in title_phrases(titles, stop_words=stop_words, least=least)
            if folded(phrase.text) not in known and not self.block.holds(phrase.text)
        ]

    def _values(self, cluster: Cluster, release: str) -> list[tuple[SuggestionKind, str, str, int]]:
        """Categories and brands (kind, value, what is typed for it, items), those with most items first."""
        asked = {SuggestionKind.CATEGORY: fields.CATEGORY, SuggestionKind.BRAND: fields.BRAND}
        aggs = {kind.value: {"terms": {"field": name, "size": VALUES}} for kind, name in asked.items()}
        found = cluster.search(index=release, body={"size": 0, "aggs": aggs})["aggregations"]
        values = [
            (kind, bucket["key"], bucket["key"].rpartition(fields.PATH_SEPARATOR)[2], bucket["doc_count"])
            if kind is SuggestionKind.CATEGORY
            else (kind, bucket["key"], bucket["key"], bucket["doc_count"])
            for kind in asked
            for bucket in found[kind.value]["buckets"]
        ]
        usable = [value for value in values if len(folded(value[2])) > 0 and not self.block.holds(value[1])]
        return sorted(usable, key=lambda value: (-value[3], value[1]))

    def _write(self, release: str, documents: Sequence[Mapping[str, Any]]) -> None:
        lines = [serialise(str(number), document) for number, document in enumerate(documents)]
        writer = BulkWriter(self.cluster, suggest_alias(release), self.retry)
        ready = [line for line in lines if isinstance(line, Line)]
        bodies = pack(ready, max_bytes=_BODY_BYTES, max_docs=_BODY_DOCS)
        written = sum_results(*(writer.write(body, threading.Event()) for body in bodies))
        refused = (*written.refused, *(line for line in lines if isinstance(line, Refusal)))
        if refused:
            raise IndexingFailed(
                f"{len(refused)} suggestions were refused, such as: {refused[0].reason}",
                fix="leave suggestions out with --no-suggest, and report this",
            )


def _query_documents(
    queries: Sequence[CountedQuery], phrases: Sequence[tuple[str, int]]
) -> Iterator[dict[str, Any]]:
    """Popular ones before phrases."""
    listed = [
        *((query.text, query.count, SuggestionSource.POPULAR) for query in queries),
        *((text, count, SuggestionSource.TITLE) for text, count in phrases),
    ]
    for place, (text, count, source) in enumerate(listed):
        yield suggestion_document(text, text, len(listed) - place, count, SuggestionKind.QUERY, source)


def _value_documents(values: Sequence[tuple[SuggestionKind, str, str, int]]) -> Iterator[dict[str, Any]]:
    for place, (kind, value, name, count) in enumerate(values):
        yield suggestion_document(value, name, len(values) - place, count, kind, SuggestionSource.TITLE)
