"""The bytes of an XML file as its parser wants them."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from html.entities import html5
from pathlib import Path
from typing import Final

from aisle._files import blocks
from aisle.catalogue.formats.encoding import TextEncoding, encoding_of, encoding_of_head

_HEAD_BYTES: Final = 4096
# A parser goes over an element that has not ended again with every block.
_BLOCK: Final = 1 << 19
_DECLARED: Final = re.compile(r"""<\?xml[^>]*?\bencoding\s*=\s*["']([\w.:-]+)["']""")


def xml_encoding(path: Path, asked: str = "") -> TextEncoding:
    """The encoding of an XML file: the one asked for, else by its first bytes, else the one it declares.

    What declares UTF-8 and is something else is read as what it is.

    Raises:
        InputError: an unknown encoding was asked for, the file breaks off, or its encoding cannot be told.
    """
    if asked:
        return encoding_of(path, asked)
    head = next(blocks(path, _HEAD_BYTES), b"")
    if encoding_of_head(head) != "utf-8":
        return encoding_of(path)
    found = _DECLARED.search(head.decode("latin-1"))
    try:
        declared = codecs.lookup(found[1]).name if found else "utf-8"
    except LookupError:
        declared = "utf-8"
    # It cannot be a wide one, or its declaration could not have been read.
    if declared.startswith(("utf-8", "utf-16", "utf-32", "ascii")):
        return encoding_of(path)
    return encoding_of(path, declared)


def xml_blocks(path: Path, encoding: TextEncoding, *, repair: bool) -> Iterator[bytes]:
    """The file in UTF-8, from its first mark on.

    Args:
        path: plain or gzip.
        encoding: of the file.
        repair: write what is no XML so that it is: a bare ``&``, names of HTML's characters, control
            characters.

    Raises:
        InputError: it breaks off.
    """
    mend = _Repair() if repair else None
    begun = False
    for block in _utf8(path, encoding):
        # Of lines above the declaration, which programs leave there, parsers want to know nothing.
        found = block if begun else block.lstrip()
        begun = begun or bool(found)
        yield mend.repaired(found) if mend else found
    if mend:
        yield mend.rest


def _utf8(path: Path, encoding: TextEncoding) -> Iterator[bytes]:
    if encoding.codec == "utf-8" and encoding.whole:
        yield from blocks(path, _BLOCK)
        return
    decoder = encoding.decoder()
    for block in blocks(path, _BLOCK):
        yield decoder.decode(block).encode(errors="replace")
    yield decoder.decode(b"", True).encode(errors="replace")


class _Repair:
    # In CDATA everything is text already, but for control characters.
    _OUTSIDE: Final = re.compile(
        rb"(?P<cdata><!\[CDATA\[)"
        rb"|&(?:amp|lt|gt|quot|apos|#\d{1,7}|#x[\da-fA-F]{1,6});"
        rb"|&(?P<name>[A-Za-z][A-Za-z0-9]{1,31});"
        rb"|(?P<bare>&)"
        rb"|(?P<control>[\0-\x08\x0b\x0c\x0e-\x1f])"
    )
    _INSIDE: Final = re.compile(rb"(?P<end>\]\]>)|(?P<control>[\0-\x08\x0b\x0c\x0e-\x1f])")
    # Longer than what may be cut at the end of a block.
    _TAIL: Final = re.compile(rb"(?:&[^;&<\s]{0,33}|<!?\[?C?D?A?T?A?|\]{1,2})\Z")

    def __init__(self) -> None:
        self.rest = b""
        self._inside = False

    def repaired(self, found: bytes) -> bytes:
        text = self.rest + found
        tail = self._TAIL.search(text)
        end = tail.start() if tail else len(text)
        self.rest = text[end:]
        return b"".join(self._parts(text[:end]))

    def _parts(self, text: bytes) -> Iterator[bytes]:
        at = 0
        while at < len(text):
            for match in (self._INSIDE if self._inside else self._OUTSIDE).finditer(text, at):
                yield text[at : match.start()]
                at = match.end()
                yield self._written(match)
                if match.lastgroup in ("cdata", "end"):
                    self._inside = match.lastgroup == "cdata"
                    break
            else:
                yield text[at:]
                return

    @staticmethod
    def _written(match: re.Match[bytes]) -> bytes:
        match match.lastgroup:
            case "control":
                return b" "
            case "bare":
                return b"&amp;"
            case "name":
                known = html5.get(match["name"].decode() + ";")
                return known.encode() if known else b"&amp;" + match[0][1:]
            case _:
                return match[0]
