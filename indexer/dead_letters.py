"""The dead letters file: every row that is not in the index, written at the end of a run."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import IO, Any, Final

from catalogue.rejects import Rejects
from indexer.dead_letter import DeadLetter, rejected_row
from records import InputError
from records.files import whole_file

REFUSED: Final = "refused by OpenSearch"


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
        self.keep(rejected_row(line, row, reason, identity))

    def keep(self, letter: DeadLetter) -> None:
        """Take one that is a letter already."""
        with self._lock:
            super().add(letter.line or 0, letter.reason, b"")
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
                    file.write(letter.to_line())
        return self.count
