"""What the reader must know of one kind of export."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from aisle.catalogue.rejects import Cells

_APART = re.compile(r"[\W_]+")


@lru_cache(maxsize=16_384)
def folded(column: str) -> str:
    """A column's name without case, punctuation and spacing: ``Variant SKU`` and ``variant_sku`` are one."""
    return _APART.sub(" ", column).strip().casefold()


class Place(Enum):
    """What a row is among the rows of its product."""

    ALONE = "alone"
    """A product without variants."""
    PRODUCT = "product"
    """A product whose variants stand on rows of their own."""
    FIRST = "first"
    """The first variant of a product, which also holds what is said of all."""
    VARIANT = "variant"
    """A variant of a product."""
    MORE = "more"
    """More of the same product, such as another picture or a translation: no variant of its own."""


@dataclass(frozen=True, slots=True)
class RowRole:
    """Where a row belongs.

    Attributes:
        place: among the rows of its product.
        group: key of that product, the same on all its rows; empty for `Place.ALONE`. Of another place, a
            row without it belongs to the product of the row before.
        also: other keys under which rows of this product stand, such as those of its children.
        position: among the rows of the same place, before the order of the file.
        variant: id of this variant, for documents of their own; empty if the column of ids says it.
        left_out: why it is not shown on purpose, a fixed phrase such as "draft"; empty if it is shown. What
            leaves a `Place.PRODUCT` or `Place.FIRST` out takes the whole group along.
        orphan: why it is left out if no `Place.PRODUCT` or `Place.FIRST` row of its group is there; empty if
            it can stand without.
    """

    place: Place = Place.ALONE
    group: str = ""
    also: tuple[str, ...] = ()
    position: int = 0
    variant: str = ""
    left_out: str = ""
    orphan: str = ""


ALONE: Final = RowRole()
NO_PRODUCT: Final = "its product is not in the file"


class Variants(Enum):
    """How the variants of a product become documents."""

    SEPARATE = "separate"
    """One document each, with the product's key as ``Item.group``."""
    MERGED = "merged"
    """One document for the product."""


class ExportKind:
    """One kind of export; what a kind does not say is as for rows that stand alone.

    Methods are pure and see cells under their `folded` names.

    Attributes:
        name: what ``--format`` calls it, such as ``shopify``. Kinds of one shop software share it.
        title: what people call it, such as "Shopify product export".
        fields: item field to the folded columns that may hold it, best first; of ``text``, ``categories``,
            ``images`` and ``identifiers`` all that are there count. They come before the general names.
        no_facets: folded columns that become no attributes; a ``*`` at the end stands for any rest.
        sources: made column to the folded ones of the file that it is made of, where it is none of them; a
            ``*`` at the end stands for any rest.
        variants: what is usual for it.
        whole_rows: every variant's row says all that there is to say of it: nothing is taken from others.
    """

    name: str = ""
    title: str = ""
    fields: Mapping[str, tuple[str, ...]] = MappingProxyType({})
    no_facets: frozenset[str] = frozenset()
    sources: Mapping[str, tuple[str, ...]] = MappingProxyType({})
    variants: Variants = Variants.SEPARATE
    whole_rows: bool = True

    def recognises(self, columns: frozenset[str]) -> bool:  # noqa: ARG002 - for those who know
        """Whether a file with these folded columns is one."""
        return False

    def in_locale(self, locale: str) -> ExportKind:  # noqa: ARG002
        """The kind that reads the texts of this locale, where there are several."""
        return self

    def attribute(self, column: str) -> str:
        """What people call a column, named as the file does, that becomes an attribute."""
        return column

    def cells(self, cells: Cells) -> Cells:
        """The row as the rest of the reader understands it: option columns as an object ``attributes``."""
        return cells

    def role(self, cells: Cells) -> RowRole:  # noqa: ARG002
        """Where the row belongs. Takes what `cells` returned."""
        return ALONE

    def inner(self, cells: Cells) -> Sequence[Cells]:  # noqa: ARG002
        """The variants that stand inside a row. Takes and returns what `cells` returned."""
        return ()

    def completed(self, cells: Cells, product: Cells) -> Cells:  # noqa: ARG002
        """A variant's cells, with what only makes sense beside the row of its product."""
        return cells


class Plain(ExportKind):
    """Any other file: columns are found by their names and values alone."""

    name = "plain"


def kind_cells(kind: ExportKind, cells: Cells) -> Cells:
    """A row as this kind hands it on: folded names, unless the kind is plain.

    Of two columns that fold to one name, the first that is not empty counts.
    """
    if isinstance(kind, Plain):
        return cells
    names = _names(tuple(cells))
    found: Cells = {}
    if len(set(names)) == len(cells):
        found = dict(zip(names, cells.values(), strict=True))
    else:
        for name, value in zip(names, cells.values(), strict=True):
            if name not in found or found[name] in (None, ""):
                found[name] = value
    made = kind.cells(found)
    # What a kind makes of nothing is no column.
    return {name: value for name, value in made.items() if value or name in found or value == 0}


@lru_cache(maxsize=256)
def _names(columns: tuple[str, ...]) -> tuple[str, ...]:
    """Of rows of one file the columns are mostly the same."""
    return tuple(map(folded, columns))
