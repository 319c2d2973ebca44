"""Weights of legs that depend on the query: a linear model, as data (``search.query_weights`` applies it)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from records import InputError


@dataclass(frozen=True, slots=True)
class QueryWeights:
    """For each choice of weights, what it is expected to gain over the first on a query with such features.

    Attributes:
        features: names of the features, F of them, see ``search.query_features``.
        choices: A choices of weights, one weight per leg of the fusion; the first are the fusion's own.
        means, scales: F each, by which features are standardised.
        coefficients: A rows of F + 1 values: the expected gain at the mean, then per standardised feature.

    Raises:
        InputError: shapes that do not fit, a number that is not finite, or weights that no fusion takes.
    """

    features: tuple[str, ...]
    choices: tuple[tuple[float, ...], ...]
    means: tuple[float, ...]
    scales: tuple[float, ...]
    coefficients: tuple[tuple[float, ...], ...]

    def __post_init__(self) -> None:
        width = len(self.features)
        shapes = (
            len(self.means) == len(self.scales) == width,
            self.choices and len(self.coefficients) == len(self.choices),
            all(len(row) == width + 1 for row in self.coefficients),
            len({len(weights) for weights in self.choices}) == 1,
        )
        numbers = [*self.means, *self.scales, *(value for row in self.coefficients for value in row)]
        weights = [weight for choice in self.choices for weight in choice]
        if (
            not all(shapes)
            or not all(map(math.isfinite, [*numbers, *weights]))
            or min(self.scales, default=1.0) <= 0
            or min(weights) < 0
            or any(sum(choice) <= 0 for choice in self.choices)
        ):
            raise InputError("these weights per query cannot be used", fix="tune again: aisle tune run")

    def to_json(self) -> dict[str, Any]:
        """Plain JSON, from which ``from_json`` makes an equal model."""
        return {
            "features": list(self.features),
            "choices": [list(choice) for choice in self.choices],
            "means": list(self.means),
            "scales": list(self.scales),
            "coefficients": [list(row) for row in self.coefficients],
        }

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> QueryWeights:
        """Read it back.

        Raises:
            InputError: something is missing or of another type.
        """
        try:
            return cls(
                features=tuple(str(name) for name in found["features"]),
                choices=_table(found["choices"]),
                means=_row(found["means"]),
                scales=_row(found["scales"]),
                coefficients=_table(found["coefficients"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(
                f"these are no weights per query ({error!r})", fix="tune again: aisle tune run"
            ) from None


def _table(rows: Any) -> tuple[tuple[float, ...], ...]:
    return tuple(map(_row, rows))


def _row(values: Any) -> tuple[float, ...]:
    return tuple(float(value) for value in values)
