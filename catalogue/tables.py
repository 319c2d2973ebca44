"""Which kind of table a file is: its content decides first, its name second."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from catalogue.delimited import Delimited
from catalogue.jsonl import JsonLines
from catalogue.parquet import Parquet
from catalogue.rejects import Rejects
from catalogue.rows import Row
from records import InputError
from records.files import UTF8_BOM, open_bytes

_HEAD_BYTES = 4096


class Table(Protocol):
    """A kind of file that holds rows.

    Attributes:
        name: what ``--format`` calls it.
        suffixes: of its files.
        certain: whether ``matches`` is beyond doubt.
        binary: whether a file without its mark can not be one, whatever its name.
    """

    name: str
    suffixes: tuple[str, ...]
    certain: bool
    binary: bool

    def matches(self, head: bytes) -> bool: ...
    def rows(self, path: Path, rejects: Rejects) -> Iterator[Row]: ...


TABLES: tuple[Table, ...] = (Parquet(), JsonLines(), Delimited())


def table_of(path: Path, name: str) -> Table:
    """The table called ``name``, else the one that the file looks like.

    Raises:
        InputError: unreadable file, or no known kind.
    """
    head = _head(path)
    for table in TABLES:
        if table.name == name:
            return table
    if head.lstrip().startswith(b"["):
        raise InputError(f"{path} is one JSON array", fix="write one object a line: jq -c '.[]'")
    suffix = Path(path.name.removesuffix(".gz")).suffix.lower()
    # Parquet and JSON are plain to see. A damaged first line must not make a .jsonl a CSV, so then the name
    # decides; a comma in the first line is the weakest sign.
    for table in TABLES:
        if table.certain and table.matches(head):
            return table
    for table in TABLES:
        if suffix in table.suffixes and not table.binary:
            return table
    for table in TABLES:
        if table.matches(head):
            return table
    raise InputError(
        f"cannot tell the format of {path}",
        fix="give JSON lines, CSV or Parquet (plain or gzip), or name it: --format",
    )


def _head(path: Path) -> bytes:
    with open_bytes(path) as file:
        try:
            return file.read(_HEAD_BYTES).removeprefix(UTF8_BOM)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise InputError(
                f"{path} is not whole: its gzip stream breaks off at the start ({error})",
                fix="copy or download it again",
            ) from None
