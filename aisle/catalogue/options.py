"""How a catalogue is to be read: what a user says of it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from aisle.catalogue.exports.base import Variants
from aisle.errors import InputError

SIGNAL_FIELDS: Final = ("popularity", "rating", "margin", "stock", "available", "added")

MAPPABLE: Final = (
    "id",
    "title",
    "text",
    "group",
    "brand",
    "categories",
    "price",
    "list_price",
    "currency",
    "images",
    "url",
    "identifiers",
    "attributes",
    *SIGNAL_FIELDS,
    "language",
    "location",
)
SEVERAL: Final = frozenset(("text", "categories", "images", "identifiers", "attributes", "location"))
"""Fields that take several columns; a location one, or two: its latitude and its longitude."""

SYNONYMS: Final[Mapping[str, str]] = {"category": "categories", "image": "images"}


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """Settings of ``read_catalogue``.

    Names of columns are told apart without their case, spacing and punctuation.

    Attributes:
        format: "auto", or a name of ``formats()``.
        columns: item field to the column that holds it, see ``parse_map``; overrides what is found.
        locale: keep only rows of this locale (ESCI: "us", "es", "jp"); empty keeps all.
        limit: stop after so many items; None reads all.
        split: of a data set on the hub.
        config: of a data set on the hub.
        encoding: of a text file, a name that Python knows; empty finds it out.
        decimal: "point" or "comma", the decimal mark of prices; empty finds it out column by column.
        variants: "separate" or "merged" (see `Variants`); empty does what is usual for the kind of export.
        facets: columns that become attributes whatever they hold.
        no_facets: columns that become no attributes.
        allow_private: whether a feed's address may be on this machine or on a private network.
        max_bytes: of a download, and of what is unpacked from an archive.

    Raises:
        InputError: an item field that does not exist, a limit under 1, or a word that is none of these.
    """

    format: str = "auto"
    columns: Mapping[str, str | Sequence[str]] = field(default_factory=dict)
    locale: str = ""
    limit: int | None = None
    split: str = "train"
    config: str = ""
    encoding: str = ""
    decimal: str = ""
    variants: str = ""
    facets: tuple[str, ...] = ()
    no_facets: tuple[str, ...] = ()
    allow_private: bool = False
    max_bytes: int = 2 * 1024**3

    def __post_init__(self) -> None:
        for name, column in self.columns.items():
            if name not in MAPPABLE and name not in SYNONYMS:
                raise InputError(
                    f"items have no field '{name}'",
                    fix=f"map one of {', '.join(MAPPABLE)}, as in --map id=sku",
                )
            if not isinstance(column, str) and len(column) > 1 and not takes_several(name):
                raise InputError(f"'{name}' is one column, not {len(column)}", fix="map the best of them")
        if self.limit is not None and self.limit < 1:
            raise InputError(f"a limit of {self.limit} reads nothing", fix="use 1 or more")
        if self.max_bytes < 1:
            raise InputError(f"a limit of {self.max_bytes} bytes reads nothing", fix="use 1 or more")
        _one_of("decimal mark", self.decimal, ("point", "comma"))
        _one_of("way with variants", self.variants, tuple(way.value for way in Variants))

    @property
    def mapped(self) -> dict[str, tuple[str, ...]]:
        """Item field, by its own name, to the columns that were named for it."""
        found: dict[str, tuple[str, ...]] = {}
        for name, column in self.columns.items():
            columns = (column,) if isinstance(column, str) else tuple(column)
            field_ = SYNONYMS.get(name, name)
            found[field_] = (*found.get(field_, ()), *columns)
        return found


def takes_several(name: str) -> bool:
    """Whether an item field, or a synonym of one, may come from several columns."""
    return SYNONYMS.get(name, name) in SEVERAL


def _one_of(what: str, value: str, known: tuple[str, ...]) -> None:
    if value and value not in known:
        raise InputError(f"'{value}' is no {what}", fix=f"choose from {', '.join(known)}")


_FIELD: Final = re.compile(rf"\s*(?:{'|'.join((*MAPPABLE, *SYNONYMS))})\s*=", re.IGNORECASE)


def parse_map(*mappings: str) -> dict[str, str | tuple[str, ...]]:
    """Read mappings such as ``title=name`` as item field to column.

    The first ``=`` separates; a column's name may hold others, and commas. ``title=name,id=sku`` is read as
    two mappings: every part of it begins with a field and ``=``.

    Args:
        *mappings: one each. Of fields that take several columns (text, categories, images, identifiers,
            attributes) there may be several.

    Raises:
        InputError: not of that form, or a field twice that takes one column.
    """
    columns: dict[str, str | tuple[str, ...]] = {}
    for part in (part for mapping in mappings for part in _parts(mapping)):
        name, equals, column = (piece.strip() for piece in part.partition("="))
        name = name.lower()
        if not (name and equals and column) or (name in columns and not takes_several(name)):
            raise InputError(
                f"cannot read the mapping '{part.strip()}'", fix="write FIELD=COLUMN, as in --map title=name"
            )
        before = columns.get(name)
        if before is None:
            columns[name] = column
        else:
            columns[name] = (*((before,) if isinstance(before, str) else before), column)
    return columns


def _parts(mapping: str) -> list[str]:
    parts = [part for part in mapping.split(",") if part.strip()]
    if len(parts) > 1 and all(_FIELD.match(part) for part in parts):
        return parts
    return [mapping] if mapping.strip() else []
