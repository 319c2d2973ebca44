"""The newcomer's first minute: node up, catalogue, encoder, index, evaluation, explained searches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from aisle._artifacts import export_once
from aisle._environment import cache
from aisle._evaluate import DEPTH, Evaluated, evaluate_index
from aisle._node import kept_node
from aisle._search import open_search
from aisle._vectors import item_encoder
from aisle.catalogue import read_catalogue
from aisle.cluster import Cluster, ClusterSettings, EmbeddedNode, NodeOptions, connect
from aisle.encoder import ArtifactStore
from aisle.evaluation import Scores, read_judged_set
from aisle.indexer import IndexOptions, IndexReport, index_catalogue
from aisle.mappings import BM25, DENSE
from aisle.search import Page
from aisle.search.systems import HYBRID, parse_systems
from aisle.testing.synthetic import SyntheticOptions, write_synthetic
from aisle.types import Query, Say

METRIC = "nDCG@10"


def demo_queries(queries: Sequence[Query], scores: Mapping[str, Scores]) -> tuple[Query, ...]:
    """Two queries, chosen for what they show and not at random.

    One that words answer and meaning does not, one the other way round; of these the ones where fusing
    both keeps most of the better answer.

    Args:
        queries: the judged queries.
        scores: of the systems ``bm25``, ``dense`` and ``hybrid``.

    Returns:
        Up to two different queries, in that order.
    """
    words, meaning = scores[BM25].per_query[METRIC], scores[DENSE].per_query[METRIC]
    both = scores[HYBRID].per_query[METRIC]
    scored = [query for query in queries if query.id in both]
    lead = {query.id: (words[query.id] - meaning[query.id]) * both[query.id] for query in scored}
    ordered = sorted(scored, key=lambda query: (-lead[query.id], query.id))
    return tuple(dict.fromkeys((ordered[0], ordered[-1]))) if ordered else ()


NODE = "demo"
ENCODER = "all-MiniLM-L6-v2"
SYSTEMS = "bm25,dense,hybrid"


@dataclass(frozen=True, slots=True)
class DemoResult:
    """What the demo has to show.

    Attributes:
        folder: the catalogue that was indexed.
        indexed: how that went.
        evaluated: every system against the judgments.
        examples: a few queries and the page each got.
    """

    folder: Path
    indexed: IndexReport
    evaluated: Evaluated
    examples: tuple[tuple[Query, Page], ...]


def demo(
    *,
    data: str | Path | None = None,
    split: str = "dev",
    name: str = "demo",
    keep: bool = False,
    products: int = 6000,
    seed: int = 0,
    store: ArtifactStore | None = None,
    say: Say | None = None,
) -> DemoResult:
    """Start a node, index a catalogue, search and evaluate it: all that Aisle does, in a minute.

    Example:
        >>> aisle.demo().evaluated.report.systems["hybrid"]["nDCG@10"]
        0.59

    Args:
        data: BEIR folder; None generates a synthetic catalogue.
        split: which of its judgments.
        name: of the catalogue in the index.
        keep: leave the node running, for `aisle search` and `aisle down --name demo`.
        products: of the synthetic catalogue.
        seed: of the synthetic catalogue.
        store: where the encoder is looked up and put; None: the one under ``AISLE_HOME``.
        say: takes a line before each step.

    Raises:
        AisleError: as the step that failed; the node is stopped then too, unless it ran before.
    """
    with running_demo(
        data=data, split=split, name=name, keep=keep, products=products, seed=seed, store=store, say=say
    ) as running:
        return running.result


@dataclass(frozen=True, slots=True)
class RunningDemo:
    """What the demo has to show, and its node, which still runs."""

    result: DemoResult
    cluster: Cluster


@contextmanager
def running_demo(
    *,
    data: str | Path | None,
    split: str,
    name: str,
    keep: bool,
    products: int,
    seed: int,
    store: ArtifactStore | None = None,
    say: Say | None = None,
) -> Iterator[RunningDemo]:
    """`demo`, and its node until the block ends; takes and raises the same."""
    say, store = say or (lambda _: None), store or ArtifactStore.default()
    if data is not None:
        # Minutes before it would fail on them.
        read_catalogue(data)
        read_judged_set(Path(data), split)
    say("Starting OpenSearch (the first time it is downloaded, about 100 MB)")
    with demo_node(keep) as client:
        folder = _synthetic(products, seed, say) if data is None else Path(data)
        export_once(ENCODER, store, say)
        say(f"Indexing {folder} as {name!r}")
        encoder = item_encoder(store, ENCODER)
        indexed = index_catalogue(client, read_catalogue(folder), encoder, IndexOptions(name=name))
        say(f"Indexed {indexed.documents:,} items at {indexed.docs_per_s:,.0f} a second")
        judged = read_judged_set(folder, split)
        shop = open_search(name, window=DEPTH, rules=False, cluster=client, store=store)
        say(f"Asking the {len(judged.queries):,} judged queries, three ways")
        evaluated = evaluate_index(shop, judged, parse_systems(SYSTEMS))
        queries = demo_queries(judged.queries, evaluated.scores)
        examples = tuple((query, shop.search(query.text, size=5)) for query in queries)
        yield RunningDemo(DemoResult(folder, indexed, evaluated, examples), client)


@contextmanager
def demo_node(keep: bool) -> Iterator[Cluster]:
    """A node of the demo's own, or with ``keep`` the one that stays up (started if it does not run)."""
    if not keep:
        with EmbeddedNode.start(NodeOptions(name=NODE)) as node:
            yield connect(ClusterSettings(url=node.url))
        return
    yield connect(ClusterSettings(url=kept_node(NODE).url))


def _synthetic(products: int, seed: int, say: Say) -> Path:
    say(f"Generating a synthetic catalogue of {products:,} products with judged queries")
    folder = cache() / f"synthetic-{products}-{seed}"
    write_synthetic(folder, SyntheticOptions(products=products, seed=seed))
    return folder
