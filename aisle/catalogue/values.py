"""Cells of unknown origin as clean texts, lists and objects.

A cell is what a format read: text, a number, a truth value, a list, an object, or text that holds JSON.
"""

# ruff: noqa: SIM905 - lists of words in many languages

from __future__ import annotations

import ast
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Final

import orjson

from aisle.catalogue.rejects import BadRow, Unreadable
from aisle.markup import decoded, plain_line

MAX_ID_BYTES = 512
MAX_TITLE_CHARS = 10_000
MAX_TEXT_CHARS = 1_000_000
MAX_FACET_CHARS = 8_191

_MAX_JSON_CHARS = 1_000_000
_MAX_PARTS = 1_000
_MAX_DEPTH = 4

_UNFIT_FOR_IDS: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]")
_ABSENT: Final = frozenset(
    (
        "",
        "none",
        "null",
        "nil",
        "nan",
        "n/a",
        "#n/a",
        "na",
        "n.a.",
        "undefined",
        "(null)",
        "\\n",
        "[]",
        "{}",
        "?",
    )
)
_DASHES: Final = " \t-\u2010\u2011\u2012\u2013\u2014\u2015\u2212_."


def scalar(value: object) -> str | None:
    """A scalar as text (6.0 as "6", False as "false"), "" for nothing or NaN, None if it is no scalar."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        if not math.isfinite(value):
            return ""
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    return str(value) if isinstance(value, int | Decimal | date) else None


def is_absent(text: str) -> bool:
    """Whether a text says that there is nothing: empty, ``n/a``, ``null``, dashes."""
    return len(text) < 40 and (text.strip().casefold() in _ABSENT or not text.strip(_DASHES))


def unescaped(text: str) -> str:
    """The text without what keeps spreadsheets from reckoning with it: ``'-1``, ``="00123"``."""
    text = text.strip()
    if text.startswith('="') and text.endswith('"'):
        return text[2:-1].strip()
    return text[1:] if text[:1] == "'" and text[1:2] in tuple("0123456789-+=@") else text


def words(value: object, field: str) -> str:
    """A text, or a list of texts on lines of their own; of an object its name or value.

    Raises:
        BadRow: anything else.
    """
    try:
        return "\n".join(_texts(value))
    except Unreadable:
        raise BadRow(f"{field} is not text") from None


def line(cell: object) -> str:
    """Plain text on one line: a scalar, an object with a name, or several of them with commas between.

    Raises:
        Unreadable: none of that, or over 10,000 characters.
    """
    if isinstance(cell, str) and cell[:1] in ("[", "{"):
        cell = json_cell(cell) or cell
    found = plain_line(cell) if isinstance(cell, str) else ", ".join(map(plain_line, _texts(cell)))
    if len(found) > MAX_TITLE_CHARS:
        raise Unreadable(f"is over {MAX_TITLE_CHARS:,} characters")
    return found


def identity(value: object) -> str:
    """The id, exactly as it is written but for white space around it.

    Raises:
        BadRow: missing, empty, too long, not a scalar, or with control characters (cleaned, it
            would be another id).
    """
    text = None if isinstance(value, bool) else scalar(value)
    if text is None:
        raise BadRow("id is not text")
    text = text.strip()
    if not text:
        raise BadRow("id is missing or empty")
    if _UNFIT_FOR_IDS.search(text):
        raise BadRow("id holds control characters")
    if len(text.encode()) > MAX_ID_BYTES:
        raise BadRow(f"id is over {MAX_ID_BYTES} bytes")
    return text


def json_cell(text: str) -> Any:
    """The list or object that a text holds, as JSON or as Python prints a flat one; None if it does not."""
    text = text.strip()
    if text[:1] + text[-1:] not in ("[]", "{}") or len(text) > _MAX_JSON_CHARS:
        return None
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        return _printed(text)
    return found if isinstance(found, list | dict) else None


_MAX_PRINTED_CHARS = 10_000


def _printed(text: str) -> Any:
    """``['a', 'b']``, which data frames write."""
    if len(text) > _MAX_PRINTED_CHARS or text.count("[") + text.count("{") > 1 or "'" not in text:
        return None
    try:
        found = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None
    return found if isinstance(found, list | dict) else None


NAME_KEYS: Final = (
    "name",
    "label",
    "title",
    "value",
    "text",
    "rendered",
    "displayName",
    "data",
    "default",
    "_",
    "#text",
)
LINK_KEYS: Final = (
    "src",
    "url",
    "href",
    "link",
    "original",
    "image",
    "imageUrl",
    "image_url",
    "hi_res",
    "large",
    "full",
    "medium",
    "path",
    "file",
    "thumb",
)
_LANGUAGE_KEY: Final = re.compile(r"[a-z]{2}(?:[-_][A-Za-z]{2,4})?")


def unwrap(cell: object, names: Sequence[str] = NAME_KEYS) -> object:
    """What an object says under the first of these names that it has; anything else as it is.

    An object in an object is opened too, and text that holds one. Of a text in several languages
    (``{"en": …, "de": …}``) the first counts.

    Raises:
        Unreadable: an object with none of the names.
    """
    for _ in range(_MAX_DEPTH):
        if isinstance(cell, str) and cell[:1] == "{":
            cell = json_cell(cell) or cell
        if not isinstance(cell, Mapping):
            return cell
        if not cell:
            return None
        filled = (cell[name] for name in names if cell.get(name) not in (None, ""))
        found = next(filled, None)
        if found is None and not any(name in cell for name in names):
            if not all(isinstance(key, str) and _LANGUAGE_KEY.fullmatch(key) for key in cell):
                raise Unreadable
            found = next((value for value in cell.values() if value), None)
        cell = found
    raise Unreadable


def _texts(cell: object, names: Sequence[str] = NAME_KEYS, depth: int = _MAX_DEPTH) -> Iterator[str]:
    """The texts in a scalar, an object with one of these names, or a list of those; no empty ones."""
    if isinstance(cell, Mapping):
        cell = _measured(cell) or unwrap(cell, names)
    if isinstance(cell, list | tuple) and depth:
        for part in cell:
            yield from _texts(part, names, depth - 1)
        return
    text = scalar(cell)
    if text is None:
        raise Unreadable
    if text:
        yield text


_UNITS: Final = ("unit", "unitText", "unit_text", "uom")


def _measured(cell: Mapping[str, Any]) -> str:
    """``{"value": 5, "unit": "kg"}`` as "5 kg"; empty if it is none."""
    unit = next((cell[name] for name in _UNITS if isinstance(cell.get(name), str)), "")
    value = scalar(cell.get("value", cell.get("amount")))
    return f"{value} {unit}" if unit and value else ""


def attribute_values(cell: object) -> tuple[str, ...]:
    """The values of an attribute, in order and none twice: of a list every element is one.

    Args:
        cell: text is one value, whatever commas it has (see `split_list`), unless it holds a list as JSON.

    Returns:
        Plain text on one line each, of at most 8,191 characters; longer ones are left out.

    Raises:
        Unreadable: an object without a name or value, and nothing else.
    """
    if isinstance(cell, str):
        inner = json_cell(cell) if cell[:1] in ("[", "{") else None
        if inner is None:
            value = plain_line(cell)
            return (value,) if value and len(value) <= MAX_FACET_CHARS else ()
        cell = inner
    parts = cell if isinstance(cell, list | tuple) else [cell]
    found: dict[str, None] = {}
    unreadable = False
    for part in parts[:_MAX_PARTS]:
        try:
            found |= dict.fromkeys(map(plain_line, _texts(_inner_values(part), _VALUE_KEYS)))
        except Unreadable:
            unreadable = True
    values = tuple(value for value in found if value and len(value) <= MAX_FACET_CHARS)
    if unreadable and not values:
        raise Unreadable
    return values


# {"label": "Grey", "value": 49}, {"name": "Colour", "value": "Grey"}
_VALUE_KEYS: Final = ("label", "value", *NAME_KEYS)


def _inner_values(cell: object) -> object:
    if isinstance(cell, Mapping):
        return next((cell[name] for name in ("values", "options") if isinstance(cell.get(name), list)), cell)
    return cell


_KEYS: Final = (
    "name",
    "label",
    "title",
    "key",
    "k",
    "attribute",
    "attribute_code",
    "attributeCode",
    "attribute_name",
    "attributeName",
    "option_name",
    "displayName",
    "property",
    "trait_type",
    "code",
)
_VALUES: Final = (
    "value",
    "values",
    "v",
    "val",
    "attribute_value",
    "attributeValue",
    "option_value",
    "options",
    "option",
    "data",
    "content",
    "text",
)
_PAIR: Final = re.compile(r"\s*([^:=]{1,100}?)\s*[:=]\s*(.+)", re.DOTALL)


def name_values(cell: object) -> dict[str, tuple[str, ...]]:
    """Attributes that stand in one cell: an object, or a list of names and values.

    ``{"Colour": "Grey"}``, ``[{"name": "Colour", "value": "Grey"}]``, ``[{"Colour": "Grey"}]`` and
    ``["Colour: Grey"]`` are the same; so is text that holds them as JSON.

    Returns:
        Name to its values, neither empty; values that cannot be read are left out.

    Raises:
        Unreadable: something else.
    """
    if isinstance(cell, str):
        if not cell.strip():
            return {}
        cell = json_cell(cell)
        if cell is None:
            raise Unreadable
    found: dict[str, dict[str, None]] = {}
    for name, values in _pairs(cell):
        key = plain_line(name)
        try:
            kept = attribute_values(values)
        except Unreadable:
            continue
        if key and kept:
            found.setdefault(key, {}).update(dict.fromkeys(kept))
    return {name: tuple(values) for name, values in found.items()}


def _pairs(cell: object) -> Iterator[tuple[str, object]]:
    if cell is None:
        return
    if isinstance(cell, Mapping):
        pair = _pair(cell)
        yield from [pair] if pair else ((str(name), value) for name, value in cell.items())
    elif isinstance(cell, list | tuple):
        for part in cell[:_MAX_PARTS]:
            if isinstance(part, Mapping):
                yield from _pairs(part)
            elif isinstance(part, str) and (match := _PAIR.fullmatch(part)):
                yield match[1], match[2]
            elif part is not None:
                raise Unreadable
    else:
        raise Unreadable


def _pair(cell: Mapping[str, Any]) -> tuple[str, object] | None:
    """The name and the values, where an object is one attribute and not several."""
    group = cell.get("group")
    if isinstance(group, Mapping) and isinstance(cell.get("name"), str):
        # {"name": "Grey", "group": {"name": "Colour"}}
        return str(unwrap(group)), cell["name"]
    keys = [name for name in _KEYS if isinstance(cell.get(name), str) and cell[name].strip()]
    if not keys:
        return None
    values = [cell[name] for name in _VALUES if cell.get(name) is not None]
    if values:
        return cell[keys[0]], values[0]
    # {"key": "Colour", "label": "Grey"}
    by_code = [name for name in keys if name not in ("name", "label", "title")]
    return (cell[by_code[0]], cell[keys[0]]) if by_code and by_code[0] != keys[0] else None


def split_list(text: str, separators: str = ",;|\n") -> tuple[str, ...]:
    """The parts of a list that an export writes into one cell: plain, none empty, none twice.

    Args:
        text: ``Red, Blue``; a separator after a backslash is part of a value.
        separators: any of these characters.
    """
    parts = re.split(rf"(?<!\\)[{re.escape(separators)}]", text)
    plain = (plain_line(re.sub(rf"\\([{re.escape(separators)}])", r"\1", part)) for part in parts)
    return tuple(dict.fromkeys(part for part in plain if part))


_NO_IDENTIFIER: Final = frozenset(
    (
        "does not apply|doesn't apply|not applicable|exempt|unknown|none|false|true|no|tbd|x|nicht zutreffend"
        "|entfällt|keine|unbekannt|no aplica|ne s'applique pas|non applicable|non applicabile"
        "|niet van toepassing"
    ).split("|")
)
# What a spreadsheet leaves of a long number: its end is lost.
_ROUNDED: Final = re.compile(r"[0-9][.,][0-9]+[eE]\+[0-9]+")


def identifiers(cell: object) -> tuple[str, ...]:
    """SKU, MPN or GTINs as they are written, without what stands for none: ``N/A``, ``0``, "Does not apply".

    Raises:
        Unreadable: an object without a value; a number that a spreadsheet has rounded (``4.00638E+12``).
    """
    if isinstance(cell, str) and not _ROUNDED.fullmatch(cell.strip()):
        cell = json_cell(cell) or split_list(cell)
    found: dict[str, None] = {}
    for text in _texts(cell, ("value", *NAME_KEYS)):
        known = plain_line(unescaped(text))
        if _ROUNDED.fullmatch(known):
            raise Unreadable
        if is_absent(known) or known.casefold() in _NO_IDENTIFIER or not known.strip("0"):
            continue
        if len(known.encode()) <= MAX_ID_BYTES:
            found[known] = None
    return tuple(found)


_NEXT_LINK: Final = re.compile(r"[\s,;|]+(?=(?:https?:)?//)", re.IGNORECASE)
_NEXT_FILE: Final = re.compile(r"\s*[,;|\n]\s*")
_FILE: Final = re.compile(
    r"[^\s?#]+\.(?:jpe?g|png|gif|webp|avif|svg|bmp|tiff?|jfif)(?:[?#]\S*)?", re.IGNORECASE
)
_SOURCE: Final = re.compile(r"<img\b[^<>]*?\bsrc\s*=\s*[\"']?([^\"'<>\s]+)", re.IGNORECASE)
_WIDTH: Final = re.compile(r"\s+[0-9.]+[wx]$")
_SCHEME: Final = re.compile(r"([a-z][a-z0-9+.-]*):", re.IGNORECASE)
_MAX_LINK_CHARS = 8_191
_MAIN: Final = (
    "main",
    "is_main",
    "isMain",
    "primary",
    "is_primary",
    "isPrimary",
    "default",
    "is_default",
    "is_thumbnail",
)
_ORDER: Final = ("position", "sort_order", "sortOrder", "order", "index")


def images(cell: object) -> tuple[str, ...]:
    """URLs or paths of pictures, the main one first, none twice.

    Takes one, a list, objects, or text with several between commas, bars, semicolons or spaces; a comma
    inside an address stays.

    Raises:
        Unreadable: there is something, but no address.
    """
    if isinstance(cell, str) and cell[:1] in ("[", "{"):
        cell = json_cell(cell) or cell
    return tuple(dict.fromkeys(filter(None, map(link, _links(cell, _MAX_DEPTH)))))


def link(cell: object) -> str:
    """One address: of a page or a picture, absolute or not, without characters that cannot be seen.

    Returns:
        Empty for an empty cell.

    Raises:
        Unreadable: no text, over 8,191 characters, or of a scheme that is no address of a file or page.
    """
    text = scalar(unwrap(cell, LINK_KEYS))
    if text is None or isinstance(cell, bool):
        raise Unreadable
    text = decoded(text).strip()
    if is_absent(text):
        return ""
    scheme = _SCHEME.match(text)
    # "example.com:8080/a.jpg" has a port, no scheme.
    known = not scheme or scheme[1].lower() in ("http", "https") or "." in scheme[1]
    if not known or not text.isprintable() or len(text) > _MAX_LINK_CHARS:
        raise Unreadable
    return text


def _links(cell: object, depth: int) -> Iterator[str]:
    if isinstance(cell, Mapping):
        several = next(
            (cell[name] for name in ("images", "items", "urls") if isinstance(cell.get(name), list)), None
        )
        cell = unwrap(cell, LINK_KEYS) if several is None else several
    if isinstance(cell, list | tuple):
        if not depth:
            raise Unreadable
        for part in sorted(cell[:_MAX_PARTS], key=_place):
            yield from _links(part, depth - 1)
        return
    text = scalar(cell)
    if text is None or isinstance(cell, bool):
        raise Unreadable
    text = text.strip()
    if "<" in text and (sources := _SOURCE.findall(text)):
        yield from sources
        return
    parts = _NEXT_LINK.split(text)
    for part in parts:
        files = _NEXT_FILE.split(part)
        # "a.jpg,b.jpg" are two; "https://x/w_200,h_300/a.jpg" is one.
        several = len(files) > 1 and all(map(_FILE.fullmatch, filter(None, files)))
        yield from (_WIDTH.sub("", name.strip(" ,;|")) for name in (files if several else [part]))


def _place(cell: object) -> tuple[bool, float]:
    """Where a picture stands among others: a main one first, then by its place."""
    if not isinstance(cell, Mapping):
        return True, 0
    main = any(cell.get(name) in (True, 1, "1", "true") for name in _MAIN)
    order = next((cell[name] for name in _ORDER if isinstance(cell.get(name), int | float)), 0)
    return not main, order


_LANGUAGE: Final = re.compile(
    r"([a-z]{2,3})(?:[-_]([a-z]{4}))?(?:[-_]([a-z]{2}|[0-9]{3}))?(?:[.@].*)?", re.IGNORECASE
)


def language(cell: object) -> str:
    """A language as BCP 47 writes it: ``pt_br`` is ``pt-BR``, ``English`` is ``en``.

    Returns:
        Empty for an empty cell.

    Raises:
        Unreadable: no language; ``us`` is a country.
    """
    text = scalar(unwrap(cell, ("code", "locale", "iso", *NAME_KEYS)))
    if text is None or isinstance(cell, bool):
        raise Unreadable
    text = text.strip()
    if is_absent(text):
        return ""
    # Its data takes longer to load than most commands run.
    from babel import Locale

    names = Locale("en").languages
    match = _LANGUAGE.fullmatch(text[:40])
    if match and match[1].lower() in names:
        script = (match[2] or "").title()
        return "-".join(filter(None, (match[1].lower(), script, (match[3] or "").upper())))
    wanted = text.casefold()
    for code, name in names.items():
        if name.casefold() == wanted:
            return str(code).replace("_", "-")
    raise Unreadable
