"""An XML element as the cells of a row."""

from __future__ import annotations

from html import escape
from typing import Any, Final

from aisle.catalogue.formats.envelopes import words
from aisle.catalogue.formats.xml_elements import FIELDS, Element
from aisle.catalogue.rejects import Cells

_GOOGLE: Final = "http://base.google.com/"
_ATOM: Final = "http://www.w3.org/2005/Atom"
_XHTML: Final = "http://www.w3.org/1999/xhtml"

# Elements that hold a name and a value of a product's attribute.
_PAIRS: Final = words(
    "param parameter attribute attr a property prop feature spec specification characteristic"
    " product_detail detail filter tulajdonsag"
)
_NAMES: Final = words("name key title label code param_name attribute_name attributename paramname")
_VALUES: Final = words("value val values text attribute_value attributevalue paramvalue param_value")
_NAMED_BY: Final = ("name", "key", "title", "label")
_BESIDE: Final = words("section_name id unit lang")
_LINKS: Final = ("href", "url", "src")
_MEASURES: Final = words("currency unit uom currencycode currencyid")
_LANGUAGES: Final = ("lang", "language", "locale")
_MARKUP: Final = words(
    "p br b i u ul ol li div span strong em h1 h2 h3 h4 h5 h6 table tr td th tbody thead img a font"
    " sup sub hr"
)


def cells_of(row: Element, prefixes: dict[str, str]) -> Cells:
    """The cells of a row: its elements and its attributes by their names, several of a name as a list.

    Names come without their namespaces. Of two that become one, Google's counts, and any other keeps its
    prefix. Names with values, as ``<param name="Size">M</param>``, stand in one object, ``attributes``.

    Args:
        row: the element.
        prefixes: namespace to its prefix.
    """
    pairs: dict[str, list[Any]] = {}
    fields: dict[str, list[Any]] = {}
    parts: list[Element] = []
    for part in row.elements:
        if not part.attributes and not part.elements:
            parts.append(part)
        elif found := _pairs(part):
            for name, value in found:
                pairs.setdefault(name, []).append(value)
        elif part.name.lower() in FIELDS and (column := part.attributes.get("name")):
            fields.setdefault(column, []).append(_value(part))
        else:
            parts.append(part)
    inner = {**_joined(fields), **_by_name(parts, row.space, prefixes)}
    if not inner and row.text.strip():
        inner["name"] = row.text.strip()
    cells: Cells = {f"@{name}" if name in inner else name: text for name, text in row.attributes.items()}
    cells |= inner
    if pairs:
        own = cells.get("attributes")
        cells["attributes"] = {**(own if isinstance(own, dict) else {}), **_joined(pairs)}
    return cells


def _by_name(parts: list[Element], space: str, prefixes: dict[str, str]) -> Cells:
    google = {part.name for part in parts if part.space.startswith(_GOOGLE)}
    own = {part.name for part in parts if part.space in ("", space)}
    cells: dict[str, list[Any]] = {}
    spoken: dict[str, list[str]] = {}
    for part in parts:
        name = part.name
        if not part.space.startswith(_GOOGLE):
            foreign = part.space not in ("", space)
            if name in google and not foreign:
                continue
            if foreign and (name in google or name in own):
                name = f"{prefixes.get(part.space) or part.space}:{name}"
            if part.space == _ATOM and part.name == "link":
                relation = part.attributes.get("rel", "alternate")
                name = name if relation == "alternate" else f"{name} {relation}"
        cells.setdefault(name, []).append(_value(part))
        if part.attributes and (language := _language(part)):
            spoken.setdefault(name, []).append(language)
    joined = _joined(cells)
    for name, languages in spoken.items():
        # The same in several languages is not several values.
        if len(languages) > 1 and len(set(languages)) == len(cells[name]):
            joined[name] = dict(zip(languages, cells[name], strict=True))
    return joined


def _language(part: Element) -> str:
    return next((part.attributes[key] for key in _LANGUAGES if part.attributes.get(key)), "")


def _joined(values: dict[str, list[Any]]) -> Cells:
    return {name: several[0] if len(several) == 1 else several for name, several in values.items()}


def _pairs(part: Element) -> list[tuple[str, Any]]:
    """Names and values in an element that holds one, or nothing but such elements; else none."""
    if own := _pair(part):
        return [own]
    found = [_pair(one) for one in part.elements]
    return [] if None in found or part.is_mixed else [pair for pair in found if pair]


def _pair(part: Element) -> tuple[str, Any] | None:
    if part.name.lower() not in _PAIRS or "href" in part.attributes:
        return None
    inner = part.elements
    if not inner:
        named = next((part.attributes[key].strip() for key in _NAMED_BY if part.attributes.get(key)), "")
        value = part.text.strip() or part.attributes.get("value", "")
        return (named, f"{value} {part.attributes.get('unit', '')}".strip()) if named else None
    names = [one for one in inner if one.name.lower() in _NAMES]
    values = [one for one in inner if one.name.lower() in _VALUES]
    rest = [one for one in inner if one not in names and one not in values]
    if len(names) != 1 or not values or any(one.name.lower() not in _BESIDE for one in rest):
        return None
    several = [_value(one) for one in values]
    name = names[0].text.strip()
    return (name, several[0] if len(several) == 1 else several) if name else None


def _value(part: Element) -> Any:
    inner = part.elements
    if not inner:
        return _leaf(part) if part.attributes else part.text.strip()
    if part.is_mixed:
        return _markup(part)
    links = [_only_link(one) for one in inner]
    if all(links):
        return links
    if any(one.space == _XHTML or one.name.lower() in _MARKUP for one in inner):
        return _markup(part)
    tags = {one.name for one in inner}
    if len(tags) == 1 and (len(inner) > 1 or _is_plural(part.name.lower(), inner[0].name.lower())):
        return [_value(one) for one in inner]
    cells: dict[str, list[Any]] = {}
    for one in inner:
        cells.setdefault(one.name, []).append(_value(one))
    return {**part.attributes, **_joined(cells)}


def _is_plural(name: str, of: str) -> bool:
    return name in (f"{of}s", f"{of}es", f"{of.removesuffix('y')}ies", f"{of}list", f"{of}_list")


def _leaf(part: Element) -> Any:
    text, attributes = part.text.strip(), part.attributes
    if not text:
        return _only_link(part) or dict(attributes)
    measures = {name: value for name, value in attributes.items() if name.lower() in _MEASURES}
    return {"value": text, **measures} if measures else text


def _only_link(part: Element) -> str:
    """The address that an element without anything else in it holds."""
    if part.elements or part.text.strip() or (part.name.lower() != "link" and len(part.attributes) > 1):
        return ""
    return next((part.attributes[key] for key in _LINKS if part.attributes.get(key)), "")


def _markup(part: Element) -> str:
    """What stands in an element as HTML: text with markup in it is no object."""
    written = [escape(part.text, quote=False)]
    for one in part.elements:
        attributes = "".join(f' {name}="{escape(value)}"' for name, value in one.attributes.items())
        written.append(f"<{one.name}{attributes}>{_markup(one)}</{one.name}>{escape(one.tail, quote=False)}")
    return "".join(written).strip()
