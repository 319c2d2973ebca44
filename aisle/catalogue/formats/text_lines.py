"""Lines of a text file, some of them ahead of where one reads."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from aisle._files import MAX_LINE_BYTES, blocks
from aisle.catalogue.formats.encoding import TextEncoding

MAX_LINE_CHARS: Final = MAX_LINE_BYTES
UNIX: Final = "\n"
ANY: Final = ""


def text_blocks(path: Path, encoding: TextEncoding) -> Iterator[str]:
    """Decoded text, block by block.

    Raises:
        InputError: the file cannot be opened or breaks off.
    """
    decoder = encoding.decoder()
    for block in blocks(path):
        yield decoder.decode(block)
    yield decoder.decode(b"", True)


def split_lines(text: str, line_end: str) -> list[str]:
    """Lines with their ends; a lone carriage return is one if ``line_end`` is ``ANY``, not if ``UNIX``."""
    return io.StringIO(text, newline=line_end).readlines()


class TextLines:
    """A window on the lines of a file; what was read is dropped from it.

    Args:
        blocks: the text, in pieces.
        line_end: see `split_lines`.

    A line longer than ``MAX_LINE_CHARS`` is cut to one character more than that.

    Attributes:
        ahead: lines with their ends that are not dropped yet.
        number: 1-based number of the first of them in the file.
        chars: that were read so far.
        cut: whether a line was cut.
    """

    def __init__(self, blocks: Iterable[str], line_end: str) -> None:
        self.ahead: list[str] = []
        self.number = 1
        self.chars = 0
        self.cut = False
        self._blocks = iter(blocks)
        self._line_end = line_end
        self._rest = ""
        self._skipping = False

    def more(self) -> bool:
        """Read some lines more. False at the end of the file."""
        for block in self._blocks:
            self.chars += len(block)
            if self._take(self._rest + block):
                return True
        last = "" if self._skipping else self._rest
        self._rest = ""
        self.ahead += split_lines(last, self._line_end)
        return bool(last)

    def drop(self, count: int) -> None:
        """Leave the first ``count`` lines behind."""
        del self.ahead[:count]
        self.number += count

    def _take(self, text: str) -> bool:
        # A carriage return at the end may be the first half of a line end.
        end = len(text) - text.endswith("\r")
        lines = split_lines(text[:end], self._line_end)
        self._rest = text[end:]
        if lines and not lines[-1].endswith(("\n", "\r") if self._line_end == ANY else "\n"):
            self._rest = lines.pop() + self._rest
        if lines and self._skipping:
            self._skipping = False
            del lines[0]
        if lines and len(lines[0]) > MAX_LINE_CHARS:
            lines[0] = lines[0][: MAX_LINE_CHARS + 1]
            self.cut = True
        if len(self._rest) > MAX_LINE_CHARS:
            if not self._skipping:
                lines.append(self._rest[: MAX_LINE_CHARS + 1])
            self._rest, self._skipping, self.cut = "", True, True
        self.ahead += lines
        return bool(lines)
