"""Where reading begins: at the start, or behind what an earlier run has applied."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from indexer.updates.input_lines import LineSplitter, Place
from indexer.updates.sources import Source, open_source
from records import InputError

_LONG_S: Final = 0.2


@dataclass(frozen=True, slots=True)
class Start:
    """An input, and the splitter that takes it up at the right place.

    Attributes:
        source: read up to ``place`` and then ``ahead``.
        splitter: for what follows ``place``.
        place: what is skipped.
        ahead: bytes behind it that were read with the last ones before it.
        other: there was a checkpoint, but of an input that began otherwise.
    """

    source: Source
    splitter: LineSplitter
    place: Place
    ahead: bytes = b""
    other: bool = False


@contextmanager
def start_input(where: str, behind: Place) -> Iterator[Start]:
    """Open an input behind ``behind``, if that is a place of this very input.

    The bytes before are read and hashed (about a second a gigabyte), never trusted. A file that begins
    otherwise is a new one and starts at its start.

    Raises:
        InputError: as `open_source`; a stream that does not begin with what it began with before.
    """
    with open_source(where) as source:
        if found := _skipped(source, behind):
            splitter, ahead = found
            yield Start(source, splitter, behind, ahead)
            return
        if source.stream:
            raise InputError(
                f"{source.name} does not begin with the {behind.line:,} lines that were applied before",
                fix="send the same stream from its start, or leave --skip-consumed out",
            )
    with open_source(where) as source:
        yield Start(source, LineSplitter(), Place(), other=True)


def _skipped(source: Source, behind: Place) -> tuple[LineSplitter, bytes] | None:
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
