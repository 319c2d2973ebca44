"""Dead letters: every row, document and change that is not in the index, with its reason, in a file."""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any, Final

import orjson

from aisle._files import MAX_LINE_BYTES, numbered_lines, whole_file
from aisle._printable import shortened
from aisle.catalogue.rejects import RejectedRow, Rejects
from aisle.errors import InputError
from aisle.types import Item

MAX_ROW_BYTES: Final = 1_000_000
# Deeper than any product; orjson itself stops at 254.
_DEEPEST: Final = 100


def row_json(row: bytes | Mapping[str, Any] | list[Any]) -> bytes:
    """JSON of a row.

    Args:
        row: an object's cells, a list of cells without names, or the bytes of a line that could not be read.

    Returns:
        At most ``MAX_ROW_BYTES``. A longer row becomes a text that is cut off, and so can never be taken for
        the row itself.
    """
    whole = _text(row) if isinstance(row, bytes) else _cells(row)
    return whole if len(whole) <= MAX_ROW_BYTES else _text(row if isinstance(row, bytes) else whole)


def _text(raw: bytes) -> bytes:
    kept = raw[:MAX_ROW_BYTES]
    # Characters that JSON escapes take up to six times their room.
    while len(text := orjson.dumps(kept.decode(errors="backslashreplace"))) > MAX_ROW_BYTES:
        kept = kept[: len(kept) // 2]
    return text


def _cells(row: Mapping[str, Any] | list[Any]) -> bytes:
    try:
        return orjson.dumps(row, default=str, option=orjson.OPT_NON_STR_KEYS)
    except orjson.JSONEncodeError:
        # Not UTF-8 in the file, a number too long, nested too deeply.
        return orjson.dumps(_plain(row, 0))


def _plain(value: Any, depth: int) -> Any:
    if depth > _DEEPEST:
        return "..."
    if isinstance(value, Mapping):
        return {_string(name): _plain(inner, depth + 1) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner, depth + 1) for inner in value]
    return value if value is None or isinstance(value, bool | float) else _string(value)


def _string(value: object) -> str:
    return str(value).encode(errors="replace").decode()


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """What is not in the index: a row that was not read, a document that was refused, a change not applied.

    Attributes:
        line: 1-based line or row number of what no reader could use, or of a change; None for a document.
        position: of an item whose document was refused, from 0; None for a row or a change.
        id: the item's, empty where it cannot be told.
        reason: one line.
        attempts: how often it was tried.
        row: its row as JSON: an object of its cells, the text of a line that has none, or an item.
    """

    line: int | None
    position: int | None
    id: str
    reason: str
    attempts: int
    row: bytes

    def to_line(self) -> bytes:
        """One line of a dead letters file."""
        content = {**asdict(self), "id": printable(self.id), "row": orjson.Fragment(self.row)}
        return orjson.dumps(content, option=orjson.OPT_APPEND_NEWLINE)


def refused_item(position: int, item: Item, reason: str, attempts: int = 1) -> DeadLetter:
    """The letter of a document that could not be indexed; its row is the item, without empty fields."""
    cells = {name: value for name, value in item.to_json().items() if value or value == 0}
    return DeadLetter(None, position, item.id, printable(reason), attempts, row_json(cells))


def rejected_row(line: int, row: bytes | Mapping[str, Any] | list[Any], reason: str, id: str) -> DeadLetter:
    """The letter of a row that a reader set aside."""
    return DeadLetter(line, None, id, reason, 1, row_json(row))


def unapplied_change(line: int, row: bytes, id: str, reason: str) -> DeadLetter:
    """The letter of a line that changes an item and could not be applied; its row up to 1 MB."""
    try:
        cells = orjson.loads(row)
    except orjson.JSONDecodeError:
        cells = None
    return rejected_row(line, cells if isinstance(cells, dict | list) else row, printable(reason), id)


def printable(text: str) -> str:
    """Text that JSON can carry."""
    return text.encode(errors="replace").decode()


REFUSED: Final = "refused by OpenSearch"


def refused_example(letter: DeadLetter) -> RejectedRow:
    """A refused document to show: which one, and OpenSearch's own reason."""
    return RejectedRow(0, shortened(f"{letter.id}: {letter.reason}", 160))


class DeadLetters(Rejects):
    """Takes a reader's rejects; `export` writes them, and the documents that were refused, to one file.

    Until then they lie in a temporary file without a name, so that memory stays flat and a process that is
    killed leaves nothing behind.

    Attributes:
        path: where the file will stand. It is written only when there are dead letters.

    Raises:
        InputError: ``path`` is a folder.
    """

    def __init__(self, path: str | Path) -> None:
        super().__init__()
        self.path = self._file = Path(path)
        if self._file.is_dir():
            raise InputError(f"cannot write {path}: it is a folder", fix="name a file in it")
        self._spool: IO[bytes] | None = None
        self._lock = threading.Lock()

    def add(
        self, line: int, reason: str, row: bytes | Mapping[str, Any] | list[Any], identity: str = ""
    ) -> None:
        """See `Rejects.add`."""
        with self._lock:
            super().add(line, reason, row)
            self._write(rejected_row(line, row, reason, identity))

    def keep(self, letter: DeadLetter) -> None:
        """Take one that is a letter already."""
        with self._lock:
            super().add(letter.line or 0, letter.reason, letter.row)
            self._write(letter)

    def _write(self, letter: DeadLetter) -> None:
        if self._spool is None:
            self._spool = tempfile.TemporaryFile()  # noqa: SIM115 - lives until `export`
        self._spool.write(letter.to_line())

    def export(self, refused: Iterable[DeadLetter] = ()) -> int:
        """Write the file, whole or not at all.

        Args:
            refused: documents, from the ledger; counted under the one reason ``REFUSED``.

        Returns:
            How many dead letters there are. Without any, nothing is written and an old file stays.

        Raises:
            InputError: the file cannot be written.
        """
        with self._lock:
            letters = iter(refused)
            first = next(letters, None)
            if self._spool is None and first is None:
                return 0
            with whole_file(self._file) as file:
                if self._spool is not None:
                    self._spool.seek(0)
                    for line in self._spool:
                        file.write(line)
                    self._spool.close()
                    self._spool = None
                for letter in () if first is None else (first, *letters):
                    self.count += 1
                    self.reasons[REFUSED] += 1
                    self.examples.setdefault(REFUSED, refused_example(letter))
                    file.write(letter.to_line())
        return self.count


# More than one letter takes.
_TAIL: Final = 4 * MAX_ROW_BYTES
_BEGIN: Final = b'{"line":'


class DeadLetterLog:
    """A dead letters file that updates append to, batch by batch; it exists only if there are any.

    Attributes:
        path: of the file.
        size: of it, in bytes.
        added: why, counted.

    Args:
        path: appended to.
        since: its size when the last batch was acknowledged. What stands behind it was written by a run that
            broke off then: the same line is not written again.

    Raises:
        InputError: the file cannot be read or written.
    """

    def __init__(self, path: Path, since: int | None = None) -> None:
        self.path = path
        self.added = Rejects()
        with _written(path):
            self.size = _checked_size(path) if path.exists() else 0
            again = since is not None and since < self.size
            self._known = _keys(path, since or 0) if again else frozenset()

    def add(self, letters: Iterable[DeadLetter]) -> int:
        """Append, and return how many. They are on the disk when this returns.

        Raises:
            InputError: the file cannot be written.
        """
        lines = []
        for letter in letters:
            self.added.add(letter.line or 0, letter.reason, letter.row)
            lines.append(letter.to_line())
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


def read_letters(path: Path) -> Iterator[DeadLetter]:
    """Every letter, in constant memory.

    Raises:
        InputError: no such file, or a line that is no dead letter; the message names it.
    """
    for number, line in numbered_lines(path):
        try:
            yield _letter(line)
        except (ValueError, KeyError, TypeError) as error:
            reason = f"lacks {error}" if isinstance(error, KeyError) else str(error)
            raise InputError(
                f"line {number} of {path} is no dead letter ({reason})",
                fix="correct only what stands in its row, on one line",
            ) from None


def cells_of(letter: DeadLetter) -> dict[str, Any] | None:
    """The row as an object; None where it still is none, such as the text of a line that is not JSON."""
    row = orjson.loads(letter.row)
    if isinstance(row, str):
        try:
            row = orjson.loads(row)
        except orjson.JSONDecodeError:
            return None
    return row if isinstance(row, dict) else None


def _letter(line: bytes) -> DeadLetter:
    if len(line) > MAX_LINE_BYTES:
        raise ValueError("it is too long")
    content = orjson.loads(line)
    position, number = content["position"], content["line"]
    return DeadLetter(
        line=None if number is None else int(number),
        position=None if position is None else int(position),
        id=str(content["id"]),
        reason=str(content["reason"]),
        attempts=int(content["attempts"]),
        row=orjson.dumps(content["row"]),
    )
