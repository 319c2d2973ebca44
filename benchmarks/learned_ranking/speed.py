"""What a ranker costs a search: features of 200 candidates, and trees over them. In processor time.

Neither depends on how large the catalogue is, so a part of it is indexed.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from aisle._search import open_search
from aisle._train_ranker import WINDOW
from aisle._vectors import item_encoder
from aisle.catalogue import ReadOptions, read_catalogue
from aisle.encoder import ArtifactStore
from aisle.evaluation import read_judged_set
from aisle.indexer import IndexOptions, index_catalogue
from aisle.mappings import default_fusion, release_fusions
from aisle.search.rank.evidence import Evidence
from aisle.search.rank.features import features
from aisle.search.rank.ranker import RankModel
from aisle.search.rank.titles import TitleReader
from aisle.training.ranking.table import RankingTable
from benchmarks.harness.command_line import say
from benchmarks.harness.parts import ENCODER, dataset, load_encoder, own_node
from benchmarks.harness.result_file import LOWER, Goal
from benchmarks.harness.topics import Figures
from benchmarks.learned_ranking.asked import asked
from benchmarks.learned_ranking.measure import TREES, Floats, trained
from benchmarks.learned_ranking.setup import HOME, Setup

PRODUCTS: Final = 5_000
ASKED: Final = 300
TAUGHT: Final = 300
"""Queries that teach the trees: fewer than usual, and as many trees of as many leaves."""
_ROUNDS: Final = 3


@dataclass(frozen=True, slots=True)
class Cost:
    """Medians over queries, in milliseconds of processor time.

    Attributes:
        first: features of candidates whose titles were not met before, or only some of them.
        again: features of candidates whose titles were.
    """

    first: float
    again: float


def cost_of_features(queries: list[Evidence]) -> Cost:
    """What features cost, at first and again; the fastest of some rounds counts."""
    titles = TitleReader()
    rounds = [[_features_ms(evidence, titles) for evidence in queries] for _ in range(1 + _ROUNDS)]
    return Cost(float(np.median(rounds[0])), float(np.median(np.min(rounds[1:], axis=0))))


def _features_ms(evidence: Evidence, titles: TitleReader) -> float:
    began = time.process_time()
    features(evidence, titles)
    return (time.process_time() - began) * 1000


def cost_of_trees(model: RankModel, table: RankingTable, queries: int = ASKED) -> float:
    """Median milliseconds of processor time in which a model scores the candidates of one query."""
    spans = list(pairwise(table.bounds.tolist()))[:queries]
    return float(np.median([min(_rounds(model, table.rows[first:last])) for first, last in spans]))


def _rounds(model: RankModel, rows: Floats) -> Iterator[float]:
    for _ in range(_ROUNDS):
        began = time.process_time()
        model.scores(rows)
        yield (time.process_time() - began) * 1000


def measure(setup: Setup) -> Figures:
    """Features and trees."""
    train = asked(HOME, {"train": setup.queries}, setup.kept, setup.limit)["train"].table
    model, _ = trained(train.of_queries(np.arange(min(TAUGHT, len(train.queries)))), TREES)
    judged = read_judged_set(dataset(HOME), "dev")
    load_encoder()
    store = ArtifactStore.default()
    with own_node() as node:
        some = read_catalogue(dataset(HOME), ReadOptions(limit=setup.limit or PRODUCTS))
        encoder = item_encoder(store, ENCODER, None, None)
        fusions = release_fusions(tuple(encoder.spaces), (default_fusion(),))
        index_catalogue(node.client, some, encoder, IndexOptions(HOME, fusions=fusions))
        shop = open_search(HOME, window=WINDOW, cluster=node.client, store=store)
        say(f"asking {ASKED} queries of {HOME}")
        found = [shop.evidence(shop.rank(query.text))[0] for query in judged.queries[:ASKED]]
    cost, trees = cost_of_features(found), cost_of_trees(model, train)
    told = {
        "features, titles met for the first time": cost.first,
        "features, titles met before": cost.again,
        f"{TREES.trees} trees of {TREES.leaves} leaves": trees,
    }
    return Figures(
        [{"part": "speed", "system": name, "cpu_ms": ms} for name, ms in told.items()],
        [],
        [
            Goal(
                "features and trees of 200 candidates, p50 ms of processor time", cost.again + trees, 3, LOWER
            )
        ],
    )
