"""What came of an experiment, with how sure that is. Pure.

Shoppers are drawn and not searches, and one shopper's searches are alike: every variance here is that of
shoppers. A rate is a ratio of two means, by the delta method (Deng, Knoblich and Lu 2018, "Applying the delta
method in metric analytics"); an interleaving's outcome is the share of the wins among searches with a winner.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest, norm

Floats = NDArray[np.float64]

_Z95: Final = float(norm.ppf(0.975))
# With fewer shoppers the normal distribution is none; the exact test of signs then says it.
_FEW: Final = 30


@dataclass(frozen=True, slots=True)
class Rate:
    """A rate over shoppers, from 0 to 1.

    Attributes:
        value: clicked searches over searches, or the like.
        low, high: its 95 % interval, which ends at 0 and 1 too.
        error: its standard error.
    """

    value: float
    low: float
    high: float
    error: float

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return {name: round(value, 6) for name, value in asdict(self).items()}


def rate(above: Iterable[float], below: Iterable[float]) -> Rate:
    """The ratio of two sums over shoppers, each counted for the same shoppers in the same order.

    Args:
        above: of each shopper, such as its searches with a click.
        below: of each, such as its searches; all 0 gives a rate of 0.
    """
    x, y = np.array(list(above), dtype=np.float64), np.array(list(below), dtype=np.float64)
    total = y.sum()
    if not total:
        return Rate(0.0, 0.0, 0.0, math.inf)
    value = float(x.sum() / total)
    count = len(x)
    if count < 2:
        return Rate(value, 0.0, 1.0, math.inf)
    residuals = x - value * y
    error = float(np.sqrt(count / (count - 1) * np.sum(residuals**2)) / total)
    return Rate(value, max(0.0, value - _Z95 * error), min(1.0, value + _Z95 * error), error)


def p_value(control: Rate, arm: Rate) -> float:
    """Two-sided p-value of two rates being one."""
    error = math.hypot(control.error, arm.error)
    if not math.isfinite(error):
        return 1.0
    if not error:
        return 1.0 if control.value == arm.value else 0.0
    return float(2 * norm.sf(abs(arm.value - control.value) / error))


@dataclass(frozen=True, slots=True)
class Wins:
    """The outcome of an interleaving.

    Attributes:
        arm, control: searches whose clicks speak for each.
        ties: searches with clicks that speak for neither.
        shoppers: with a search that has a winner.
        share: of the arm among searches with a winner; .5 is no difference.
        low, high: its 95 % interval.
        p: two-sided p-value of no difference.
    """

    arm: int
    control: int
    ties: int
    shoppers: int
    share: float
    low: float
    high: float
    p: float

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return asdict(self)


def wins(preferences: Iterable[Iterable[int]]) -> Wins:
    """The outcome of an interleaving.

    Args:
        preferences: of each shopper, of each search with clicks: 1 for the arm, -1 for the control, 0 a tie.
    """
    of_arm, of_control, ties = [], [], 0
    for shopper in preferences:
        found = list(shopper)
        ties += found.count(0)
        of_arm.append(found.count(1))
        of_control.append(found.count(-1))
    x, y = np.array(of_arm, dtype=np.float64), np.array(of_control, dtype=np.float64)
    arm, control = int(x.sum()), int(y.sum())
    decided = arm + control
    shoppers = int(np.count_nonzero(x + y))
    if not decided:
        return Wins(0, 0, ties, 0, 0.5, 0.0, 1.0, 1.0)
    share = arm / decided
    if shoppers < _FEW:
        # One vote of each shopper: the sign of what its searches say.
        votes = np.sign(x - y)
        for_arm, all_votes = int(np.sum(votes > 0)), int(np.count_nonzero(votes))
        if not all_votes:
            return Wins(arm, control, ties, shoppers, share, 0.0, 1.0, 1.0)
        test = binomtest(for_arm, all_votes)
        between = test.proportion_ci(method="wilson")
        low, high = min(between.low, share), max(between.high, share)
        return Wins(arm, control, ties, shoppers, share, float(low), float(high), float(test.pvalue))
    # Under no difference each shopper's wins less losses has mean 0.
    difference = x - y
    spread = float(np.sqrt(np.sum(difference**2)))
    p = float(2 * norm.sf(abs(difference.sum()) / spread)) if spread else 1.0
    found_rate = rate(x, x + y)
    return Wins(arm, control, ties, shoppers, share, found_rate.low, found_rate.high, p)
