"""The one encoding that a text file is read in, found out before its first row."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from aisle._files import blocks
from aisle.catalogue.formats.charsets import likely_charset, title_of
from aisle.errors import InputError

# The longer mark of UTF-32 begins with that of UTF-16.
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_UTF8: Final = frozenset(("utf-8", "utf-8-sig"))
_WIDE: Final = ("utf-16", "utf-32")
_HEAD_BYTES: Final = 4096

NAME_OR_CONVERT: Final = (
    "convert it: iconv -f WINDOWS-1252 -t UTF-8 FILE > NEW; or name a catalogue's encoding, as in"
    " --encoding windows-1252"
)
"""The fix for a file whose encoding cannot be told; tables of orders have no such option."""


@dataclass(frozen=True, slots=True)
class TextEncoding:
    """How the bytes of a file become text.

    Attributes:
        codec: what Python calls it.
        whole: whether every byte is valid in it. If not, the lines with others are dead letters.
    """

    codec: str
    whole: bool = True

    @property
    def title(self) -> str:
        """What people call it."""
        return "UTF-8" if self.codec in _UTF8 else title_of(self.codec)

    def decoder(self) -> codecs.IncrementalDecoder:
        """A new decoder. Bytes that are not valid become lone surrogates, see `undecoded`."""
        # Codes of two or four bytes have no place for a single byte that is wrong.
        errors = "surrogatepass" if self.codec.startswith(_WIDE) else "surrogateescape"
        return codecs.getincrementaldecoder(self.codec)(errors)


_SURROGATE: Final = re.compile("[\ud800-\udfff]")


def undecoded(text: str) -> bool:
    """Whether a `TextEncoding.decoder` met bytes in it that are no text."""
    return not text.isascii() and _SURROGATE.search(text) is not None


def encoding_of(path: Path, asked: str = "") -> TextEncoding:
    """Find out the encoding, or check the one asked for; reads the whole file, in constant memory.

    Raises:
        InputError: an unknown encoding was asked for, the file breaks off, or its encoding cannot be told.
    """
    if asked:
        return _asked(path, asked)
    head = next(blocks(path, _HEAD_BYTES), b"")
    codec = encoding_of_head(head)
    if _is_valid(path, codec):
        return TextEncoding(codec)
    if codec.startswith(_WIDE):
        raise InputError(
            f"{path} begins as {title_of(codec)} and does not go on so", fix="copy it, or export it, again"
        )
    return _told_by_lines(path, codec)


def encoding_of_head(head: bytes) -> str:
    """The codec that the first bytes of a file call for: UTF-8 unless they say otherwise."""
    for mark, codec in _MARKS:
        if head.startswith(mark):
            return codec
    # Half the bytes of plain text in UTF-16 are zero: all on the same side.
    even, odd = head[::2].count(0), head[1::2].count(0)
    if max(even, odd) * 5 >= len(head) and min(even, odd) * 20 <= max(even, odd):
        return "utf-16-le" if odd > even else "utf-16-be"
    return "utf-8"


def _asked(path: Path, name: str) -> TextEncoding:
    try:
        "a".encode(name)
        codec = codecs.lookup(name).name
    except (LookupError, ValueError):
        raise InputError(
            f"there is no encoding '{name}'", fix="use a name such as utf-8, windows-1252 or shift_jis"
        ) from None
    if codec == "utf-8":
        codec = "utf-8-sig"
    whole = _is_valid(path, codec)
    if not whole and codec.startswith(_WIDE):
        raise InputError(f"{path} is not {title_of(codec)}", fix="leave --encoding out, or name another")
    return TextEncoding(codec, whole)


def _is_valid(path: Path, codec: str) -> bool:
    decoder = codecs.getincrementaldecoder(codec)()
    try:
        for block in blocks(path):
            decoder.decode(block)
        decoder.decode(b"", True)
    except UnicodeError:
        return False
    return True


# Of the lines that are not ASCII, those that are UTF-8. Text in other encodings hardly ever is.
_BROKEN_UTF8: Final = 0.75
_NOT_UTF8: Final = 0.05
# Of all lines: a few that nobody can read need not stop the others.
_FEW: Final = 0.01


def _told_by_lines(path: Path, codec: str) -> TextEncoding:
    lines = _Lines.of(path)
    share = lines.valid / (lines.valid + lines.broken)
    if share >= _BROKEN_UTF8:
        return TextEncoding(codec, whole=False)
    if share > _NOT_UTF8:
        raise InputError(
            f"{path} mixes encodings: {lines.valid:,} lines are UTF-8 and {lines.broken:,} are not,"
            f" the first of them line {lines.first:,}",
            fix="export it again in one encoding, or for a catalogue name the one to read it in: --encoding",
        )
    charset = likely_charset(lines.sample)
    if charset:
        return TextEncoding(charset.codec, _is_valid(path, charset.codec))
    if lines.broken <= _FEW * lines.total:
        return TextEncoding(codec, whole=False)
    raise InputError(
        f"{path} is not UTF-8 (line {lines.first:,}), and what else it is cannot be told",
        fix=NAME_OR_CONVERT,
    )


_LINE_END: Final = re.compile(rb"\r\n|\r|\n")
# Neither line ends nor these are parts of a character in any encoding of which the first 128 are ASCII.
_CELL: Final = re.compile(rb'[^,;\t"]*[\x80-\xff][^,;\t"]*')
_SAMPLE_BYTES: Final = 16_384
_LONGEST: Final = 1 << 20


@dataclass(slots=True)
class _Lines:
    """Lines of a file by whether they are UTF-8; ASCII ones are neither valid nor broken.

    Attributes:
        first: number of the first that is broken.
        sample: cells with bytes that are no ASCII, out of broken lines.
    """

    total: int = 0
    valid: int = 0
    broken: int = 0
    first: int = 0
    sample: bytes = b""

    @classmethod
    def of(cls, path: Path) -> _Lines:
        lines = cls()
        for line in _split(path):
            lines.total += 1
            if not line.isascii():
                lines._count(line)
        return lines

    def _count(self, line: bytes) -> None:
        try:
            line.decode()
        except UnicodeDecodeError:
            self.broken += 1
            self.first = self.first or self.total
            if len(self.sample) < _SAMPLE_BYTES:
                self.sample += b"".join(cell + b"\n" for cell in _CELL.findall(line[:_SAMPLE_BYTES]))
        else:
            self.valid += 1


def _split(path: Path) -> Iterator[bytes]:
    """Lines without their ends; what is longer than any row is cut."""
    rest = b""
    for block in blocks(path):
        text = rest + block
        # The other half of a line end may be in the next block.
        end = len(text) - text.endswith(b"\r")
        *lines, last = _LINE_END.split(text[:end])
        yield from lines
        rest = last[:_LONGEST] + text[end:]
    yield from _LINE_END.split(rest)
