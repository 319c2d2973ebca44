"""Suggestions while somebody types: how long an answer takes, and what their index costs to make."""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Sequence
from typing import Final

from aisle._suggest import SuggestOptions
from aisle.catalogue import ReadOptions, read_catalogue
from aisle.evaluation import read_judged_set
from aisle.indexer import IndexOptions, IndexReport, ItemEncoder, index_catalogue, without_vectors
from aisle.mappings.suggestions import folded
from aisle.search import Bm25Leg, SearchClient
from benchmarks.harness.parts import OwnNode, dataset, encoder_of_items, load_encoder, own_node
from benchmarks.harness.result_file import LOWER, Goal
from benchmarks.harness.topics import Figures
from benchmarks.quality.ask import queries_of

DATASET: Final = "homedepot"
DIMS: Final = 64
TYPED: Final = 1_000
_ROUNDS: Final = 2


def keystrokes(queries: Sequence[str], number: int, seed: int = 1) -> list[str]:
    """Beginnings of real queries: each ends at a letter drawn by chance, so that short ones are many."""
    draw = random.Random(seed)
    texts = (draw.choice(queries) for _ in range(number))
    return [text[: draw.randint(1, len(text))] for text in texts]


def _indexed(node: OwnNode, name: str, encoder: ItemEncoder) -> IndexReport:
    """homedepot as a release with suggestions; no popular queries, as a new shop has none."""
    options = IndexOptions(name)
    made = SuggestOptions().builder(node.client, options.retry)
    items = made.watch(read_catalogue(dataset(DATASET), ReadOptions()))
    return index_catalogue(node.client, items, encoder, options, suggestions=made)


def _timed(shop: SearchClient, typed: Sequence[str]) -> tuple[list[float], list[float]]:
    """Milliseconds of each answer, and of a plain search of the same text by words, one after the other.

    Of the last round; those before warm the node up.
    """
    suggested: list[float] = []
    searched: list[float] = []
    for _ in range(_ROUNDS):
        suggested, searched = [], []
        for text in typed:
            started = time.perf_counter()
            shop.suggest(text)
            between = time.perf_counter()
            suggested.append((between - started) * 1000)
            if folded(text):
                shop.search(text)
                searched.append((time.perf_counter() - between) * 1000)
    return suggested, searched


def measure() -> Figures:
    """homedepot, one keystroke at a time; the build with vectors of 64 numbers and with words alone."""
    judged = read_judged_set(dataset(DATASET), "dev")
    typed = keystrokes([query.text for query in queries_of(judged)], TYPED)
    with own_node() as node:
        words = _indexed(node, "words", without_vectors())
        dense = _indexed(node, "dense", encoder_of_items(load_encoder(), DIMS))
        shop = SearchClient(node.client, "dense", legs=(Bm25Leg(),))
        took, searched = _timed(shop, typed)
        found = [shop.suggest(text) for text in typed]
    cuts, beside = statistics.quantiles(took, n=100), statistics.quantiles(searched, n=100)
    shares = {
        what: report.suggestions.seconds / (report.seconds - report.suggestions.seconds)
        for what, report in (("with encoder", dense), ("words alone", words))
        if report.suggestions
    }
    return Figures(
        rows=[
            {
                "documents": dense.documents,
                "typed": len(typed),
                "p50_ms": round(cuts[49], 2),
                "p99_ms": round(cuts[98], 2),
                "with_queries": round(sum(bool(one.queries) for one in found) / len(found), 3),
                "with_items": round(sum(bool(one.items) for one in found) / len(found), 3),
                "suggestions": dense.suggestions.titles if dense.suggestions else 0,
                **{
                    f"build_share_{what.replace(' ', '_')}": round(share, 4) for what, share in shares.items()
                },
            }
        ],
        attempts=[
            {"tried": "a plain search by words, in turn, median ms", "value": round(beside[49], 2)},
            {"tried": "the same, 99th percentile, ms", "value": round(beside[98], 2)},
        ],
        goals=[
            Goal("suggest, 99th percentile, ms", round(cuts[98], 2), 30, LOWER),
            Goal("index of suggestions over the build, with encoder", shares["with encoder"], 0.1, LOWER),
            Goal("index of suggestions over the build, words alone", shares["words alone"], 0.1, LOWER),
        ],
    )
