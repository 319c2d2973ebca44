"""XML feeds and catalogues: RSS and Atom with Google's names, Heureka, Yandex, Ceneo, and others."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from aisle._files import blocks
from aisle.catalogue.formats.encoding import TextEncoding, encoding_of_head
from aisle.catalogue.formats.xml_cells import cells_of
from aisle.catalogue.formats.xml_elements import Element, NotWellFormed, parse, split_tag
from aisle.catalogue.formats.xml_outline import RowPlaces, XmlOutline
from aisle.catalogue.formats.xml_text import xml_encoding
from aisle.catalogue.options import ReadOptions
from aisle.catalogue.rejects import Cells, Rejects, Row
from aisle.errors import InputError

_BEFORE: Final = r"\s*(?:<\?[^>]*\?>\s*|<!--.*?-->\s*)*"
_HTML: Final = re.compile(_BEFORE + r"<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE | re.DOTALL)
_SHEET: Final = re.compile(r"<\?mso-application|urn:schemas-microsoft-com:office:spreadsheet")
_XML: Final = re.compile(r"\s*<[?!A-Za-z_]")
_HEAD_BYTES: Final = 4096
_MAX_CATEGORIES: Final = 200_000
_MAX_LEVELS: Final = 30


class XmlFeed:
    """A text that begins with a tag."""

    name = "xml"
    suffixes: tuple[str, ...] = (".xml", ".rss", ".atom")
    certain = True
    binary = False

    def matches(self, head: bytes) -> bool:
        """Whether the content looks like it."""
        return _XML.match(_text(head)) is not None

    def open(self, path: Path, options: ReadOptions) -> XmlFile:
        """Find out which elements are the rows; see `Table`."""
        _refuse_other_kinds(path)
        encoding = xml_encoding(path, options.encoding)
        outline, fault = _look(path, encoding, repair=False)
        repair = fault is not None and fault.curable
        if repair:
            outline, fault = _look(path, encoding, repair=True)
        if fault and not outline.has_rows:
            raise _broken(path, 0, fault)
        # Reading the rows gets as far as the fault, and says how many there were.
        return XmlFile(path, encoding, outline.rows(path), repair)


def _look(path: Path, encoding: TextEncoding, *, repair: bool) -> tuple[XmlOutline, NotWellFormed | None]:
    outline = XmlOutline()
    try:
        for _ in parse(path, encoding, outline, repair=repair):
            if outline.found:
                break
    except NotWellFormed as fault:
        return outline, fault
    return outline, None


def _broken(path: Path, number: int, fault: NotWellFormed) -> InputError:
    if fault.cut:
        return InputError(
            f"{path} is not whole: it breaks off after item {number:,}", fix="copy or download it again"
        )
    return InputError(
        f"{path} is not well-formed XML in line {fault.line:,}, after item {number:,} ({fault.reason})",
        fix=f"mend it; this shows where it breaks: xmllint --noout {shlex.quote(path.name)}",
    )


def _text(head: bytes) -> str:
    codec = encoding_of_head(head)
    return head.decode("latin-1" if codec == "utf-8" else codec, errors="replace").lstrip("\ufeff")


def _refuse_other_kinds(path: Path) -> None:
    head = _text(next(blocks(path, _HEAD_BYTES), b"")).removeprefix("\xef\xbb\xbf")
    if _HTML.match(head):
        raise InputError(
            f"{path} is an HTML page, no catalogue",
            fix="open it in a browser: it may be a page of login or error in place of the feed",
        )
    if _SHEET.search(head):
        raise InputError(f"{path} is a spreadsheet written as XML", fix="save it as .xlsx or CSV")


@dataclass(frozen=True, slots=True)
class XmlFile:
    """An XML file of which it is known which elements are its rows.

    Attributes:
        repair: see `xml_blocks`.
    """

    path: Path
    encoding: TextEncoding
    places: RowPlaces
    repair: bool
    format: str = XmlFeed.name

    @property
    def details(self) -> str:
        """See `OpenTable`."""
        title = self.encoding.title
        return self.places.details if title == "UTF-8" else f"{self.places.details}, {title}"

    def rows(self, rejects: Rejects) -> Iterator[Row]:  # noqa: ARG002 - a broken element breaks the file
        """Yield the rows, numbered from 1."""
        number = 0
        try:
            for cells in self._cells():
                number += 1
                yield Row(number, cells)
        except NotWellFormed as fault:
            raise _broken(self.path, number, fault) from None

    def _cells(self) -> Iterator[Cells]:
        done = 0
        try:
            for cells in self._parsed(repair=self.repair):
                done += 1
                yield cells
            return
        except NotWellFormed as error:
            if self.repair or not error.curable:
                raise
        # What came before the fault comes out again.
        yield from islice(self._parsed(repair=True), done, None)

    def _parsed(self, *, repair: bool) -> Iterator[Cells]:
        target = _Rows(self.places)
        try:
            for _ in parse(self.path, self.encoding, target, repair=repair):
                yield from target.taken()
        except NotWellFormed:
            yield from target.taken()
            raise


class _Rows:
    """Takes a parser's events, and holds the rows that have ended; see `Target`."""

    def __init__(self, places: RowPlaces) -> None:
        self.steps = 0
        self.depth = 0
        self._places = places
        self._around: list[str] = []
        self._open: list[Element] = []
        self._ended: list[Element] = []
        self._prefixes: dict[str, str] = {}
        self._categories = _Categories()

    def taken(self) -> Iterator[Cells]:
        """The cells of the rows that have ended since."""
        ended, self._ended = self._ended, []
        for row in ended:
            yield self._categories.named(cells_of(row, self._prefixes))

    def start_ns(self, prefix: str, space: str) -> None:
        """A namespace is declared."""
        self._prefixes.setdefault(space, prefix)

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """See `Target`."""
        self.depth += 1
        if not self._open and not self._places.has(self._around[-1] if self._around else "", tag):
            self.steps += 1
            self._around.append(tag)
            self._categories.start(split_tag(tag)[0], attributes)
            return
        if attributes:
            attributes = {split_tag(key)[0]: text for key, text in attributes.items()}
        element = Element(*split_tag(tag), attributes)
        if self._open:
            self._open[-1].elements.append(element)
        self._open.append(element)

    def data(self, text: str) -> None:
        """See `Target`."""
        if self._open:
            self._open[-1].add(text)
        else:
            self._categories.data(text)

    def end(self, tag: str) -> None:  # noqa: ARG002 - the parser has checked it
        """See `Target`."""
        self.depth -= 1
        if not self._open:
            self.steps += 1
            self._around.pop()
            self._categories.end()
            return
        element = self._open.pop()
        if not self._open:
            self.steps += 1
            self._ended.append(element)


class _Categories:
    """The tree of categories before the rows of Yandex's format, which say but the id of one."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[str, str]] = {}
        self._open: tuple[str, str] | None = None
        self._texts: list[str] = []

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        """An element that is no row begins."""
        self._open = None
        if name.lower() == "category" and "id" in attributes and len(self._known) < _MAX_CATEGORIES:
            self._open = attributes["id"], attributes.get("parentId") or attributes.get("parent_id") or ""
            self._texts = []

    def data(self, text: str) -> None:
        """Text that is in no row."""
        if self._open:
            self._texts.append(text)

    def end(self) -> None:
        """An element that is no row ends."""
        if self._open:
            key, parent = self._open
            self._known[key] = parent, " ".join("".join(self._texts).split())
            self._open = None

    def named(self, cells: Cells) -> Cells:
        """The same row, with the paths of its categories as ``category``."""
        found = cells.get("categoryId")
        if not self._known or found is None or "category" in cells:
            return cells
        keys = found if isinstance(found, list) else [found]
        paths = [path for key in keys if isinstance(key, str) and (path := self._path(key))]
        return {**cells, "category": paths} if paths else cells

    def _path(self, key: str) -> list[str]:
        names: list[str] = []
        while key in self._known and len(names) < _MAX_LEVELS:
            key, name = self._known[key]
            names.insert(0, name)
        return names
