"""The whole recommender, step by step: counts and texts, then sequences, then preferences; by every protocol.

All choices are made on the validation, for every seed anew; the test is read once by the finished system.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from aisle._environment import optional
from aisle.encoder.cpu import best_of, cores, instruction_sets
from aisle.errors import InputError
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
from benchmarks.harness.result_file import HIGHER, Goal
from benchmarks.harness.topics import Figures
from benchmarks.semantic_ids.baselines import PROTOCOLS
from benchmarks.semantic_ids.data import SequenceData, read_dataset
from benchmarks.semantic_ids.published import DATASET, tried

SEEDS: Final = (0, 1, 2)
LABELS: Final = ("train only", "seen kept", "refit")
_NOWHERE: Final = 10**9
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
class Answered:
    """Where the targets of all users stand, without preferences and with them.

    Attributes:
        base, preferred: int64 [users], ranks; far below all pools for a target that is in none.
        bound: of the preferences.
    """

    base: NDArray[np.int64]
    preferred: NDArray[np.int64]
    bound: float

    def gain(self, metric: str = "N@10") -> dict[str, float]:
        """What preferences add to a mean, relative, with its 95 % interval by paired bootstrap over users."""
        before, after = values_of(self.base, metric), values_of(self.preferred, metric)
        mean = float(before.mean())
        interval = stats.bootstrap(
            (after - before,), np.mean, n_resamples=1000, method="percentile", rng=np.random.default_rng(0)
        ).confidence_interval
        return {
            "relative": float((after - before).mean()) / mean,
            "low": float(interval.low) / mean,
            "high": float(interval.high) / mean,
        }


def answered(pairs: Preferred, learned: LearnedPreferences) -> Answered:
    """Ranks of the test's targets."""
    deltas = learned.model.deltas(pairs.rows)
    moved = bounded(deltas, learned.bound) if learned.bound else np.zeros_like(deltas)
    return Answered(ranks(pairs, pairs.base), ranks(pairs, pairs.base + moved), learned.bound)


def ranks(pairs: Preferred, scores: NDArray[np.float32]) -> NDArray[np.int64]:
    """Ranks of all users' targets by scores of the pools, int64 [users]."""
    found = np.full(pairs.asked, _NOWHERE, dtype=np.int64)
    found[pairs.users] = pairs.ranks(scores)
    return found


def measure(name: str = DATASET, seeds: Sequence[int] = SEEDS) -> Figures:
    """Train only, seen kept, and refit: one seed a core."""
    found: dict[str, list[Answered]] = {}
    with ProcessPoolExecutor(min(len(seeds), cores()), get_context("spawn")) as pool:
        for seed, of_seed in zip(seeds, pool.map(_of_seed, (name,) * len(seeds), seeds), strict=True):
            for label, one in of_seed.items():
                _tell(label, seed, one)
                found.setdefault(label, []).append(one)
    data = read_dataset(name)
    rows = [row for label, every in found.items() for row in _rows(data, label, every)]
    return Figures(rows, tried(name, "pipeline"), _goals(rows) if name == DATASET else ())


def measure_cold(name: str = DATASET) -> Figures:
    """5 % of the items held out of everything; one seed."""
    data, label = read_dataset(name), "cold items"
    protocol, training = PROTOCOLS[label], SequenceSettings(seed=SEEDS[0])
    trained = _trained(data, protocol, training)
    test = split(data.sequences, protocol, Phase.TEST)
    inner = _without_last(data, trained, test.train, training)
    learned = _learned(data, inner, test.train, SEEDS[0])
    one = answered(_pairs(data, trained, test, SEEDS[0]), learned)
    _tell(label, SEEDS[0], one)
    rows = _cold_rows(data, label, one, test)
    return Figures(rows, tried(name, "cold"), _cold_goals(rows) if name == DATASET else ())


def _of_seed(name: str, seed: int) -> dict[str, Answered]:
    """Every protocol but that of new items, in a process of its own."""
    optional("torch", extra="train").set_num_threads(1)
    data, training = read_dataset(name), SequenceSettings(seed=seed)
    trained = _trained(data, PROTOCOLS["train only"], training)
    tests = {label: split(data.sequences, PROTOCOLS[label], Phase.TEST) for label in LABELS}
    test, kept, again = (tests[label] for label in LABELS)
    learned = _learned(data, _without_last(data, trained, test.train, training), test.train, seed)
    whole = refit(trained.fitted, again.train, data.texts, training, Silent())
    refitted = replace(trained, fitted=whole, channel=_served(data, whole))
    # What was learned from train alone has not seen the validation's items: it makes the pools to learn from.
    of_validation = _learned(data, trained, again.train, seed)
    return dict(
        zip(
            LABELS,
            (
                answered(_pairs(data, trained, test, seed), learned),
                answered(_pairs(data, trained, kept, seed), learned),
                answered(_pairs(data, refitted, again, seed), of_validation),
            ),
            strict=True,
        )
    )


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


def _learned(data: SequenceData, inner: Trained, sequences: Sequences, seed: int) -> LearnedPreferences:
    """Preferences of what users took last of some sequences, which ``inner`` has not seen."""
    pairs = _pairs(data, inner, last_taken(sequences, seed), seed)
    return learn(pairs, PreferenceTraining(seed=seed), Silent())


def _pairs(data: SequenceData, trained: Trained, asked: Split, seed: int) -> Preferred:
    learned = data.learned_from(asked.train)
    blend = _blend(trained, trained.settings.channel(learned))
    return make_pairs(blend, learned.counts.takers, asked, Silent(), seed=seed)


def _blend(trained: Trained, base: Blend) -> Blend:
    return base.with_part(trained.channel, trained.weight)


def _tell(label: str, seed: int, one: Answered) -> None:
    means = (
        f"{metric} {values_of(one.base, metric).mean():.4f} -> {values_of(one.preferred, metric).mean():.4f}"
        for metric in ("R@10", "N@10")
    )
    say(f"{label}, seed {seed}: bound {one.bound:g}, {', '.join(means)}")


def _rows(data: SequenceData, label: str, every: list[Answered]) -> list[dict[str, Any]]:
    common = _common(data, label, len(every[0].base))
    systems = {WITH_SEQUENCE: [one.base for one in every], WHOLE: [one.preferred for one in every]}
    rows = [{**common, "system": system, **of_seeds(found)} for system, found in systems.items()]
    rows[-1] |= {"bounds": [one.bound for one in every], "gain": [one.gain() for one in every]}
    return rows


def of_seeds(found: Sequence[NDArray[np.int64]], metrics: tuple[str, ...] = METRICS) -> dict[str, Any]:
    """Metrics of ranks, one array a seed: the mean over seeds, its standard deviation, and every seed's."""
    row: dict[str, Any] = {"seeds": len(found)}
    for metric in metrics:
        means = [float(values_of(ranks, metric).mean()) for ranks in found]
        row |= {metric: float(np.mean(means)), f"{metric} of seeds": means}
        row |= {f"{metric} sd": float(np.std(means, ddof=1))} if len(means) > 1 else {}
    return row


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


def _cold_rows(data: SequenceData, label: str, one: Answered, test: Split) -> list[dict[str, Any]]:
    if test.cold is None:
        raise InputError(f"{label} holds no items out", fix="use a protocol that does")
    cold = test.cold[test.targets]
    rows = []
    for system, found in ((WITH_SEQUENCE, one.base), (WHOLE, one.preferred)):
        values = values_of(found, "R@10")
        means = {"R@10 warm": float(values[~cold].mean()), "R@10 cold": float(values[cold].mean())}
        rows.append({**_common(data, label, len(values)), "system": system, **means})
    rows[-1]["bounds"] = [one.bound]
    return rows


def _cold_goals(rows: Sequence[Mapping[str, Any]]) -> tuple[Goal, ...]:
    return (Goal("R@10 of them among all", rows[-1]["R@10 cold"], 0.02, HIGHER),)
