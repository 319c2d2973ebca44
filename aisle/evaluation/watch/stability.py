"""How far a distribution is from an earlier one: the population stability index, and what chance gives.

Without any change the index of samples of n and m, times n * m / (n + m), is distributed as chi-squared with
bins - 1 degrees of freedom (Yurdakul 2018, "Statistical properties of population stability index").
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from scipy.stats import chi2

# Added to each bin, so that one that was empty does not make the index infinite.
_PRIOR: Final = 0.5


@dataclass(frozen=True, slots=True)
class Stability:
    """Attributes:
    index: 0 for no change; by convention .1 is some and .25 is much.
    chance: probability that samples of one distribution give as large an index, 0 to 1.
    """

    index: float
    chance: float


def stability(before: Mapping[str, int], now: Mapping[str, int]) -> Stability:
    """The population stability index of two histograms.

    Args:
        before: bin to how many there were; a bin that one of the two lacks has none there.
        now: bin to how many there are.
    """
    bins = before.keys() | now.keys()
    of_before, of_now = sum(before.values()), sum(now.values())
    if len(bins) < 2 or not of_before or not of_now:
        return Stability(0.0, 1.0)
    added = _PRIOR * len(bins)
    terms = []
    for name in sorted(bins):
        then = (before.get(name, 0) + _PRIOR) / (of_before + added)
        today = (now.get(name, 0) + _PRIOR) / (of_now + added)
        terms.append((today - then) * math.log(today / then))
    index = max(0.0, math.fsum(terms))
    statistic = index * of_before * of_now / (of_before + of_now)
    return Stability(index, float(chi2.sf(statistic, len(bins) - 1)))
