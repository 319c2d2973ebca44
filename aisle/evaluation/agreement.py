"""How far judges agree: Krippendorff's alpha, for any number of judges and grades that are missing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain


def krippendorff_alpha(units: Iterable[Sequence[float]]) -> float | None:
    """Krippendorff's alpha for grades: 1 for judges who agree, 0 for chance, below 0 for less than chance.

    The difference of two grades is that of intervals, (a - b)^2 (Krippendorff, Computing Krippendorff's
    Alpha-Reliability, 2011): of two judges who graded the same items it is nearly Cohen's kappa with
    quadratic weights.

    Args:
        units: of each item the grades that judges gave it; those with fewer than two say nothing.

    Returns:
        None where no item has two grades, or all grades are the same: there is nothing to agree on.
    """
    paired = [list(grades) for grades in units if len(grades) > 1]
    values = list(chain.from_iterable(paired))
    expected = _squares(values) / (len(values) - 1) if values else 0.0
    if not expected:
        return None
    return 1 - sum(_squares(grades) / (len(grades) - 1) for grades in paired) / expected


def _squares(values: Sequence[float]) -> float:
    """Sum of squared differences over all ordered pairs of values."""
    return 2 * (len(values) * sum(value * value for value in values) - sum(values) ** 2)
