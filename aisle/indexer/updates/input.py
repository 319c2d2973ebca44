"""Where changes come from: a file, which ends, or a stream, for which one may have to wait."""

from __future__ import annotations

import gzip
import hashlib
import os
import select
import threading
import zlib
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from time import monotonic
from typing import BinaryIO, Final, Protocol

from aisle._files import MAX_LINE_BYTES, UTF8_BOM, open_bytes
from aisle.errors import InputError
from aisle.indexer.dead_letters import DeadLetter

STANDARD_INPUT: Final = "-"
_CHUNK: Final = 1 << 16


class ChangeSource(Protocol):
    """Something that is read once, in order.

    Attributes:
        name: for messages.
        stream: it has no place on a disk to come back to, and ends for good when it ends.
    """

    name: str
    stream: bool

    def read(self, wait_s: float, /) -> bytes | None:
        """The next bytes; empty at the end, None if none came within ``wait_s`` seconds.

        Raises:
            InputError: it breaks off.
        """


class FileSource:
    """A plain or gzip file."""

    stream = False

    def __init__(self, name: str, file: BinaryIO) -> None:
        self.name = name
        self._file = file

    def read(self, _: float, /) -> bytes | None:
        """See `ChangeSource`."""
        try:
            return self._file.read(_CHUNK)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise InputError(
                f"{self.name} is not whole: its gzip stream breaks off ({error})",
                fix="copy it again, and run the same command again",
            ) from None


class StreamSource:
    """Standard input, or a named pipe."""

    stream = True

    def __init__(self, name: str, descriptor: int) -> None:
        self.name = name
        self._descriptor = descriptor

    def read(self, wait_s: float, /) -> bytes | None:
        """See `ChangeSource`."""
        # Past Python's own buffer, in which lines would wait that select knows nothing of.
        ready, _, _ = select.select([self._descriptor], [], [], max(0.0, wait_s))
        return os.read(self._descriptor, _CHUNK) if ready else None


@contextmanager
def open_source(where: str) -> Iterator[ChangeSource]:
    """Open a file (plain or gzip), a named pipe, or standard input for ``-``.

    Raises:
        InputError: no such file, a folder, or unreadable.
    """
    path = Path(where)
    if where == STANDARD_INPUT:
        yield StreamSource("standard input", 0)
    elif is_stream(where):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            yield StreamSource(where, descriptor)
        finally:
            os.close(descriptor)
    else:
        # No changes are fine, where no rows of a catalogue are not.
        with BytesIO() if _is_empty(path) else open_bytes(path) as file:
            yield FileSource(where, file)


def is_stream(where: str) -> bool:
    """Whether it is read as a stream: standard input, a named pipe, a device."""
    path = Path(where)
    return where == STANDARD_INPUT or (path.exists() and not path.is_file() and not path.is_dir())


def _is_empty(path: Path) -> bool:
    return path.is_file() and path.stat().st_size == 0


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


_LONG_S: Final = 0.2


@dataclass(frozen=True, slots=True)
class InputStart:
    """An input, and the splitter that takes it up at the right place.

    Attributes:
        source: read up to ``place`` and then ``ahead``.
        splitter: for what follows ``place``.
        place: what is skipped.
        ahead: bytes behind it that were read with the last ones before it.
        other: there was a checkpoint, but of an input that began otherwise.
    """

    source: ChangeSource
    splitter: LineSplitter
    place: Place
    ahead: bytes = b""
    other: bool = False

    @property
    def name(self) -> str:
        """For messages."""
        return self.source.name

    def batches(self, limits: BatchLimits, stop: threading.Event) -> Batches:
        """What follows, see `Batches`."""
        return Batches(self, limits, stop)


@contextmanager
def start_input(where: str, behind: Place) -> Iterator[InputStart]:
    """Open an input behind ``behind``, if that is a place of this very input.

    The bytes before are read and hashed (about a second a gigabyte), never trusted. A file that begins
    otherwise is a new one and starts at its start.

    Raises:
        InputError: as `open_source`; a stream that does not begin with what it began with before.
    """
    with open_source(where) as source:
        if found := _skipped(source, behind):
            splitter, ahead = found
            yield InputStart(source, splitter, behind, ahead)
            return
        if source.stream:
            raise InputError(
                f"{source.name} does not begin with the {behind.line:,} lines that were applied before",
                fix="send the same stream from its start, or leave --skip-consumed out",
            )
    with open_source(where) as source:
        yield InputStart(source, LineSplitter(), Place(), other=True)


def _skipped(source: ChangeSource, behind: Place) -> tuple[LineSplitter, bytes] | None:
    """Read up to ``behind``; None if this is another input."""
    digest, left, last, ahead = hashlib.sha256(), behind.offset, b"\n", b""
    while left > 0:
        chunk = source.read(_LONG_S)
        if chunk is None:
            continue
        if not chunk:
            return None
        before, ahead = chunk[:left], chunk[left:]
        digest.update(before)
        left -= len(before)
        last = before[-1:]
    if digest.hexdigest() != behind.sha256:
        return None
    return LineSplitter(behind, digest, mid_line=last != b"\n"), ahead


# How soon a signal is noticed.
_LOOK_UP_S: Final = 0.2


@dataclass(frozen=True, slots=True)
class BatchLimits:
    """When a batch of lines closes.

    Attributes:
        lines, size: of one batch at most; ``size`` in bytes of input (one longer line is a batch of its own).
        flush_s: seconds after its first line at which a batch closes however few there are.
    """

    lines: int = 1000
    size: int = 8_000_000
    flush_s: float = 1.0

    def __post_init__(self) -> None:
        if self.lines < 1 or self.size < 1 or self.flush_s <= 0:
            raise InputError(
                f"batches of {self.lines} lines every {self.flush_s:g} seconds cannot be",
                fix="give 1 or more lines, and more than 0 seconds",
            )


@dataclass(frozen=True, slots=True)
class Batch:
    """Lines that are applied together.

    Attributes:
        lines: of changes.
        full: it closed because of its size: more is likely to be there.
        dead: what could not even be read.
        end: how far the input was read then.
    """

    lines: tuple[InputLine, ...]
    full: bool
    dead: tuple[DeadLetter, ...] = ()
    end: Place = field(default_factory=Place)


def _batch(lines: Sequence[InputLine], *, full: bool) -> Batch:
    return Batch(tuple(lines), full, end=lines[-1].place)


class Batches:
    """Iterate once.

    Args:
        start: the input.
        limits: of a batch.
        stop: when set, nothing more is read; the whole lines that were read still come.

    Attributes:
        unfinished: number of the last line of a file, if it breaks off: whoever writes the file is not done.
            It was not yielded. 0 if there is none.
    """

    def __init__(self, start: InputStart, limits: BatchLimits, stop: threading.Event) -> None:
        self.unfinished = 0
        self._source = start.source
        self._splitter = start.splitter
        self._limits = limits
        self._stop = stop
        self._lines: deque[InputLine] = deque(start.splitter.feed(start.ahead))
        self._ended = False

    def __iter__(self) -> Iterator[Batch]:
        """Until the input ends, or ``stop``."""
        while batch := self._next():
            yield batch

    def _next(self) -> Batch | None:
        taken: list[InputLine] = []
        size, closes = 0, None
        while len(taken) < self._limits.lines and size < self._limits.size:
            if self._lines:
                taken.append(self._lines.popleft())
                size += len(taken[-1].row)
                closes = closes or monotonic() + self._limits.flush_s
                continue
            left = _LOOK_UP_S if closes is None else min(_LOOK_UP_S, closes - monotonic())
            if self._ended or self._stop.is_set() or left <= 0:
                return _batch(taken, full=False) if taken else None
            self._read(left)
        return _batch(taken, full=True)

    def _read(self, wait_s: float) -> None:
        chunk = self._source.read(wait_s)
        if chunk:
            self._lines.extend(self._splitter.feed(chunk))
        elif chunk is not None:
            self._ended = True
            self._take_last()

    def _take_last(self) -> None:
        # Of a file that grows, a line without its end may be half a change; of a stream no more will come.
        row = self._splitter.unfinished
        whole = self._source.stream or not row.strip() or row.rstrip().endswith(b"}")
        last = self._splitter.rest()
        if last is not None and whole:
            self._lines.append(last)
        elif last is not None:
            self.unfinished = last.place.line
