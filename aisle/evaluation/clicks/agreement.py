"""How far what clicks say is from the truth of a simulation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import spearmanr

from aisle.evaluation.clicks.estimates import Estimate, Method
from aisle.evaluation.clicks.log import ClickLog
from aisle.evaluation.clicks.simulation import Simulation


@dataclass(frozen=True, slots=True)
class Agreement:
    """One method against the truth.

    Attributes:
        method: which.
        pairs: how many were shown often enough.
        agreement: rank correlation (Spearman) of its numbers with the true grades; 1 is the same order.
        position_bias: rank correlation with the position, of items of one grade, mean over the grades; 0 is
            no bias, below 0 what stands further up is taken for better, above 0 for worse.
    """

    method: Method
    pairs: int
    agreement: float
    position_bias: float


def agreements(found: Estimate, log: ClickLog, truth: Simulation, least_shown: int) -> tuple[Agreement, ...]:
    """Each method against the truth.

    Args:
        found: the estimate.
        log: that it is of.
        truth: that the log was drawn from.
        least_shown: pairs that were shown less often are left out.
    """
    kept = found.shown >= least_shown
    qrels = truth.qrels()
    grades = np.array(
        [
            qrels[log.queries[query]][log.items[item]]
            for query, item in zip(found.query[kept], found.item[kept], strict=True)
        ]
    )
    rows = []
    for method in Method:
        values, positions = found.values(method)[kept], found.position[kept]
        biases = [
            _correlation(values[grades == grade], positions[grades == grade]) for grade in np.unique(grades)
        ]
        bias = float(np.mean(biases)) if biases else 0.0
        rows.append(Agreement(method, int(kept.sum()), _correlation(values, grades), bias))
    return tuple(rows)


def _correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Spearman's; 0 where there is nothing to compare."""
    if len(a) < 3 or np.ptp(a) == 0 or np.ptp(b) == 0:
        return 0.0
    return float(spearmanr(a, b).statistic)
