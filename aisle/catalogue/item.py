"""The cells of one row as an item, as the plan of the file says."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from types import MappingProxyType
from typing import Any, Final, TypeVar

from aisle.catalogue.attributes import Attributes, is_setting
from aisle.catalogue.categories import category_paths
from aisle.catalogue.columns import ID_KEYS, Plan
from aisle.catalogue.currencies import currency_code
from aisle.catalogue.names import squeezed
from aisle.catalogue.numbers import number
from aisle.catalogue.options import MAPPABLE, SIGNAL_FIELDS, SYNONYMS
from aisle.catalogue.part import Part
from aisle.catalogue.prices import Price, read_price
from aisle.catalogue.profile import PLAIN_NUMBER, is_filled
from aisle.catalogue.rejects import BadRow, Cells, Unreadable
from aisle.catalogue.signals import count, iso_date, stars, truth
from aisle.catalogue.values import (
    MAX_FACET_CHARS,
    MAX_TEXT_CHARS,
    MAX_TITLE_CHARS,
    attribute_values,
    identifiers,
    identity,
    images,
    json_cell,
    language,
    line,
    link,
    name_values,
    split_list,
    unwrap,
    words,
)
from aisle.markup import plain_line, plain_text
from aisle.types import NO_SIGNALS, BusinessSignals, Item

_T = TypeVar("_T")
_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})
_Path = tuple[str, ...]

# Columns repeat their values; so many of them are remembered.
_REMEMBERED: Final = 50_000
_OBJECT: Final = ("{", "[")
_TELLS_NOTHING: Final = re.compile(r"(?:[a-z][a-z0-9+.-]{1,9}:)?//\S|</?[a-zA-Z][^<>]*>")
_LONG: Final = 200


class ItemBuilder:
    """Makes items of rows.

    Args:
        plan: of their columns.
        named: whether reasons name the column.
    """

    def __init__(self, plan: Plan, *, named: bool = True) -> None:
        self._plan = plan
        self._named = named
        at = plan.fields
        self._id = at["id"][0]
        self._title = at["title"][0]
        self._text = at.get("text", ())
        self._group = at.get("group", ())
        self._brand = at.get("brand", ())
        self._categories = () if plan.levels else at.get("categories", ())
        self._levels = plan.levels
        self._prices = tuple((key, key in plan.sale) for key in at.get("price", ()))
        self._list_prices = at.get("list_price", ())
        self._currency = at.get("currency", ())
        self._images = at.get("images", ())
        self._url = at.get("url", ())
        self._identifiers = at.get("identifiers", ())
        self._language = at.get("language", ())
        self._signals = tuple((name, at[name]) for name in SIGNAL_FIELDS if name in at)
        self._names = tuple(plan.attributes.names.items())
        self._objects = tuple(plan.attributes.objects.items())
        self._numbers = plan.attributes.numbers
        self._lists = plan.attributes.lists
        self._known = plan.attributes.known
        self._said: dict[tuple[str, str], Any] = {}
        self._lines: dict[str, str] = {}
        self._paths: dict[tuple[str, str], tuple[_Path, ...]] = {}
        self._amounts: dict[tuple[str, str], Price | None] = {}
        self._values: dict[str, tuple[str, ...]] = {}
        self._called: dict[str, str] = {}
        self._columns: dict[str, str] = {}

    def part(self, cells: Cells) -> Part:
        """What these cells say; never raises."""
        item, lost, wrong = self.read(cells)
        return Part(item, lost, wrong)

    def read(self, cells: Cells) -> tuple[Item, Mapping[str, str], Mapping[str, str]]:
        """The same as the item, what was lost of it, and what is wrong with it, see `Part`."""
        get = cells.get
        lost: dict[str, str] = {}
        wrong: dict[str, str] = {}
        id_ = self._read_id(get(self._id), wrong)
        title = self._read_title(get(self._title), wrong)
        price, price_max, list_price, currency = (
            self._read_prices(cells, lost) if self._prices else (None, None, None, "")
        )
        if self._currency:
            currency = self._first(self._currency, "currency", cells, currency_code, lost) or currency
        if not currency and price is not None:
            currency = self._plan.currency
        attributes, numbers = self._read_attributes(cells, lost)
        item = Item(
            id_,
            title,
            self._read_text(cells, lost) if self._text else "",
            self._first(self._group, "group", cells, _group, lost) or "" if self._group else "",
            self._first(self._brand, "brand", cells, self._line, lost) or "" if self._brand else "",
            self._read_categories(cells, lost),
            price,
            price_max,
            list_price,
            currency,
            self._union(self._images, "images", cells, _images, lost) if self._images else (),
            self._first(self._url, "url", cells, _link, lost) or "" if self._url else "",
            self._union(self._identifiers, "identifiers", cells, _identifiers, lost)
            if self._identifiers
            else (),
            attributes,
            numbers,
            self._read_signals(cells, lost) if self._signals else NO_SIGNALS,
            self._first(self._language, "language", cells, language, lost) or "" if self._language else "",
        )
        return item, lost or _NOTHING, wrong or _NOTHING

    def _read_id(self, cell: object, wrong: dict[str, str]) -> str:
        if type(cell) is str and _SIMPLE_ID.fullmatch(cell):
            return cell
        try:
            return identity(unwrap(cell, ID_KEYS) if isinstance(cell, dict) else cell)
        except BadRow as fault:
            reason = str(fault)
        except Unreadable:
            reason = "id is not text"
        wrong["id"] = reason + self._where(self._id)
        return ""

    def _read_title(self, cell: object, wrong: dict[str, str]) -> str:
        try:
            title = _simple(cell) or plain_line(cell) if type(cell) is str else _line(cell)
        except Unreadable:
            title, reason = "", "is not text"
        else:
            reason = "is missing or empty"
        if len(title) > MAX_TITLE_CHARS:
            title, reason = "", f"is over {MAX_TITLE_CHARS:,} characters"
        if not title:
            wrong["title"] = f"title {reason}{self._where(self._title)}"
        return title

    def _read_text(self, cells: Cells, lost: dict[str, str]) -> str:
        parts: list[str] = []
        for key in self._text:
            cell = cells.get(key)
            if not cell:
                continue
            try:
                known = type(cell) is str
                part = (known and _simple(cell)) or plain_text(cell if known else _words(cell))
            except Unreadable as fault:
                self._lose("text", fault, key, lost)
                continue
            if part and not any(part in other for other in parts):
                parts = [other for other in parts if other not in part]
                parts.append(part)
        text = parts[0] if len(parts) == 1 else "\n".join(parts)
        if len(text) > MAX_TEXT_CHARS:
            self._lose("text", Unreadable(f"is over {MAX_TEXT_CHARS:,} characters"), self._text[0], lost)
            return ""
        return text

    def _read_categories(self, cells: Cells, lost: dict[str, str]) -> tuple[_Path, ...]:
        if self._levels:
            return self._read_levels(cells, lost)
        found: tuple[_Path, ...] = ()
        for key in self._categories:
            cell = cells.get(key)
            if cell is None or cell == "":
                continue
            if type(cell) is str and (key, cell) in self._paths:
                paths = self._paths[key, cell]
            else:
                try:
                    paths = category_paths(cell, self._plan.paths.get(key))
                except Unreadable as fault:
                    self._lose("categories", fault, key, lost)
                    continue
                if type(cell) is str:
                    _remember(self._paths, (key, cell), paths)
            found = _with(found, paths) if found else paths
        return found

    def _read_levels(self, cells: Cells, lost: dict[str, str]) -> tuple[_Path, ...]:
        path: list[str] = []
        for key in self._levels:
            try:
                level = self._line(cells.get(key))
            except Unreadable as fault:
                self._lose("categories", fault, key, lost)
                break
            if not level:
                break
            path.append(level)
        return (tuple(path),) if path else ()

    def _read_prices(
        self, cells: Cells, lost: dict[str, str]
    ) -> tuple[float | None, float | None, float | None, str]:
        price: Price | None = None
        for key, is_sale in self._prices:
            found = self._price("price", key, cells, lost)
            if found is None or (is_sale and not found.amount):
                # Many shops write 0 where nothing is on sale.
                continue
            if price is None:
                price = found
            elif found.amount < price.amount:
                # A sale price above the usual one is none.
                price = found
            if not is_sale:
                break
        if price is None:
            return None, None, None, ""
        lost.pop("price", None)
        above = price.amount_max or price.amount
        for key in self._list_prices:
            listed = self._price("list_price", key, cells, lost)
            if listed is not None and listed.amount > above:
                return price.amount, price.amount_max, listed.amount, price.currency or listed.currency
        return price.amount, price.amount_max, None, price.currency

    def _price(self, name: str, key: str, cells: Cells, lost: dict[str, str]) -> Price | None:
        cell = cells.get(key)
        if cell is None or cell == "":
            return None
        known = type(cell) is str
        if known and (key, cell) in self._amounts:
            return self._amounts[key, cell]
        try:
            price = read_price(cell, self._plan.decimals.get(key))
        except Unreadable as fault:
            self._lose(name, fault, key, lost)
            return None
        if known:
            _remember(self._amounts, (key, cell), price)
        return price

    def _read_signals(self, cells: Cells, lost: dict[str, str]) -> BusinessSignals:
        found: dict[str, Any] = {}
        for name, keys in self._signals:
            value = self._first(keys, name, cells, _SIGNALS[name], lost)
            if value is not None and value != "":
                found[name] = value
        return BusinessSignals(**found) if found else NO_SIGNALS

    def _read_attributes(
        self, cells: Cells, lost: dict[str, str]
    ) -> tuple[dict[str, tuple[str, ...]], dict[str, float]]:
        found: dict[str, tuple[str, ...]] = {}
        numbers: dict[str, float] = {}
        for key, name in self._names:
            cell = cells.get(key)
            if cell is None or cell == "":
                continue
            values = self._attribute(cell, name, lost, self._lists.get(key, ""))
            if values:
                found[name] = _with(found[name], values) if name in found else values
                if name in self._numbers:
                    _add_number(numbers, name, values)
        for key, prefix in self._objects:
            if is_filled(cell := cells.get(key)):
                self._add_inner(found, numbers, key, prefix, cell, lost)
        if not self._known.issuperset(cells):
            self._add_later(found, cells, lost)
        return found, numbers

    def _attribute(
        self, cell: object, name: str, lost: dict[str, str], separator: str = ""
    ) -> tuple[str, ...]:
        if type(cell) is str:
            if separator and separator in cell:
                return self._short(split_list(cell, separator), name, lost)
            if cell in self._values:
                return self._values[cell]
        try:
            values = attribute_values(cell)
        except Unreadable as fault:
            self._lose(f"attribute '{name}'", fault, "", lost)
            return ()
        kept = self._short(values, name, lost)
        if type(cell) is str and len(kept) == len(values):
            _remember(self._values, cell, kept)
        return kept

    def _short(self, values: tuple[str, ...], name: str, lost: dict[str, str]) -> tuple[str, ...]:
        if all(len(value) <= MAX_FACET_CHARS for value in values):
            return values
        self._lose(f"attribute '{name}'", Unreadable(f"is over {MAX_FACET_CHARS:,} characters"), "", lost)
        return tuple(value for value in values if len(value) <= MAX_FACET_CHARS)

    def _add_inner(
        self,
        found: dict[str, tuple[str, ...]],
        numbers: dict[str, float],
        key: str,
        prefix: str,
        cell: object,
        lost: dict[str, str],
    ) -> None:
        """The names and values of an object."""
        try:
            inner = name_values(cell)
        except Unreadable as fault:
            self._lose("attributes", fault, key, lost)
            return
        for own, values in inner.items():
            name = self._name(f"{prefix} {own}" if prefix else own)
            kept = self._short(values, name, lost) if name else ()
            if kept:
                found[name] = _with(found[name], kept) if name in found else kept
                if name in self._numbers:
                    _add_number(numbers, name, kept)

    def _add_later(self, found: dict[str, tuple[str, ...]], cells: Cells, lost: dict[str, str]) -> None:
        """Columns that no row had when the plan was made: by their names, and by what this cell holds."""
        for key, cell in cells.items():
            if key in self._known or not is_filled(cell) or not (name := self._later(key)):
                continue
            if isinstance(cell, dict):
                self._add_inner(found, {}, key, "" if squeezed(key) == "attributes" else name, cell, lost)
                continue
            values = self._attribute(cell, name, lost)
            if values and not any(len(v) > _LONG or _TELLS_NOTHING.match(v) for v in values):
                found.setdefault(name, values)

    def _name(self, name: str) -> str:
        """An attribute's name, cleaned; empty for one that nobody wants."""
        called = self._called.get(name)
        if called is None:
            called = "" if is_setting(name, self._plan.attributes.unwanted) else plain_line(name)
            if len(called) > MAX_FACET_CHARS:
                called = ""
            _remember(self._called, name, called)
        return called

    def _later(self, key: str) -> str:
        """The attribute that a column becomes that was not looked at; empty for none."""
        name = self._columns.get(key)
        if name is None:
            name = "" if is_setting(key, self._plan.attributes.settings) else self._name(key)
            _remember(self._columns, key, name)
        return name

    def _line(self, cell: object) -> str:
        """One line of text, remembered."""
        if type(cell) is not str:
            return _line(cell)
        known = self._lines.get(cell)
        if known is None:
            known = _line(cell)
            _remember(self._lines, cell, known)
        return known

    def _first(
        self,
        keys: tuple[str, ...],
        name: str,
        cells: Cells,
        read: Callable[[Any], _T],
        lost: dict[str, str],
    ) -> _T | None:
        """What the first column that has something says."""
        for key in keys:
            cell = cells.get(key)
            if cell is None or cell == "":
                continue
            if (known := type(cell) is str) and (name, cell) in self._said:
                return self._said[name, cell]  # type: ignore[no-any-return]
            try:
                value = read(cell)
            except Unreadable as fault:
                self._lose(name, fault, key, lost)
                continue
            if value is not None and value != "":
                lost.pop(name, None)
                if known and read is not _link:
                    _remember(self._said, (name, cell), value)
                return value
        return None

    def _union(
        self,
        keys: tuple[str, ...],
        name: str,
        cells: Cells,
        read: Callable[[Any], tuple[str, ...]],
        lost: dict[str, str],
    ) -> tuple[str, ...]:
        """What all columns say, each thing once."""
        found: tuple[str, ...] = ()
        for key in keys:
            cell = cells.get(key)
            if cell is None or cell == "":
                continue
            try:
                values = read(cell)
            except Unreadable as fault:
                self._lose(name, fault, key, lost)
                continue
            found = _with(found, values) if found else values
        return found

    def _lose(self, name: str, fault: Unreadable, key: str, lost: dict[str, str]) -> None:
        lost[name] = f"{name} {fault}{self._where(key)}"

    def _where(self, key: str) -> str:
        return f" in column '{self._plan.show(key)}'" if key and self._named else ""


# What most cells are, and what the readers of `values` make of them: themselves.
_SIMPLE_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_SIMPLE_CODE: Final = re.compile(r"(?=.*[1-9])[A-Za-z0-9][A-Za-z0-9./_-]{2,63}")
_SIMPLE_LINK: Final = re.compile(r"https?://[A-Za-z0-9._~:/?#@!$()*+=%-]{1,2000}")


def _simple(text: str) -> str:
    """The text on one line, if it is ASCII without markup; else empty."""
    if text.isascii() and text.isprintable() and "<" not in text and "&" not in text:
        return " ".join(text.split()) if "  " in text or text[:1] == " " or text[-1:] == " " else text
    return ""


def _images(cell: object) -> tuple[str, ...]:
    return (cell,) if isinstance(cell, str) and _SIMPLE_LINK.fullmatch(cell) else images(cell)


def _link(cell: object) -> str:
    return cell if isinstance(cell, str) and _SIMPLE_LINK.fullmatch(cell) else link(cell)


def _identifiers(cell: object) -> tuple[str, ...]:
    return (cell,) if isinstance(cell, str) and _SIMPLE_CODE.fullmatch(cell) else identifiers(cell)


def _remember(memory: dict[Any, Any], key: Any, value: Any) -> None:
    if len(memory) >= _REMEMBERED:
        memory.clear()
    memory[key] = value


def _with(found: tuple[_T, ...], more: tuple[_T, ...]) -> tuple[_T, ...]:
    return tuple(dict.fromkeys((*found, *more)))


def _words(cell: object) -> str:
    """Text of a scalar, of a list of them on lines of their own, or of the name in an object.

    Raises:
        Unreadable: there is none.
    """
    if isinstance(cell, str) and cell.startswith(_OBJECT):
        cell = json_cell(cell) or cell
    try:
        return words(cell, "cell")
    except BadRow:
        raise Unreadable("is not text") from None


def _line(cell: object) -> str:
    if isinstance(cell, str) and cell.startswith(_OBJECT):
        cell = json_cell(cell) or cell
    found = line(cell)
    if len(found) > MAX_FACET_CHARS:
        raise Unreadable(f"is over {MAX_FACET_CHARS:,} characters")
    return found


def _group(cell: object) -> str:
    try:
        return identity(cell)
    except BadRow as reason:
        if not is_filled(cell):
            return ""
        raise Unreadable(str(reason).removeprefix("id ")) from None


def _add_number(numbers: dict[str, float], name: str, values: tuple[str, ...]) -> None:
    if len(values) == 1 and PLAIN_NUMBER.fullmatch(values[0]):
        numbers[name] = float(values[0].replace(",", "."))


def _stars(cell: object) -> float | None:
    return _not_negative(stars(cell))


def _count(cell: object) -> float | None:
    return _not_negative(count(cell))


def _not_negative(value: float | None) -> float | None:
    if value is not None and value < 0:
        raise Unreadable("is negative")
    return value


def _pieces(cell: object) -> float | None:
    value = number(cell)
    # Below zero: sold before it came.
    return None if value is None else max(value, 0.0)


_SIGNALS: Final[Mapping[str, Callable[[object], Any]]] = {
    "popularity": _count,
    "rating": _stars,
    "margin": number,
    "stock": _pieces,
    "available": truth,
    "added": iso_date,
}


@cache
def _own_builder() -> ItemBuilder:
    fields = {name: (name,) for name in MAPPABLE if name != "attributes"}
    known = frozenset((*MAPPABLE, *SYNONYMS, "price_max", "numbers", "signals"))
    return ItemBuilder(
        Plan(fields, attributes=Attributes(objects={"attributes": ""}, known=known)), named=False
    )


def own_part(cells: Cells) -> Part:
    """What cells say that are named as the fields of `aisle.types.Item`, or ``category`` and ``image``.

    Args:
        cells: as `Item.to_json` writes them; any may be missing.
    """
    own = {SYNONYMS.get(name, name): cell for name, cell in cells.items()}
    signals = own.get("signals")
    part = _own_builder().part({**own, **(signals if isinstance(signals, dict) else {})})
    lost = dict(part.lost)
    price_max: float | None = None
    try:
        highest = read_price(own.get("price_max"))
        price_max = highest.amount if highest else None
    except Unreadable as fault:
        lost["price_max"] = f"price_max {fault}"
    numbers = own.get("numbers") or {}
    if not isinstance(numbers, dict):
        lost["numbers"], numbers = "numbers is not an object", {}
    given = {name: float(n) for name, n in numbers.items() if isinstance(n, int | float) and abs(n) < 1e300}
    item = replace(
        part.item, price_max=price_max if price_max is not None else part.item.price_max, numbers=given
    )
    return Part(item, lost, part.wrong)
