"""What kind of JSON a text is, by its beginning: names of files say little."""

from __future__ import annotations

import re
from enum import Enum
from io import BytesIO
from typing import Any, Final

import orjson

from aisle._files import UTF8_BOM
from aisle.catalogue.formats.envelopes import words
from aisle.catalogue.formats.json_outline import Outline
from aisle.catalogue.formats.json_text import JsonText, TooLarge, utf_of


class JsonKind(Enum):
    """How the rows stand in a text."""

    NONE = "none"
    LINES = "lines"
    BULK = "bulk"
    DOCUMENT = "document"


_LIST: Final = re.compile(rb"\[\s*(?:[\[{\"\]\d-]|true\b|false\b|null\b|NaN\b|$)")
_LINES_LOOKED_AT: Final = 6
_ACTIONS: Final = frozenset(("index", "create", "update", "delete"))
_OF_ACTIONS: Final = words(
    "routing retry_on_conflict version version_type pipeline require_alias if_seq_no"
    " if_primary_term list_executed_pipelines dynamic_templates require_data_stream op_type"
)


def action_of(value: Any) -> str:
    """The action that a line of a bulk file asks for; empty if it asks for none."""
    if not isinstance(value, dict) or len(value) != 1:
        return ""
    ((name, of),) = value.items()
    if name not in _ACTIONS or not isinstance(of, dict):
        return ""
    return name if all(key.startswith("_") or key in _OF_ACTIONS for key in of) else ""


def json_kind(head: bytes) -> JsonKind:
    """Tell it by the first bytes of a file, the more the better."""
    if (encoding := utf_of(head)) != "utf-8":
        head = head.decode(encoding, errors="ignore").lstrip("\ufeff").encode(errors="ignore")
    start = head.removeprefix(UTF8_BOM).lstrip()
    if start.startswith(b"["):
        return JsonKind.DOCUMENT if _LIST.match(start) else JsonKind.NONE
    return _kind_by_lines(start) if start.startswith(b"{") else JsonKind.NONE


def _kind_by_lines(text: bytes) -> JsonKind:
    lines = [line.strip() for line in text.split(b"\n", 2 * _LINES_LOOKED_AT)]
    first, *following = [line for line in lines if line][:_LINES_LOOKED_AT]
    value = _value(first)
    if value is None:
        return _kind_of_broken(first, following)
    if action_of(value):
        return JsonKind.BULK
    if not any(isinstance(cell, dict | list) for cell in value.values()):
        return JsonKind.LINES
    return JsonKind.DOCUMENT if _is_document(first, alone=not following) else JsonKind.LINES


def _kind_of_broken(first: bytes, following: list[bytes]) -> JsonKind:
    """Of a first line that is no whole object: a document over many lines, or a damaged line of many."""
    if not following:
        # Longer than what was looked at, cut off, or several values.
        return JsonKind.DOCUMENT if _is_document(first, alone=True) else JsonKind.LINES
    # The last one may be cut.
    whole = [_value(line) is not None for line in (following[:-1] or following)]
    return JsonKind.LINES if all(whole) and not first.endswith(b"[") else JsonKind.DOCUMENT


def _is_document(line: bytes, *, alone: bool) -> bool:
    """Whether the rows are within the value on this line; else it is one."""
    outline = Outline(JsonText(BytesIO(line)))
    try:
        outline.read()
    except TooLarge:
        # Whoever reads the lines says so of this one.
        return False
    except UnicodeDecodeError:
        # So far as it is text.
        pass
    lists = outline.lists(several=not alone)
    # Lines of objects by id are not known; lines of objects that hold objects are.
    return outline.top.objects > 1 or (bool(lists) and (alone or lists[0].is_list))


def _value(line: bytes) -> dict[str, Any] | None:
    try:
        value = orjson.loads(line.rstrip(b","))
    except orjson.JSONDecodeError:
        return None
    return value if isinstance(value, dict) else None
