"""The cells of one row as an item, as the plan of the file says."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any, Final, TypeVar

from aisle.catalogue.attributes import is_setting
from aisle.catalogue.categories import category_paths
from aisle.catalogue.column_profile import PLAIN_NUMBER, is_filled
from aisle.catalogue.columns import ID_KEYS, Plan
from aisle.catalogue.currencies import currency_code
from aisle.catalogue.names import squeezed
from aisle.catalogue.options import SIGNAL_FIELDS
from aisle.catalogue.part import Part
from aisle.catalogue.places import location, point
from aisle.catalogue.prices import Price, read_price
from aisle.catalogue.rejects import BadRow, Cells, Unreadable
from aisle.catalogue.signals import SIGNAL_READERS
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
from aisle.types import NO_SIGNALS, BusinessSignals, GeoPoint, Item

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
    """

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        at = plan.fields
        self._id = at["id"][0]
        self._title = at["title"][0]
        self._text = at.get("text", ())
        self._levels = plan.levels
        self._prices = tuple((key, self._price_memo(key), key in plan.sale) for key in at.get("price", ()))
        self._list_prices = tuple((key, self._price_memo(key)) for key in at.get("list_price", ()))
        self._categories = tuple(
            (key, _Memo(partial(category_paths, style=plan.paths.get(key))))
            for key in (() if plan.levels else at.get("categories", ()))
        )
        lines = _Memo(_line)
        self._group = _columns(at, "group", _group)
        self._brand = tuple((key, lines) for key in at.get("brand", ()))
        self._level_lines = lines
        self._currency = _columns(at, "currency", currency_code)
        self._images = at.get("images", ())
        self._url = at.get("url", ())
        self._identifiers = at.get("identifiers", ())
        self._language = _columns(at, "language", language)
        self._location = at.get("location", ())
        self._signals = tuple(
            (name, _columns(at, name, SIGNAL_READERS[name])) for name in SIGNAL_FIELDS if name in at
        )
        self._signal_keys = tuple(key for name in SIGNAL_FIELDS for key in at.get(name, ()))
        self._told: dict[tuple[object, ...], BusinessSignals] = {}
        known = plan.attributes
        values = _Memo(attribute_values)
        self._attributes = tuple(
            (key, name, _Memo(partial(_listed, known.lists[key])) if key in known.lists else values)
            for key, name in known.names.items()
        )
        self._objects = tuple(known.objects.items())
        self._numbers = known.numbers
        self._known = known.known
        self._called: dict[str, str] = {}
        self._columns: dict[str, str] = {}

    def _price_memo(self, key: str) -> _Memo[Price | None]:
        return _Memo(partial(read_price, decimal=self._plan.decimals.get(key)))

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
        price: float | None = None
        price_max: float | None = None
        list_price: float | None = None
        currency = ""
        if self._prices:
            price, price_max, list_price, currency = self._read_prices(cells, lost)
            if self._currency:
                currency = self._first(self._currency, "currency", cells, lost) or currency
            if not currency and price is not None:
                currency = self._plan.currency
        attributes, numbers = self._read_attributes(cells, lost)
        item = Item(
            id_,
            title,
            self._read_text(cells, lost) if self._text else "",
            self._first(self._group, "group", cells, lost) or "" if self._group else "",
            self._first(self._brand, "brand", cells, lost) or "" if self._brand else "",
            self._read_categories(cells, lost),
            price,
            price_max,
            list_price,
            currency,
            self._union(self._images, "images", cells, _images, lost) if self._images else (),
            self._read_url(cells, lost) if self._url else "",
            self._union(self._identifiers, "identifiers", cells, _identifiers, lost)
            if self._identifiers
            else (),
            attributes,
            numbers,
            self._read_signals(cells, lost) if self._signals else NO_SIGNALS,
            self._first(self._language, "language", cells, lost) or "" if self._language else "",
            self._read_location(cells, lost) if self._location else None,
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
        if len(self._text) == 1 and type(only := cells.get(self._text[0])) is str:
            # What most files have.
            text = _simple(only) or plain_text(only)
            if len(text) <= MAX_TEXT_CHARS:
                return text
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
        for key, memo in self._categories:
            cell = cells.get(key)
            if cell is None or cell == "":
                continue
            try:
                paths = memo.of(cell)
            except Unreadable as fault:
                self._lose("categories", fault, key, lost)
                continue
            found = _with(found, paths) if found else paths
        return found

    def _read_levels(self, cells: Cells, lost: dict[str, str]) -> tuple[_Path, ...]:
        path: list[str] = []
        for key in self._levels:
            try:
                level = self._level_lines.of(cells.get(key))
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
        for key, memo, is_sale in self._prices:
            found = self._price("price", key, memo, cells, lost)
            if found is None or (is_sale and not found.amount):
                # Many shops write 0 where nothing is on sale.
                continue
            # A sale price above the usual one is none.
            if price is None or found.amount < price.amount:
                price = found
            if not is_sale:
                break
        if price is None:
            return None, None, None, ""
        if lost:
            lost.pop("price", None)
        above = price.amount_max or price.amount
        for key, memo in self._list_prices:
            listed = self._price("list_price", key, memo, cells, lost)
            if listed is not None and listed.amount > above:
                return price.amount, price.amount_max, listed.amount, price.currency or listed.currency
        return price.amount, price.amount_max, None, price.currency

    def _price(
        self, name: str, key: str, memo: _Memo[Price | None], cells: Cells, lost: dict[str, str]
    ) -> Price | None:
        cell = cells.get(key)
        if cell is None or cell == "":
            return None
        try:
            return memo[cell] if type(cell) is str else memo.of(cell)
        except Unreadable as fault:
            self._lose(name, fault, key, lost)
            return None

    def _read_url(self, cells: Cells, lost: dict[str, str]) -> str:
        for key in self._url:
            cell = cells.get(key)
            if cell is None or cell == "":
                continue
            if type(cell) is str and _SIMPLE_LINK.fullmatch(cell):
                return cell
            try:
                found = link(cell)
            except Unreadable as fault:
                self._lose("url", fault, key, lost)
                continue
            if found:
                lost.pop("url", None)
                return found
        return ""

    def _read_location(self, cells: Cells, lost: dict[str, str]) -> GeoPoint | None:
        written = tuple(map(cells.get, self._location))
        try:
            return location(written[0]) if len(written) == 1 else point(*written)
        except Unreadable as fault:
            self._lose("location", fault, self._location[0], lost)
            return None

    def _read_signals(self, cells: Cells, lost: dict[str, str]) -> BusinessSignals:
        written = tuple(map(cells.get, self._signal_keys))
        try:
            known = self._told.get(written)
        except TypeError:
            # A list or an object.
            known, written = None, ()
        if known is not None:
            return known
        before = len(lost)
        found: dict[str, Any] = {}
        for name, columns in self._signals:
            value = self._first(columns, name, cells, lost)
            if value is not None and value != "":
                found[name] = value
        signals = BusinessSignals(**found) if found else NO_SIGNALS
        if written and len(lost) == before:
            _remember(self._told, written, signals)
        return signals

    def _read_attributes(
        self, cells: Cells, lost: dict[str, str]
    ) -> tuple[dict[str, tuple[str, ...]], dict[str, float]]:
        found: dict[str, tuple[str, ...]] = {}
        numbers: dict[str, float] = {}
        for key, name, memo in self._attributes:
            cell = cells.get(key)
            if cell is None or cell == "":
                continue
            try:
                values = memo[cell] if type(cell) is str else memo.of(cell)
            except Unreadable as fault:
                self._lose(f"attribute '{name}'", fault, "", lost)
                continue
            if values:
                found[name] = _with(found[name], values) if name in found else values
                if name in self._numbers:
                    _add_number(numbers, name, values)
            elif isinstance(cell, str) and len(cell) > MAX_FACET_CHARS:
                self._lose(f"attribute '{name}'", _TOO_LONG, "", lost)
        for key, prefix in self._objects:
            if is_filled(cell := cells.get(key)):
                self._add_inner(found, numbers, key, prefix, cell, lost)
        if not self._known.issuperset(cells):
            self._add_later(found, cells, lost)
        return found, numbers

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
            if name:
                found[name] = _with(found[name], values) if name in found else values
                if name in self._numbers:
                    _add_number(numbers, name, values)

    def _add_later(self, found: dict[str, tuple[str, ...]], cells: Cells, lost: dict[str, str]) -> None:
        """Columns that no row had when the plan was made: by their names, and by what this cell holds."""
        for key, cell in cells.items():
            if key in self._known or not is_filled(cell) or not (name := self._later(key)):
                continue
            if isinstance(cell, dict):
                self._add_inner(found, {}, key, "" if squeezed(key) == "attributes" else name, cell, lost)
                continue
            try:
                values = attribute_values(cell)
            except Unreadable as fault:
                self._lose(f"attribute '{name}'", fault, "", lost)
                continue
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

    def _first(
        self, columns: tuple[tuple[str, _Memo[_T]], ...], name: str, cells: Cells, lost: dict[str, str]
    ) -> _T | None:
        """What the first column that has something says."""
        for key, memo in columns:
            cell = cells.get(key)
            if cell is None or cell == "":
                continue
            try:
                value = memo[cell] if type(cell) is str else memo.of(cell)
            except Unreadable as fault:
                self._lose(name, fault, key, lost)
                continue
            if value is not None and value != "":
                if lost:
                    lost.pop(name, None)
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
        return f" in column '{self._plan.show(key)}'" if key else ""


# What most cells are, and what the readers of `values` make of them: themselves.
_SIMPLE_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_SIMPLE_CODE: Final = re.compile(r"(?=.*[1-9])[A-Za-z0-9][A-Za-z0-9./_-]{2,63}")
_SIMPLE_LINK: Final = re.compile(r"https?://[A-Za-z0-9._~:/?#@!$()*+=%-]{1,2000}")


_TOO_LONG: Final = Unreadable(f"is over {MAX_FACET_CHARS:,} characters")


class _Memo(dict[str, _T]):
    """What a reader makes of the texts of a column, which columns repeat.

    Args:
        read: reads a cell.
    """

    def __init__(self, read: Callable[[Any], _T]) -> None:
        super().__init__()
        self._read = read

    def __missing__(self, cell: str) -> _T:
        if len(self) >= _REMEMBERED:
            self.clear()
        value = self[cell] = self._read(cell)
        return value

    def of(self, cell: object) -> _T:
        """What it makes of any cell."""
        return self[cell] if type(cell) is str else self._read(cell)


def _columns(
    at: Mapping[str, tuple[str, ...]], name: str, read: Callable[[Any], _T]
) -> tuple[tuple[str, _Memo[_T]], ...]:
    return tuple((key, _Memo(read)) for key in at.get(name, ()))


def _listed(separator: str, cell: object) -> tuple[str, ...]:
    """The values of a column of lists."""
    if not isinstance(cell, str) or separator not in cell:
        return attribute_values(cell)
    return tuple(value for value in split_list(cell, separator) if len(value) <= MAX_FACET_CHARS)


def _simple(text: str) -> str:
    """The text on one line, if it is ASCII without markup; else empty."""
    if text.isascii() and text.isprintable() and "<" not in text and "&" not in text:
        return " ".join(text.split()) if "  " in text or text[:1] == " " or text[-1:] == " " else text
    return ""


def _images(cell: object) -> tuple[str, ...]:
    return (cell,) if isinstance(cell, str) and _SIMPLE_LINK.fullmatch(cell) else images(cell)


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
