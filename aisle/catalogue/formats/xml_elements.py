"""Elements of an XML file, in a stream; entities and whatever else reaches out of the file is refused."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Final, Protocol
from xml.parsers.expat import errors

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser, ParseError

from aisle._files import MAX_LINE_BYTES
from aisle.catalogue.formats.encoding import TextEncoding
from aisle.catalogue.formats.envelopes import words
from aisle.catalogue.formats.xml_text import xml_blocks
from aisle.errors import InputError

MAX_DEPTH: Final = 100
FIELDS: Final = words("field column col str int long float double bool date arr")
"""Elements whose attribute ``name`` is the column: in dumps of databases, in Solr's documents."""


@dataclass(slots=True)
class Element:
    """An element of a row.

    Attributes:
        name, space: its name and namespace.
        attributes: by their names, without namespaces.
        elements: those directly in it.
        text: what stands before the first of them.
        tail: what stands behind it, up to the next element.
    """

    name: str
    space: str
    attributes: dict[str, str]
    elements: list[Element] = field(default_factory=list)
    text: str = ""
    tail: str = ""

    def add(self, text: str) -> None:
        """Text that comes next."""
        if self.elements:
            self.elements[-1].tail += text
        else:
            self.text += text

    @property
    def is_mixed(self) -> bool:
        """Whether texts stand beside its elements."""
        return bool(self.elements) and (
            bool(self.text.strip()) or any(one.tail.strip() for one in self.elements)
        )


# A file has a few hundred names.
@lru_cache(maxsize=2_000)
def split_tag(tag: str) -> tuple[str, str]:
    """Name and namespace of a tag or attribute, which the parser writes as ``namespace}name``."""
    space, _, name = tag.rpartition("}")
    return name, space


class Target(Protocol):
    """Takes what a parser meets.

    Attributes:
        steps: grows with everything after which no more of the file needs to be held.
        depth: elements that are open.
    """

    steps: int
    depth: int

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """An element begins."""

    def end(self, tag: str) -> None:
        """It ends."""

    def data(self, text: str) -> None:
        """Text, in pieces."""


class NotWellFormed(ValueError):
    """What was read is no XML.

    Attributes:
        line: where.
        reason: what the parser says.
        cut: whether it only ends too early.
        curable: whether repairing may help, see `xml_blocks`.
    """

    def __init__(self, error: ParseError) -> None:
        super().__init__(str(error))
        code = errors.messages.get(error.code, "")
        self.line: int = error.position[0]
        self.reason = str(error).partition(": line ")[0]
        self.cut = code in _CUT
        self.curable = code in _CURABLE


_CUT: Final = (
    errors.XML_ERROR_NO_ELEMENTS,
    errors.XML_ERROR_UNCLOSED_TOKEN,
    errors.XML_ERROR_PARTIAL_CHAR,
    errors.XML_ERROR_UNCLOSED_CDATA_SECTION,
)
_CURABLE: Final = (errors.XML_ERROR_INVALID_TOKEN, errors.XML_ERROR_UNDEFINED_ENTITY)


def parse(path: Path, encoding: TextEncoding, target: Target, *, repair: bool) -> Iterator[None]:
    """Feed a file to ``target``; returns between the pieces, so that what it has can be taken.

    Raises:
        NotWellFormed: it is no XML.
        InputError: it breaks off, is nested too deep, declares entities, or has an element that is too large.
    """
    parser = DefusedXMLParser(target=target, encoding="utf-8")
    # Straight to the target: half the time goes into what the parser would do with names in between.
    expat = parser.parser
    expat.StartElementHandler, expat.EndElementHandler = target.start, target.end
    expat.CharacterDataHandler = target.data
    expat.ordered_attributes = False
    since, steps = 0, 0
    try:
        for block in xml_blocks(path, encoding, repair=repair):
            parser.feed(block)
            since = since + len(block) if target.steps == steps else 0
            steps = target.steps
            _check(path, target.depth, since)
            yield
        parser.close()
        yield
    except ParseError as error:
        raise NotWellFormed(error) from None
    except DefusedXmlException:
        raise InputError(
            f"{path} declares entities, which may hold anything, files of this machine too",
            fix="export it without a DOCTYPE that has ENTITY in it",
        ) from None


def _check(path: Path, depth: int, size: int) -> None:
    if depth > MAX_DEPTH:
        raise InputError(f"{path} is nested over {MAX_DEPTH} levels deep", fix="check that it is a catalogue")
    if size > MAX_LINE_BYTES:
        raise InputError(f"an element of {path} is over {MAX_LINE_BYTES:,} bytes", fix="leave it out")
