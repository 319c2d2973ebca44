"""How well items answer queries, of clicks that positions bias.

COEC: clicks over expected clicks (Zhang and Jones 2007, "Comparing click logs and editorial labels for
training query rewriting"). Inverse propensity: clicks weighted by how rarely a position is looked at
(Joachims, Swaminathan and Schnabel 2017), which expectation maximisation under the position-based model
estimates (Wang et al. 2018, "Position bias estimation for unbiased learning to rank in personal search").
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from aisle.evaluation.clicks.log import ClickLog
from aisle.evaluation.qrels import MAX_GRADE

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_ROUNDS: Final = 500
_ENOUGH: Final = 1e-6
# A click on a position that is hardly looked at would count like hundreds.
_LEAST_EXAMINED: Final = 0.02


class Method(StrEnum):
    """How clicks become a number."""

    CTR = "ctr"
    COEC = "coec"
    IPS = "ips"


@dataclass(frozen=True, slots=True)
class Estimate:
    """What clicks say of pairs of query and item, and of positions; M pairs.

    Attributes:
        query, item: int64 [M], places in the log's queries and items.
        shown: int64 [M], how often.
        ctr: float64 [M], clicks over times shown, with no correction.
        coec: float64 [M], clicks over those that an average item would have got at the same positions; 1 is
            average.
        ips: float64 [M], clicks over looks, as a multiple of the mean of all; 1 is average.
        examined: float64 [positions], how often each is looked at, relative to the most looked at.
        position: float64 [M], mean position that it was shown at, 0 for the first.
        moved: share of the pairs that were shown at several positions: they alone tell what a position does.
    """

    query: Ints
    item: Ints
    shown: Ints
    ctr: Floats
    coec: Floats
    ips: Floats
    examined: Floats
    position: Floats
    moved: float

    def values(self, method: Method) -> Floats:
        """The numbers of a method, float64 [M]."""
        return {Method.CTR: self.ctr, Method.COEC: self.coec, Method.IPS: self.ips}[method]

    def grades(self, log: ClickLog, method: Method, least_shown: int) -> dict[str, dict[str, float]]:
        """Text of each query to its items' grades, of the pairs that were shown often enough.

        Args:
            log: that the estimate is of.
            method: whose numbers are the grades; above ``MAX_GRADE`` they are that.
            least_shown: a pair that was shown less often says nothing.
        """
        kept = self.shown >= least_shown
        values = np.minimum(self.values(method)[kept], MAX_GRADE).round(4)
        grades: dict[str, dict[str, float]] = {}
        for query, item, value in zip(self.query[kept], self.item[kept], values.tolist(), strict=True):
            grades.setdefault(log.queries[query], {})[log.items[item]] = value
        return grades

    def item_rates(self, log: ClickLog, method: Method) -> dict[str, float]:
        """Item id to the mean of its pairs' numbers, each as often as it was shown; 1 is average."""
        shown = _sums(self.item, self.shown)
        rates = _sums(self.item, self.shown * self.values(method)) / shown
        return dict(zip(log.items, rates.round(4).tolist(), strict=True))


def estimate_clicks(log: ClickLog, prior: float = 10.0) -> Estimate:
    """Make judgments of clicks.

    Args:
        log: at least one row.
        prior: so many times shown at average success are added to each pair: one click of one is no fact.
    """
    pairs, row_pair = np.unique(log.pairs, return_inverse=True)
    width = max(1, len(log.items))
    shown = _sums(row_pair, log.shown)
    clicked = _sums(row_pair, log.clicked)
    rate = clicked.sum() / shown.sum()
    by_position = _ratio(_sums(log.position, log.clicked), _sums(log.position, log.shown), rate)
    expected = _sums(row_pair, log.shown * by_position[log.position])
    examined = examination(log, row_pair)
    weights = 1 / np.maximum(examined, _LEAST_EXAMINED)
    corrected = _sums(row_pair, log.clicked * weights[log.position])
    mean = corrected.sum() / shown.sum()
    places = np.unique(np.stack([row_pair, log.position]), axis=1)[0]
    added = prior * rate
    return Estimate(
        query=pairs // width,
        item=pairs % width,
        shown=shown.astype(np.int64),
        ctr=clicked / shown,
        coec=(clicked + added) / np.maximum(expected + added, np.finfo(float).tiny),
        ips=(corrected + prior * mean) / ((shown + prior) * mean) if mean else np.ones(len(pairs)),
        examined=examined,
        position=_sums(row_pair, log.shown * log.position) / shown,
        moved=float(np.mean(np.bincount(places) > 1)),
    )


def examination(log: ClickLog, row_pair: Ints, strength: float = 5.0) -> Floats:
    """How often each position is looked at, relative to the most looked at, float64 [positions].

    Expectation maximisation of P(click) = P(position is looked at) * P(item is wanted).

    Args:
        log: at least one row.
        row_pair: int64 [N], number of each row's pair.
        strength: so many times shown at the average are added to each item: one click is no proof.
    """
    shown, clicked = log.shown.astype(np.float64), log.clicked.astype(np.float64)
    missed = shown - clicked
    of_position, of_pair = _sums(log.position, shown), _sums(row_pair, shown)
    average = clicked.sum() / shown.sum()
    looked = np.full(len(of_position), 0.5)
    wanted = np.full(len(of_pair), min(0.5, 2 * average))
    for _ in range(_ROUNDS):
        a, b = looked[log.position], wanted[row_pair]
        none = np.maximum(1 - a * b, np.finfo(float).tiny)
        before = looked
        looked = _ratio(_sums(log.position, clicked + missed * a * (1 - b) / none), of_position, 0.0)
        middle = float(np.average(wanted, weights=of_pair))
        found = _sums(row_pair, clicked + missed * (1 - a) * b / none)
        wanted = (found + strength * middle) / (of_pair + strength)
        if np.max(np.abs(looked - before)) < _ENOUGH:
            break
    return looked / looked.max() if looked.max() else np.ones(len(looked))


def _sums(places: Ints, values: NDArray[Any]) -> Floats:
    """The sum of the values of each place."""
    return np.bincount(places, values).astype(np.float64)


def _ratio(above: Floats, below: Floats, otherwise: float) -> Floats:
    """The quotient, and ``otherwise`` where nothing stands below."""
    quotient = np.full(len(below), otherwise)
    np.divide(above, below, out=quotient, where=below > 0)
    return quotient
