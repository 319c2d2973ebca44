"""What each part of the leg of words is worth on dev judgments, and words that stand in attributes alone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Final

from opensearchpy import OpenSearch

from aisle.catalogue import ReadOptions, read_catalogue
from aisle.evaluation import JudgedSet, Run, answerable, evaluate, read_judged_set
from aisle.indexer import IndexOptions, ItemEncoder, index_catalogue, without_vectors
from aisle.mappings import BM25, fields
from aisle.search import Bm25Leg, DenseLeg, Leg, SearchClient
from aisle.types import Item
from benchmarks.harness.parts import dataset, encoder_of_items, load_encoder, own_node
from benchmarks.harness.result_file import HIGHER, LOWER, Goal, trials
from benchmarks.harness.topics import Figures

HOME, AWAY = "homedepot", "icecat"
METRIC: Final = "nDCG@10"
TODAY: Final[Mapping[str, float]] = MappingProxyType({HOME: 0.4073, AWAY: 0.7324})
"""BM25 before attribute values, measures, pairs and codes."""

WITH_ATTRIBUTES: Final = 0.74
DIMS: Final = 64
BEFORE: Final = "before"
NOW: Final = "now"
_LEAST_LETTERS: Final = 4
_LEAST_ITEMS: Final = 2
_WINDOW: Final = 200


def legs() -> dict[str, Bm25Leg]:
    """The leg as it is, and without each of its parts; without all of them it is that of before."""
    leg = Bm25Leg()
    words = tuple((name, boost / 4) for name, boost in leg.words if name != fields.ATTRIBUTE_TEXT)
    nothing: Mapping[str, Any] = {
        "pairs": 0.0,
        "joined": 0.0,
        "whole": 0.0,
        "measures": 0.0,
        "contradicted": 1.0,
    }
    without_values = tuple(pair for pair in leg.words if pair[0] != fields.ATTRIBUTE_TEXT)
    return {
        BEFORE: replace(leg, words=words, **nothing),
        NOW: leg,
        "without attribute values": replace(leg, words=without_values),
        "without pairs": replace(leg, pairs=0.0),
        "without joined words": replace(leg, joined=0.0),
        "without whole brands and identifiers": replace(leg, whole=0.0),
        "without measures": replace(leg, measures=0.0, contradicted=1.0),
        "contradictions not counted": replace(leg, contradicted=1.0),
    }


_WORD: Final = re.compile(rf"(?<![\w.-])[^\W\d_]{{{_LEAST_LETTERS},}}(?![\w-]|\.\w)")


def attribute_words(items: Iterable[Item]) -> dict[str, set[str]]:
    """Words that stand in attribute values of at least two items and nowhere else, to the ids of these items.

    Pure.
    """
    elsewhere: set[str] = set()
    inside: dict[str, set[str]] = {}
    for item in items:
        levels = (level for path in item.categories for level in path)
        elsewhere.update(_words((item.title, item.text, item.brand, *levels)))
        for word in _words(value for values in item.attributes.values() for value in values):
            inside.setdefault(word, set()).add(item.id)
    return {word: ids for word, ids in inside.items() if len(ids) >= _LEAST_ITEMS and word not in elsewhere}


def _words(texts: Iterable[str]) -> Iterator[str]:
    return (word.lower() for text in texts for word in _WORD.findall(text))


def measure() -> Figures:
    """homedepot and icecat by words alone."""
    rows: list[dict[str, Any]] = []
    scores: dict[tuple[str, str], float] = {}
    with own_node() as node:
        catalogues = {name: _indexed(node.client, name, without_vectors(), rows) for name in (HOME, AWAY)}
        for name in catalogues:
            judged = read_judged_set(dataset(name), "dev")
            for system, leg in legs().items():
                shop = SearchClient(node.client, name, legs=(leg,), window=_WINDOW)
                scores[name, system] = round(_score(shop, judged), 4)
        wrong, found, known = _attribute_figures(node.client, attribute_words(catalogues[AWAY]))
    return Figures(
        rows=[*rows, *_score_rows(scores)],
        attempts=trials("search-features", "words"),
        goals=[
            *(
                Goal(f"{METRIC} of BM25 on {name} dev", scores[name, NOW], goal, HIGHER)
                for name, goal in TODAY.items()
            ),
            Goal(f"{METRIC} on {AWAY} dev with attribute values", scores[AWAY, NOW], WITH_ATTRIBUTES, HIGHER),
            Goal(f"of {known} words in attributes alone, wrongly corrected", wrong, 0, LOWER),
            Goal(f"of {known} words in attributes alone, share found by words", found, 0.95, HIGHER),
        ],
    )


def measure_hybrid() -> Figures:
    """The same beside the leg of meaning, before and now."""
    rows: list[dict[str, Any]] = []
    scores: dict[tuple[str, str], float] = {}
    model = load_encoder()
    with own_node() as node:
        for name in TODAY:
            _indexed(node.client, name, encoder_of_items(model, DIMS), rows)
            judged = read_judged_set(dataset(name), "dev")
            for system in (BEFORE, NOW):
                asked: tuple[Leg, ...] = (legs()[system], DenseLeg())
                shop = SearchClient(node.client, name, model, asked, window=_WINDOW)
                scores[name, system] = round(_score(shop, judged), 4)
    return Figures(
        rows=[*rows, *_score_rows(scores)],
        attempts=(),
        goals=[
            Goal(f"{METRIC} on {name} dev, as before", scores[name, NOW], scores[name, BEFORE], HIGHER)
            for name in TODAY
        ],
    )


def _score_rows(scores: Mapping[tuple[str, str], float]) -> list[dict[str, Any]]:
    return [{"dataset": name, "system": system, METRIC: score} for (name, system), score in scores.items()]


def _indexed(
    client: OpenSearch, name: str, encoder: ItemEncoder, rows: list[dict[str, Any]]
) -> Sequence[Item]:
    items = list(read_catalogue(dataset(name), ReadOptions()))
    report = index_catalogue(client, iter(items), encoder, IndexOptions(name, force_merge=True))
    store = client.indices.stats(index=name)["_all"]["primaries"]["store"]["size_in_bytes"]
    rows.append(
        {
            "dataset": name,
            "documents": report.documents,
            "index_mb": round(store / 1e6, 1),
        }
    )
    return items


def _score(shop: SearchClient, judged: JudgedSet) -> float:
    qrels = dict(answerable(judged.qrels))
    asked = [query for query in judged.queries if query.id in qrels]
    lists = {query.id: [f.id for f in shop.rank(query.text).fused] for query in asked}
    return evaluate(Run(shop.legs[0], lists), qrels, (METRIC,)).means()[METRIC]


def _attribute_figures(client: OpenSearch, words: Mapping[str, set[str]]) -> tuple[int, float, int]:
    """Words that were corrected, the share of which an item was found that has it, and how many they are."""
    shop = SearchClient(client, AWAY, legs=(Bm25Leg(),), window=_WINDOW)
    rankings = {word: shop.rank(word, legs=(BM25,)) for word in words}
    wrong = sum(ranking.corrected is not None for ranking in rankings.values())
    found = sum(any(f.id in words[word] for f in ranking.fused) for word, ranking in rankings.items())
    return wrong, round(found / len(words), 4), len(words)
