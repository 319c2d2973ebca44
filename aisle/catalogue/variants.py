"""From rows to items: what belongs to one product is put together, and every row is accounted for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from aisle.catalogue.exports.base import NO_PRODUCT, ExportKind, Place, Plain, RowRole, Variants, kind_cells
from aisle.catalogue.merging import Merge, inherited
from aisle.catalogue.part import Part, PartBuilder
from aisle.catalogue.rejects import BadRow, Cells, Rejects, Row
from aisle.catalogue.report import RowCounts
from aisle.catalogue.seen import DUPLICATE, SeenIds
from aisle.catalogue.spool import Spool
from aisle.catalogue.values import identity
from aisle.types import Item

_RANKS: Final = {Place.PRODUCT: 0, Place.FIRST: 1, Place.VARIANT: 2, Place.MORE: 3}
_LEADS: Final = (Place.PRODUCT, Place.FIRST)
_SOLD: Final = (Place.FIRST, Place.VARIANT)
_NO_VARIANT: Final = "no variant of its product can be read"


@dataclass(frozen=True, slots=True)
class Reading:
    """How the rows of one file become items.

    Attributes:
        kind: of the export.
        builder: reads what one row says.
        variants: whether variants are documents of their own.
        own_ids: whether the user named the column of ids: a merged product then has its first row's, and a
            variant its own, instead of those that the kind suggests.
    """

    kind: ExportKind
    builder: PartBuilder
    variants: Variants
    own_ids: bool = False


def grouped(
    rows: Iterator[Row], reading: Reading, counts: RowCounts, rejects: Rejects, seen: SeenIds
) -> Iterator[Item]:
    """The items of these rows.

    Rows without a group become items as they come; the rows of groups wait on disk, wherever they stand in
    the file, and follow in the order in which their groups began.

    Args:
        rows: of the file, each under its own columns.
        reading: what they are.
        counts: grows; balanced when the rows are at their end.
        rejects: takes the rows that are no part of an item.
        seen: ids that are taken.

    Raises:
        InputError: the disk for temporary files is full.
    """
    spool = Spool()
    try:
        desk = _Desk(reading, counts, rejects, seen, spool)
        for row in rows:
            yield from desk.take(row)
        for group in spool.groups():
            yield from desk.group(group)
    finally:
        spool.close()


@dataclass(frozen=True, slots=True)
class _Judged:
    """A row of a group, and why it is left out or refused, if it is."""

    row: Row
    cells: Cells
    role: RowRole
    left_out: str
    refused: str

    @property
    def out(self) -> bool:
        return bool(self.left_out or self.refused)


class _Desk:
    def __init__(
        self, reading: Reading, counts: RowCounts, rejects: Rejects, seen: SeenIds, spool: Spool
    ) -> None:
        self._kind = reading.kind
        self._builder = reading.builder
        self._own_ids = reading.own_ids
        self._merged = reading.variants is Variants.MERGED
        # Any row may turn out to be the product that others name.
        self._any_may_lead = self._merged and isinstance(reading.kind, Plain)
        self._counts = counts
        self._rejects = rejects
        self._seen = seen
        self._spool = spool
        self._before = ""

    def take(self, row: Row) -> Iterator[Item]:
        """Yield what can be told at once; what cannot waits."""
        self._counts.rows += 1
        cells = kind_cells(self._kind, row.cells)
        role = self._kind.role(cells)
        if role.place is Place.ALONE:
            self._before = ""
            yield from self._alone(row, cells, role)
            return
        group = role.group or self._before
        self._before = group
        if not group:
            if not self._leave_out(role.left_out or role.orphan):
                self._reject(row, NO_PRODUCT)
        elif not self._merged and self._kind.whole_rows:
            if not self._leave_out(role.left_out):
                part = self._builder.part(cells)
                yield from self._emit(row, replace(part, item=replace(part.item, group=group)))
        else:
            self._wait(row, cells, group, role)

    def _alone(self, row: Row, cells: Cells, role: RowRole) -> Iterator[Item]:
        if self._leave_out(role.left_out):
            return
        inner = self._kind.inner(cells)
        if inner:
            yield from self._nested(row, cells, inner)
            return
        part = self._builder.part(cells)
        if self._merged and part.item.group:
            self._wait(row, cells, part.item.group, RowRole(Place.VARIANT))
        elif self._any_may_lead and part.item.id:
            self._wait(row, cells, part.item.id, RowRole(Place.PRODUCT))
        else:
            yield from self._emit(row, part)

    def _wait(self, row: Row, cells: Cells, group: str, role: RowRole) -> None:
        self._spool.add(group, (_RANKS[role.place], role.position), row, cells, role)
        for other in role.also:
            self._spool.claim(group, other)

    def group(self, group: str) -> Iterator[Item]:
        """Yield the items of a group, once all its rows are there."""
        yield from self._product(group) if self._merged else self._each_variant(group)

    def _rows(self, group: str) -> Iterator[_Judged]:
        """The rows of a group, the product's first."""
        led, gone, last = False, "", ""
        shown = 0
        for number, (row, cells, role) in enumerate(self._spool.rows(group)):
            if not number:
                led = role.place in _LEADS
                gone = role.left_out if led else ""
            left_out = gone or ("" if led else role.orphan) or role.left_out
            refused = DUPLICATE if number and role.place is Place.PRODUCT and not left_out else ""
            if role.place is Place.MORE and not shown:
                # Nothing is there that it could be more of.
                left_out = left_out or last
            elif role.place is not Place.MORE:
                shown += not left_out
                last = left_out
            yield _Judged(row, cells, role, left_out, refused)

    def _product(self, group: str) -> Iterator[Item]:
        """One item of all rows."""
        merge, kept, id_, alone = Merge(), 0, "", ""
        lead: Cells | None = None
        for judged in self._rows(group):
            if self._drop(judged):
                continue
            place, cells = judged.role.place, judged.cells
            lead = cells if lead is None else lead
            part = self._builder.part(self._kind.completed(cells, lead))
            merge.add(part, place)
            kept += 1
            if place is Place.PRODUCT or self._own_ids:
                id_ = id_ or part.item.id
            elif place is Place.VARIANT and kept == 1:
                alone = judged.role.variant
            elif place is not Place.MORE:
                alone = ""
        if not kept:
            return
        part = _named(merge.part(), id_ or alone or group)
        reason = self._problem(part)
        if not reason:
            self._counts.merged += kept - 1
            yield self._count(part)
            return
        for judged in self._rows(group):
            if not judged.out:
                self._reject(judged.row, reason, part.item.id)

    def _each_variant(self, group: str) -> Iterator[Item]:
        """One item of every variant, with what it lacks from the rows of its product."""
        product, lead, place, variants = self._common(group)
        if not variants:
            yield from self._product(group)
            return
        name = product.item.id if place is Place.PRODUCT and product.item.id else group
        emitted = 0
        for judged in self._rows(group):
            if self._drop(judged) or judged.role.place not in _SOLD:
                continue
            part = self._builder.part(self._kind.completed(judged.cells, lead))
            part = inherited(part, product.item, place)
            if not self._own_ids:
                part = _named(part, judged.role.variant)
            if variants > 1 or place is Place.PRODUCT:
                part = replace(part, item=replace(part.item, group=name))
            for item in self._emit(judged.row, part):
                emitted += 1
                yield item
        for judged in self._rows(group):
            if judged.out or judged.role.place in _SOLD:
                continue
            if emitted:
                self._counts.merged += 1
            else:
                self._reject(judged.row, _NO_VARIANT)

    def _common(self, group: str) -> tuple[Part, Cells, Place, int]:
        """What is said of all variants, the cells and the place it comes from, and how many are shown."""
        merge, variants = Merge(), 0
        lead: Cells | None = None
        place = Place.MORE
        for judged in self._rows(group):
            if judged.out:
                continue
            role = judged.role
            if lead is None:
                lead, place = judged.cells, role.place
                merge.add(self._builder.part(self._kind.completed(lead, lead)), place)
            elif role.place is Place.MORE:
                # What is more of one variant would become an attribute of all.
                part = self._builder.part(judged.cells)
                merge.add(replace(part, item=replace(part.item, attributes={})), role.place)
            variants += role.place in _SOLD
        return merge.part(), lead or {}, place, variants

    def _nested(self, row: Row, cells: Cells, inner: Sequence[Cells]) -> Iterator[Item]:
        """A product that holds its variants inside its row."""
        product = self._builder.part(cells)
        if self._merged:
            merge = Merge()
            merge.add(product, Place.PRODUCT)
            for variant in inner:
                merge.add(self._builder.part(variant), Place.VARIANT)
            yield from self._emit(row, _named(merge.part(), product.item.id))
            return
        self._counts.rows += len(inner) - 1
        for variant in inner:
            part = inherited(self._builder.part(variant), product.item, Place.PRODUCT)
            if not self._own_ids:
                part = _named(part, self._kind.role(variant).variant)
            if len(inner) > 1:
                part = replace(part, item=replace(part.item, group=product.item.id))
            yield from self._emit(row, part)

    def _emit(self, row: Row, part: Part) -> Iterator[Item]:
        if reason := self._problem(part):
            self._reject(row, reason, part.item.id)
        else:
            yield self._count(part)

    def _problem(self, part: Part) -> str:
        """Why this is no item; its id is taken if it is one."""
        for field in ("title", "id"):
            if not getattr(part.item, field):
                return part.wrong.get(field) or f"{field} is missing or empty"
        return "" if self._seen.add(part.item.id) else DUPLICATE

    def _count(self, part: Part) -> Item:
        self._counts.add(part.item, part.lost.values())
        return part.item

    def _drop(self, judged: _Judged) -> bool:
        """Whether a row is no part of an item; accounts for it."""
        if judged.refused:
            self._reject(judged.row, judged.refused)
        return self._leave_out(judged.left_out) or bool(judged.refused)

    def _leave_out(self, reason: str) -> bool:
        if reason:
            self._counts.left_out[reason] += 1
        return bool(reason)

    def _reject(self, row: Row, reason: str, id_: str = "") -> None:
        self._counts.rejected += 1
        self._rejects.add(row.line, reason, row.cells, id_)


def _named(part: Part, id_: str) -> Part:
    """The part under this id; as it is if there is none, without one if it can be no id."""
    if not id_ or id_ == part.item.id:
        return part
    try:
        return replace(part, item=replace(part.item, id=identity(id_)))
    except BadRow as reason:
        return replace(part, item=replace(part.item, id=""), wrong={**part.wrong, "id": str(reason)})
