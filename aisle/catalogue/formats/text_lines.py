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
        self._blocks = _whole_line_ends(blocks)
        self._line_end = line_end
        self._marks = ("\n", "\r") if line_end == ANY else ("\n",)
        self._begun: list[str] = []
        self._begun_chars = 0
        self._skipping = False

    def more(self) -> bool:
        """Read some lines more. False at the end of the file."""
        before = len(self.ahead)
        for block in self._blocks:
            self.chars += len(block)
            self._take(block)
            if len(self.ahead) > before:
                return True
        if self._begun:
            self.ahead.append("".join(self._begun))
            self._begun = []
        return len(self.ahead) > before

    def drop(self, count: int) -> None:
        """Leave the first ``count`` lines behind."""
        del self.ahead[:count]
        self.number += count

    def _take(self, block: str) -> None:
        lines = split_lines(block, self._line_end)
        if lines[1:] or lines[0].endswith(self._marks):
            self._end_line(lines.pop(0))
        rest = lines.pop() if lines and not lines[-1].endswith(self._marks) else ""
        self.ahead += lines
        self._begin_line(rest)

    def _begin_line(self, text: str) -> None:
        if text and not self._skipping:
            self._begun.append(text)
            self._begun_chars += len(text)
            if self._begun_chars > MAX_LINE_CHARS:
                self._end_line("")
                self._skipping = True

    def _end_line(self, text: str) -> None:
        if not self._skipping:
            line = "".join((*self._begun, text))
            self.cut = self.cut or len(line) > MAX_LINE_CHARS
            self.ahead.append(line[: MAX_LINE_CHARS + 1])
        self._begun, self._begun_chars, self._skipping = [], 0, False


def _whole_line_ends(blocks: Iterable[str]) -> Iterator[str]:
    """The same text, of which no block ends between a carriage return and its line feed."""
    held = ""
    for block in blocks:
        text = held + block
        held = "\r" if text.endswith("\r") else ""
        if whole := text.removesuffix("\r"):
            yield whole
    if held:
        yield held
