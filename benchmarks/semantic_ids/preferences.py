"""Bounded DPO by itself: over a weak base and a good one, by negatives, bounded and not; three seeds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from aisle.evaluation.sequences.protocol import EvaluationProtocol, Phase, Split, split
from aisle.recommendation.channels import Blend
from aisle.recommendation.choose import MOST_USERS, choose, sampled
from aisle.recommendation.preferences import bounded
from aisle.recommendation.settings import Learned, RecommenderSettings
from aisle.recommendation.systems import CountsAndTextSystem, CountsSystem, TextSystem
from aisle.training.common.progress import Silent
from aisle.training.preferences.fit import PreferenceTraining
from aisle.training.preferences.job import LearnedPreferences, last_taken, learn, make_pairs
from aisle.training.preferences.negatives import Negatives, PoolNegatives, RandomNegatives, TopNegatives
from aisle.training.preferences.pairs import Preferred
from benchmarks.harness.command_line import say
from benchmarks.harness.result_file import HIGHER, Goal, trials
from benchmarks.harness.topics import Figures
from benchmarks.semantic_ids.data import SequenceData, read_dataset
from benchmarks.semantic_ids.pipeline import SEEDS, Asked, paired_gain
from benchmarks.semantic_ids.published import DATASET

NEGATIVES: Final[Mapping[str, Negatives]] = MappingProxyType(
    {
        "pool": PoolNegatives(),
        "dynamic top 50": TopNegatives(50),
        "hard, top 10": TopNegatives(10),
        "random": RandomNegatives(),
    }
)
COSINE, COUNTED = "text cosine", "counts + text"


@dataclass(frozen=True, slots=True)
class CosineBase:
    """Texts alone, as the published base was a cosine.

    Attributes:
        settings: of counts and texts, as they were chosen.
    """

    settings: RecommenderSettings

    def blend(self, learned: Learned) -> Blend:
        """The one channel."""
        return Blend(COSINE, ((self.settings.text.channel(learned), 1.0),))


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


def measure(name: str = DATASET) -> Figures:
    """Measure one data set, learned from train alone, seen items excluded."""
    data = read_dataset(name)
    protocol = EvaluationProtocol()
    validation = sampled(split(data.sequences, protocol, Phase.VALIDATION), MOST_USERS, 0)
    learned = data.learned_from(validation.train)
    counts = choose(CountsSystem(), learned, validation).setting
    bases: dict[str, CosineBase | CountedBase] = {
        COSINE: CosineBase(RecommenderSettings(text=choose(TextSystem(), learned, validation).setting)),
        COUNTED: CountedBase(choose(CountsAndTextSystem(counts), learned, validation).setting),
    }
    test = split(data.sequences, protocol, Phase.TEST)
    rows = [row for label, base in bases.items() for row in _of_base(data, test, label, base)]
    return Figures(rows, trials("semantic-ids", "preferences"), _goals(rows) if name == DATASET else ())


def _of_base(
    data: SequenceData, test: Split, label: str, base: CosineBase | CountedBase
) -> Iterator[dict[str, Any]]:
    """A row for each way to learn and each way to use what was learned."""
    pairs = partial(_pairs, data, base)
    asked = pairs(test, 0)
    every: dict[str, list[tuple[Asked, NDArray[np.float32]]]] = {}
    for seed in SEEDS:
        offered = pairs(last_taken(test.train, seed), seed)
        for name, negatives in NEGATIVES.items():
            found = learn(offered, PreferenceTraining(negatives=negatives, seed=seed), Silent())
            of = Asked(asked, found)
            every.setdefault(f"{name} negatives", []).append((of, of.preferred))
        free = learn(offered, PreferenceTraining(bounded=False, seed=seed), Silent())
        deltas = free.model.deltas(asked.rows)
        every.setdefault("unbounded", []).append((Asked(asked, free), asked.base + deltas))
        say(f"{label}, seed {seed}: done")
    yield _row(label, "base", [(Asked(asked, every["unbounded"][0][0].learned), asked.base)])
    for name, of_seeds in every.items():
        yield _row(label, name, of_seeds) | _of_seeds(of_seeds, bounded_one=name != "unbounded")


def _pairs(data: SequenceData, base: CosineBase | CountedBase, asked: Split, seed: int) -> Preferred:
    learned = data.learned_from(asked.train)
    return make_pairs(base.blend(learned), learned.counts.takers, asked, Silent(), seed=seed)


def _row(base: str, system: str, of_seeds: list[tuple[Asked, NDArray[np.float32]]]) -> dict[str, Any]:
    row: dict[str, Any] = {"base": base, "learned": system, "seeds": len(of_seeds)}
    for metric in ("R@10", "N@10"):
        means = [float(asked.values(scores, metric).mean()) for asked, scores in of_seeds]
        row |= {metric: float(np.mean(means)), f"{metric} of seeds": means}
        row |= {f"{metric} sd": float(np.std(means, ddof=1))} if len(means) > 1 else {}
    return row


def _of_seeds(of_seeds: list[tuple[Asked, NDArray[np.float32]]], *, bounded_one: bool) -> dict[str, Any]:
    accuracy = [asked.pairs.pair_accuracy(_deltas(asked.learned, asked.pairs)) for asked, _ in of_seeds]
    row: dict[str, Any] = {
        "pair accuracy": float(np.mean(accuracy)),
        "gap": float(np.mean([_gap(asked) for asked, _ in of_seeds])),
    }
    if bounded_one:
        row |= {
            "bounds": [asked.learned.bound for asked, _ in of_seeds],
            "gain": [paired_gain(asked) for asked, _ in of_seeds],
            "published bound N@10": float(
                np.mean([asked.values(_published(asked), "N@10").mean() for asked, _ in of_seeds])
            ),
        }
    return row


def _published(asked: Asked) -> NDArray[np.float32]:
    """Scores with the published bound, of .05 deviations."""
    return asked.pairs.base + bounded(_deltas(asked.learned, asked.pairs), 0.05)


def _gap(asked: Asked) -> float:
    """Held-out users' relative gain less the test's: what the choice of a bound flatters itself by."""
    held_out = asked.learned.metrics["N@10"] / asked.learned.metrics["N@10 base"]
    test = asked.values(asked.preferred, "N@10").mean() / asked.values(asked.pairs.base, "N@10").mean()
    return float(held_out - test)


def _deltas(learned: LearnedPreferences, pairs: Preferred) -> NDArray[np.float32]:
    return learned.model.deltas(pairs.rows)


def _goals(rows: Sequence[Mapping[str, Any]]) -> tuple[Goal, ...]:
    by = {(row["base"], row["learned"]): row for row in rows}
    cosine, pool = by[COSINE, "base"], by[COSINE, "pool negatives"]
    counted, of_counted = by[COUNTED, "base"], by[COUNTED, "pool negatives"]
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
