"""Lines → batches that close when they are full, or soon after their first line."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from time import monotonic
from typing import Final

from indexer.updates.input_lines import InputLine
from indexer.updates.input_start import Start
from records import InputError

# How soon a signal is noticed.
_LOOK_UP_S: Final = 0.2


@dataclass(frozen=True, slots=True)
class BatchLimits:
    """Attributes:
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
    """Attributes:
    lines: at least one.
    full: it closed because of its size: more is likely to be there.
    """

    lines: tuple[InputLine, ...]
    full: bool


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

    def __init__(self, start: Start, limits: BatchLimits, stop: threading.Event) -> None:
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
                return Batch(tuple(taken), full=False) if taken else None
            self._read(left)
        return Batch(tuple(taken), full=True)

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
