"""What a watch reads off its figures: how far each is from the baseline, and how far it may be. Pure.

Every reading is a deviation, 0 where all is well, and has a limit. What is counted of shoppers, and drift,
must also be more than chance: a share by the test of two proportions, a mean by Welch's, each one-sided.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from scipy.stats import norm

from aisle.evaluation.clicks.traffic import Traffic
from aisle.evaluation.watch.figures import WatchFigures
from aisle.evaluation.watch.policy import WatchPolicy
from aisle.evaluation.watch.stability import stability


class Signal(StrEnum):
    """What is watched."""

    METRIC = "metric"
    CODES = "codes"
    DOCUMENTS = "documents"
    UNMATCHED = "unmatched"
    CTR = "ctr"
    CLICK_POSITION = "click_position"
    QUERY_DRIFT = "query_drift"
    ITEM_DRIFT = "item_drift"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True, slots=True)
class Reading:
    """One deviation.

    Attributes:
        signal: of what.
        name: of the trigger, such as ``codes level 2``; no two of a round have the same.
        value: how far the figure is from what is well, from 0.
        limit: how far it may be.
        sure: whether it is more than chance.
        note: the figures behind it, for people.
    """

    signal: Signal
    name: str
    value: float
    limit: float
    sure: bool = True
    note: str = ""

    @property
    def beyond(self) -> bool:
        """Whether it is beyond its limit, and that is no chance."""
        return self.sure and self.value > self.limit

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return {
            "signal": self.signal.value,
            "name": self.name,
            "value": round(self.value, 5),
            "limit": self.limit,
            "beyond": self.beyond,
            "note": self.note,
        }


def readings(now: WatchFigures, baseline: WatchFigures, policy: WatchPolicy) -> tuple[Reading, ...]:
    """Every deviation that can be told from the figures of a round and the baseline's."""
    found = (
        *_metric(now, baseline, policy),
        *_codes(now, policy),
        *_documents(now, baseline, policy),
        *_items(now, baseline, policy),
    )
    if now.traffic is None or baseline.traffic is None:
        return found
    return (*found, *_traffic(now.traffic, baseline.traffic, policy))


def unreachable(rounds: int, policy: WatchPolicy) -> Reading:
    """Of rounds in a row in which nothing could be measured."""
    return Reading(
        Signal.UNREACHABLE,
        "rounds without figures",
        rounds,
        policy.unreachable - 1,
        note=f"{rounds} in a row",
    )


def _metric(now: WatchFigures, baseline: WatchFigures, policy: WatchPolicy) -> Iterator[Reading]:
    name = policy.metric
    # Other judgments are another scale.
    if now.queries == baseline.queries and name in now.metrics and baseline.metrics.get(name):
        value, before = now.metrics[name], baseline.metrics[name]
        note = f"{value:.4f}, {before:.4f} before, on {now.queries:,} queries"
        yield Reading(Signal.METRIC, name, _lost(value, before), policy.metric_drop, note=note)


def _codes(now: WatchFigures, policy: WatchPolicy) -> Iterator[Reading]:
    for level, used in enumerate(now.codes, 1):
        # Floats: 1 - .8 is more than .2.
        unused, limit = round(1 - used, 9), round(1 - policy.codes_used, 9)
        yield Reading(Signal.CODES, f"codes level {level}", unused, limit, note=f"{used:.1%} are used")


def _documents(now: WatchFigures, baseline: WatchFigures, policy: WatchPolicy) -> Iterator[Reading]:
    if baseline.documents:
        lost = _lost(now.documents, baseline.documents)
        note = f"{now.documents:,}, {baseline.documents:,} before"
        yield Reading(Signal.DOCUMENTS, "documents", lost, policy.shrink, note=note)


def _items(now: WatchFigures, baseline: WatchFigures, policy: WatchPolicy) -> Iterator[Reading]:
    for name, before in baseline.items.items():
        if name in now.items:
            found = stability(before, now.items[name])
            sure = found.chance < policy.significance
            yield Reading(Signal.ITEM_DRIFT, f"items by {name}", found.index, policy.item_drift, sure)


def _traffic(now: Traffic, then: Traffic, policy: WatchPolicy) -> Iterator[Reading]:
    if now.known and then.known:
        rate, before = now.unmatched / now.known, then.unmatched / then.known
        p = _p_of_more(now.unmatched, now.known, then.unmatched, then.known)
        yield Reading(
            Signal.UNMATCHED,
            "searches without a word found",
            max(0.0, rate - before),
            policy.unmatched_rise,
            p < policy.significance,
            f"{rate:.1%}, {before:.1%} before",
        )
    if then.clicked:
        rate, before = now.clicked / now.searches, then.clicked / then.searches
        p = _p_of_more(then.clicked, then.searches, now.clicked, now.searches)
        yield Reading(
            Signal.CTR,
            f"CTR@{policy.ctr_depth}",
            _lost(rate, before),
            policy.ctr_drop,
            p < policy.significance,
            f"{rate:.1%}, {before:.1%} before",
        )
    if now.clicks > 1 and then.clicks > 1:
        place, before = now.positions / now.clicks, then.positions / then.clicks
        yield Reading(
            Signal.CLICK_POSITION,
            "mean click position",
            max(0.0, place / before - 1),
            policy.click_position_rise,
            _p_of_further(now, then) < policy.significance,
            f"{place:.2f}, {before:.2f} before",
        )
    for name, counts, earlier in (
        ("words", now.words, then.words),
        ("length", now.lengths, then.lengths),
    ):
        if counts and earlier:
            found = stability(earlier, counts)
            sure = found.chance < policy.significance
            yield Reading(Signal.QUERY_DRIFT, f"queries by {name}", found.index, policy.query_drift, sure)


def _lost(now: float, before: float) -> float:
    return round(max(0.0, 1 - now / before), 9)


def _p_of_more(some: int, of: int, less: int, than: int) -> float:
    """One-sided p-value of some/of being no more than less/than, with pooled variance."""
    pooled = (some + less) / (of + than)
    error = math.sqrt(pooled * (1 - pooled) * (1 / of + 1 / than))
    return float(norm.sf((some / of - less / than) / error)) if error else 1.0


def _p_of_further(now: Traffic, then: Traffic) -> float:
    """One-sided p-value of clicks being no further down; they are so many that Student's t is normal."""
    error = math.sqrt(_variance(now) / now.clicks + _variance(then) / then.clicks)
    difference = now.positions / now.clicks - then.positions / then.clicks
    if not error:
        return 0.0 if difference > 0 else 1.0
    return float(norm.sf(difference / error))


def _variance(of: Traffic) -> float:
    mean = of.positions / of.clicks
    return max(0.0, (of.squares - of.clicks * mean * mean) / (of.clicks - 1))
