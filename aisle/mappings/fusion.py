"""How the legs' result lists become one: the settings, not the computation (see ``aisle.search.fusion``)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from aisle.errors import InputError


@dataclass(frozen=True, slots=True)
class QueryWeights:
    """For each choice of weights, what it is expected to gain over the first on a query with such features.

    Attributes:
        features: names of the features, F of them, see ``aisle.search.fusion``.
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


RRF: Final = "rrf"
MIN_MAX: Final = "min_max"
L2: Final = "l2"
Z_SCORE: Final = "z_score"
ARITHMETIC: Final = "arithmetic_mean"
GEOMETRIC: Final = "geometric_mean"
HARMONIC: Final = "harmonic_mean"

NORMALISATIONS: Final = (MIN_MAX, L2, Z_SCORE)
COMBINATIONS: Final = (ARITHMETIC, GEOMETRIC, HARMONIC)
# OpenSearch refuses more sub-queries in one hybrid query.
MAX_LEGS: Final = 5
MAX_RANK_CONSTANT: Final = 10_000


@dataclass(frozen=True, slots=True)
class FusionSpec:
    """One way to fuse legs; the same settings drive the server's pipeline and the pure reference.

    Attributes:
        legs: names of the legs, in the order of the hybrid query.
        weights: one per leg, not negative; scaled here so that they sum to 1, as OpenSearch asks.
        normalisation: ``rrf`` (Cormack et al., SIGIR 2009), ``min_max``, ``l2`` or ``z_score``.
        combination: ``arithmetic_mean``, ``geometric_mean`` or ``harmonic_mean``; RRF always sums.
        rank_constant: RRF's k, 1 to 10,000.
        query_weights: weights that depend on the query, which the client applies; the server's pipeline has
            the fixed ones. None: all queries have those.

    Raises:
        InputError: for anything the server would refuse.
    """

    legs: tuple[str, ...]
    weights: tuple[float, ...]
    normalisation: str = RRF
    combination: str = ARITHMETIC
    rank_constant: int = 60
    query_weights: QueryWeights | None = None

    def __post_init__(self) -> None:
        _check(self)
        total = sum(self.weights)
        # Weights that sum to 1 already stay as they are to the last bit: what is stored reads back equal.
        scale = 1.0 if math.isclose(total, 1.0, rel_tol=1e-12) else total
        object.__setattr__(self, "weights", tuple(w / scale for w in self.weights))

    @classmethod
    def equal(cls, *legs: str, normalisation: str = RRF, combination: str = ARITHMETIC) -> FusionSpec:
        """All legs count the same."""
        return cls(legs, (1.0,) * len(legs), normalisation, combination)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON, from which ``from_json`` makes an equal spec."""
        return {
            "legs": list(self.legs),
            "weights": list(self.weights),
            "normalisation": self.normalisation,
            "combination": self.combination,
            "rank_constant": self.rank_constant,
            **({"query_weights": self.query_weights.to_json()} if self.query_weights else {}),
        }

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> FusionSpec:
        """Read it back.

        Raises:
            InputError: something is missing, of another type, or refused by the class itself.
        """
        try:
            legs, constant = tuple(found["legs"]), found["rank_constant"]
            weights = tuple(float(weight) for weight in found["weights"])
            normalisation, combination = str(found["normalisation"]), str(found["combination"])
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f"this is no fusion ({error!r})", fix="tune again: aisle tune run") from None
        if type(constant) is not int or not all(isinstance(leg, str) for leg in legs):
            raise InputError(
                "this is no fusion: a leg or the rank constant is of the wrong type",
                fix="tune again: aisle tune run",
            )
        model = found.get("query_weights")
        per_query = None if model is None else QueryWeights.from_json(model)
        return cls(legs, weights, normalisation, combination, constant, per_query)

    @property
    def title(self) -> str:
        """Short name for tables, such as ``rrf`` or ``min_max+arithmetic_mean``."""
        return RRF if self.normalisation == RRF else f"{self.normalisation}+{self.combination}"


def _check(spec: FusionSpec) -> None:
    if not 1 <= len(spec.legs) <= MAX_LEGS or len(set(spec.legs)) != len(spec.legs):
        raise InputError(
            f"a fusion takes 1 to {MAX_LEGS} different legs, not {list(spec.legs)}",
            fix="name each leg once and drop the weakest ones",
        )
    if len(spec.weights) != len(spec.legs):
        raise InputError(
            f"{len(spec.weights)} weights for {len(spec.legs)} legs", fix="give one weight per leg"
        )
    if not all(math.isfinite(w) and w >= 0 for w in spec.weights) or sum(spec.weights) <= 0:
        raise InputError(
            f"weights {list(spec.weights)} cannot be used",
            fix="give finite weights that are not negative, at least one above 0",
        )
    if spec.query_weights and len(spec.query_weights.choices[0]) != len(spec.legs):
        raise InputError(
            f"weights per query for {len(spec.query_weights.choices[0])} legs, not {len(spec.legs)}",
            fix="tune again: aisle tune run",
        )
    if spec.normalisation not in (RRF, *NORMALISATIONS):
        raise InputError(
            f"unknown normalisation {spec.normalisation!r}",
            fix=f"use one of {', '.join((RRF, *NORMALISATIONS))}",
        )
    if spec.combination not in COMBINATIONS:
        raise InputError(
            f"unknown combination {spec.combination!r}", fix=f"use one of {', '.join(COMBINATIONS)}"
        )
    if spec.normalisation == Z_SCORE and spec.combination != ARITHMETIC:
        # A z-score can be negative, which no other mean is defined for; OpenSearch refuses it too.
        raise InputError("z_score goes with arithmetic_mean only", fix="use min_max or l2 for other means")
    if not 1 <= spec.rank_constant <= MAX_RANK_CONSTANT:
        raise InputError(
            f"rank constant {spec.rank_constant} is out of range", fix=f"use 1 to {MAX_RANK_CONSTANT}"
        )
