"""Business signals of a release: how its values are spread, and how much they count in a search."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from aisle.errors import InputError, InvalidQuery
from aisle.mappings import fields

# What every item has or has not, besides the numbers that the catalogue declares.
_MEASURED: Final = (fields.POPULARITY, fields.RATING, fields.MARGIN, fields.STOCK, fields.PRICE, fields.ADDED)
_PERCENTS: Final = tuple(range(0, 101, 5))
_NO_WEIGHTS: Mapping[str, float] = MappingProxyType({})

RECENCY: Final = "recency"
IN_STOCK: Final = "in_stock"


@dataclass(frozen=True, slots=True)
class SignalBoosts:
    """How much business signals lift a hit: its score is multiplied by 1 + weight x signal, for each of them.

    A signal is 0 to 1. ``recency`` halves with each half-life of an item's age, ``in_stock`` is 1 for what
    can be bought now. ``popularity``, ``rating``, ``margin``, ``stock``, ``price`` and any number that the
    release can be filtered by count by the share of its items that have less. An item without the value has
    signal 0.

    Attributes:
        weights: signal to weight, -1 (what is highest sinks to the end) to 10; empty for none.
        half_life_days: of ``recency``.

    Raises:
        InvalidQuery: a number that is out of range.
    """

    weights: Mapping[str, float] = field(default_factory=lambda: _NO_WEIGHTS)
    half_life_days: float = 30.0

    def __post_init__(self) -> None:
        for name, weight in self.weights.items():
            if not -1 <= weight <= 10:
                raise InvalidQuery(
                    f"a weight of {weight} for {name!r} cannot be used",
                    fix="use -1 to 10, such as popularity 0.3",
                )
        if not 0 < self.half_life_days < math.inf:
            raise InvalidQuery(
                f"a half-life of {self.half_life_days} days cannot be", fix="use more than 0 days"
            )

    def to_json(self) -> dict[str, Any]:
        """Plain JSON, from which ``from_json`` makes equal boosts."""
        return {"weights": dict(self.weights), "half_life_days": self.half_life_days}

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> SignalBoosts:
        """Read it back.

        Raises:
            InputError: something is missing, of another type, or refused by the class itself.
        """
        try:
            weights = {str(name): float(weight) for name, weight in found["weights"].items()}
            return cls(weights, float(found["half_life_days"]))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise InputError(
                f"these are no boosts of signals ({error!r})", fix="tune again: aisle tune run"
            ) from None


NO_BOOSTS: Final = SignalBoosts()


_FIELDS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        RECENCY: (fields.ADDED,),
        IN_STOCK: (fields.AVAILABLE, fields.STOCK),
        **{name: (name,) for name in _MEASURED if name != fields.ADDED},
    }
)


def signal_fields(name: str) -> tuple[str, ...]:
    """The fields that a signal is made of, of which a release needs one; those of a number by its name."""
    return _FIELDS.get(name) or (fields.number_field(name),)


def percentiles_body(numbers: Iterable[str]) -> dict[str, Any]:
    """Body of a request for how the values of a release are spread.

    Args:
        numbers: that it declares, see ``declared_numbers``.
    """
    measured = (*_MEASURED, *(f"{fields.NUMBER}.{slug}" for slug in numbers))
    spread = {
        name: {"percentiles": {"field": name, "percents": list(_PERCENTS), "keyed": False}}
        for name in measured
    }
    known = {"filter": {"exists": {"field": fields.AVAILABLE}}}
    return {"size": 0, "track_total_hits": False, "aggs": {**spread, fields.AVAILABLE: known}}


def read_percentiles(aggregations: Mapping[str, Any]) -> dict[str, list[float]]:
    """Field to its values at 0, 5, ... 100 %, of those that some item has."""
    found = {}
    for name, answer in aggregations.items():
        if name == fields.AVAILABLE:
            if answer["doc_count"]:
                found[name] = [0.0, 1.0]
            continue
        values = [point["value"] for point in answer["values"]]
        if all(value is not None and math.isfinite(value) for value in values):
            found[name] = values
    return found


def share_below(value: float, percentiles: Sequence[float]) -> float:
    """The share of values that are lower, by linear interpolation between percentiles.

    Args:
        value: of an item.
        percentiles: rising, at equal distances from 0 to 100 %.

    Returns:
        0 for the lowest value and below, 1 for the highest and above; 0 for the only one.
    """
    low, high = percentiles[0], percentiles[-1]
    if value <= low:
        return 0.0
    # The highest value may stand at several percents: it is 1, and those below it grow with it.
    top = percentiles.index(high)
    if value >= high:
        # Of a signal that was the same for all items: it was updated since.
        return 1.0
    after = next(at for at, point in enumerate(percentiles) if point >= value)
    before, beyond = percentiles[after - 1], percentiles[after]
    # In halves, so that no difference is too large for a float.
    return (after - 1 + (value / 2 - before / 2) / (beyond / 2 - before / 2)) / top
