"""What the reader must know of one kind of export."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from aisle.catalogue.rejects import Cells

_APART = re.compile(r"[\W_]+")


def folded(column: str) -> str:
    """A column's name without case, punctuation and spacing: ``Variant SKU`` and ``variant_sku`` are one."""
    return _APART.sub(" ", column).strip().casefold()


class Place(Enum):
    """What a row is among the rows of its product."""

    ALONE = "alone"
    """A product without variants."""
    PRODUCT = "product"
    """A product whose variants stand on rows of their own."""
    VARIANT = "variant"
    """A variant of a product; the first one of a group may also hold what is said of all."""
    MORE = "more"
    """More of the same product, such as another picture: no variant of its own."""


@dataclass(frozen=True, slots=True)
class RowRole:
    """Where a row belongs.

    Attributes:
        place: among the rows of its product.
        group: key of that product, the same on all its rows; empty for `Place.ALONE`.
        left_out: why it is not shown on purpose, a fixed phrase such as "draft"; empty if it is shown. What
            the first row of a group or its `Place.PRODUCT` row leaves out takes the whole group along.
    """

    place: Place = Place.ALONE
    group: str = ""
    left_out: str = ""


class Variants(Enum):
    """How the variants of a product become documents."""

    SEPARATE = "separate"
    """One document each, with the product's key as ``Item.group``."""
    MERGED = "merged"
    """One document for the product."""


class ExportKind(Protocol):
    """One kind of export. Its methods are pure and see cells under their `folded` names.

    Attributes:
        name: what ``--format`` calls it, such as ``shopify``.
        title: what people call it, such as "Shopify product export".
        fields: item field to the folded columns that may hold it, best first; of ``text``, ``categories``,
            ``images`` and ``identifiers`` all that are there count. They come before the general names.
        no_facets: folded columns that become no attributes; a ``*`` at the end stands for any rest.
        variants: what is usual for it.
        whole_rows: every variant's row says all that there is to say of it: nothing is taken from others.
    """

    name: str
    title: str
    fields: Mapping[str, tuple[str, ...]]
    no_facets: frozenset[str]
    variants: Variants
    whole_rows: bool

    def recognises(self, columns: frozenset[str]) -> bool:
        """Whether a file with these folded columns is one."""

    def cells(self, cells: Cells) -> Cells:
        """The row as the rest of the reader understands it: option columns as an object ``attributes``."""

    def role(self, cells: Cells) -> RowRole:
        """Where the row belongs. Takes what `cells` returned."""
