"""Which alpha suits which domain: a curve on a wholesaler's baskets, another on what users took of Beauty."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any, Final

import numpy as np

from aisle._recommend import encode_texts, find_files, read_data
from aisle.baskets import baskets_of
from aisle.encoder import ArtifactStore
from aisle.errors import InputError
from aisle.evaluation.item_to_item.lists import BestOf, ItemFacts, evaluate_lists
from aisle.evaluation.item_to_item.protocol import BasketProtocol, split_baskets
from aisle.evaluation.sequences.protocol import Phase
from aisle.recommendation.item_to_item.scorers import EngagementScorer, QuotaLister, RelevanceScorer
from aisle.training.item_to_item.settings import ItemToItemSettings
from benchmarks.harness.command_line import say
from benchmarks.harness.parts import ENCODER, dataset
from benchmarks.harness.topics import Figures
from benchmarks.item_to_item.data import BasketData, judged, online_retail
from benchmarks.item_to_item.heads import SEEDS, trained

ALPHAS: Final = (0.0, 30.0, 50.0, 70.0, 100.0)
COUNTS_WEIGHT: Final = 1.0
"""The same everywhere: alpha is compared, not the counts."""


@cache
def beauty() -> BasketData:
    """Users of Beauty as baskets, in a drawn order, since their times are not known.

    Raises:
        InputError: it is not there, or has no titles.
    """
    known, read = read_data(find_files(dataset("beauty"), None), None, say)
    titles = known.titles if known else ()
    texts = encode_texts(titles, ENCODER, ArtifactStore.default(), say)
    if texts is None:
        raise InputError("beauty has no titles", fix="put its catalogue beside the sequences")
    baskets = baskets_of(read.sequences)
    times = np.random.default_rng(SEEDS[0]).permutation(len(baskets)).astype(np.float64)
    return BasketData("beauty", replace(baskets, times=times), titles, texts, ItemFacts(judged(titles)))


def measure() -> Figures:
    """Recall and relevance at every alpha, on both."""
    rows: list[dict[str, Any]] = []
    for data in (online_retail(), beauty()):
        test = split_baskets(data.baskets, BasketProtocol(), Phase.TEST)
        model = trained(data, test, ItemToItemSettings(seed=SEEDS[0]), COUNTS_WEIGHT).model
        bought, alike = BestOf(EngagementScorer("bought", model)), BestOf(RelevanceScorer("alike", model))
        for alpha in ALPHAS:
            merged = QuotaLister(f"merged, alpha {alpha:g}", bought, alike, alpha)
            found = evaluate_lists(merged, test, data.facts)
            rows.append({"dataset": data.name, "system": found.system, "alpha": alpha, **found.metrics})
            say(str(rows[-1]))
    return Figures(rows, (), ())
