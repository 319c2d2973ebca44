"""Tables of order lines: who took what when, in which order, as arrays; what cannot be used is counted."""

from __future__ import annotations

import math
import re
from array import array
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from aisle._printable import printable
from aisle.catalogue.moments import NO_MOMENT, moments
from aisle.catalogue.names import squeezed
from aisle.catalogue.numerals import number
from aisle.catalogue.options import ReadOptions
from aisle.catalogue.rejects import BadRow, Cells, Rejects, Unreadable
from aisle.catalogue.tables import open_table
from aisle.catalogue.values import identity, scalar
from aisle.errors import InputError
from aisle.markup import plain_line

USER, ITEM, TIME, QUANTITY = "user", "item", "time", "quantity"
BASKET, TITLE = "basket", "title"

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
        asin, article id, article number, article no, article nr, item number, item no, product number,
        product no, product code, item code,
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
    BASKET: """
        order id, order number, order no, order nr, invoice number, invoice no, invoice id, invoice,
        basket id, basket, transaction id, transaction no, transaction, receipt id, receipt number, receipt,
        increment id, cart id, bestellnummer, bestellnr, auftragsnummer, rechnungsnummer, belegnummer, bon,
        numero commande, id commande, numero pedido, id pedido, numero ordine, id ordine, bestelnummer,
        numer zamowienia, order, session id, session
    """,
    TITLE: """
        product title, product name, item name, item title, lineitem name, article name, artikelname,
        artikelbezeichnung, produktname, bezeichnung, title, description, item description,
        product description, nom produit, nombre producto, nome prodotto, productnaam, nazwa produktu, name
    """,
}

_NO_PRODUCTS_NAMES: Final = """
    postage, dotcom postage, post, dot, shipping, shipping cost, shipping costs, shipping fee, delivery,
    delivery charge, carriage, versand, versandkosten, porto, frais de port, livraison, gastos de envio,
    envio, spedizione, verzendkosten, discount, rabatt, remise, descuento, sconto, korting, coupon,
    bank charges, amazon fee, fee, fees, handling, manual, adjustment, adjust bad debt, rounding, samples,
    gift card, gift voucher, gutschein, tip, donation, surcharge, insurance, tax, vat
"""
_NO_PRODUCTS: Final = frozenset(map(squeezed, _NO_PRODUCTS_NAMES.split(",")))
"""Whole names of lines that every shop's orders have beside products."""

NOT_IN_CATALOGUE: Final = "item is not in the catalogue"
UNREADABLE: Final = "time or quantity cannot be read"
RETURNED: Final = "quantity is below 1: returned or cancelled"
NO_PRODUCT: Final = "line is no product: postage, discount, fee"


@dataclass(frozen=True, slots=True)
class OrderOptions:
    """How a table of orders is read.

    Attributes:
        columns: "user", "basket", "item", "time", "quantity" or "title" to the column that holds it;
            overrides what is found.
        format: "auto", or a name of ``formats()``.
        products: regular expression that the whole id of every product fits; other lines are left out.
            Empty: lines whose id or title is a word for postage, discounts, fees or the like are left out.
        ignore_case: ids that differ only in capital letters are one item.

    Raises:
        InputError: a field that orders do not have, or no regular expression.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    format: str = "auto"
    products: str = ""
    ignore_case: bool = False

    def __post_init__(self) -> None:
        try:
            re.compile(self.products)
        except re.error as error:
            raise InputError(
                f"'{self.products}' is no regular expression: {error}",
                fix="write one that every product's id fits, such as [0-9]{5}.*",
            ) from None
        _check_fields(self.columns, tuple(_COLUMNS))


@dataclass(frozen=True, slots=True)
class OwnedLines:
    """What lines of one owner are: whose lines are gathered, and what each must have.

    Attributes:
        owner: field of the owner, "user" or "basket".
        required: fields that the table must have.
        optional: fields that are read where they are.
    """

    owner: str
    required: tuple[str, ...]
    optional: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class OrderLines:
    """Lines that can be used, in the order of the table.

    Attributes:
        items, owners: ids, each once.
        owned: int64 [lines], positions of owners.
        members: int32 [lines], positions of items.
        times: float64 [lines], seconds since 1970; `NO_MOMENT` in a table without times.
        titles: of each item the one that most lines give, the first of equals; "" without one.
        rows: that were there.
        skipped: reason to number of rows that were left out.
        columns: field to the column it was read from.
    """

    items: tuple[str, ...]
    owners: tuple[str, ...]
    owned: NDArray[np.int64]
    members: NDArray[np.int32]
    times: NDArray[np.float64]
    titles: tuple[str, ...]
    rows: int
    skipped: Counter[str]
    columns: Mapping[str, str]


def read_order_lines(
    path: str | Path,
    lines: OwnedLines,
    items: Sequence[str] | None,
    options: OrderOptions,
    aliases: Mapping[str, str],
) -> OrderLines:
    """Read a table with a row for each item that somebody took.

    Args:
        path: whatever the catalogue's readers open: CSV, JSON, XLSX or Parquet, packed or not, ``-``.
        lines: what is read.
        items: ids of the catalogue; None takes every item that occurs, in the order in which they do.
        options: columns and format.
        aliases: other names of items, such as the SKUs of their variants, to their ids.

    Raises:
        InputError: no such file, a column missing, or given for a field that is not read; no row that can be
            used, or times such as 03/04/2026 in a file that does not tell whether days come first.
        MissingExtra: Parquet or XLSX without their extras.
    """
    _check_fields(options.columns, (*lines.required, *lines.optional))
    table = open_table(path, ReadOptions(format=options.format))
    rejects = Rejects()
    gathered = _Gathered(lines.owner, items, aliases, options)
    columns: dict[str, str] = {}
    for row in table.rows(rejects):
        if not columns:
            columns = _columns(table.name, row.cells, options.columns, lines)
        gathered.add(row.cells, columns)
    gathered.skipped.update(rejects.reasons)
    return gathered.lines(table.name, columns, rejects.count)


class _Gathered:
    """Events as they come, in a few bytes each."""

    def __init__(
        self, owner: str, items: Sequence[str] | None, aliases: Mapping[str, str], options: OrderOptions
    ) -> None:
        self.rows = 0
        self.skipped: Counter[str] = Counter()
        self._owner = owner
        self._open = items is None
        self._items = {item: place for place, item in enumerate(items or ())}
        self._aliases = aliases
        self._folded = _in_any_case(self._items, aliases) if options.ignore_case else None
        self._products = re.compile(options.products) if options.products else None
        self._titles: dict[int, Counter[str]] = {}
        self._names: dict[str, int] = {}
        self._owners, self._steps = array("q"), array("i")
        # Read with days before months, and with months first.
        self._times = array("d"), array("d")
        # Of all rows, so many are no moment when read so.
        self._impossible = [0, 0]

    def add(self, cells: Cells, columns: Mapping[str, str]) -> None:
        self.rows += 1
        try:
            times = moments(cells.get(columns[TIME])) if TIME in columns else (NO_MOMENT, NO_MOMENT)
            for reading, at in enumerate(times):
                self._impossible[reading] += math.isnan(at)
            owner = _identity(cells, columns[self._owner], self._owner)
            item = _identity(cells, columns[ITEM], ITEM)
            title = plain_line(scalar(cells.get(columns[TITLE])) or "") if TITLE in columns else ""
            if (
                QUANTITY in columns
                and (count := number(cells.get(columns[QUANTITY]))) is not None
                and count < 1
            ):
                raise BadRow(RETURNED)
            if not self._is_product(item, title):
                raise BadRow(NO_PRODUCT)
            place = self._place(item)
        except BadRow as reason:
            self.skipped[str(reason)] += 1
            return
        except Unreadable:
            self.skipped[UNREADABLE] += 1
            return
        if title:
            self._titles.setdefault(place, Counter())[title] += 1
        self._owners.append(self._names.setdefault(owner, len(self._names)))
        self._steps.append(place)
        for held, at in zip(self._times, times, strict=True):
            held.append(at)

    def _is_product(self, item: str, title: str) -> bool:
        if self._products is not None:
            return self._products.fullmatch(item) is not None
        if self._owner != BASKET or not self._open:
            return True
        return squeezed(item) not in _NO_PRODUCTS and squeezed(title) not in _NO_PRODUCTS

    def _place(self, item: str) -> int:
        """Position of an item, new ones at the end of an open list.

        Raises:
            BadRow: it is not in the catalogue.
        """
        place = self._items.get(item)
        if place is None:
            place = self._items.get(self._aliases.get(item, ""))
        if place is None and self._folded is not None:
            place = self._folded.get(item.casefold())
        if place is None and self._open:
            place = self._items.setdefault(item, len(self._items))
            if self._folded is not None:
                self._folded[item.casefold()] = place
        if place is None:
            raise BadRow(NOT_IN_CATALOGUE)
        return place

    def lines(self, name: str, columns: Mapping[str, str], rejected: int) -> OrderLines:
        """The lines that have a time, if the table has times.

        Raises:
            InputError: none can be used, or their times are two.
        """
        if not self._steps:
            reason, often = next(iter(self.skipped.most_common(1)), ("it has no rows", 0))
            raise InputError(
                f"no event of {name} can be used; most often: {reason} ({often:,} of {self.rows:,})",
                fix=f"name the columns (--map {self._owner}=COLUMN --map item=SKU), and the catalogue"
                " that they are of",
            )
        owned, members = np.array(self._owners, dtype=np.int64), np.array(self._steps, dtype=np.int32)
        times = self._one_reading(name)
        readable = ~np.isnan(times) | (TIME not in columns)
        if lost := int(np.count_nonzero(~readable)):
            self.skipped[UNREADABLE] += lost
        titles = (self._titles.get(place) for place in range(len(self._items)))
        return OrderLines(
            items=tuple(self._items),
            owners=tuple(self._names),
            owned=owned[readable],
            members=members[readable],
            times=times[readable],
            titles=tuple(found.most_common(1)[0][0] if found else "" for found in titles),
            rows=self.rows + rejected,
            skipped=self.skipped,
            columns=columns,
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


def _in_any_case(items: Iterable[str], aliases: Mapping[str, str]) -> dict[str, int]:
    """Ids and aliases in lower case to positions of items; those of two items are left out."""
    places = {item: place for place, item in enumerate(items)}
    found: dict[str, set[int]] = {}
    for item, place in places.items():
        found.setdefault(item.casefold(), set()).add(place)
    for alias, item in aliases.items():
        found.setdefault(alias.casefold(), set()).add(places[item])
    return {name: next(iter(owners)) for name, owners in found.items() if len(owners) == 1}


def _check_fields(given: Mapping[str, str], fields: tuple[str, ...]) -> None:
    for name in given:
        if name not in fields:
            raise InputError(
                f"orders have no field '{name}'",
                fix=f"map one of {', '.join(fields)}: --map {fields[0]}=COLUMN",
            )


def _columns(name: str, cells: Cells, given: Mapping[str, str], lines: OwnedLines) -> dict[str, str]:
    """Field to the column that holds it.

    Raises:
        InputError: none does.
    """
    by_name = {squeezed(column): column for column in reversed(cells)}
    found: dict[str, str] = {}
    for what in (*lines.required, *lines.optional):
        wanted = [given[what]] if what in given else _COLUMNS[what].split(",")
        taken = () if what in given else found.values()
        columns = (by_name.get(key) for key in map(squeezed, wanted))
        column = next((column for column in columns if column is not None and column not in taken), None)
        if column is not None:
            found[what] = column
        elif what in given or what in lines.required:
            there = ", ".join(printable(column[:40]) for column in list(cells)[:12])
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
