"""How to read a catalogue."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from records import InputError

MAPPABLE = ("id", "title", "text", "brand", "category", "price", "image", "attributes")


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """Settings of ``read_catalogue``.

    Attributes:
        format: "auto", or a name of ``formats()``.
        columns: item field to the column that holds it, see ``parse_map``; overrides what is found.
        locale: keep only rows of this locale (ESCI: "us", "es", "jp"); empty keeps all.
        limit: stop after so many items; None reads all.
        split: of a data set on the hub.
        config: of a data set on the hub.

    Raises:
        InputError: an item field that does not exist, or a limit under 1.
    """

    format: str = "auto"
    columns: Mapping[str, str] = field(default_factory=dict)
    locale: str = ""
    limit: int | None = None
    split: str = "train"
    config: str = ""

    def __post_init__(self) -> None:
        for name in self.columns:
            if name not in MAPPABLE:
                raise InputError(
                    f"items have no field '{name}'",
                    fix=f"map one of {', '.join(MAPPABLE)}, as in --map id=sku",
                )
        if self.limit is not None and self.limit < 1:
            raise InputError(f"a limit of {self.limit} reads nothing", fix="use 1 or more")


def parse_map(text: str) -> dict[str, str]:
    """Read ``title=name,id=sku`` as item field to column.

    Raises:
        InputError: not of that form, or a field twice.
    """
    columns: dict[str, str] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, equals, column = (piece.strip() for piece in part.partition("="))
        if not (name and equals and column) or name in columns:
            raise InputError(
                f"cannot read the mapping '{part}'", fix="write FIELD=COLUMN, as in title=name,id=sku"
            )
        columns[name] = column
    return columns
