"""The rows that a plan is made from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aisle.catalogue.exports.base import RowRole
from aisle.catalogue.rejects import Cells


@dataclass(frozen=True, slots=True)
class Sample:
    """The first rows of a file, as its kind hands them on.

    Attributes:
        source: name of the file, for messages.
        cells: one for each row.
        roles: of each row.
        sources: key to the columns of the file that it is made of.
    """

    source: str
    cells: Sequence[Cells]
    roles: Sequence[RowRole]
    sources: Mapping[str, Sequence[str]]

    def show(self, key: str) -> str:
        """A column's name for people."""
        named = self.sources.get(key)
        return named[0] if named else key
