"""Sequence models alone, by loss and by what they know of items, and routers over prefixes of semantic IDs.

Each is stopped where the validation is best, and the test is read once by what came of it. Nothing is learned
from the validation's items.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from aisle.encoder.cpu import best_of, instruction_sets
from aisle.evaluation.sequences.protocol import Phase, Split, split
from aisle.evaluation.sequences.ranks import rank_targets
from aisle.recommendation.choose import MOST_USERS, choose, sampled
from aisle.recommendation.sequence import SequenceChannel
from aisle.recommendation.settings import popularity
from aisle.recommendation.systems import CountsSystem
from aisle.sequences import Sequences
from aisle.training.common.progress import Silent
from aisle.training.recommendation.fit import FittedSequence, fit
from aisle.training.recommendation.heads import fit_router
from aisle.training.recommendation.job import served_channel
from aisle.training.recommendation.losses import BinaryCrossEntropy, SequenceLoss
from aisle.training.recommendation.settings import SequenceSettings
from benchmarks.harness.command_line import say
from benchmarks.harness.result_file import HIGHER, Goal
from benchmarks.harness.topics import Figures
from benchmarks.semantic_ids.baselines import PROTOCOLS
from benchmarks.semantic_ids.codes import read_codes
from benchmarks.semantic_ids.data import SequenceData, read_dataset
from benchmarks.semantic_ids.published import DATASET, tried

SEEDS: Final = (0, 1, 2)
METRICS: Final = ("R@5", "N@5", "R@10", "N@10", "R@50", "R@200", "R@2000")
AMONG: Final = (10, 50, 200)
"""Prefixes that are looked at."""
DEPTH: Final = 2
ROUTER: Final = "router"
ALL_ITEMS: Final = "all items by the sequence model, summed"
POPULARITY: Final = "popularity"
COUNTS_SUM: Final = "counts, summed"
COUNTS_BEST: Final = "counts, the best item's"
_AT_ONCE: Final = 500
"""Users whose scores of all items are held."""
_LABELS: Final = ("train only", "seen kept")


class Reads(Enum):
    """What a model knows of an item beside its ID embedding."""

    NOTHING = "nothing"
    TEXTS = "texts"
    CODES = "codes"


@dataclass(frozen=True, slots=True)
class Variant:
    """A sequence model to be measured.

    Attributes:
        name: for tables.
        settings: of it.
        reads: what stands beside or for the embeddings of items.
    """

    name: str
    settings: SequenceSettings
    reads: Reads


def _by_ids(name: str, loss: SequenceLoss, epochs: int) -> Variant:
    return Variant(name, SequenceSettings(loss=loss, epochs=epochs), Reads.NOTHING)


USUAL: Final = SequenceSettings()
WITH_TEXT: Final = "SASRec + text, sampled softmax"
VARIANTS: Final = (
    _by_ids("SASRec, binary cross-entropy", BinaryCrossEntropy(), 2 * USUAL.epochs),
    _by_ids("SASRec, sampled softmax", USUAL.loss, USUAL.epochs),
    Variant("SASRec of texts alone", replace(USUAL, id_embeddings=False), Reads.TEXTS),
    Variant(
        "SASRec of semantic IDs alone", replace(USUAL, id_embeddings=False, text_columns=2048), Reads.CODES
    ),
    Variant(WITH_TEXT, USUAL, Reads.TEXTS),
)


def measure(name: str = DATASET, seeds: Sequence[int] = SEEDS) -> Figures:
    """Every variant with every seed, and a router on those that read texts."""
    data = read_dataset(name)
    validation = split(data.sequences, PROTOCOLS["train only"], Phase.VALIDATION)
    tests = {label: split(data.sequences, PROTOCOLS[label], Phase.TEST) for label in _LABELS}
    rows: list[dict[str, Any]] = []
    codes = read_codes(name, validation.train)
    prefixes = _Prefixes(data, codes, tests["train only"])
    read = {Reads.NOTHING: None, Reads.TEXTS: data.texts, Reads.CODES: _indicators(codes)}
    for variant in VARIANTS:
        found: dict[str, list[Mapping[str, float]]] = {label: [] for label in tests}
        runs = []
        for seed in seeds:
            started = time.process_time()
            settings = replace(variant.settings, seed=seed)
            texts = read[variant.reads]
            fitted = fit(validation.train, texts, settings, Silent(), sampled(validation, MOST_USERS, 0))
            seconds = time.process_time() - started
            channel = served_channel(fitted, data.sequences.items, texts, best_of(instruction_sets()))
            for label, test in tests.items():
                found[label].append(rank_targets(channel, test, name).means(METRICS))
            runs.append({"seconds": seconds, "epochs": fitted.epochs, "validation": max(fitted.validation)})
            say(
                f"{variant.name}, seed {seed}: {fitted.epochs} epochs, {seconds:.0f} seconds of CPU, N@10"
                f" {max(fitted.validation):.4f} on validation; test R@10 / N@10"
                f" {found['train only'][-1]['R@10']:.4f} / {found['train only'][-1]['N@10']:.4f}"
            )
            if variant.name == WITH_TEXT:
                prefixes.ask_models(fitted, channel, validation.train, settings)
        rows += [
            {
                **_common(data, label, test),
                "system": variant.name,
                "seeds": len(seeds),
                **_means(found[label]),
                "runs": runs,
                "source": "",
            }
            for label, test in tests.items()
        ]
    rows += prefixes.rows()
    return Figures(rows, tried(name, "sequence models"), prefixes.goals() if name == DATASET else ())


def _common(data: SequenceData, label: str, test: Split) -> dict[str, Any]:
    protocol = PROTOCOLS[label]
    return {
        "dataset": data.name,
        "protocol": label,
        "means": protocol.words(),
        "users": len(test.targets),
        "items": len(data.sequences.items),
    }


def _means(found: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Mean and standard deviation over seeds of every figure."""
    row = {}
    for metric in found[0]:
        values = [means[metric] for means in found]
        row[metric] = float(np.mean(values))
        if len(values) > 1:
            row[f"{metric} sd"] = float(np.std(values, ddof=1))
    return row


def _indicators(codes: NDArray[np.int32]) -> NDArray[np.float32]:
    """Which code an item has in each level, as a vector of unit length: mapped, it is a sum of embeddings."""
    sizes = codes.max(axis=0) + 1
    found = np.zeros((len(codes), int(sizes.sum())), dtype=np.float32)
    coded = np.flatnonzero(codes[:, 0] >= 0)
    columns = codes[coded] + (np.cumsum(sizes) - sizes)
    found[coded[:, None], columns] = np.float32(codes.shape[1] ** -0.5)
    return found


class _Prefixes:
    """How often the prefix of what a user took next is among the likeliest, by several systems."""

    def __init__(self, data: SequenceData, codes: NDArray[np.int32], test: Split) -> None:
        self._data, self._codes, self._test = data, codes, test
        coded = np.flatnonzero(codes[:, 0] >= 0)
        self._known, found = np.unique(codes[coded][:, :DEPTH], axis=0, return_inverse=True)
        found = found.reshape(-1)
        self._of_item = np.full(len(codes), -1, dtype=np.int64)
        self._of_item[coded] = found
        order = np.argsort(found, kind="stable")
        self._items = coded[order]
        self._begins = np.searchsorted(found[order], np.arange(len(self._known)))
        self._found: dict[str, list[Mapping[str, float]]] = {}
        self._ask_baselines()

    def ask_models(
        self, fitted: FittedSequence, channel: SequenceChannel, learned: Sequences, settings: SequenceSettings
    ) -> None:
        """A router, trained for this, and the sequence model's own scores of all items."""
        router = fit_router(fitted, learned, self._codes, DEPTH, settings, Silent())
        self._ask(ROUTER, lambda asked: router.log_probabilities(channel.users(asked), DEPTH))
        self._ask(ALL_ITEMS, lambda asked: self._sums(_chances(channel.scores(asked))))

    def _ask_baselines(self) -> None:
        learned = self._data.learned_from(self._test.train)
        protocol = PROTOCOLS["train only"]
        validation = sampled(split(self._data.sequences, protocol, Phase.VALIDATION), MOST_USERS, 0)
        counts = choose(CountsSystem(), learned, validation).setting.channel(learned)
        popular = popularity(learned.counts)
        self._ask(POPULARITY, lambda asked: self._sums(popular.scores(asked)))
        self._ask(COUNTS_SUM, lambda asked: self._sums(counts.scores(asked)))
        self._ask(COUNTS_BEST, lambda asked: self._best(counts.scores(asked)))

    def _sums(self, scores: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.add.reduceat(scores[:, self._items], self._begins, axis=1)

    def _best(self, scores: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.maximum.reduceat(scores[:, self._items], self._begins, axis=1)

    def _ask(self, system: str, scored: Callable[[Sequences], NDArray[np.float32]]) -> None:
        """Where the prefixes of the targets stand, ties against them; one that no item has is a miss."""
        targets = self._of_item[self._test.targets]
        ranks = np.full(len(targets), len(self._known) + 1)
        for begin in range(0, len(targets), _AT_ONCE):
            users = np.arange(begin, min(begin + _AT_ONCE, len(targets)))
            users = users[targets[users] >= 0]
            scores = scored(self._test.histories.of_users(users))
            own = scores[np.arange(len(users)), targets[users]]
            ranks[users] = np.count_nonzero(scores >= own[:, None], axis=1)
        means = {f"in {size}": float(np.mean(ranks <= size)) for size in AMONG}
        say(f"prefixes of {DEPTH} codes by {system}: {means}")
        self._found.setdefault(system, []).append(means)

    def rows(self) -> list[dict[str, Any]]:
        """A row a system."""
        common = {"dataset": self._data.name, "prefixes": len(self._known), "users": len(self._test.targets)}
        return [
            {**common, "router": system, "seeds": len(found), **_means(found)}
            for system, found in self._found.items()
        ]

    def goals(self) -> tuple[Goal, ...]:
        """Against popularity and against counts."""
        reached = {system: _means(found)["in 50"] for system, found in self._found.items()}
        others = {
            "popularity": reached[POPULARITY],
            "counts": max(reached[COUNTS_SUM], reached[COUNTS_BEST]),
        }
        return tuple(
            Goal(f"router, prefixes of two in the top 50, times {name}", reached[ROUTER] / value, 1.1, HIGHER)
            for name, value in others.items()
        )


def _chances(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    """Up to what divides a row."""
    chances: NDArray[np.float32] = np.exp(scores - scores.max(axis=1, keepdims=True))
    return chances
