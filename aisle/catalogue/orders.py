"""A shop's own orders or events, any table of who took what when, as sequences."""

from __future__ import annotations

import math
from array import array
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from aisle.catalogue.moments import moments
from aisle.catalogue.names import squeezed
from aisle.catalogue.numerals import number
from aisle.catalogue.options import ReadOptions
from aisle.catalogue.rejects import BadRow, Cells, Rejects, Unreadable
from aisle.catalogue.tables import open_table
from aisle.catalogue.values import identity
from aisle.errors import InputError
from aisle.sequences import Sequences, sorted_sequences

USER, ITEM, TIME, QUANTITY = "user", "item", "time", "quantity"

_COLUMNS: Final[Mapping[str, str]] = {
    # Ids and codes before what may be a name.
    USER: """
        user id, customer id, customer number, customer no, client id, account id, member id, buyer id,
        visitor id, shopper id, reviewer id, kunden id, kundennummer, kundennr, kunden nr, id client,
        id cliente, klantnummer, customer email, buyer email, email, mail, user, customer, client, account,
        buyer, kunde, cliente, klant, klient, session id, session
    """,
    ITEM: """
        item id, product id, sku, product sku, item sku, lineitem sku, variant sku, stock code, parent asin,
        asin, article id, article number, item number, item no, product number, product code, item code,
        variant id, artikelnummer, artikelnr, artikel nr, artikel id, produkt id, produktnummer,
        reference produit, id produit, id article, id producto, id articulo, id prodotto, artikelcode,
        kod produktu, item, product, article, artikel, produkt, game, app name
    """,
    TIME: """
        timestamp, time, event time, timestamp ms, created at, ordered at, order date, order time,
        purchase date, purchased at, purchase time, invoice date, date, datetime, date time, created,
        order created at, paid at, processed at, bestelldatum, datum, rechnungsdatum, date commande,
        fecha, fecha pedido, data, data ordine, unix review time
    """,
    QUANTITY: """
        quantity, qty, lineitem quantity, item quantity, order quantity, units, pieces, menge, anzahl, stueck,
        stuck, quantite, cantidad, quantita, aantal, ilosc
    """,
}

NOT_IN_CATALOGUE: Final = "item is not in the catalogue"
UNREADABLE: Final = "time or quantity cannot be read"
RETURNED: Final = "quantity is below 1: returned or cancelled"


@dataclass(frozen=True, slots=True)
class OrderOptions:
    """How a table of orders is read.

    Attributes:
        columns: "user", "item", "time" or "quantity" to the column that holds it; overrides what is found.
        format: "auto", or a name of ``formats()``.

    Raises:
        InputError: a field that orders do not have.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    format: str = "auto"

    def __post_init__(self) -> None:
        for name in self.columns:
            if name not in _COLUMNS:
                raise InputError(
                    f"orders have no field '{name}'",
                    fix=f"map one of {', '.join(_COLUMNS)}: --map user=buyer",
                )


@dataclass(frozen=True, slots=True)
class ReadSequences:
    """What was read.

    Attributes:
        sequences: of users with at least one step.
        rows: events that were there, or of a line of items each of them.
        skipped: reason to number of events that were left out.
        columns: field to the column it was read from; empty for a file of sequences.
    """

    sequences: Sequences
    rows: int
    skipped: Mapping[str, int]
    columns: Mapping[str, str]

    def words(self) -> str:
        """What became of the events, on one line."""
        kept = len(self.sequences.steps)
        lost = "; ".join(f"{count:,} {reason}" for reason, count in self.skipped.items())
        said = f"{kept:,} of {self.rows:,} events of {len(self.sequences):,} users"
        return f"{said}; skipped: {lost}" if lost else said


def read_orders(
    path: str | Path,
    items: Sequence[str] | None = None,
    options: OrderOptions | None = None,
    *,
    aliases: Mapping[str, str] = MappingProxyType({}),
) -> ReadSequences:
    """Read a table with a row for each item that somebody took: order lines, clicks, reviews.

    Rows may stand in any order: each user's are sorted by time, those of one time as they stand. Rows of one
    user, item and time are one step. Returns, and items that the catalogue does not have, are left out and
    counted, as is what cannot be read.

    Args:
        path: whatever the catalogue's readers open: CSV, JSON, XLSX or Parquet, packed or not, ``-``.
        items: ids of the catalogue; None takes every item that occurs, in the order in which they do.
        options: columns and format.
        aliases: other names of items, such as the SKUs of their variants, to their ids.

    Raises:
        InputError: no such file, no column of users, items or times, no row that can be used, or times such
            as 03/04/2026 in a file that does not tell whether days come first.
        MissingExtra: Parquet or XLSX without their extras.
    """
    options = options or OrderOptions()
    table = open_table(path, ReadOptions(format=options.format))
    rejects = Rejects()
    gathered = _Gathered(items, aliases)
    columns: dict[str, str] = {}
    for row in table.rows(rejects):
        if not columns:
            columns = _columns(table.name, row.cells, options.columns)
        gathered.add(row.cells, columns)
    gathered.skipped.update(rejects.reasons)
    return ReadSequences(
        gathered.sequences(table.name),
        gathered.rows + rejects.count,
        dict(gathered.skipped.most_common()),
        columns,
    )


class _Gathered:
    """Events as they come, in a few bytes each."""

    def __init__(self, items: Sequence[str] | None, aliases: Mapping[str, str]) -> None:
        self.rows = 0
        self.skipped: Counter[str] = Counter()
        self._open = items is None
        self._items = {item: place for place, item in enumerate(items or ())}
        self._aliases = aliases
        self._users: dict[str, int] = {}
        self._owners, self._steps = array("q"), array("i")
        # Read with days before months, and with months first.
        self._times = array("d"), array("d")
        # Of all rows, so many are no moment when read so.
        self._impossible = [0, 0]

    def add(self, cells: Cells, columns: Mapping[str, str]) -> None:
        self.rows += 1
        try:
            times = moments(cells.get(columns[TIME]))
            for reading, at in enumerate(times):
                self._impossible[reading] += math.isnan(at)
            user = _identity(cells, columns[USER], USER)
            item = _identity(cells, columns[ITEM], ITEM)
            if (
                QUANTITY in columns
                and (count := number(cells.get(columns[QUANTITY]))) is not None
                and count < 1
            ):
                raise BadRow(RETURNED)
        except BadRow as reason:
            self.skipped[str(reason)] += 1
            return
        except Unreadable:
            self.skipped[UNREADABLE] += 1
            return
        if self._open:
            self._items.setdefault(item, len(self._items))
        place = self._items.get(item)
        if place is None:
            place = self._items.get(self._aliases.get(item, ""))
        if place is None:
            self.skipped[NOT_IN_CATALOGUE] += 1
            return
        self._owners.append(self._users.setdefault(user, len(self._users)))
        self._steps.append(place)
        for held, at in zip(self._times, times, strict=True):
            held.append(at)

    def sequences(self, name: str) -> Sequences:
        if not self._steps:
            reason, often = next(iter(self.skipped.most_common(1)), ("it has no rows", 0))
            raise InputError(
                f"no event of {name} can be used; most often: {reason} ({often:,} of {self.rows:,})",
                fix="name the columns (--map user=BUYER --map item=SKU), and the catalogue that they are of",
            )
        owners, steps = np.array(self._owners, dtype=np.int64), np.array(self._steps, dtype=np.int32)
        times = self._one_reading(name)
        readable = ~np.isnan(times)
        if lost := int(np.count_nonzero(~readable)):
            self.skipped[UNREADABLE] += lost
        # The same line twice in an order is one step.
        order = np.lexsort((np.arange(len(steps)), steps, times, owners))
        order = order[readable[order]]
        same = np.zeros(len(order), dtype=np.bool_)
        same[1:] = (
            (owners[order[1:]] == owners[order[:-1]])
            & (steps[order[1:]] == steps[order[:-1]])
            & (times[order[1:]] == times[order[:-1]])
        )
        kept = np.sort(order[~same])
        if twice := int(np.count_nonzero(same)):
            self.skipped["again the same user, item and time"] += twice
        return sorted_sequences(
            tuple(self._items), tuple(self._users), owners[kept], steps[kept], times[kept]
        )

    def _one_reading(self, name: str) -> NDArray[np.float64]:
        days_first, months_first = (np.array(held, dtype=np.float64) for held in self._times)
        wrong_days, wrong_months = self._impossible
        if wrong_days == wrong_months and not np.array_equal(days_first, months_first, equal_nan=True):
            raise InputError(
                f"times of {name} such as 03/04/2026 are two days, and nothing tells which comes first",
                fix="write times like 2026-04-03 12:30",
            )
        return days_first if wrong_days <= wrong_months else months_first


def _columns(name: str, cells: Cells, given: Mapping[str, str]) -> dict[str, str]:
    """Field to the column that holds it.

    Raises:
        InputError: none does.
    """
    by_name = {squeezed(column): column for column in reversed(cells)}
    found: dict[str, str] = {}
    for what, names in _COLUMNS.items():
        wanted = [given[what]] if what in given else names.split(",")
        column = next((by_name[key] for key in map(squeezed, wanted) if key in by_name), None)
        if column is not None:
            found[what] = column
        elif what in given or what != QUANTITY:
            there = ", ".join(list(cells)[:12])
            raise InputError(
                f"no column of {name} is the {given.get(what) or what} (there: {there})",
                fix=f"name it: --map {what}=COLUMN",
            )
    return found


def _identity(cells: Cells, column: str, what: str) -> str:
    try:
        return identity(cells.get(column))
    except BadRow as reason:
        raise BadRow(str(reason).replace("id", f"{what}'s id", 1)) from None
