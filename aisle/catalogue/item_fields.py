"""An item's fields under their own names, as JSON: what dead letters and changes of items hold."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from dataclasses import fields as dataclass_fields
from types import MappingProxyType
from typing import Any, Final

from aisle.catalogue.categories import PathStyle, category_paths
from aisle.catalogue.column_profile import PLAIN_NUMBER
from aisle.catalogue.currencies import currency_code
from aisle.catalogue.numerals import number
from aisle.catalogue.options import SIGNAL_FIELDS, SYNONYMS
from aisle.catalogue.places import location
from aisle.catalogue.prices import read_price
from aisle.catalogue.rejects import BadRow, Cells, Unreadable
from aisle.catalogue.signals import SIGNAL_READERS
from aisle.catalogue.values import (
    MAX_FACET_CHARS,
    MAX_TEXT_CHARS,
    MAX_TITLE_CHARS,
    identifiers,
    identity,
    images,
    language,
    line,
    link,
    scalar,
    words,
)
from aisle.markup import plain_line, plain_text
from aisle.types import NO_SIGNALS, Item

Values = tuple[str, ...]

ITEM_FIELDS: Final = frozenset(each.name for each in dataclass_fields(Item))
_KNOWN: Final = frozenset((*ITEM_FIELDS, *SYNONYMS, *SIGNAL_FIELDS))
_ATTRIBUTES, _NUMBERS, _SIGNALS = "attributes", "numbers", "signals"
_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class GivenFields:
    """What cells say of one item.

    Attributes:
        id: of the item.
        values: other field of `Item` to its value, checked, but for those that follow.
        attributes, numbers: name to value; None removes it.
        signals: field of `BusinessSignals` to its value, which may be None.
        emptied: which of attributes, numbers and signals lose what they had.
    """

    id: str
    values: Mapping[str, Any] = field(default_factory=lambda: _NOTHING)
    attributes: Mapping[str, Values | None] = field(default_factory=lambda: _NOTHING)
    numbers: Mapping[str, float | None] = field(default_factory=lambda: _NOTHING)
    signals: Mapping[str, Any] = field(default_factory=lambda: _NOTHING)
    emptied: frozenset[str] = field(default_factory=frozenset)

    def item(self) -> Item:
        """The item that has these fields and no other.

        Raises:
            BadRow: it has no title.
        """
        if "title" not in self.values:
            raise BadRow("title is missing or empty")
        return self.merged_into(Item(self.id, ""))

    def merged_into(self, before: Item) -> Item:
        """The item with these fields changed (a JSON merge patch, RFC 7396); the others stay.

        An attribute that was a number before, or is given as one, is one under ``numbers`` as well.
        """
        old = {
            name: {} if name in self.emptied else getattr(before, name) for name in (_ATTRIBUTES, _NUMBERS)
        }
        numbers = {
            **old[_NUMBERS],
            **{
                name: _plain_number(self.attributes[name])
                for name in old[_NUMBERS]
                if name in self.attributes
            },
            **self.numbers,
        }
        after = replace(
            before,
            **self.values,
            attributes=_filled({**old[_ATTRIBUTES], **self.attributes}),
            numbers=_filled(numbers),
            signals=replace(NO_SIGNALS if _SIGNALS in self.emptied else before.signals, **self.signals),
        )
        highest, listed = after.price_max, after.list_price
        if highest is not None and (after.price is None or highest <= after.price):
            highest = None
        top = after.price if highest is None else highest
        if listed is not None and "list_price" in self.values and top is not None and listed <= top:
            # That is no reduction.
            listed = None
        return replace(after, price_max=highest, list_price=listed)


def read_fields(cells: Cells) -> GivenFields:
    """Read cells named as the fields of `Item` and of its signals, or ``category`` and ``image``.

    Args:
        cells: as `Item.to_json` writes them, or as a catalogue has them: a category may be
            ``Home > Kitchen``, a price ``$1,299.00``. A price says all of it: the highest one too.

    Raises:
        BadRow: with the reason, a fixed phrase: an unknown name, no id, or what cannot be read.
    """
    if not cells.keys() <= _KNOWN:
        # A typing error that silently became an attribute would be a change that is lost.
        raise BadRow("unknown field (facets of your own go under attributes)")
    own = {SYNONYMS.get(name, name): cell for name, cell in cells.items()}
    values: dict[str, Any] = _prices(own)
    values |= {name: _read(name, read, own[name]) for name, read in _READERS.items() if name in own}
    given = _object(own, _ATTRIBUTES)
    attributes = {_name(name): _attribute(inner) for name, inner in given.items()}
    # Those that are given as numbers and not as text.
    numbers: dict[str, float | None] = {
        _name(name): number(inner) for name, inner in given.items() if type(inner) in (int, float)
    }
    for name, inner in _object(own, _NUMBERS).items():
        numbers[_name(name)] = _read(_NUMBERS, number, inner)
    signals: dict[str, object] = {
        **_object(own, _SIGNALS),
        **{name: own[name] for name in SIGNAL_FIELDS if name in own},
    }
    if not signals.keys() <= SIGNAL_READERS.keys():
        raise BadRow("unknown field in signals")
    return GivenFields(
        identity(own.get("id")),
        values,
        attributes,
        numbers,
        {name: _signal(name, cell) for name, cell in signals.items()},
        frozenset(name for name in (_ATTRIBUTES, _NUMBERS, _SIGNALS) if name in own and own[name] is None),
    )


def _read(name: str, read: Callable[[Any], Any], cell: object) -> Any:
    try:
        return read(cell)
    except Unreadable as fault:
        raise BadRow(f"{name} {fault}") from None


def _prices(own: Cells) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if "price" in own:
        price = _read("price", read_price, own["price"])
        found = {"price": price and price.amount, "price_max": price and price.amount_max}
        if price and price.currency:
            found["currency"] = price.currency
    for name in ("price_max", "list_price"):
        if name in own:
            price = _read(name, read_price, own[name])
            found[name] = price and price.amount
    return found


def _title(cell: object) -> str:
    title = plain_line(words(cell, "title"))
    if not title:
        raise BadRow("title is missing or empty")
    if len(title) > MAX_TITLE_CHARS:
        raise BadRow(f"title is over {MAX_TITLE_CHARS:,} characters")
    return title


def _text(cell: object) -> str:
    text = plain_text(words(cell, "text"))
    if len(text) > MAX_TEXT_CHARS:
        raise BadRow(f"text is over {MAX_TEXT_CHARS:,} characters")
    return text


def _group(cell: object) -> str:
    try:
        return identity(cell) if cell not in (None, "") else ""
    except BadRow as reason:
        raise BadRow(f"group {str(reason).removeprefix('id ')}") from None


def _categories(cell: object) -> tuple[Values, ...]:
    # Nothing tells how the column of one line is written: of the separators only arrows are in no name.
    return category_paths(cell, PathStyle(">")) if cell not in (None, "") else ()


_READERS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "title": _title,
    "text": _text,
    "group": _group,
    "brand": line,
    "categories": _categories,
    "currency": currency_code,
    "images": images,
    "url": link,
    "identifiers": identifiers,
    "language": language,
    "location": location,
}


def _signal(name: str, cell: object) -> Any:
    value = _read(name, SIGNAL_READERS[name], cell)
    return None if value == "" else value


def _object(own: Cells, name: str) -> Mapping[str, Any]:
    found = own.get(name)
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise BadRow(f"{name} is not an object")
    return found


def _name(name: str) -> str:
    cleaned = plain_line(name)
    if not cleaned:
        raise BadRow("an attribute has no name")
    return cleaned


def _attribute(cell: object) -> Values | None:
    """Its values, one line of text each; None for nothing, which is how it is removed."""
    texts = [scalar(part) for part in (cell if isinstance(cell, list) else [cell])]
    if None in texts:
        raise BadRow("an attribute is not text")
    lines = tuple(dict.fromkeys(filter(None, (plain_line(text) for text in texts if text))))
    if any(len(text) > MAX_FACET_CHARS for text in lines):
        raise BadRow(f"an attribute is over {MAX_FACET_CHARS:,} characters")
    return lines or None


def _plain_number(values: Values | None) -> float | None:
    if values is None or len(values) != 1 or not PLAIN_NUMBER.fullmatch(values[0]):
        return None
    return float(values[0].replace(",", "."))


def _filled(found: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in found.items() if value is not None}
