"""How many pairs of items vectors of a width can tell apart, and where BM25 beside them repairs it.

After Weller et al. 2025 (arXiv 2508.21038): section 4 asks which combinations of two items vectors can put
first at all, by optimising queries and items freely, with no text in between; section 5 asks encoders the
same with texts that hold the answer word for word (LIMIT). Here items are products with a list of words.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import log_softmax, normalize

from aisle.catalogue import read_catalogue
from aisle.encoder.dense import cut
from aisle.evaluation.encoders.exact import exact_neighbours
from aisle.mappings.suggestions import folded
from aisle.training.adaptation.round_trip import fused
from aisle.training.data.mining import bm25_search
from benchmarks.harness.command_line import say
from benchmarks.harness.parts import dataset, load_encoder
from benchmarks.harness.result_file import HIGHER, Goal, trials
from benchmarks.harness.topics import Figures

FREE_WIDTHS: Final = (4, 6, 8, 12)
WIDTHS: Final = (384, 256, 128, 64)
CUBIC: Final = (-10.5322, 4.0309, 0.0520, 0.0037)
"""The paper's fit of the most items to the width, section 4.3."""

STEPS: Final = 1_500
SEEDS: Final = (0, 1)
RELATED: Final = 46
OTHERS: Final = 1_000
DEPTH: Final = 100
_TEMPERATURE = 0.05
_LEARNING_RATE = 0.02
_EVERY = 50


def published(width: int) -> float:
    """Most items all of whose pairs vectors of a width can tell apart, by the paper's fit."""
    return sum(factor * float(width**power) for power, factor in enumerate(CUBIC))


def representable(count: int, width: int, seed: int) -> bool:
    """Whether free vectors of ``count`` items and of all their pairs put every pair's two items first."""
    pairs = torch.tensor(list(combinations(range(count), 2)))
    generator = torch.Generator().manual_seed(seed)
    items = torch.randn(count, width, generator=generator, requires_grad=True)
    queries = torch.randn(len(pairs), width, generator=generator, requires_grad=True)
    adam = torch.optim.Adam([items, queries], lr=_LEARNING_RATE)
    for step in range(1, STEPS + 1):
        scores = normalize(queries, dim=1) @ normalize(items, dim=1).T
        logs = log_softmax(scores / _TEMPERATURE, dim=1)
        if step % _EVERY == 0:
            best = scores.detach().topk(2, dim=1).indices.sort(dim=1).values
            if bool((best == pairs).all()):
                return True
        loss = -logs.gather(1, pairs).mean()
        adam.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        adam.step()
    return False


def most_items(width: int) -> int:
    """The largest number of items that any seed can represent, by bisection: monotone but for luck."""

    def works(count: int) -> bool:
        return any(representable(count, width, seed) for seed in SEEDS)

    low, high = 3, 6
    while works(high):
        low, high = high, 2 * high
    while high - low > max(1, low // 32):
        middle = (low + high) // 2
        low, high = (middle, high) if works(middle) else (low, middle)
    return low


@dataclass(frozen=True, slots=True)
class Shelf:
    """Products that list words, and words that two of them have.

    Attributes:
        items: item id to text.
        queries: query id to a word.
        answers: query id to the two items that list it.
    """

    items: dict[str, str]
    queries: dict[str, str]
    answers: dict[str, frozenset[str]]


def shelf(words: list[str], others: int, seed: int) -> Shelf:
    """Every pair of 46 products shares a word of its own; ``others`` list words that nobody asks for.

    Args:
        words: at least twice 46 * 45 / 2 distinct ones.
        others: products beside those.
        seed: of what stands where.
    """
    draw = np.random.default_rng(seed)
    pairs = list(combinations(range(RELATED), 2))
    mixed = [words[at] for at in draw.permutation(len(words))]
    asked, rest = mixed[: len(pairs)], mixed[len(pairs) :]
    lists: list[list[str]] = [[] for _ in range(RELATED)]
    for word, pair in zip(asked, pairs, strict=True):
        for place in pair:
            lists[place].append(word)
    lists += [[rest[at] for at in draw.choice(len(rest), RELATED - 1, replace=False)] for _ in range(others)]
    items = {
        f"i{place}": "kit with " + ", ".join(own[at] for at in draw.permutation(len(own)))
        for place, own in enumerate(lists)
    }
    queries = {f"q{number}": word for number, word in enumerate(asked)}
    answers = {f"q{number}": frozenset(f"i{place}" for place in pair) for number, pair in enumerate(pairs)}
    return Shelf(items, queries, answers)


def recall(found: dict[str, tuple[str, ...]], answers: dict[str, frozenset[str]], depth: int) -> float:
    """Mean share of the answers among the first ``depth``."""
    return float(np.mean([len(own & set(found[query][:depth])) / len(own) for query, own in answers.items()]))


def _words() -> list[str]:
    """Frequent words of a catalogue's titles, long enough to be words."""
    counts: dict[str, int] = {}
    for item in read_catalogue(dataset("homedepot")):
        for word in set(folded(item.title).split()):
            if word.isalpha() and len(word) >= 4:
                counts[word] = counts.get(word, 0) + 1
    return sorted(counts, key=lambda word: (-counts[word], word))[: 3 * RELATED * (RELATED - 1) // 2]


def _shelf_rows() -> Iterator[dict[str, Any]]:
    there = shelf(_words(), OTHERS, 0)
    model = load_encoder()
    ids = list(there.items)
    items, queries = (
        model.encode_items(list(there.items.values())),
        model.encode_queries(list(there.queries.values())),
    )
    lexical = dict(bm25_search(there.items, there.queries, DEPTH))
    yield _recalls("BM25", 0, lexical, there)
    for width in WIDTHS:
        near = exact_neighbours(cut(queries, width), cut(items, width), ids, DEPTH)
        dense = {query: tuple(row) for query, row in zip(there.queries, near, strict=True)}
        yield _recalls("dense", width, dense, there)
        yield _recalls("dense + BM25", width, dict(fused([lexical, dense])), there)


def _recalls(leg: str, width: int, found: dict[str, tuple[str, ...]], there: Shelf) -> dict[str, Any]:
    recalls = {f"R@{depth}": round(recall(found, there.answers, depth), 4) for depth in (2, 10, DEPTH)}
    say(f"{leg} {width or ''}: {recalls}")
    return {"leg": leg, "width": width, "items": len(there.items), "queries": len(there.queries), **recalls}


def measure() -> Figures:
    """Free vectors, what follows for the usual widths, and a shelf of products."""
    torch.set_num_threads(1)
    rows: list[dict[str, Any]] = []
    found: dict[int, int] = {}
    for width in FREE_WIDTHS:
        began = time.process_time()
        found[width] = most_items(width)
        say(f"{width} free dimensions: {found[width]} items, the paper's fit {published(width):.0f}")
        rows.append(
            {
                "free": width,
                "most_items": found[width],
                "published_fit": round(published(width), 1),
                "cpu_s": round(time.process_time() - began, 1),
            }
        )
    rows += [{"width": width, "published_fit": round(published(width))} for width in sorted(WIDTHS)]
    rows += list(_shelf_rows())
    own: NDArray[np.float64] = np.array([found[width] / published(width) for width in FREE_WIDTHS[1:]])
    by_leg = {(row["leg"], row["width"]): row for row in rows if "leg" in row}
    goals = [
        Goal("items that free vectors tell apart, share of the paper's fit", float(own.mean()), 0.8, HIGHER),
        Goal(
            "R@10 of 64 dimensions + BM25, share of BM25's",
            by_leg["dense + BM25", 64]["R@10"] / by_leg["BM25", 0]["R@10"],
            0.9,
            HIGHER,
        ),
    ]
    return Figures(rows, trials("adaptation", "limits"), goals)
