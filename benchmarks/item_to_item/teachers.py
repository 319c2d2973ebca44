"""Another content encoder for the relevance head: what bias it hands on, as two judges see it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from aisle.encoder.whitening import fit_whitening
from aisle.evaluation.item_to_item.lists import ItemFacts, evaluate_lists
from aisle.evaluation.sequences.protocol import Phase
from aisle.training.item_to_item.settings import ItemToItemSettings
from benchmarks.harness.command_line import say
from benchmarks.harness.topics import Figures
from benchmarks.item_to_item.data import BasketData, judged, online_retail
from benchmarks.item_to_item.heads import KNOWN, SEEDS, chosen, listers, split_of, trained

JUDGES = ("MiniLM", "WordLlama")


def measure() -> Figures:
    """Heads that read titles by MiniLM and by WordLlama, each judged by both."""
    data = online_retail()
    test = split_of(KNOWN, Phase.TEST)
    by_judge = {
        "MiniLM": ItemFacts(data.texts.vectors),
        "WordLlama": ItemFacts(judged(data.titles)),
    }
    rows: list[dict[str, Any]] = []
    for teacher, read in (("MiniLM", data), ("WordLlama", _by_judge(data))):
        weight = chosen(SEEDS[0]).weight
        model = trained(read, test, ItemToItemSettings(seed=SEEDS[0]), weight).model
        for lister in listers(model):
            row: dict[str, Any] = {"dataset": data.name, "teacher": teacher, "system": lister.name}
            for judge in JUDGES:
                found = evaluate_lists(lister, test, by_judge[judge]).metrics
                row |= {"R@10": found["R@10"], "R@50": found["R@50"], judge: found["relevance@50"]}
            say(str(row))
            rows.append(row)
    return Figures(rows, (), ())


def _by_judge(data: BasketData) -> BasketData:
    """The same data whose titles were read by the encoder that judges elsewhere."""
    raw = judged(data.titles)
    whitening = fit_whitening(raw)
    vectors = np.asarray(whitening.apply(raw), dtype=np.float32)
    return replace(data, texts=replace(data.texts, vectors=vectors, whitening=whitening))
