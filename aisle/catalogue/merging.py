"""One product of several rows, and a variant with what its product says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any, Final

from aisle.catalogue.exports.base import Place
from aisle.catalogue.part import Part
from aisle.types import BusinessSignals, Item

_SAID_ONCE: Final = ("title", "text", "brand", "url", "language", "location")
_UNITED: Final = ("categories", "images", "identifiers")
_PRICES: Final = ("price", "price_max", "list_price", "currency")
_SIGNALS: Final = tuple(field.name for field in fields(BusinessSignals))


class Merge:
    """A product that grows row by row; rows come by place: product, first, variants, more."""

    def __init__(self) -> None:
        self.id = ""
        self._said: dict[str, Any] = {}
        self._united: dict[str, dict[Any, None]] = {name: {} for name in _UNITED}
        self._attributes: dict[str, dict[str, None]] = {}
        # Of the product's own row and of its variants: the one may offer what no variant that is shown has.
        self._offered: dict[str, tuple[str, ...]] = {}
        self._chosen: dict[str, dict[str, None]] = {}
        self._choices: Counter[str] = Counter()
        self._variants = 0
        self._numbers: dict[str, float] = {}
        self._signals: dict[str, Any] = {}
        self._product = Item(id="", title="")
        self._cheapest: Item | None = None
        self._dearest = 0.0
        self._stock: float | None = None
        self._available: bool | None = None
        self._lost: dict[str, str] = {}
        self._wrong: dict[str, str] = {}

    def add(self, part: Part, place: Place) -> None:
        """Take in one row."""
        item = part.item
        self.id = self.id or item.id
        for name in _SAID_ONCE:
            if value := getattr(item, name):
                self._said.setdefault(name, value)
        more = place is Place.MORE
        for name in _UNITED:
            self._united[name] |= dict.fromkeys(getattr(item, name))
        for name, values in item.attributes.items():
            if not (more and name in self._attributes):
                self._attributes.setdefault(name, {}).update(dict.fromkeys(values))
        if place is Place.PRODUCT:
            self._offered = dict(item.attributes)
        elif place is Place.VARIANT:
            self._variants += 1
            self._choices.update(item.attributes.keys())
            for name, values in item.attributes.items():
                self._chosen.setdefault(name, {}).update(dict.fromkeys(values))
        self._numbers = {**item.numbers, **self._numbers}
        for name in _SIGNALS:
            if (signal := getattr(item.signals, name)) is not None:
                self._signals.setdefault(name, signal)
        if place is Place.PRODUCT:
            self._product = item
        elif not more:
            self._offer(item)
        self._lost = {**part.lost, **self._lost}
        self._wrong = {**part.wrong, **self._wrong}

    def _offer(self, item: Item) -> None:
        """What is sold are the variants: their prices and stock count, else the product's own."""
        stock, available = item.signals.stock, item.signals.available
        if stock is not None:
            self._stock = (self._stock or 0.0) + stock
        if available is not None:
            self._available = bool(self._available) or available
        if item.price is None:
            # What a variant does not say of its price holds as for its product, which came before.
            item = self._product
        if item.price is None:
            return
        if self._cheapest is None or (self._cheapest.price or 0.0) > item.price:
            self._cheapest = item
        self._dearest = max(self._dearest, item.price_max or item.price)

    def _shown(self, name: str, values: tuple[str, ...]) -> tuple[str, ...]:
        """The values of an attribute: where every variant has its own, the product's others can't be had."""
        if name not in self._offered or not self._variants or self._choices[name] < self._variants:
            return values
        return tuple(value for value in values if value in self._chosen[name])

    def part(self) -> Part:
        """The product so far, as if one row had said it all."""
        offer = self._cheapest or self._product
        dearest = self._dearest if self._cheapest else offer.price_max
        before = offer.list_price or self._product.list_price
        signals = BusinessSignals(**self._signals)
        item = Item(
            id=self.id,
            title=self._said.get("title", ""),
            text=self._said.get("text", ""),
            brand=self._said.get("brand", ""),
            url=self._said.get("url", ""),
            language=self._said.get("language", ""),
            location=self._said.get("location"),
            price=offer.price,
            price_max=dearest if dearest != offer.price else None,
            list_price=before if before and offer.price is not None and before > offer.price else None,
            currency=offer.currency or self._product.currency,
            attributes={name: self._shown(name, tuple(values)) for name, values in self._attributes.items()},
            numbers=self._numbers,
            signals=replace(
                signals,
                stock=signals.stock if self._stock is None else self._stock,
                available=signals.available if self._available is None else self._available,
            ),
            categories=tuple(self._united["categories"]),
            images=tuple(self._united["images"]),
            identifiers=tuple(self._united["identifiers"]),
        )
        return Part(item, _still_lost(self._lost, item), _still_wrong(self._wrong, item))


def inherited(part: Part, product: Item, place: Place) -> Part:
    """A variant with what it lacks from its product.

    Args:
        part: what the variant's row says.
        product: what is said of all variants.
        place: of the row that ``product`` comes from. Of a `Place.FIRST` the price and the signals are those
            of that one variant, and stay there.
    """
    own = part.item
    taken: dict[str, Any] = {
        name: getattr(own, name) or getattr(product, name)
        for name in (*_SAID_ONCE, "categories", "images", "currency")
    }
    taken["attributes"] = {**product.attributes, **own.attributes}
    if place is Place.PRODUCT:
        if own.price is None:
            taken |= {name: getattr(product, name) for name in _PRICES}
        signals = {name: getattr(own.signals, name) for name in _SIGNALS}
        taken["signals"] = BusinessSignals(
            **{
                name: getattr(product.signals, name) if signal is None and name != "stock" else signal
                for name, signal in signals.items()
            }
        )
    item = replace(own, **taken)
    return Part(item, _still_lost(part.lost, item), _still_wrong(part.wrong, item))


def _still_lost(lost: Mapping[str, str], item: Item) -> dict[str, str]:
    """What no row could say."""
    return {name: phrase for name, phrase in lost.items() if not _has(item, name)}


def _still_wrong(wrong: Mapping[str, str], item: Item) -> dict[str, str]:
    return {name: reason for name, reason in wrong.items() if not getattr(item, name, "")}


def _has(item: Item, name: str) -> bool:
    value = getattr(item.signals if name in _SIGNALS else item, name, None)
    return value is not None and value not in ("", ())
