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
        shown: key to the name that the file gives a column.
    """

    source: str
    cells: Sequence[Cells]
    roles: Sequence[RowRole]
    shown: Mapping[str, str]
