"""JSON documents: one list of objects, a list within an object, objects by their ids; streamed."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final

import ijson

from aisle._files import GZIP_ERRORS, MAX_LINE_BYTES, breaks_off, open_bytes
from aisle.catalogue.formats.encoding import NAME_OR_CONVERT, TextEncoding
from aisle.catalogue.formats.envelopes import unwrapped
from aisle.catalogue.formats.json_kind import JsonKind, json_kind
from aisle.catalogue.formats.json_outline import Choice, Outline, Part
from aisle.catalogue.formats.json_text import (
    MAX_DEPTH,
    JsonText,
    TooLarge,
    exactly,
    is_cut,
    json_encoding,
    too_deep,
)
from aisle.catalogue.options import ReadOptions
from aisle.catalogue.rejects import BadRow, Cells, Rejects, Row
from aisle.errors import InputError

# Where a document begins with a list, this much of it shows whether its elements are the rows.
_HEAD_BYTES: Final = 256 * 1024
_CHUNK: Final = 64 * 1024
_REASON: Final = re.compile(r"(?:lexical|parse) error: ([^\n\\]+)")


class JsonDocument:
    """A text that begins with a list, or with an object that is no line of its own."""

    name = "json"
    suffixes: tuple[str, ...] = ()
    certain = True
    binary = False

    def matches(self, head: bytes) -> bool:
        """Whether the content looks like it."""
        return json_kind(head) is JsonKind.DOCUMENT

    def open(self, path: Path, options: ReadOptions) -> JsonDocumentFile:
        """Find the list that is the catalogue; see `Table`."""
        encoding = json_encoding(path, options.encoding)
        outline, all_read = _outline(path, encoding, repair=False)
        repair = outline.is_faulty
        if repair:
            outline, all_read = _outline(path, encoding, repair=True)
        choice = outline.choice(path)
        if choice.largest > MAX_LINE_BYTES + _CHUNK:
            raise InputError(f"an item of {path} is over {MAX_LINE_BYTES:,} bytes", fix="leave it out")
        return JsonDocumentFile(path, encoding, choice, all_read, repair)


def _outline(path: Path, encoding: TextEncoding, *, repair: bool) -> tuple[Outline, bool]:
    """What the document holds, and whether all of it was looked at.

    Where it cannot be read on, what was found so far counts: reading the rows gets as far, and says how far.
    """
    with open_bytes(path) as file:
        outline = Outline(JsonText(file, encoding.codec, repair=repair))
        try:
            outline.read(_HEAD_BYTES)
            if outline.is_plain_list:
                return outline, False
            outline.read()
        except (TooLarge, UnicodeDecodeError, *GZIP_ERRORS):
            return outline, False
    return outline, True


@dataclass(frozen=True, slots=True)
class JsonDocumentFile:
    """A JSON document of which it is known where its rows are.

    Attributes:
        all_read: whether no value is larger than its ``choice`` says.
        repair: see `JsonText`.
    """

    path: Path
    encoding: TextEncoding
    choice: Choice
    all_read: bool
    repair: bool
    format: str = JsonDocument.name

    @property
    def details(self) -> str:
        """See `OpenTable`."""
        title = self.encoding.title
        return self.choice.details if title == "UTF-8" else f"{self.choice.details}, {title}"

    def rows(self, rejects: Rejects) -> Iterator[Row]:
        """Yield every row that is an object, numbered from 1."""
        number = 0
        try:
            for value in self._values():
                number += 1
                try:
                    cells = row_cells(value)
                except BadRow as reason:
                    rejects.add(number, str(reason), value if isinstance(value, dict | list) else [value])
                else:
                    yield Row(number, cells)
        except TooLarge as error:
            raise InputError(f"item {number + 1:,} of {self.path} {error}", fix="leave it out") from None
        except UnicodeDecodeError:
            raise self._not_decoded(number) from None
        except GZIP_ERRORS as error:
            raise breaks_off(self.path, f"after item {number:,}", error) from None
        except ijson.JSONError as error:
            raise self._broken(number, error) from None

    def _values(self) -> Iterator[Any]:
        done = 0
        try:
            for value in self._parsed(repair=self.repair):
                done += 1
                yield value
            return
        except ijson.JSONError as error:
            if self.repair or is_cut(error):
                raise
        # What came before the fault comes out again.
        yield from islice(self._parsed(repair=True), done, None)

    def _parsed(self, *, repair: bool) -> Iterator[Any]:
        with open_bytes(self.path) as file:
            limit = None if self.all_read else MAX_LINE_BYTES
            text = JsonText(file, self.encoding.codec, repair=repair, limit=limit)
            for value in self._parts(text, exact=repair):
                text.value_ended()
                yield exactly(value) if repair else value

    def _parts(self, text: JsonText, *, exact: bool) -> Iterator[Any]:
        path = self.choice.path
        how = {"use_float": not exact, "multiple_values": True, "buf_size": _CHUNK}
        if self.choice.part is Part.MEMBERS:
            return (_keyed(key, value) for key, value in ijson.kvitems(text, path, **how))
        elements = f"{path}.item".removeprefix(".")
        return iter(ijson.items(text, elements if self.choice.part is Part.ELEMENTS else path, **how))

    def _not_decoded(self, number: int) -> InputError:
        return InputError(
            f"{self.path} is not {self.encoding.title} after item {number:,}",
            fix=NAME_OR_CONVERT,
        )

    def _broken(self, number: int, error: ijson.JSONError) -> InputError:
        if is_cut(error):
            return InputError(
                f"{self.path} is not whole: it breaks off after item {number:,}",
                fix="copy or download it again",
            )
        if "UTF8" in str(error):
            return self._not_decoded(number)
        found = _REASON.search(str(error))
        reason = f" ({found[1].strip(' .')})" if found else ""
        return InputError(
            f"{self.path} is not valid JSON after item {number:,}{reason}",
            fix=f"mend it; this shows where it breaks: jq empty {shlex.quote(self.path.name)}",
        )


def _keyed(key: str, value: Any) -> Any:
    return {"id": key, **value} if isinstance(value, dict) else [key, value]


def row_cells(value: Any) -> Cells:
    """The cells of a row that is a JSON value.

    Raises:
        BadRow: it is no object, or nested too deep.
    """
    if not isinstance(value, dict):
        raise BadRow("not a JSON object")
    if too_deep(value):
        raise BadRow(f"nested over {MAX_DEPTH} levels deep")
    return unwrapped(value)
