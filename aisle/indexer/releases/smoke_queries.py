"""Smoke queries: does a loaded release find the items that were put into it? Asked before it goes live."""

from __future__ import annotations

import math
import random
import re
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final, TypeAlias, TypeVar

import numpy as np
from opensearchpy import OpenSearch

from aisle.cluster import Cluster
from aisle.cluster.failures import RetryPolicy, describe
from aisle.errors import IndexingFailed
from aisle.indexer.ledger.resume import refused_share
from aisle.indexer.ledger.store import Ledger
from aisle.indexer.vectors import ItemEncoder
from aisle.mappings import IndexMeta, fields
from aisle.mappings.vector_types import AS_FLOATS, Numbers, VectorLayout
from aisle.types import Item

TOP: Final = 10
# A title of thousands of words would be more clauses than a query may have.
_MAX_WORDS: Final = 100
_MAX_LETTERS: Final = 300
_WORD: Final = re.compile(r"\w+")
# Between scores, and between products of unit vectors, that are the same but for float32 and INT8.
_ALIKE: Final = 1e-3


def same_words(title: str, other: str) -> bool:
    """Whether two titles have the same words, in any order and case; False if they have none."""
    wanted = _words(title)
    return bool(wanted) and wanted == _words(other)


def has_words(title: str) -> bool:
    """Whether there is anything to ask for; that all of it may be stop words, only the node knows."""
    return bool(_words(title))


def title_query(title: str) -> dict[str, Any]:
    """BM25 on the title field alone, with the title as it is; the text is words and never syntax."""
    return _asking({"match": {fields.TITLE: {"query": _beginning(title)}}})


def own_score_query(item: Item) -> dict[str, Any]:
    """`title_query` for the item alone; a title of stop words, which asks for nothing, finds it with 0."""
    asked = {"match": {fields.TITLE: {"query": _beginning(item.title), "zero_terms_query": "all"}}}
    nothing = {"match": {fields.TITLE: {"query": _beginning(item.title)}}}
    only = {"ids": {"values": [item.id]}}
    return _asking({"bool": {"filter": [only, asked], "should": [nothing]}})


def _beginning(title: str) -> str:
    words = title.split(maxsplit=_MAX_WORDS)[:_MAX_WORDS]
    return " ".join(words)[:_MAX_LETTERS]


def vector_query(
    vector: Sequence[float], field: str = fields.DENSE, layout: VectorLayout = AS_FLOATS
) -> dict[str, Any]:
    """The nearest neighbours of a vector."""
    return _asking(layout.nearest(field, list(vector), TOP))


def is_found(item_id: str, title: str, hits: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the hits hold the item, or one that is called the same: of fifty twins only ten are shown."""
    return any(
        hit["_id"] == item_id or same_words(title, hit["_source"].get(fields.TITLE, "")) for hit in hits
    )


def _words(title: str) -> Counter[str]:
    return Counter(_WORD.findall(title.casefold()))


def _asking(query: dict[str, Any]) -> dict[str, Any]:
    return {"size": TOP, "_source": [fields.TITLE], "query": query}


T = TypeVar("T")
Vector: TypeAlias = Sequence[float] | Numbers
_AT_ONCE: Final = 50


class SmokeQuerySender:
    """Sends smoke queries to one release.

    Args:
        cluster: one that repeats its requests.
        release: index.
        layout: of its vectors.
    """

    def __init__(self, cluster: Cluster, release: str, layout: VectorLayout = AS_FLOATS) -> None:
        self._cluster = cluster
        self._release = release
        self._layout = layout

    def stored(self, ids: Sequence[str]) -> dict[str, Mapping[str, Any]]:
        """Id to its title and vectors, of those that are there."""
        found = {}
        for some in _batches(ids):
            params = {"_source_includes": f"{fields.TITLE},{fields.DENSE}"}
            answer = self._cluster.mget(index=self._release, body={"ids": list(some)}, params=params)
            found.update({doc["_id"]: doc.get("_source", {}) for doc in answer["docs"] if doc.get("found")})
        return found

    def answers(self, queries: Iterable[Mapping[str, Any]]) -> Iterator[list[Mapping[str, Any]]]:
        """The hits of each query."""
        for some in _batches(queries):
            # Word statistics of the whole index: a shard of a few documents would rank by chance.
            lines = [line for query in some for line in ({"search_type": "dfs_query_then_fetch"}, query)]
            for answer in self._cluster.msearch(index=self._release, body=lines)["responses"]:
                if "error" in answer:
                    raise IndexingFailed(
                        f"{self._release} cannot be asked ({describe(answer['error'])})",
                        fix="look at the node's log (`aisle logs`), then run the same command again",
                    )
                yield answer["hits"]["hits"]

    def not_found_by_title(self, items: Sequence[Item]) -> tuple[list[Item], list[Item]]:
        """The items that their titles do not find, and those whose titles are stop words alone.

        An item that scores as the last one shown is found: its title cannot tell it from those before it.
        """
        shown = self.answers(title_query(item.title) for item in items)
        missed = [
            (item, hits)
            for item, hits in zip(items, shown, strict=True)
            if not is_found(item.id, item.title, hits)
        ]
        lost, silent = [], []
        own = self.answers(own_score_query(item) for item, _ in missed)
        for (item, hits), mine in zip(missed, own, strict=True):
            if mine and not mine[0]["_score"]:
                silent.append(item)
            elif not mine or not hits or mine[0]["_score"] < hits[-1]["_score"] * (1 - _ALIKE):
                lost.append(item)
        return lost, silent

    def not_found_by_vector(
        self, items: Sequence[Item], vectors: Sequence[Vector], stored: Sequence[Vector | None], field: str
    ) -> list[Item]:
        """The items that their vectors do not find.

        One that has that very vector is found if the last one shown has it too: the encoder cannot tell them
        apart, as it cannot where it knows none of their words.
        """
        shown = self.answers(
            vector_query([float(value) for value in row], field, self._layout) for row in vectors
        )
        return [
            item
            for item, row, own, hits in zip(items, vectors, stored, shown, strict=True)
            if not is_found(item.id, item.title, hits) and not _is_twin(row, own, hits)
        ]


def _is_twin(asked: Vector, own: Vector | None, hits: Sequence[Mapping[str, Any]]) -> bool:
    if own is None or not hits:
        return False
    wanted, had = np.asarray(asked, dtype=np.float64), np.asarray(own, dtype=np.float64)
    length = float(np.linalg.norm(wanted) * np.linalg.norm(had))
    # OpenSearch's score of a product that is not negative is that and 1.
    last = float(hits[-1]["_score"]) - 1
    return float(wanted @ had) > (1 - _ALIKE) * length > 0 and last > float(wanted @ had) - _ALIKE * length


def _batches(things: Iterable[T]) -> Iterator[list[T]]:
    rest = iter(things)
    while some := list(islice(rest, _AT_ONCE)):
        yield some


# A graph is searched approximately and a title may be the words of ten others: one in twenty may be missed.
USUAL_SHARE: Final = 0.95
_EXAMPLES: Final = 3
_DEFAULT_POLICY: Final = RetryPolicy()


@dataclass(frozen=True, slots=True)
class Checked:
    """How many sampled items were asked for.

    Attributes:
        samples: items that were asked for.
        absent: of these, not in the release at all; OpenSearch may have refused them.
        by_title, by_vector: of the others, asked for by title and by vector.
    """

    samples: int
    absent: int
    by_title: int
    by_vector: int


def check_release(
    client: OpenSearch,
    release: str,
    samples: Sequence[Item],
    *,
    encoder: ItemEncoder | None = None,
    refused_share: float = 0.0,
    share: float = USUAL_SHARE,
    policy: RetryPolicy = _DEFAULT_POLICY,
) -> Checked:
    """Ask for each sampled item by its own title (BM25) and its own vector (k-NN), both among the first 10.

    Args:
        client: connection.
        release: loaded and refreshed.
        samples: as they were read, see `ItemSampler`.
        encoder: the release's own; makes the vectors to ask with anew, so that vectors which belong to other
            items are noticed. None asks with the stored ones, which notices a broken graph alone.
        refused_share: share of the documents read that were refused, 0 to 1: samples may be among them.
        share: how many of the samples must be found, 0 to 1.
        policy: for each request.

    Raises:
        IndexingFailed: fewer are found, or more are absent than the refusals explain; names examples.
    """
    cluster = Cluster.of(client).retrying(policy)
    mapping = cluster.indices.get(index=release)[release]["mappings"]
    asker = SmokeQuerySender(cluster, release, IndexMeta.from_mapping(release, mapping).layout)
    stored = asker.stored([item.id for item in samples])
    there = [item for item in samples if item.id in stored]
    absent = [item for item in samples if item.id not in stored]
    _require(release, "in it", absent, len(samples), refusals_explain(len(samples), refused_share))

    titled = [item for item in there if has_words(item.title)]
    # A hit of the same name answers for an item only if the item itself still has that name.
    renamed = [item for item in titled if not same_words(item.title, stored[item.id].get(fields.TITLE, ""))]
    asked_for = [item for item in titled if item not in renamed]
    lost, silent = asker.not_found_by_title(asked_for)
    by_title = len(titled) - len(silent)
    _require(release, "found by their own title", renamed + lost, by_title, may_miss(by_title, share))

    asked = 0
    vectors = encoder.encode(there) if encoder and there else _columns(there, stored)
    for vector_field, rows in vectors.items():
        # Others have no common length: an item's own need not make the largest product.
        if vector_field != fields.DENSE:
            continue
        known = [(item, row) for item, row in zip(there, rows, strict=True) if row is not None]
        asked = max(asked, len(known))
        lost = asker.not_found_by_vector(
            [item for item, _ in known],
            [row for _, row in known],
            [stored[item.id].get(vector_field) for item, _ in known],
            vector_field,
        )
        _require(
            release,
            f"found by their own vector ({vector_field})",
            lost,
            len(known),
            may_miss(len(known), share),
        )
    return Checked(len(samples), len(absent), by_title, asked)


def may_miss(asked: int, share: float) -> int:
    """How many of ``asked`` may be missed; one may be, unless there is but one."""
    return min(max(0, asked - 1), max(1, math.floor(round(asked * (1 - share), 6))))


def refusals_explain(samples: int, refused_share: float) -> int:
    """How many of a sample may be absent: the mean and three standard deviations (binomial)."""
    spread = math.sqrt(samples * refused_share * (1 - refused_share))
    return math.ceil(samples * refused_share + 3 * spread)


def _require(release: str, what: str, missed: Sequence[Item], asked: int, allowed: int) -> None:
    if len(missed) > allowed:
        examples = ", ".join(f"{item.id} ({item.title[:60]!r})" for item in missed[:_EXAMPLES])
        counted = f"{len(missed)} of {asked} sampled items are not {what}"
        raise IndexingFailed(
            f"{release} does not go live: {counted}, such as {examples}",
            fix="look at what encoder and mapping made of these items, then index again; if they are as they"
            " should be, go live without the check: --skip-check",
        )


def _columns(items: Sequence[Item], stored: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Sequence[Any]]:
    """The stored vectors, None where an item has none."""
    return {fields.DENSE: [stored[item.id].get(fields.DENSE) for item in items]}


# 95 % of 200 is found or not within a margin of 3 percent points (two standard deviations).
USUAL_SIZE: Final = 200


class ItemSampler:
    """Each item offered has the same chance to be in the sample, however many come (Vitter 1985, R).

    Args:
        size: how many items to keep, whole.
        seed: the same items in the same order give the same sample.
    """

    def __init__(self, size: int = USUAL_SIZE, seed: int = 0) -> None:
        self._size = size
        self._random = random.Random(seed)
        self._lock = threading.Lock()
        self._offered = 0
        self._kept: list[Item] = []

    def offer(self, item: Item) -> None:
        """Keep the item or not, by chance; may be called from any thread."""
        with self._lock:
            place = self._offered if self._offered < self._size else self._random.randrange(self._offered + 1)
            self._offered += 1
            if place == len(self._kept) < self._size:
                self._kept.append(item)
            elif place < self._size:
                self._kept[place] = item

    def watch(self, items: Iterable[Item]) -> Iterator[Item]:
        """The same items, each offered as it passes."""
        for item in items:
            self.offer(item)
            yield item

    @property
    def samples(self) -> tuple[Item, ...]:
        """The sample so far."""
        with self._lock:
            return tuple(self._kept)


@dataclass(frozen=True, slots=True)
class SmokeCheck:
    """The smoke queries as a check of ``index_catalogue``: asks for items that passed the sampler.

    Attributes:
        client: connection.
        encoder: the release's.
        ledger: of the run; tells how many documents were refused.
        retry: of each request.
        sampler: of the items to ask for.
    """

    client: OpenSearch
    encoder: ItemEncoder
    ledger: Ledger
    retry: RetryPolicy
    sampler: ItemSampler = field(default_factory=ItemSampler)

    def check(self, release: str) -> None:
        """Raises what `check_release` raises."""
        check_release(
            self.client,
            release,
            self.sampler.samples,
            encoder=self.encoder,
            refused_share=refused_share(self.ledger),
            policy=self.retry,
        )
