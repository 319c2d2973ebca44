"""The whole recommender, step by step: counts and texts, then sequences, then preferences; by every protocol.

All choices are made on the validation, for every seed anew; the test is read once by the finished system.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from aisle.encoder.cpu import best_of, instruction_sets
from aisle.evaluation.sequences.protocol import EvaluationProtocol, Phase, Split, split
from aisle.evaluation.sequences.ranks import values_of
from aisle.recommendation.channels import Blend
from aisle.recommendation.choose import MOST_USERS, choose, sampled
from aisle.recommendation.preferences import bounded
from aisle.recommendation.sequence import SequenceChannel
from aisle.recommendation.settings import RecommenderSettings
from aisle.recommendation.systems import CountsAndTextSystem, CountsSystem, SequenceSystem
from aisle.sequences import Sequences
from aisle.training.common.progress import Silent
from aisle.training.preferences.fit import PreferenceTraining
from aisle.training.preferences.job import LearnedPreferences, last_taken, learn, make_pairs
from aisle.training.preferences.pairs import Preferred
from aisle.training.recommendation.fit import FittedSequence, fit, refit
from aisle.training.recommendation.job import served_channel
from aisle.training.recommendation.settings import SequenceSettings
from benchmarks.harness.command_line import say
from benchmarks.harness.result_file import HIGHER, Goal, trials
from benchmarks.harness.topics import Figures
from benchmarks.semantic_ids.baselines import PROTOCOLS
from benchmarks.semantic_ids.data import SequenceData, read_dataset
from benchmarks.semantic_ids.published import DATASET

SEEDS: Final = (0, 1, 2)
METRICS: Final = ("R@5", "N@5", "R@10", "N@10", "R@50", "R@200")
WITH_SEQUENCE: Final = "counts + text + sequence"
WHOLE: Final = "counts + text + sequence + preferences"


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """What is learned of one training part, with one seed.

    Attributes:
        settings: of counts and texts.
        weight: of the sequence channel.
        fitted: the sequence model.
        channel: it, as it is served.
    """

    settings: RecommenderSettings
    weight: float
    fitted: FittedSequence
    channel: SequenceChannel


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """The test's users by one system.

    Attributes:
        pairs: their pools.
        learned: preferences that were learned before.
    """

    pairs: Preferred
    learned: LearnedPreferences

    @property
    def preferred(self) -> NDArray[np.float32]:
        """Scores with preferences, float32 [candidates], in deviations of the pools' scores."""
        deltas = self.learned.model.deltas(self.pairs.rows)
        return self.pairs.base + bounded(deltas, self.learned.bound)

    def values(self, scores: NDArray[np.float32], metric: str) -> NDArray[np.float64]:
        """A metric of every user, float64 [users]; it is 0 for a user whose item is in no pool."""
        found = np.zeros(self.pairs.asked)
        found[self.pairs.users] = values_of(self.pairs.ranks(scores), metric)
        return found


def measure(name: str = DATASET) -> Figures:
    """Train only, seen kept, and refit: three seeds each."""
    data = read_dataset(name)
    found: dict[str, list[Asked]] = {"train only": [], "seen kept": [], "refit": []}
    for seed in SEEDS:
        for label, asked in _of_seed(data, seed):
            _tell(label, seed, asked)
            found[label].append(asked)
    rows = [row for label, every in found.items() for row in _rows(data, label, every)]
    return Figures(rows, trials("semantic-ids", "pipeline"), _goals(rows) if name == DATASET else ())


def measure_cold(name: str = DATASET) -> Figures:
    """5 % of the items held out of everything; one seed."""
    data, label = read_dataset(name), "cold items"
    protocol, training = PROTOCOLS[label], SequenceSettings(seed=SEEDS[0])
    trained = _trained(data, protocol, training)
    test = split(data.sequences, protocol, Phase.TEST)
    asked = _asked(data, trained, test, _without_last(data, trained, test.train, training), SEEDS[0])
    _tell(label, SEEDS[0], asked)
    rows = _cold_rows(data, label, asked, test)
    return Figures(rows, (), _cold_goals(rows) if name == DATASET else ())


def _of_seed(data: SequenceData, seed: int) -> Iterator[tuple[str, Asked]]:
    training = SequenceSettings(seed=seed)
    protocol = PROTOCOLS["train only"]
    trained = _trained(data, protocol, training)
    test = split(data.sequences, protocol, Phase.TEST)
    inner = _without_last(data, trained, test.train, training)
    asked = _asked(data, trained, test, inner, seed)
    yield "train only", asked
    kept = split(data.sequences, PROTOCOLS["seen kept"], Phase.TEST)
    yield "seen kept", replace(asked, pairs=_pairs(data, trained, kept, seed))
    again = split(data.sequences, PROTOCOLS["refit"], Phase.TEST)
    whole = refit(trained.fitted, again.train, data.texts, training, Silent())
    refitted = replace(trained, fitted=whole, channel=_served(data, whole))
    # What was learned from train alone has not seen the validation's items: it makes the pools to learn from.
    yield "refit", _asked(data, refitted, again, trained, seed)


def _trained(data: SequenceData, protocol: EvaluationProtocol, training: SequenceSettings) -> Trained:
    started = time.process_time()
    validation = sampled(split(data.sequences, protocol, Phase.VALIDATION), MOST_USERS, 0)
    learned = data.learned_from(validation.train)
    counts = choose(CountsSystem(), learned, validation).setting
    settings = choose(CountsAndTextSystem(counts), learned, validation).setting
    fitted = fit(validation.train, data.texts, training, Silent(), validation)
    channel = _served(data, fitted)
    weight = choose(SequenceSystem(settings, channel), learned, validation)
    say(
        f"sequences of seed {training.seed}: {fitted.epochs} epochs, weight {weight.setting:g},"
        f" N@10 {weight.value:.4f} on validation, {time.process_time() - started:.0f} seconds of CPU"
    )
    return Trained(settings, weight.setting, fitted, channel)


def _without_last(
    data: SequenceData, trained: Trained, sequences: Sequences, training: SequenceSettings
) -> Trained:
    """The same, learned without what users took last of some sequences."""
    before = last_taken(sequences, 0).train
    fitted = refit(trained.fitted, before, data.texts, training, Silent())
    return replace(trained, fitted=fitted, channel=_served(data, fitted))


def _served(data: SequenceData, fitted: FittedSequence) -> SequenceChannel:
    return served_channel(fitted, data.sequences.items, data.texts, best_of(instruction_sets()))


def _asked(data: SequenceData, trained: Trained, test: Split, inner: Trained, seed: int) -> Asked:
    learned = learn(
        _pairs(data, inner, last_taken(test.train, seed), seed), PreferenceTraining(seed=seed), Silent()
    )
    return Asked(_pairs(data, trained, test, seed), learned)


def _pairs(data: SequenceData, trained: Trained, asked: Split, seed: int) -> Preferred:
    learned = data.learned_from(asked.train)
    blend = _blend(trained, trained.settings.channel(learned))
    return make_pairs(blend, learned.counts.takers, asked, Silent(), seed=seed)


def _blend(trained: Trained, base: Blend) -> Blend:
    return base.with_part(trained.channel, trained.weight)


def _tell(label: str, seed: int, asked: Asked) -> None:
    means = {
        f"{metric} {what}": float(asked.values(scores, metric).mean())
        for metric in ("R@10", "N@10")
        for what, scores in (("base", asked.pairs.base), ("with preferences", asked.preferred))
    }
    words = ", ".join(f"{name} {value:.4f}" for name, value in means.items())
    say(f"{label}, seed {seed}: bound {asked.learned.bound:g}, {words}")


def _rows(data: SequenceData, label: str, every: list[Asked]) -> list[dict[str, Any]]:
    common = _common(data, label, every[0].pairs.asked)
    systems = {
        WITH_SEQUENCE: [(asked, asked.pairs.base) for asked in every],
        WHOLE: [(asked, asked.preferred) for asked in every],
    }
    rows = []
    for system, of_seeds in systems.items():
        row = {**common, "system": system, "seeds": len(every)}
        for metric in METRICS:
            means = [float(asked.values(scores, metric).mean()) for asked, scores in of_seeds]
            row |= {metric: float(np.mean(means)), f"{metric} sd": float(np.std(means, ddof=1))}
            row |= {f"{metric} of seeds": means}
        rows.append(row)
    rows[-1]["bounds"] = [asked.learned.bound for asked in every]
    rows[-1]["gain"] = [paired_gain(asked) for asked in every]
    return rows


def _common(data: SequenceData, label: str, users: int) -> dict[str, Any]:
    return {
        "dataset": data.name,
        "protocol": label,
        "means": PROTOCOLS[label].words(),
        "users": users,
        "items": len(data.sequences.items),
        "note": "",
        "source": "",
    }


def paired_gain(asked: Asked, metric: str = "N@10") -> dict[str, float]:
    """What preferences add to the base's mean, relative, with its 95 % interval by paired bootstrap."""
    before, after = (asked.values(scores, metric) for scores in (asked.pairs.base, asked.preferred))
    mean = float(before.mean())
    interval = stats.bootstrap(
        (after - before,), np.mean, n_resamples=1000, method="percentile", rng=np.random.default_rng(0)
    ).confidence_interval
    return {
        "relative": float((after - before).mean()) / mean,
        "low": float(interval.low) / mean,
        "high": float(interval.high) / mean,
    }


def _goals(rows: Sequence[Mapping[str, Any]]) -> tuple[Goal, ...]:
    whole = {row["protocol"]: row for row in rows if row["system"] == WHOLE}
    asked = (
        ("R@10", "train only", 0.112),
        ("N@10", "train only", 0.068),
        ("R@10", "seen kept", 0.100),
        ("N@10", "seen kept", 0.060),
        ("R@10", "refit", 0.120),
        ("N@10", "refit", 0.074),
    )
    gains = whole["train only"]["gain"]
    return (
        *(
            Goal(f"{protocol}, {metric}", whole[protocol][metric], goal, HIGHER)
            for metric, protocol, goal in asked
        ),
        Goal(
            "preferences over the trained base, N@10, %, mean of seeds",
            100 * float(np.mean([gain["relative"] for gain in gains])),
            1,
            HIGHER,
        ),
        Goal(
            "preferences over the trained base, N@10, %, lower end of the worst seed's interval",
            100 * min(gain["low"] for gain in gains),
            0,
            HIGHER,
        ),
    )


def _cold_rows(data: SequenceData, label: str, asked: Asked, test: Split) -> list[dict[str, Any]]:
    assert test.cold is not None
    cold = test.cold[test.targets]
    rows = []
    for system, scores in ((WITH_SEQUENCE, asked.pairs.base), (WHOLE, asked.preferred)):
        values = asked.values(scores, "R@10")
        means = {"R@10 warm": float(values[~cold].mean()), "R@10 cold": float(values[cold].mean())}
        rows.append({**_common(data, label, len(values)), "system": system, **means})
    rows[-1]["bounds"] = [asked.learned.bound]
    return rows


def _cold_goals(rows: Sequence[Mapping[str, Any]]) -> tuple[Goal, ...]:
    return (Goal("R@10 of them among all", rows[-1]["R@10 cold"], 0.02, HIGHER),)
