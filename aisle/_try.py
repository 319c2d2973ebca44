"""A file of one's own, searchable at once: node up, read, indexed, and asked what it suggests itself."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from time import perf_counter
from typing import Any, Final, TypeAlias

from opensearchpy import OpenSearch

from aisle._artifacts import export_once
from aisle._index import USUAL_ENCODER, index
from aisle._node import kept_node, stop_node
from aisle._search import open_search
from aisle.catalogue.languages import AUTO
from aisle.cluster import Cluster, ClusterSettings, connect
from aisle.cluster.node.registry import running_nodes
from aisle.encoder import ArtifactStore
from aisle.indexer import IndexReport, Progress
from aisle.indexer.releases.guards import GuardLimits
from aisle.mappings import fields
from aisle.mappings.document import item_of
from aisle.search import Page
from aisle.types import Item, Say

TakeProgress: TypeAlias = Callable[[Progress], None]

NODE: Final = "aisle"
SHOWN: Final = 5


@dataclass(frozen=True, slots=True)
class ExampleQuery:
    """A question that a catalogue suggests.

    Attributes:
        text: what a shopper would type.
        why: what it shows.
    """

    text: str
    why: str


@dataclass(frozen=True, slots=True)
class Trial:
    """What a trial has to show.

    Attributes:
        name: of the catalogue in the index.
        url: of the cluster.
        node: name of the node that was started for it and still runs; empty if there was a cluster already.
        indexed: how indexing went.
        examples: the questions, and the page that each got.
        seconds: from the call to the last page.
    """

    name: str
    url: str
    node: str
    indexed: IndexReport
    examples: tuple[tuple[ExampleQuery, Page], ...]
    seconds: float

    def to_json(self) -> dict[str, Any]:
        """Plain JSON, for ``--json``."""
        return {
            "name": self.name,
            "url": self.url,
            "node": self.node,
            "indexed": self.indexed.to_json(),
            "examples": [
                {"query": query.text, "why": query.why, "page": page.to_json()}
                for query, page in self.examples
            ],
            "seconds": self.seconds,
        }


def try_catalogue(
    data: str | Path,
    *,
    name: str | None = None,
    columns: Mapping[str, str | Sequence[str]] | None = None,
    format: str = "auto",
    variants: str = "",
    allow_private: bool = False,
    language: str = AUTO,
    limit: int | None = None,
    encoder: str | Path | None = USUAL_ENCODER,
    keep: bool = True,
    cluster: OpenSearch | None = None,
    store: ArtifactStore | None = None,
    say: Say | None = None,
    progress: TakeProgress | None = None,
) -> Trial:
    """Make a file searchable and search it: starts a node if there is none, and makes the encoder once.

    The examples are made from the catalogue itself: words that titles have in common, a part number, a typing
    error. A trial replaces the trial of the same name before it, whatever either holds.

    Example:
        >>> trial = aisle.try_catalogue("products.csv")
        >>> [query.text for query, page in trial.examples]
        ['trail mug norvik', 'TM-030-S', 'bakcpack women']

    Args:
        data: as `aisle.index` takes it.
        name: of the catalogue in the index; None: ``try-`` and the file's name.
        columns: item field to column of the data, such as ``{"title": "name", "id": "sku"}``.
        format: of the data; "auto" tells by the file's name and content.
        variants: "separate" or "merged"; empty: what is usual for the kind of export.
        allow_private: fetch an address on the web also from this machine or a private network.
        language: as `aisle.index` takes it.
        limit: stop after so many items.
        encoder: artifact that makes the vectors; None searches by words alone.
        keep: leave the node that was started for this running, for more searches.
        cluster: connection; None: that of ``AISLE_URL``, else a node that runs, else one that is started.
        store: where artifacts are looked up and put; None: the one under ``AISLE_HOME``.
        say: takes a line before each step.
        progress: as `aisle.index` takes it.

    Raises:
        AisleError: as the step that failed.
    """
    with running_trial(
        data,
        name=name,
        columns=columns,
        format=format,
        variants=variants,
        allow_private=allow_private,
        language=language,
        limit=limit,
        encoder=encoder,
        keep=keep,
        cluster=cluster,
        store=store,
        say=say,
        progress=progress,
    ) as running:
        return running.trial


@dataclass(frozen=True, slots=True)
class RunningTrial:
    """What a trial has to show, and the cluster that it is on, which still runs."""

    trial: Trial
    cluster: Cluster


@contextmanager
def running_trial(
    data: str | Path,
    *,
    name: str | None,
    columns: Mapping[str, str | Sequence[str]] | None,
    format: str,
    variants: str,
    allow_private: bool,
    language: str,
    limit: int | None,
    encoder: str | Path | None,
    keep: bool,
    cluster: OpenSearch | None = None,
    store: ArtifactStore | None = None,
    say: Say | None = None,
    progress: TakeProgress | None = None,
) -> Iterator[RunningTrial]:
    """`try_catalogue`, and the cluster until the block ends; takes and raises the same."""
    started = perf_counter()
    say, store = say or (lambda _: None), store or ArtifactStore.default()
    catalogue = name or trial_name(data)
    # A trial replaces whatever was tried before; what somebody named may be a shop that is live.
    limits = GuardLimits() if name else GuardLimits(max_rejected=1, max_shrink=1)
    with _cluster(cluster, keep, say) as (client, node):
        if encoder == USUAL_ENCODER:
            export_once(USUAL_ENCODER, store, say)
        say(f"Indexing {_shown(data)} as {catalogue}")
        report = index(
            data,
            catalogue,
            columns=columns,
            format=format,
            variants=variants,
            allow_private=allow_private,
            language=language,
            limit=limit,
            encoder=encoder,
            cluster=client,
            store=store,
            progress=progress,
            max_rejected=limits.max_rejected,
            max_shrink=limits.max_shrink,
        )
        shop = open_search(catalogue, cluster=client, store=store)
        queries = example_queries(some_items(client, report.release))
        examples = tuple((query, shop.search(query.text, size=SHOWN)) for query in queries)
        url = client.transport.get_connection().host
        seconds = perf_counter() - started
        yield RunningTrial(Trial(catalogue, url, node if keep else "", report, examples, seconds), client)


@contextmanager
def _cluster(given: OpenSearch | None, keep: bool, say: Say) -> Iterator[tuple[Cluster, str]]:
    """The cluster in use and "", or a node that is started and its name."""
    if given is not None or ClusterSettings.load().urls or running_nodes():
        yield Cluster.of(given) if given is not None else connect(), ""
        return
    record = kept_node(NODE, say)
    try:
        yield connect(ClusterSettings(url=record.url)), NODE
    finally:
        if not keep:
            stop_node(NODE)


_NO_NAME: Final = re.compile(r"[^a-z0-9]+")


def trial_name(data: str | Path) -> str:
    """``try-`` and what a catalogue may be called of a file's name, an address or ``hub:OWNER/NAME``."""
    last = re.split(r"[?#]", str(data))[0].rstrip("/").rpartition("/")[2]
    return f"try-{_NO_NAME.sub('-', last.partition('.')[0].lower()).strip('-')[:40] or 'catalogue'}"


def _shown(data: str | Path) -> str:
    # An address may hold a password.
    return str(data).rpartition("/")[2].partition("?")[0] or "a catalogue"


_SAMPLE: Final = 2000


def some_items(client: Cluster, release: str) -> list[Item]:
    """Items of a release, always the same: those with the first ids."""
    body = {
        "size": _SAMPLE,
        "sort": [{fields.ID: "asc"}],
        "_source": list(fields.DISPLAY),
        "query": {"match_all": {}},
    }
    hits = client.search(index=release, body=body)["hits"]["hits"]
    return [item_of(hit["_id"], hit["_source"]) for hit in hits]


_WORD: Final = re.compile(r"[^\W\d_]{3,}")
_PART_NUMBER: Final = re.compile(r"(?=.*\d)[\w./-]{4,24}")
_TYPED_WRONG: Final = 6
EXAMPLES: Final = 3


def example_queries(items: Sequence[Item]) -> tuple[ExampleQuery, ...]:
    """Up to three questions that these items suggest; the same ones for the same items.

    Args:
        items: of one catalogue, in any fixed order.
    """
    titles = [_WORD.findall(item.title.casefold()) for item in items]
    pairs = Counter(pair for title in titles for pair in dict.fromkeys(pairwise(title)))
    # A pair that every other title has tells nothing.
    usual = {pair: n for pair, n in pairs.items() if n <= max(2, len(items) / 2)} or pairs
    ranked = sorted(usual, key=lambda pair: (-usual[pair], pair))
    others = [pair for pair in ranked if not set(pair) & set(ranked[0])]
    found = (
        _common(ranked, titles, items),
        _part_number(items),
        _typing_error(others or ranked, titles),
        _category(items),
        _common(others, titles, items) if others else None,
    )
    made = {query.text: query for query in found if query is not None}
    return tuple(made.values())[:EXAMPLES]


def _common(
    ranked: Sequence[tuple[str, str]], titles: Sequence[Sequence[str]], items: Sequence[Item]
) -> ExampleQuery | None:
    if not ranked:
        return ExampleQuery(items[0].title, "a title") if items else None
    pair = ranked[0]
    having = [item for item, title in zip(items, titles, strict=True) if pair in pairwise(title)]
    brands = Counter(item.brand for item in having if item.brand)
    words = " ".join(pair)
    if brands:
        brand = min(brands, key=lambda one: (-brands[one], one))
        if not set(_WORD.findall(brand.casefold())) & set(pair):
            return ExampleQuery(f"{words} {brand.casefold()}", "words of many titles, and a brand")
    return ExampleQuery(words, "words of many titles")


def _part_number(items: Sequence[Item]) -> ExampleQuery | None:
    numbers = (number for item in items for number in item.identifiers)
    number = next((number for number in numbers if _PART_NUMBER.fullmatch(number)), None)
    return ExampleQuery(number, "a part number") if number else None


def _typing_error(ranked: Sequence[tuple[str, str]], titles: Sequence[Sequence[str]]) -> ExampleQuery | None:
    known = {word for title in titles for word in title}
    for pair in ranked:
        for word, other in (pair, pair[::-1]):
            wrong = f"{word[:2]}{word[3]}{word[2]}{word[4:]}" if len(word) >= _TYPED_WRONG else word
            if wrong not in known:
                return ExampleQuery(f"{wrong} {other}", f"a typing error: {word}")
    return None


def _category(items: Sequence[Item]) -> ExampleQuery | None:
    names = Counter(path[-1] for item in items for path in item.categories)
    if not names:
        return None
    return ExampleQuery(min(names, key=lambda one: (-names[one], one)).casefold(), "a category")
