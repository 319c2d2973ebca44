"""Bytes as they come → whole lines that know their place in the input. Pure."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

from records.files import MAX_LINE_BYTES, UTF8_BOM

_NOTHING: Final = hashlib.sha256().hexdigest()


@dataclass(frozen=True, slots=True)
class Place:
    """How far an input was read: behind a whole line.

    Attributes:
        line: number of lines so far.
        offset: bytes so far.
        sha256: of those bytes, hex: tells whether another input is still the same one.
    """

    line: int = 0
    offset: int = 0
    sha256: str = _NOTHING


@dataclass(frozen=True, slots=True)
class InputLine:
    """One line without its end; ``place`` is behind it, so ``place.line`` is its number, from 1.

    A line over ``MAX_LINE_BYTES`` is cut to one byte more than that.
    """

    row: bytes
    place: Place


class LineSplitter:
    """Fed with chunks, it gives the lines that are whole.

    Args:
        begin: where the input goes on.
        digest: hash object that has seen what is before ``begin``.
        mid_line: what is before ends without a line end; if only that end follows, it is no line of its own.
    """

    def __init__(
        self, begin: Place | None = None, digest: hashlib._Hash | None = None, *, mid_line: bool = False
    ) -> None:
        self._place = begin or Place()
        self._digest = digest or hashlib.sha256()
        self._mid_line = mid_line
        self._parts: list[bytes] = []
        self._kept = 0
        self._length = 0

    def feed(self, chunk: bytes) -> list[InputLine]:
        """The lines that end in ``chunk``."""
        *whole, rest = chunk.split(b"\n")
        lines = []
        for piece in whole:
            self._add(piece)
            if line := self._end(b"\n"):
                lines.append(line)
        self._add(rest)
        return lines

    def rest(self) -> InputLine | None:
        """The last line of an input that ends without a line end."""
        return self._end(b"") if self._length else None

    @property
    def unfinished(self) -> bytes:
        """The line that has begun but not ended (cut as in `InputLine`)."""
        return b"".join(self._parts)

    def _add(self, piece: bytes) -> None:
        self._digest.update(piece)
        self._length += len(piece)
        if self._kept <= MAX_LINE_BYTES:
            self._parts.append(piece)
            self._kept += len(piece)

    def _end(self, line_end: bytes) -> InputLine | None:
        self._digest.update(line_end)
        only_the_end = self._mid_line and not self._length
        before = self._place
        number = before.line if only_the_end else before.line + 1
        self._place = Place(
            number, before.offset + self._length + len(line_end), self._digest.copy().hexdigest()
        )
        row = b"".join(self._parts)[: MAX_LINE_BYTES + 1].rstrip(b"\r")
        self._parts, self._kept, self._length, self._mid_line = [], 0, 0, False
        if only_the_end:
            return None
        return InputLine(row.removeprefix(UTF8_BOM) if before.offset == 0 else row, self._place)
