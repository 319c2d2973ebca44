"""Which alpha suits which domain: a wholesaler's baskets, and what users took of two shops' shelves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any, Final

import numpy as np

from aisle._recommend import encode_texts, find_files, read_data
from aisle.baskets import baskets_of
from aisle.encoder import ArtifactStore
from aisle.errors import InputError
from aisle.evaluation.item_to_item.lists import BestOf, ItemFacts, evaluate_lists
from aisle.evaluation.item_to_item.protocol import BasketSplit, split_baskets
from aisle.evaluation.sequences.protocol import Phase
from aisle.recommendation.item_to_item.scorers import EngagementScorer, QuotaLister, RelevanceScorer
from aisle.training.item_to_item.batches import CountedRows
from aisle.training.item_to_item.settings import ItemToItemSettings
from benchmarks.harness.command_line import say
from benchmarks.harness.parts import ENCODER, dataset
from benchmarks.harness.topics import Figures
from benchmarks.item_to_item.data import BasketData, judged, online_retail
from benchmarks.item_to_item.heads import KNOWN, SEEDS, split_of, trained

ALPHAS: Final = (0.0, 30.0, 50.0, 70.0, 100.0)
COUNTS_WEIGHT: Final = 1.0
"""The same everywhere: alpha is compared, not the counts."""


SETTINGS: Final[Mapping[str, ItemToItemSettings]] = {
    "scientific": ItemToItemSettings(seed=SEEDS[0]),
    # Three times the items: fewer steps, of more triggers.
    "beauty": ItemToItemSettings(batches=CountedRows(1024), epochs=15, seed=SEEDS[0]),
}


@cache
def users_as_baskets(name: str) -> BasketData:
    """Users of a data set as baskets, in a drawn order, since their times are not known.

    Raises:
        InputError: it is not there, or has no titles.
    """
    known, read = read_data(find_files(dataset(name), None), None, say)
    titles = known.titles if known else ()
    texts = encode_texts(titles, ENCODER, ArtifactStore.default(), say)
    if texts is None:
        raise InputError(f"{name} has no titles", fix="put its catalogue beside the sequences")
    baskets = baskets_of(read.sequences)
    times = np.random.default_rng(SEEDS[0]).permutation(len(baskets)).astype(np.float64)
    return BasketData(name, replace(baskets, times=times), titles, texts, ItemFacts(judged(titles)))


def measure() -> Figures:
    """Recall and relevance at every alpha, on three."""
    retail = online_retail()
    rows = _rows(retail, split_of(KNOWN, Phase.TEST), ItemToItemSettings(seed=SEEDS[0]))
    for name, settings in SETTINGS.items():
        data = users_as_baskets(name)
        rows += _rows(data, split_baskets(data.baskets, KNOWN, Phase.TEST), settings)
    return Figures(rows, (), ())


def _rows(data: BasketData, test: BasketSplit, settings: ItemToItemSettings) -> list[dict[str, Any]]:
    model = trained(data, test, settings, COUNTS_WEIGHT).model
    bought, alike = BestOf(EngagementScorer("bought", model)), BestOf(RelevanceScorer("alike", model))
    rows: list[dict[str, Any]] = []
    for alpha in ALPHAS:
        merged = QuotaLister(f"merged, alpha {alpha:g}", bought, alike, alpha)
        found = evaluate_lists(merged, test, data.facts)
        about = {"dataset": data.name, "seed": settings.seed, "alpha": alpha}
        rows.append({**about, "system": found.system, **found.metrics})
        say(str(rows[-1]))
    return rows
