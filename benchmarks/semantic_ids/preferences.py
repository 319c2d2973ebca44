"""Bounded DPO by itself: over a weak base and a good one, by negatives, bounded and not; three seeds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any, Final

import numpy as np

from aisle.evaluation.sequences.protocol import EvaluationProtocol, Phase, Split, split
from aisle.recommendation.channels import Blend
from aisle.recommendation.choose import MOST_USERS, choose, sampled
from aisle.recommendation.settings import Learned, RecommenderSettings
from aisle.recommendation.systems import CountsAndTextSystem, CountsSystem, TextSystem
from aisle.training.common.progress import Silent
from aisle.training.preferences.fit import PreferenceTraining
from aisle.training.preferences.job import LearnedPreferences, last_taken, learn, make_pairs
from aisle.training.preferences.negatives import Negatives, PoolNegatives, RandomNegatives, TopNegatives
from aisle.training.preferences.pairs import Preferred
from benchmarks.harness.command_line import say
from benchmarks.harness.result_file import HIGHER, Goal
from benchmarks.harness.topics import Figures
from benchmarks.semantic_ids.data import SequenceData, read_dataset
from benchmarks.semantic_ids.pipeline import SEEDS, Answered, answered, of_seeds, ranks
from benchmarks.semantic_ids.published import DATASET, tried

NEGATIVES: Final[Mapping[str, Negatives]] = MappingProxyType(
    {
        "pool": PoolNegatives(),
        "dynamic top 50": TopNegatives(50),
        "hard, top 10": TopNegatives(10),
        "random": RandomNegatives(),
    }
)
COSINE, COUNTED = "text cosine", "counts + text"
READ_ALONE: Final = 1e-3
_METRICS: Final = ("R@10", "N@10")


@dataclass(frozen=True, slots=True)
class CosineBase:
    """Texts alone, as the published base was a cosine, while preferences read what counts say too.

    Attributes:
        settings: of counts and texts, as they were chosen.
    """

    settings: RecommenderSettings

    def blend(self, learned: Learned) -> Blend:
        """The cosine, and counts with a weight that moves next to nothing, so that they can be read."""
        text, counts = self.settings.text.channel(learned), self.settings.counts.channel(learned)
        return Blend(COSINE, ((text, 1.0), (counts, READ_ALONE)))


@dataclass(frozen=True, slots=True)
class CountedBase:
    """Counts and texts, as they are served.

    Attributes:
        settings: as they were chosen.
    """

    settings: RecommenderSettings

    def blend(self, learned: Learned) -> Blend:
        """All channels."""
        return self.settings.channel(learned)


def measure(name: str = DATASET, seeds: Sequence[int] = SEEDS) -> Figures:
    """Measure one data set, learned from train alone, seen items excluded."""
    data = read_dataset(name)
    protocol = EvaluationProtocol()
    validation = sampled(split(data.sequences, protocol, Phase.VALIDATION), MOST_USERS, 0)
    learned = data.learned_from(validation.train)
    counts = choose(CountsSystem(), learned, validation).setting
    bases: dict[str, CosineBase | CountedBase] = {
        COSINE: CosineBase(RecommenderSettings(counts, choose(TextSystem(), learned, validation).setting)),
        COUNTED: CountedBase(choose(CountsAndTextSystem(counts), learned, validation).setting),
    }
    test = split(data.sequences, protocol, Phase.TEST)
    rows = [row for label, base in bases.items() for row in _of_base(data, test, label, base, seeds)]
    return Figures(rows, tried(name, "preferences"), _goals(rows) if name == DATASET else ())


def _of_base(
    data: SequenceData, test: Split, label: str, base: CosineBase | CountedBase, seeds: Sequence[int]
) -> Iterator[dict[str, Any]]:
    """A row for the base, and one for each way to learn."""
    pairs = partial(_pairs, data, base)
    asked = pairs(test, 0)
    found: dict[str, list[tuple[LearnedPreferences, Answered]]] = {}
    free: list[tuple[LearnedPreferences, Answered]] = []
    for seed in seeds:
        offered = pairs(last_taken(test.train, seed), seed)
        for name, negatives in NEGATIVES.items():
            learned = learn(offered, PreferenceTraining(negatives=negatives, seed=seed), Silent())
            found.setdefault(name, []).append((learned, answered(asked, learned)))
        learned = learn(offered, PreferenceTraining(bounded=False, seed=seed), Silent())
        moved = asked.base + learned.model.deltas(asked.rows)
        free.append((learned, Answered(ranks(asked, asked.base), ranks(asked, moved), np.inf)))
        say(f"{label}, seed {seed}: done")
    common = {"dataset": data.name, "base": label}
    yield {**common, "learned": "none", **of_seeds([ranks(asked, asked.base)], _METRICS)}
    for name, of in found.items():
        bounds = {"bounds": [one.bound for _, one in of], "held out less test": _optimism(of)}
        yield {**common, "learned": f"{name} negatives", **_row(asked, of), **bounds}
    yield {**common, "learned": "unbounded", **_row(asked, free)}


def _pairs(data: SequenceData, base: CosineBase | CountedBase, asked: Split, seed: int) -> Preferred:
    learned = data.learned_from(asked.train)
    return make_pairs(base.blend(learned), learned.counts.takers, asked, Silent(), seed=seed)


def _row(asked: Preferred, of: Sequence[tuple[LearnedPreferences, Answered]]) -> dict[str, Any]:
    accuracy = [asked.pair_accuracy(learned.model.deltas(asked.rows)) for learned, _ in of]
    return {
        **of_seeds([one.preferred for _, one in of], _METRICS),
        "pair accuracy": float(np.mean(accuracy)),
        "gain": [one.gain() for _, one in of],
    }


def _optimism(of: Sequence[tuple[LearnedPreferences, Answered]]) -> float:
    """By how much the held-out users' relative gain, which chose the bound, is above the test's."""
    held_out = [learned.metrics["N@10"] / learned.metrics["N@10 base"] - 1 for learned, _ in of]
    return float(np.mean(held_out) - np.mean([one.gain()["relative"] for _, one in of]))


def _goals(rows: Sequence[Mapping[str, Any]]) -> tuple[Goal, ...]:
    by = {(row["base"], row["learned"]): row for row in rows}
    cosine, pool = by[COSINE, "none"], by[COSINE, "pool negatives"]
    counted, of_counted = by[COUNTED, "none"], by[COUNTED, "pool negatives"]
    gap = of_counted["pair accuracy"] - by[COUNTED, "random negatives"]["pair accuracy"]
    return (
        Goal("over the cosine base, R@10, %", 100 * (pool["R@10"] / cosine["R@10"] - 1), 31, HIGHER),
        Goal("over counts + text, N@10, %", 100 * (of_counted["N@10"] / counted["N@10"] - 1), 1, HIGHER),
        Goal(
            "over counts + text, worst seed's N@10, %",
            100 * (min(of_counted["N@10 of seeds"]) / counted["N@10"] - 1),
            0,
            HIGHER,
        ),
        Goal("pair accuracy on pool pairs, pool less random training", gap, 0.10, HIGHER),
    )
