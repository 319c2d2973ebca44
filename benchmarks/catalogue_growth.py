"""How a figure grows with the catalogue: a straight line through the logarithms. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from aisle.errors import InputError


@dataclass(frozen=True, slots=True)
class Growth:
    """``value = factor * products ** exponent``.

    Attributes:
        exponent: 1 is linear, 0 constant. n log n looks like 1.07 to 1.1 between 10 thousand and a million.
        factor: of the law.
    """

    exponent: float
    factor: float

    @property
    def per_tenfold(self) -> float:
        """What ten times the products multiply the figure by."""
        return float(10**self.exponent)

    def at(self, products: int) -> float:
        """The law's figure for another size; beyond the sizes measured it is a guess."""
        return float(self.factor * products**self.exponent)


def growth(products: Sequence[int], values: Sequence[float]) -> Growth:
    """The power law that lies nearest to the figures, by least squares of logarithms.

    Raises:
        InputError: fewer than two sizes, or a figure of 0 or less.
    """
    if len(set(products)) < 2 or min(values) <= 0:
        raise InputError("growth needs two sizes and figures above 0", fix="measure more sizes")
    exponent, start = np.polyfit(np.log(products), np.log(values), 1)
    return Growth(float(exponent), float(np.exp(start)))
