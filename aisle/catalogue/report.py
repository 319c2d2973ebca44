"""What a reader says of its work: what was read as what, and where every row went."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from aisle.catalogue.rejects import Rejects
from aisle.types import Item

_COUNTED: Final = (
    *(
        "text",
        "group",
        "brand",
        "categories",
        "price",
        "price_max",
        "list_price",
        "currency",
        "images",
        "url",
    ),
    *("identifiers", "attributes", "numbers", "language", "location"),
    *("popularity", "rating", "margin", "stock", "available", "added"),
)


@dataclass(frozen=True, slots=True)
class FieldReading:
    """One field of the items.

    Attributes:
        field: of `aisle.types.Item`.
        columns: of the file, as it names them.
        coverage: share of the rows looked at that have it, 0 to 1.
        example: a value, shortened.
    """

    field: str
    columns: tuple[str, ...]
    coverage: float
    example: str


@dataclass(frozen=True, slots=True)
class ReadingReport:
    """What was read as what, known before the first item.

    Attributes:
        source: name of the file.
        format: such as ``csv``; ``details``: such as "Windows-1252, separated by ;".
        kind: title of the kind of export, such as "Shopify product export"; empty for the plain kind.
        variants: ``separate`` or ``merged``.
        fields: those that are read, in the order of `aisle.types.Item`.
        facets: columns that became attributes.
        no_facets: column to the reason why it is no attribute.
        looked_at: rows that this was decided by.
        example: one whole item.
    """

    source: str
    format: str
    details: str
    kind: str
    variants: str
    fields: tuple[FieldReading, ...]
    facets: tuple[str, ...]
    no_facets: Mapping[str, str]
    looked_at: int
    example: Item | None

    def to_json(self) -> dict[str, Any]:
        """Plain JSON, for ``--json``."""
        return {
            "source": self.source,
            "format": self.format,
            "details": self.details,
            "kind": self.kind,
            "variants": self.variants,
            "fields": [
                {"field": f.field, "columns": list(f.columns), "coverage": f.coverage, "example": f.example}
                for f in self.fields
            ],
            "facets": list(self.facets),
            "no_facets": dict(self.no_facets),
            "looked_at": self.looked_at,
            "example": self.example.to_json() if self.example else None,
        }


@dataclass(slots=True)
class RowCounts:
    """Where every row went; grows while the file is read.

    Attributes:
        rows: that were read. A row with variants inside counts once, or once for each that becomes an item.
        items: that came of them.
        merged: rows that are part of an item of another row.
        left_out: reason to the number of rows that were left out on purpose.
        rejected: rows in the dead letters.
        lost: what could not be read of an item that is there, such as "price cannot be read", to the number
            of items without it.
    """

    rows: int = 0
    items: int = 0
    merged: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    rejected: int = 0
    lost: Counter[str] = field(default_factory=Counter)
    _present: Counter[str] = field(default_factory=Counter)
    _held: dict[tuple[bool, ...], int] = field(default_factory=dict)

    def add(self, item: Item, lost: Collection[str]) -> None:
        """Count an item, and what could not be read of it."""
        self.items += 1
        if lost:
            self.lost.update(lost)
        # The few patterns that there are: counted field by field it would take as long as reading.
        signals = item.signals
        held = (
            item.text != "",
            item.group != "",
            item.brand != "",
            item.categories != (),
            item.price is not None,
            item.price_max is not None,
            item.list_price is not None,
            item.currency != "",
            item.images != (),
            item.url != "",
            item.identifiers != (),
            bool(item.attributes),
            bool(item.numbers),
            item.language != "",
            item.location is not None,
            signals.popularity is not None,
            signals.rating is not None,
            signals.margin is not None,
            signals.stock is not None,
            signals.available is not None,
            signals.added is not None,
        )
        self._held[held] = self._held.get(held, 0) + 1

    @property
    def present(self) -> Counter[str]:
        """Item field, or signal, to the number of items that have it."""
        for held, times in self._held.items():
            there = (name for name, has in zip(_COUNTED, held, strict=True) if has)
            self._present.update(dict.fromkeys(("id", "title", *there), times))
        self._held.clear()
        return self._present

    @property
    def balanced(self) -> bool:
        """Whether every row is accounted for; true once the file was read to its end."""
        return self.rows == self.items + self.merged + self.left_out.total() + self.rejected

    def to_json(self) -> dict[str, Any]:
        """Plain JSON, for ``--json``."""
        return {
            "rows": self.rows,
            "items": self.items,
            "merged": self.merged,
            "left_out": dict(self.left_out),
            "rejected": self.rejected,
            "lost": dict(self.lost),
            "present": dict(self.present),
        }


class CountedRejects(Rejects):
    """Hands rows on that no format could read, and counts them.

    Args:
        to: takes them.
        counts: of the file.
    """

    def __init__(self, to: Rejects, counts: RowCounts) -> None:
        super().__init__()
        self._to = to
        self._counts = counts

    def add(
        self, line: int, reason: str, row: bytes | Mapping[str, Any] | list[Any], identity: str = ""
    ) -> None:
        """See `Rejects.add`."""
        self._counts.rows += 1
        self._counts.rejected += 1
        self._to.add(line, reason, row, identity)
