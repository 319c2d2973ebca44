"""What the reader asks of a file format."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from aisle.catalogue.options import ReadOptions
from aisle.catalogue.rejects import Rejects, Row


class OpenTable(Protocol):
    """A file of rows whose format, encoding and header are known."""

    @property
    def format(self) -> str:
        """The format's name, such as ``csv``."""

    @property
    def details(self) -> str:
        """What was found out besides, such as "Windows-1252, separated by semicolons"; may be empty."""

    def rows(self, rejects: Rejects) -> Iterator[Row]:
        """Read the rows, lazily and from the start. Bad ones go to ``rejects``.

        Raises:
            InputError: the file breaks off.
        """


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

    def matches(self, head: bytes) -> bool:
        """Whether the first bytes look like it."""

    def open(self, path: Path, options: ReadOptions) -> OpenTable:
        """Find out what must be known before the first row.

        Raises:
            InputError: the file cannot be read, or not as this format.
            MissingExtra: a library that it takes is not installed.
        """
