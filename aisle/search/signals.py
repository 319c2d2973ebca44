"""What business signals make of a fused list: a factor per item and signal. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, Protocol

from aisle.errors import InvalidQuery
from aisle.mappings import IndexMeta, fields
from aisle.mappings.signals import IN_STOCK, RECENCY, SignalBoosts, share_below, signal_fields
from aisle.search.fusion import Fused, scaled
from aisle.search.stored import StoredValues

_DAY_MS = 86_400_000
Values = Mapping[str, Sequence[Any]]


@dataclass(frozen=True, slots=True)
class SignalContext:
    """What a signal is measured by.

    Attributes:
        percentiles: ``Features.signals`` of the release.
        now_ms: moment of the search, epoch milliseconds.
        half_life_days: of recency.
    """

    percentiles: Mapping[str, Sequence[float]]
    now_ms: float
    half_life_days: float


class Signal(Protocol):
    """One signal of an item."""

    def of(self, values: Values, context: SignalContext, /) -> float:
        """0 to 1, from an item's stored values."""


@dataclass(frozen=True, slots=True)
class Scaled:
    """A number, by the share of items that have less."""

    field: str

    def of(self, values: Values, context: SignalContext, /) -> float:
        """See ``Signal``."""
        found = values.get(self.field)
        return share_below(float(found[0]), context.percentiles[self.field]) if found else 0.0


@dataclass(frozen=True, slots=True)
class Recency:
    """How new an item is: 1 now, half after each half-life."""

    def of(self, values: Values, context: SignalContext, /) -> float:
        """See ``Signal``."""
        found = values.get(fields.ADDED)
        if not found:
            return 0.0
        days = max(0.0, (context.now_ms - float(found[0])) / _DAY_MS)
        return float(0.5 ** (days / context.half_life_days))


@dataclass(frozen=True, slots=True)
class InStock:
    """Whether an item can be bought now, as ``Filters.in_stock`` has it."""

    def of(self, values: Values, _context: SignalContext, /) -> float:
        """See ``Signal``."""
        if found := values.get(fields.AVAILABLE):
            return float(bool(found[0]))
        stock = values.get(fields.STOCK)
        return float(bool(stock) and float(stock[0]) > 0) if stock else 0.0


_NAMED: Mapping[str, Signal] = MappingProxyType(
    {
        RECENCY: Recency(),
        IN_STOCK: InStock(),
        **{
            name: Scaled(name)
            for name in (fields.POPULARITY, fields.RATING, fields.MARGIN, fields.STOCK, fields.PRICE)
        },
    }
)


def signal_of(name: str) -> Signal:
    """The signal of that name; a name that is none of Aisle's own is that of a number."""
    return _NAMED.get(name) or Scaled(fields.number_field(name))


def known_signals(meta: IndexMeta) -> tuple[str, ...]:
    """Names of the signals that a release has."""
    there = meta.features.signals
    numbers = (
        name.removeprefix(f"{fields.NUMBER}.") for name in there if name.startswith(f"{fields.NUMBER}.")
    )
    return (*(name for name in _NAMED if there.keys() & set(signal_fields(name))), *sorted(numbers))


def tunable_signals(meta: IndexMeta) -> tuple[str, ...]:
    """Those that weights are tuned for: what more of is better. How many are in stock, or a price, is not."""
    return tuple(
        name
        for name in (fields.POPULARITY, fields.RATING, fields.MARGIN, IN_STOCK, RECENCY)
        if meta.features.signals.keys() & set(signal_fields(name))
    )


def check_boosts(boosts: SignalBoosts, meta: IndexMeta) -> None:
    """Refuse signals that a release does not have: they would silently do nothing.

    Raises:
        ForeignIndex: an older Aisle made the release.
        InvalidQuery: no item of it had such a value when it was made, or one signal is named twice.
    """
    meta.require(meta.schema_version > 2 or not boosts.weights, "be boosted by business signals")
    named: dict[tuple[str, ...], str] = {}
    for name in boosts.weights:
        if (other := named.setdefault(signal_fields(name), name)) != name:
            raise InvalidQuery(f"{other!r} and {name!r} are one signal", fix="name it once")
        if not meta.features.signals.keys() & set(signal_fields(name)):
            there = ", ".join(known_signals(meta)) or "none"
            raise InvalidQuery(
                f"{meta.release} cannot be boosted by {name!r} (it has: {there})",
                fix="name one of these, or index again what has it: signals are measured for each release",
            )


def stored_signals(boosts: SignalBoosts) -> tuple[str, ...]:
    """The fields that boosts need of each candidate."""
    return tuple(dict.fromkeys(field for name in boosts.weights for field in signal_fields(name)))


def boosted(
    fused: Sequence[Fused], boosts: SignalBoosts, meta: IndexMeta, values: StoredValues, at: datetime
) -> list[Fused]:
    """The items with their scores multiplied by each signal's factor, best first.

    Args:
        fused: candidates.
        boosts: their weights.
        meta: of the release.
        values: of the candidates, see `stored_signals`.
        at: moment of the search, with its time zone.
    """
    found = list(fused)
    for name, signals in signals_of(boosts, meta, values, at).items():
        weight = boosts.weights[name]
        found = scaled(found, name, {id_: 1 + weight * signal for id_, signal in signals.items()})
    return found


def signals_of(
    boosts: SignalBoosts, meta: IndexMeta, values: StoredValues, at: datetime
) -> dict[str, dict[str, float]]:
    """Signal to item to its value, 0 to 1; items of value 0 are left out.

    Args:
        boosts: which signals.
        meta: of the release.
        values: of the items, see `stored_signals`.
        at: moment of the search, with its time zone.
    """
    context = SignalContext(meta.features.signals, at.timestamp() * 1000, boosts.half_life_days)
    found: dict[str, dict[str, float]] = {}
    for name in boosts.weights:
        signal = signal_of(name)
        of_items = ((id_, signal.of(stored, context)) for id_, stored in values.items())
        found[name] = {id_: value for id_, value in of_items if value}
    return found
