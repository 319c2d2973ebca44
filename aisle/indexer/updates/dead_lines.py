"""Lines that could not be applied, with their reasons: dead letters that are appended batch by batch."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import orjson

from aisle.errors import InputError
from aisle.indexer.dead_letters import MAX_ROW_BYTES, DeadLetter, printable, row_json
from aisle.indexer.updates.input import InputLine

# More than one letter takes.
_TAIL: Final = 4 * MAX_ROW_BYTES
_BEGIN: Final = b'{"line":'


@dataclass(frozen=True, slots=True)
class DeadLine:
    """A line, the id that it names ("" if it names none) and why it was not applied (a fixed phrase)."""

    line: InputLine
    id: str
    reason: str

    def letter(self) -> DeadLetter:
        """With the whole row, up to 1 MB of it."""
        try:
            cells = orjson.loads(self.line.row)
        except orjson.JSONDecodeError:
            cells = None
        row = row_json(cells if isinstance(cells, dict | list) else self.line.row)
        return DeadLetter(self.line.place.line, None, self.id, printable(self.reason), 1, row)


class DeadLines:
    """The file, which exists only if there are any.

    Args:
        path: appended to.
        since: its size when the last batch was acknowledged. What stands behind it was written by a run that
            broke off then: the same line is not written again.

    Raises:
        InputError: the file cannot be read or written.
    """

    def __init__(self, path: Path, since: int | None = None) -> None:
        self.path = path
        with _written(path):
            self.size = _checked_size(path) if path.exists() else 0
            again = since is not None and since < self.size
            self._known = _keys(path, since or 0) if again else frozenset()

    def add(self, dead: Iterable[DeadLine]) -> int:
        """Append, and return how many. They are on the disk when this returns.

        Raises:
            InputError: the file cannot be written.
        """
        lines = [one.letter().to_line() for one in dead]
        new = [line for line in lines if _key(line) not in self._known]
        if new:
            with _written(self.path):
                self.path.parent.mkdir(parents=True, exist_ok=True)
                with self.path.open("ab") as file:
                    file.write(b"".join(new))
                    file.flush()
                    os.fsync(file.fileno())
                    self.size = file.tell()
        return len(lines)


def _key(line: bytes) -> tuple[int | None, bytes]:
    letter = orjson.loads(line)
    return letter["line"], orjson.dumps(letter["row"])


def _keys(path: Path, since: int) -> frozenset[tuple[int | None, bytes]]:
    with path.open("rb") as file:
        file.seek(since)
        return frozenset(map(_key, file))


def _checked_size(path: Path) -> int:
    """The size, less a last line that a crash left half written: its row is read again."""
    with path.open("r+b") as file:
        if b"\n" in (head := file.readline()):
            _key(head)
        size = file.seek(0, os.SEEK_END)
        begin = file.seek(max(0, size - _TAIL))
        rest = file.read()
        broken = rest[rest.rfind(b"\n") + 1 :]
        # Nothing is ever cut off that cannot be our own.
        if not broken.startswith(_BEGIN[: len(broken)]):
            raise KeyError(path)
        return file.truncate(begin + len(rest) - len(broken))


@contextmanager
def _written(path: Path) -> Iterator[None]:
    fix = "name another file with --dead-letters"
    try:
        yield
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror}", fix=fix) from None
    except (orjson.JSONDecodeError, KeyError, TypeError):
        raise InputError(f"{path} holds something else than dead letters", fix=fix) from None
