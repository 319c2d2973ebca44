"""What one row says of a product: an item, or part of one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Protocol

from aisle.catalogue.rejects import Cells
from aisle.types import Item

_NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Part:
    """What one row says.

    Attributes:
        item: whose ``id`` and ``title`` may be empty.
        lost: item field to the phrase on what could not be read of it.
        wrong: ``id`` or ``title`` to the reason why it is missing; empty if the row is an item by itself.
    """

    item: Item
    lost: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    wrong: Mapping[str, str] = field(default_factory=lambda: _NOTHING)


class PartBuilder(Protocol):
    """Turns the cells of a row into what they say; never raises."""

    def part(self, cells: Cells) -> Part:
        """What these cells say, named as `aisle.catalogue.exports.base.kind_cells` names them."""
