"""Settings are chosen on the validation; the test is read once, with those that were chosen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, is_dataclass, replace
from typing import Any, Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from aisle.evaluation.sequences.protocol import EvaluationProtocol, Phase, Split, split
from aisle.evaluation.sequences.ranks import RankedTargets, rank_targets
from aisle.recommendation.channel import Channel
from aisle.recommendation.counts import CountOptions, count_items
from aisle.recommendation.settings import Learned
from aisle.recommendation.systems import (
    CountsAndTextSystem,
    CountsSystem,
    EaseSystem,
    ItemKnnSystem,
    LastItemSystem,
    PopularitySystem,
    System,
    TextSystem,
)
from aisle.sequences import Sequences

CHOSEN_BY: Final = "N@10"
MOST_USERS: Final = 4_000
"""Of the validation, drawn with a seed: its figures are for choosing, not for tables."""

Setting = TypeVar("Setting")


@dataclass(frozen=True, slots=True)
class Choice:
    """What the validation chose for a system.

    Attributes:
        setting: that was best.
        value: its mean on the validation's users.
        tried: settings in all.
        metric: that was to be best.
    """

    setting: Any
    value: float
    tried: int
    metric: str = CHOSEN_BY

    def words(self) -> str:
        """For the notes of a table; empty where nothing was chosen."""
        if self.tried < 2:
            return ""
        chosen = f"{self.metric} {self.value:.4f} on validation, of {self.tried} settings"
        return f"{_words(self.setting)} ({chosen})"


def choose(system: System[Setting], learned: Learned, data: Split, metric: str = CHOSEN_BY) -> Choice:
    """The setting with the best mean; of two as good the first.

    Args:
        system: whose settings are tried.
        learned: from ``data.train`` alone.
        data: of the validation.
        metric: that is to be best.
    """
    settings = system.settings()
    values = []
    for setting in settings:
        ranked = rank_targets(system.channel(learned, setting), data, "")
        values.append(ranked.means((metric,))[metric])
    best = int(np.argmax(values))
    return Choice(settings[best], values[best], len(settings), metric)


@dataclass(frozen=True, slots=True)
class Outcome:
    """One system: what was chosen for it and how it did in the test.

    Attributes:
        choice: on the validation.
        ranked: in the test.
    """

    choice: Choice
    ranked: RankedTargets


def measure_baselines(
    sequences: Sequences,
    protocol: EvaluationProtocol,
    dataset: str,
    texts: NDArray[np.float32] | None = None,
    options: CountOptions | None = None,
    *,
    with_ease: bool = True,
    seed: int = 0,
) -> Iterator[Outcome]:
    """Every system that needs no training, one after the other: chosen on validation, then tested.

    Args:
        sequences: all of them.
        protocol: how they are cut.
        dataset: their name.
        texts: float32 [items, dims], unit vectors of the items' texts; without them two systems are left out.
        options: of counts.
        with_ease: whether EASE is solved, which takes the most time by far.
        seed: of the draw of validation users.

    Raises:
        EvaluationError: the protocol does not fit the sequences.
        InputError: EASE cannot be solved.
    """
    validation = sampled(split(sequences, protocol, Phase.VALIDATION), MOST_USERS, seed)
    learned = Learned(count_items(validation.train, options), texts)
    test = split(sequences, protocol, Phase.TEST)
    relearned = Learned(count_items(test.train, options), texts) if protocol.refit else learned
    for system in _first_systems(with_ease):
        if system.fits(learned):
            yield _outcome(system, learned, validation, relearned, test, dataset)
    counts = _outcome(CountsSystem(), learned, validation, relearned, test, dataset)
    yield counts
    last = CountsAndTextSystem(counts.choice.setting)
    if last.fits(learned):
        yield _outcome(last, learned, validation, relearned, test, dataset)


def sampled(data: Split, most: int, seed: int) -> Split:
    """The same with at most so many of its users, drawn with a seed."""
    if len(data.targets) <= most:
        return data
    chosen = np.sort(np.random.default_rng(seed).choice(len(data.targets), most, replace=False))
    return replace(data, histories=data.histories.of_users(chosen), targets=data.targets[chosen])


def _first_systems(with_ease: bool) -> Iterator[System[Any]]:
    yield PopularitySystem()
    yield TextSystem()
    yield LastItemSystem()
    yield ItemKnnSystem()
    if with_ease:
        yield EaseSystem()


def _outcome(
    system: System[Any], learned: Learned, validation: Split, relearned: Learned, test: Split, dataset: str
) -> Outcome:
    choice = choose(system, learned, validation)
    named = _Named(system.name, system.channel(relearned, choice.setting))
    return Outcome(choice, rank_targets(named, test, dataset))


@dataclass(frozen=True, slots=True)
class _Named:
    """A channel under the name of its system."""

    name: str
    channel: Channel

    def scores(self, histories: Sequences) -> NDArray[np.float32]:
        return self.channel.scores(histories)


def _words(setting: Any) -> str:
    if isinstance(setting, float):
        return f"weight {_value(setting)}"
    parts = asdict(setting) if is_dataclass(setting) and not isinstance(setting, type) else {}
    return ", ".join(f"{name} {_value(value)}" for name, value in parts.items())


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return "(" + ", ".join(f"{name} {_value(held)}" for name, held in value.items()) + ")"
    return f"{value:g}"
