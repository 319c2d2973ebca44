"""The bytes of a JSON text as its parsers want them, and what makes a value too large or too deep."""

from __future__ import annotations

import codecs
import re
from decimal import Decimal
from pathlib import Path
from typing import Any, BinaryIO, Final

import ijson

from aisle._files import MAX_LINE_BYTES, UTF8_BOM
from aisle.catalogue.formats.encoding import TextEncoding, encoding_of
from aisle.errors import InputError

MAX_DEPTH: Final = 100
"""Levels of lists and objects in a row: no shop writes more, and no program after this reads more."""
MAX_OPEN: Final = 10_000
_CONTAINERS: Final = (dict, list)
_INT64: Final = range(-(2**63), 2**64)


class TooLarge(ValueError):
    """A value that would not fit in memory. Its text says what about it."""


def json_encoding(path: Path, asked: str = "") -> TextEncoding:
    """The encoding of a file of JSON: the one asked for, else the one that it is in.

    Where it cannot be told, it is UTF-8 with faults, which whoever reads it finds in their places.

    Raises:
        InputError: an unknown encoding was asked for, or one that the file is not in.
    """
    if asked:
        return encoding_of(path, asked)
    try:
        return encoding_of(path)
    except InputError:
        return TextEncoding("utf-8", whole=False)


def utf_of(head: bytes) -> str:
    """The Unicode encoding of a JSON text by its first bytes; ``utf-8`` without a sign of another."""
    for bom, name in ((codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32")):
        if head.startswith(bom):
            return name
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if re.match(rb"[\[{]\0\0\0", head):
        return "utf-32-le"
    if re.match(rb"[\[{]\0", head):
        return "utf-16-le"
    if re.match(rb"\0[\[{]", head):
        return "utf-16-be"
    return "utf-8"


class JsonText:
    """A file of JSON as a stream of UTF-8 for ijson, which is never fed more of one value than memory takes.

    Args:
        file: the bytes, not compressed.
        encoding: of the file.
        repair: write ``null`` for NaN and Infinity, leave out a comma before a closing bracket, and escape
            line ends in texts: what many a program writes and no parser takes.
        limit: bytes of one value. None for no limit.

    Attributes:
        consumed: bytes so far.
    """

    def __init__(
        self,
        file: BinaryIO,
        encoding: str = "utf-8",
        *,
        repair: bool = False,
        limit: int | None = MAX_LINE_BYTES,
    ) -> None:
        self._file = file
        self._decoder = (
            None if encoding in ("utf-8", "utf-8-sig") else codecs.getincrementaldecoder(encoding)()
        )
        self._repair = _Repair() if repair else None
        self._limit = limit
        self._since = 0
        self._open = 0
        self.consumed = 0

    def value_ended(self) -> None:
        """Say that the value which was being read is there."""
        self._since = self._open = 0

    def read(self, size: int) -> bytes:
        """The next bytes, about ``size`` of them; none at the end.

        Raises:
            TooLarge: a value exceeds the limit, or opens more brackets than any data does.
            UnicodeDecodeError: the file is not in that encoding.
        """
        if size == 0:  # So ijson asks whether these are bytes.
            return b""
        while True:
            raw = self._file.read(size)
            found = raw if self._decoder is None else self._decoder.decode(raw, final=not raw).encode()
            if self.consumed == 0:
                found = found.removeprefix(UTF8_BOM)
            self.consumed += len(raw)
            if self._repair:
                found = self._repair.repaired(found, last=not raw)
            if found or not raw:
                break
        if self._limit is not None:
            self._check(found)
        return found

    def _check(self, found: bytes) -> None:
        self._since += len(found)
        # Texts may hold brackets too, but not so many more opening ones.
        self._open += found.count(b"[") + found.count(b"{") - found.count(b"]") - found.count(b"}")
        if self._limit is not None and self._since > self._limit + 2 * len(found):
            raise TooLarge(f"is over {self._limit:,} bytes")
        if self._open > MAX_OPEN:
            raise TooLarge(f"is nested over {MAX_OPEN:,} levels deep")


class _Repair:
    # Complete texts come first, so that what looks like NaN within one is left alone. The last three are what
    # the next bytes may go on with.
    _TOKENS: Final = re.compile(
        rb'(?P<text>"(?:[^"\\]++|\\.)*+")'
        rb"|(?P<null>-?\b(?:NaN|Infinity)\b(?=[\s,\]}]))"
        rb"|(?P<comma>,(?=\s*[\]}]))"
        rb'|(?P<rest>"(?:[^"\\]++|\\.)*+\\?\Z|[-A-Za-z]++\Z|,\s*+\Z)',
        re.DOTALL,
    )
    _CONTROL: Final = re.compile(rb"[\0-\x1f]")

    def __init__(self) -> None:
        self._held = b""

    def repaired(self, found: bytes, *, last: bool) -> bytes:
        text = self._held + found
        self._held = b""
        made = self._TOKENS.sub(self._token, text)
        if last:
            made, self._held = made + self._held, b""
        return made

    def _token(self, match: re.Match[bytes]) -> bytes:
        if match["text"]:
            return self._CONTROL.sub(lambda mark: b"\\u%04x" % mark[0][0], match["text"])
        if match["rest"]:
            self._held = match["rest"]
            return b""
        return b"null" if match["null"] else b""


def repaired(text: bytes) -> bytes:
    """A whole text as ``JsonText`` repairs it."""
    return _Repair().repaired(text, last=True)


def is_cut(error: ijson.JSONError) -> bool:
    """Whether a text is right as far as it goes, and ends too early."""
    return "premature EOF" in str(error)


def exactly(value: Any) -> Any:
    """The value with floats for decimals, and texts for whole numbers that no JSON library keeps exactly."""
    match value:
        case Decimal():
            return float(value)
        case int() if value not in _INT64:
            return str(value)
        case dict() | list() if too_deep(value):
            # Nobody will use it.
            return value
        case dict():
            return {name: exactly(cell) for name, cell in value.items()}
        case list():
            return [exactly(cell) for cell in value]
        case _:
            return value


def too_deep(value: dict[str, Any] | list[Any], levels: int = MAX_DEPTH) -> bool:
    """Whether lists and objects are nested deeper than that."""
    if not levels:
        return True
    for cell in value.values() if isinstance(value, dict) else value:
        if type(cell) in _CONTAINERS and too_deep(cell, levels - 1):
            return True
    return False
