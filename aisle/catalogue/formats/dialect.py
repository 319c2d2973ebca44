"""How the rows of a delimited file are written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cached_property

from aisle.catalogue.formats.quoting import Quoting, quotings


class Kind(Enum):
    """What all cells of a column look like."""

    NUMBER = "number"
    """Digits with at most a currency or a unit."""
    WORD = "word"
    """No spaces."""
    TEXT = "text"
    """Anything."""

    def takes(self, cell: str) -> bool:
        """Whether a cell may be one of such a column; an empty one may."""
        if self is Kind.NUMBER:
            return not cell.strip() or is_number(cell)
        return self is Kind.TEXT or len(cell.split(maxsplit=1)) < 2


def is_number(cell: str) -> bool:
    """Whether it is digits with at most a currency or a unit."""
    return any(map(str.isdigit, cell)) and sum(map(str.isalpha, cell)) <= 3 and len(cell) <= 40


def unwrapped(cell: str) -> str:
    """``="0012"``, which keeps a spreadsheet from making a number of it, as ``0012``."""
    return cell[2:-1] if len(cell) > 2 and cell.startswith('="') and cell.endswith('"') else cell


@dataclass(frozen=True)
class Dialect:
    """How the rows of a file are written.

    Attributes:
        delimiter, quote: one character each.
        names: of the columns.
        kinds: of the columns, where that is known; else empty.
        filled: indexes of columns that are hardly ever empty.
        spaced: whether a space follows every delimiter.
        formulas: whether cells stand as texts of formulas, see `unwrapped`.
    """

    delimiter: str
    quote: str
    names: tuple[str, ...]
    kinds: tuple[Kind, ...] = ()
    filled: frozenset[int] = frozenset()
    spaced: bool = False
    formulas: bool = False

    @cached_property
    def quotings(self) -> tuple[Quoting, ...]:
        """The ways to read its quotes, strictest first."""
        return quotings(self.delimiter, self.quote)

    def fits(self, cells: Sequence[str]) -> bool:
        """Whether the cells could stand in the first columns."""
        return all(kind.takes(cell) for kind, cell in zip(self.kinds, cells, strict=False))
