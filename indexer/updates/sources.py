"""Where changes come from: a file, which ends, or a stream, for which one may have to wait."""

from __future__ import annotations

import gzip
import os
import select
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, Final, Protocol

from records import InputError
from records.files import open_bytes

STANDARD_INPUT: Final = "-"
_CHUNK: Final = 1 << 16


class Source(Protocol):
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
        """See `Source`."""
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
        """See `Source`."""
        # Past Python's own buffer, in which lines would wait that select knows nothing of.
        ready, _, _ = select.select([self._descriptor], [], [], max(0.0, wait_s))
        return os.read(self._descriptor, _CHUNK) if ready else None


@contextmanager
def open_source(where: str) -> Iterator[Source]:
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
