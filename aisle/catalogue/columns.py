"""Which column is what: candidates by their names, confirmed by what the first rows hold."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from aisle.catalogue import evidence
from aisle.catalogue.attributes import NONE, Attributes, choose_attributes
from aisle.catalogue.categories import PathStyle, path_style
from aisle.catalogue.column_profile import ColumnProfile, profile
from aisle.catalogue.currencies import currency_code
from aisle.catalogue.exports.base import ExportKind, Place, Plain, RowRole, Variants
from aisle.catalogue.names import names, names_codes, numbered, spaced, spellings, squeezed
from aisle.catalogue.numerals import DecimalMark, decimal_mark
from aisle.catalogue.options import SEVERAL, SIGNAL_FIELDS, ReadOptions
from aisle.catalogue.rejects import Unreadable
from aisle.catalogue.sample import Sample
from aisle.catalogue.suggestions import Failure, no_such_column, nothing_fits
from aisle.catalogue.values import NAME_KEYS, scalar, unwrap
from aisle.errors import InputError

ID_KEYS: Final = ("$oid", "id", "_id", "value")
_INNER: Final = {"id": ID_KEYS, "title": NAME_KEYS}


@dataclass(frozen=True, slots=True)
class Plan:
    """Which column is what. Columns stand under their keys: the names that cells come under.

    Attributes:
        fields: item field, or one of its signals, to its columns. Of a field that takes several all count, of
            the others the first that is not empty.
        sale: those of the prices that only count below another one.
        levels: columns that are the levels of one category path, from the root.
        attributes: what becomes attributes.
        sources: key to the columns of the file that it is made of, where they are called otherwise.
        currency: of prices that do not say theirs, as the name of their column does.
        decimals: column of prices to its decimal mark, where its cells tell.
        paths: column of categories to how it writes them.
    """

    fields: Mapping[str, tuple[str, ...]]
    sale: frozenset[str] = frozenset()
    levels: tuple[str, ...] = ()
    attributes: Attributes = NONE
    sources: Mapping[str, Sequence[str]] = field(default_factory=dict)
    currency: str = ""
    decimals: Mapping[str, DecimalMark] = field(default_factory=dict)
    paths: Mapping[str, PathStyle] = field(default_factory=dict)

    def show(self, key: str) -> str:
        """A column's name for people."""
        return self.named(key)[0]

    def named(self, key: str) -> Sequence[str]:
        """The columns of the file behind a key."""
        return self.sources.get(key) or (key,)


def plan_columns(
    sample: Sample, kind: ExportKind, options: ReadOptions, known_ids: Sequence[str] = ()
) -> Plan:
    """Find out which column is what.

    Args:
        sample: the first rows.
        kind: brings names of its own, which come before the general ones.
        options: the user's own mapping, which comes first.
        known_ids: of each row the id that it was read under before, empty where there was none: rows of dead
            letters, whose values are no evidence of anything else.

    Raises:
        InputError: a mapped column is not there, or none can be the id or the title (says which came closest,
            and suggests a mapping where there is one).
    """
    return _Planner(sample, kind, options, known_ids).plan()


class _Planner:
    def __init__(
        self, sample: Sample, kind: ExportKind, options: ReadOptions, known_ids: Sequence[str]
    ) -> None:
        self._known_ids = known_ids
        self._sample = sample
        self._kind = kind
        self._options = options
        self._keys = list(dict.fromkeys(key for cells in sample.cells for key in cells))
        columns: dict[str, list[object]] = {key: [None] * len(sample.cells) for key in self._keys}
        for row, cells in enumerate(sample.cells):
            for key, value in cells.items():
                columns[key][row] = value
        self._cells = columns
        self._profiles = {key: profile(column) for key, column in columns.items()}
        self._named = _by_name(self._keys)
        self._fields: dict[str, tuple[str, ...]] = {}
        self._used: set[str] = set()
        self._failures: dict[str, Failure] = {}

    def plan(self) -> Plan:
        self._map()
        for name in ("id", "title"):
            if name not in self._fields:
                self._require(name)
        if missing := [name for name in ("id", "title") if name not in self._fields]:
            raise nothing_fits(self._sample, missing, self._failures, self._suggestions(missing))
        self._prices()
        levels = self._levels()
        self._texts()
        self._images()
        self._signals()
        for name, test in _TESTS.items():
            # What groups rows is for the kind to say.
            known = name in self._kind.fields or isinstance(self._kind, Plain)
            if name not in self._fields and (known or name != "group"):
                self._choose(name, test)
        self._location()
        self._identifiers()
        priced = tuple(dict.fromkeys((*self._fields.get("price", ()), *self._fields.get("list_price", ()))))
        return Plan(
            fields=self._fields,
            sale=self._sale(),
            levels=levels,
            attributes=self._attributes(),
            sources=self._sample.sources,
            currency=next(filter(None, (_currency_in(self._show(key)) for key in priced)), ""),
            decimals=self._decimals(priced),
            paths={key: path_style(self._profiles[key].sample) for key in self._fields.get("categories", ())},
        )

    # What the user says.

    def _map(self) -> None:
        for name, columns in self._options.mapped.items():
            if name != "attributes":
                self._take(name, tuple(self._found(f"--map {name}=", column) for column in columns))
        if self._known_ids:
            return  # Dead letters may be bad in every row, and are so again.
        for name in ("id", "title"):
            for key in self._fields.get(name, ()):
                told = self._profiles[key]
                if len(told.sample) and self._plain_rows and (why := evidence.badly_mapped(name, told)):
                    raise InputError(
                        f"column '{self._show(key)}' of {self._sample.source} cannot be the {name}: it {why}",
                        fix=f"map another column, or leave --map {name}=... out",
                    )

    def _found(self, option: str, column: str) -> str:
        """The column that a user names."""
        by_name = {self._show(key): key for key in reversed(self._keys)}
        if column in by_name:
            return by_name[column]
        wanted = squeezed(column)
        for key in self._keys:
            if wanted and wanted in (squeezed(self._show(key)), squeezed(key)):
                return key
        raise no_such_column(self._sample.source, option, column, list(by_name), joined=option.endswith("="))

    @property
    def _plain_rows(self) -> bool:
        return all(role.place is Place.ALONE for role in self._sample.roles)

    # The two that every item has.

    def _require(self, name: str) -> None:
        fault_of = evidence.id_fault if name == "id" else evidence.title_fault
        rows = _telling(self._sample.roles, self._kind.whole_rows)
        told = {
            key: profile([_opened(self._cells[key][row], _INNER[name]) for row in rows])
            for key in self._candidates(name)
            if key not in self._used
        }
        faults = {key: fault_of(one) for key, one in told.items()}
        best = next((key for key, fault in faults.items() if not fault), None)
        if best is None and name == "id":
            best = self._called_id(told)
        if self._known_ids:
            best = (
                self._known(list(told)) if name == "id" else next((k for k in told if told[k].filled), best)
            )
        if best is None:
            best = next((key for key, one in told.items() if self._bearable(name, key, one)), None)
        if best is not None:
            self._take(name, (best,))
        elif told:
            nearest = min(told, key=lambda key: evidence.badness(told[key]))
            self._failures[name] = Failure(self._show(nearest), faults[nearest])

    def _called_id(self, tried: Collection[str]) -> str | None:
        """A column whose name ends as that of an id, and which is one in every row."""
        free = (key for key in self._keys if key not in self._used and key not in tried)
        ends = (key for key in free if spaced(key).split()[-1:] in (["id"], ["sku"], ["asin"], ["uuid"]))
        return next((key for key in ends if not evidence.id_fault(self._profiles[key])), None)

    def _bearable(self, name: str, key: str, told: ColumnProfile) -> bool:
        """Whether a column of the right name may have faults on some rows, which are rejected then."""
        if name == "title":
            return told.share >= 1 / 3 and told.objects <= 0.5 and told.urls <= 0.5
        # What is called an id is one; an SKU that some products lack is none.
        sure = 1 if squeezed(key) in names("sure_id") or key in self._kind.fields.get("id", ()) else 0
        return told.filled > 0 and told.rows - told.ids <= max(sure, _BEARABLE * told.rows)

    def _known(self, candidates: Sequence[str]) -> str | None:
        """The column that holds what rows were read under before, else the first that holds anything."""
        known = [
            sum(
                1
                for id_, cell in zip(self._known_ids, self._cells[key], strict=False)
                if id_ and scalar(cell) == id_
            )
            for key in candidates
        ]
        if any(known):
            return candidates[known.index(max(known))]
        return next((key for key in candidates if self._profiles[key].filled), None)

    def _suggestions(self, missing: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """Item field to the columns that could be it, the best first."""
        found: dict[str, tuple[str, ...]] = {}
        for name in missing:
            test = evidence.id_fault if name == "id" else evidence.title_fault
            fits = [
                key
                for key in self._keys
                if key not in self._used
                and not self._means_more(key, name)
                and not test(self._profiles[key])
                and evidence.plausible(name, self._profiles[key])
            ]
            titles = self._fields.get("title", ()) if name == "id" and not fits else ()
            fits += [key for key in titles if not evidence.id_fault(self._profiles[key])]
            found[name] = tuple(self._show(key) for key in fits)
        return found

    def _means_more(self, key: str, name: str) -> bool:
        """Whether a column's name says that it is something else."""
        called = set(spellings(key)) - set(names(name))
        others = (
            "price",
            "list_price",
            "sale_price",
            "url",
            "images",
            "categories",
            "internal",
            *SIGNAL_FIELDS,
        )
        return not called.isdisjoint(other for field_ in others for other in names(field_))

    # The others.

    def _prices(self) -> None:
        if "price" not in self._fields:
            chain = self._own("price")
            if not chain:
                usual = self._sure_price()
                usual += self._chain(names("price"), evidence.is_price, after=usual)
                usual += self._chain(names("list_price"), evidence.is_price, after=usual)
                chain = self._chain(names("sale_price"), evidence.is_price)
                chain += tuple(key for key in usual if key not in chain)
            self._take("price", chain)
        if "list_price" not in self._fields:
            prices = self._fields.get("price", ())
            listed = [
                key
                for key in self._candidates("list_price")
                if evidence.is_price(self._profiles[key]) and (key not in self._used or key in prices[1:])
            ]
            if not listed and prices and prices[0] in self._sale():
                listed = list(prices[1:2])
            self._take("list_price", tuple(listed))

    def _sure_price(self) -> tuple[str, ...]:
        """A column called price and nothing else: where it cannot be read, that is a fault of the rows."""
        found = (key for key in self._keys if key not in self._used and squeezed(key) in _PRICE)
        return tuple(key for key in found if not self._profiles[key].urls)[:1]

    def _sale(self) -> frozenset[str]:
        sale = set(self._candidates_of(names("sale_price")))
        prices = self._fields.get("price", ())
        return frozenset(key for key in prices[:-1] if key in sale)

    def _chain(
        self, wanted: Sequence[str], test: Callable[[ColumnProfile], bool], *, after: Sequence[str] = ()
    ) -> tuple[str, ...]:
        """Candidates that pass, up to the first that nearly every row has; the next ones fill its gaps."""
        if any(self._profiles[key].share >= _FULL for key in after):
            return ()
        chain: list[str] = []
        for key in self._candidates_of(wanted):
            told = self._profiles[key]
            if key in self._used or key in after or (told.filled and not test(told)):
                continue
            chain.append(key)
            if told.share >= _FULL:
                break
        return tuple(chain)

    def _signals(self) -> None:
        """Stars and their number often stand in one object."""
        rating = self._choose("rating", evidence.is_rating) if "rating" not in self._fields else ()
        if rating and "popularity" not in self._fields:
            told = self._profiles[rating[0]]
            if told.objects > 0.5 and evidence.is_count(told):
                self._fields["popularity"] = rating[:1]

    def _location(self) -> None:
        """A column of places, or one of latitudes and one of longitudes."""
        if len(self._fields.get("location", ())) > 2:
            raise InputError(
                "a location is one column, or two: its latitude and its longitude",
                fix="map these, as in --map location=lat --map location=lon",
            )
        if "location" in self._fields:
            return
        whole = self._first_of("location", evidence.is_location)
        halves = (
            *self._first_of("latitude", evidence.is_latitude),
            *self._first_of("longitude", evidence.is_longitude),
        )
        self._take("location", whole or (halves if len(halves) == 2 else ()))

    def _first_of(self, name: str, test: Callable[[ColumnProfile], bool]) -> tuple[str, ...]:
        free = (key for key in self._candidates(name) if key not in self._used)
        return tuple(key for key in free if test(self._profiles[key]))[:1]

    def _levels(self) -> tuple[str, ...]:
        """The columns that are levels of one path: ``Department``, ``Subcategory``; ``Category 1``, ``2``."""
        if "categories" in self._fields or self._kind.fields.get("categories"):
            return ()
        levels: list[str] = []
        for level in ("level_1", "level_2", "level_3"):
            fits = [key for key in self._candidates_of(names(level)) if key not in (*self._used, *levels)]
            if not fits:
                break
            levels.append(fits[0])
        if len(levels) < 2:
            levels = self._numbered_levels()
        if len(levels) < 2 or not all(evidence.is_category(self._profiles[key]) for key in levels):
            return ()
        if not all(self._decides(below, above) for above, below in pairwise(levels)):
            return ()
        self._used.update(levels)
        self._fields["categories"] = tuple(levels)
        return tuple(levels)

    def _numbered_levels(self) -> list[str]:
        series: dict[str, list[tuple[int, str]]] = {}
        for key in self._keys:
            parts = numbered(key)
            if parts and _LEVEL.fullmatch(parts[0]) and key not in self._used:
                series.setdefault(parts[0], []).append((parts[1], key))
        best = max(series.values(), key=len, default=[])
        return [key for _, key in sorted(best)]

    def _decides(self, below: str, above: str) -> bool:
        """Whether a value of the lower level stands below one of the upper, and is no path itself."""
        parents: dict[str, dict[str, int]] = {}
        rows = 0
        for low, high in zip(self._cells[below], self._cells[above], strict=True):
            if isinstance(low, str) and isinstance(high, str) and low.strip() and high.strip():
                if low.startswith(high) and len(low) > len(high) + 1 and not low[len(high)].isalnum():
                    return False
                told = parents.setdefault(low, {})
                told[high] = told.get(high, 0) + 1
                rows += 1
        most = sum(max(told.values()) for told in parents.values())
        # Names such as "Accessories" stand below several.
        return most >= 0.7 * rows

    def _texts(self) -> None:
        if "text" in self._fields:
            return
        found = self._own("text")
        if not found:
            short = self._one_each("short_text", evidence.is_text)[:1]
            long = self._one_each("text", evidence.is_text)[:1]
            found = (*short, *long, *self._one_each("bullets", evidence.are_bullets))
        self._take("text", tuple(dict.fromkeys(found)))

    def _images(self) -> None:
        if "images" not in self._fields:
            test = evidence.are_pictures
            found = self._own("images") or self._one_each("images", test)
            self._take("images", found or self._one_each("second_images", test)[:1] or self._pictured())

    def _pictured(self) -> tuple[str, ...]:
        """Columns whose names speak of pictures, and which hold them."""
        free = (key for key in self._keys if key not in self._used and _PICTURE.search(squeezed(key)))
        return tuple(key for key in free if evidence.are_pictures(self._profiles[key]))

    def _own(self, name: str, *, again: bool = False) -> tuple[str, ...]:
        """The columns that the kind names; with ``again`` also those that are something else."""
        wanted = tuple(map(squeezed, self._kind.fields.get(name, ())))
        found = self._candidates_of(wanted, series=name in SEVERAL)
        return tuple(key for key in found if again or key not in self._used)

    def _one_each(self, name: str, test: Callable[[ColumnProfile], bool]) -> tuple[str, ...]:
        """Of each name one column, and all of a numbered series."""
        found: dict[str, None] = {}
        for wanted in names(name):
            fits = [
                key
                for key in self._candidates_of((wanted,), series=True)
                if key not in self._used and key not in found and test(self._profiles[key])
            ]
            series = (key for key in fits if squeezed(key) != wanted and numbered(key))
            found |= dict.fromkeys((*fits[:1], *series))
        return tuple(found)

    def _choose(self, name: str, test: Callable[[ColumnProfile], bool]) -> tuple[str, ...]:
        found = self._own(name)
        if not found:
            chain = self._chain(names(name), test)
            # Those of a kind: of others, two columns may count different things.
            filled = [key for key in chain if self._profiles[key].filled]
            found = chain if name in _GAPS else tuple((filled or chain)[:1])
            if name in SEVERAL:
                found = self._series(found, test)
        self._take(name, found)
        return found

    def _series(self, first: tuple[str, ...], test: Callable[[ColumnProfile], bool]) -> tuple[str, ...]:
        """With the others of a numbered series."""
        if not first:
            return ()
        parts = numbered(first[0])
        base = parts[0] if parts else squeezed(first[0])
        more = (
            key
            for key in self._keys
            if (other := numbered(key)) and other[0] == base and key not in (*first, *self._used)
        )
        return (*first, *(key for key in more if test(self._profiles[key])))

    def _identifiers(self) -> None:
        """Every column of codes; that of the ids where an item may have those of several rows."""
        if "identifiers" in self._fields:
            return
        merged = isinstance(self._kind, Plain) and self._options.variants == Variants.MERGED.value
        ids = self._fields["id"] if merged else self._own("identifiers", again=True)
        found = self._candidates_of(names("identifiers"), series=True)
        found += [key for key in self._keys if key not in found and names_codes(key)]
        free = (key for key in found if key not in self._used)
        codes = (key for key in free if evidence.are_codes(self._profiles[key]))
        self._take("identifiers", tuple(dict.fromkeys((*ids, *codes))))

    def _decimals(self, prices: Sequence[str]) -> dict[str, DecimalMark]:
        if self._options.decimal:
            return dict.fromkeys(prices, DecimalMark(self._options.decimal))
        found = {key: decimal_mark(self._profiles[key].sample) for key in prices}
        # What one column of prices cannot tell, another one of the file may.
        told = next((mark for mark in found.values() if mark), None)
        return {key: mark or told for key, mark in found.items() if mark or told}  # type: ignore[misc]

    def _attributes(self) -> Attributes:
        objects = self._options.mapped.get("attributes", ())
        return choose_attributes(
            {key: self._profiles[key] for key in self._keys},
            used=self._used,
            sample=self._sample,
            kind=self._kind,
            objects=tuple(self._found("--map attributes=", column) for column in objects),
            keep=tuple(self._found("--facet", column) for column in self._options.facets),
            leave_out=frozenset(map(squeezed, self._options.no_facets)),
        )

    # Names.

    def _candidates(self, name: str) -> list[str]:
        kind = map(squeezed, self._kind.fields.get(name, ()))
        sure = names("sure_id") if name == "id" else ()
        return self._candidates_of((*kind, *sure, *names(name)))

    def _candidates_of(self, wanted: Sequence[str], *, series: bool = False) -> list[str]:
        """Columns of these names, best first; with ``series`` also numbered ones."""
        ranks: dict[str, float] = {}
        for place, name in enumerate(dict.fromkeys(wanted)):
            for key, far in self._named.get(name, ()):
                ranks[key] = min(ranks.get(key, place + _FAR * far), place + _FAR * far)
        if series:
            bases = {name: place for place, name in reversed(list(enumerate(wanted)))}
            for key in self._keys:
                parts = numbered(key)
                if parts and parts[0] in bases and key not in ranks:
                    ranks[key] = bases[parts[0]] + parts[1] / 1_000
        return sorted(ranks, key=ranks.__getitem__)

    def _take(self, name: str, keys: tuple[str, ...]) -> None:
        if keys:
            self._fields[name] = keys
            self._used.update(keys)

    def _show(self, key: str) -> str:
        return self._sample.show(key)


# So large a share of rows may be rejected, of the column that its name makes the best.
_BEARABLE: Final = 0.1
_PRICE: Final = ("price", "preis", "prix", "precio", "prezzo", "prijs", "cena", "preco", "pris", "hinta")
# Fields whose gaps may be filled from another column.
_GAPS: Final = frozenset(("brand", "currency", "url"))
# So many places of a list of names a name with a word more costs.
_FAR: Final = 2.5
# So large a share of the rows leaves no gaps worth filling from another column.
_FULL: Final = 0.98
_PICTURE: Final = re.compile(
    "image|img|picture|photo|bild|foto|imagen|immagin|afbeelding|zdjeci|obraz|imagem|kuva|bilde|thumb"
)
_LEVEL: Final = re.compile(
    r"(?:product|item)?(?:category|categorie|categoria|kategorie|kategoria|kategori|cat|warengruppe|produktgruppe"
    r"|productgroep|tuoteryhma|hierarchy|department)?(?:level|lvl|l|ebene|niveau|nivel|livello)?"
)


def _by_name(keys: Sequence[str]) -> dict[str, list[tuple[str, int]]]:
    """Squeezed name to the columns that are called so, and by how many words more."""
    found: dict[str, list[tuple[str, int]]] = {}
    for key in keys:
        for far, name in enumerate(spellings(key)):
            found.setdefault(name, []).append((key, far))
    return found


def _currency_in(column: str) -> str:
    """The code at the end of a name such as ``price_eur`` or ``Preis (€)``."""
    for word in reversed(
        column.replace("(", " ").replace(")", " ").replace("_", " ").replace("-", " ").split()
    ):
        if len(word) <= 3:
            with suppress(Unreadable):
                return currency_code(word)
    return ""


def _opened(cell: object, names_: Sequence[str]) -> object:
    try:
        return unwrap(cell, names_)
    except Unreadable:
        return cell


def _telling(roles: Sequence[RowRole], whole_rows: bool) -> list[int]:
    """The rows that say what a product is: of a group the one that leads it, unless each says all."""
    leads: dict[str, int] = {}
    rows: list[int] = []
    for row, role in enumerate(roles):
        if role.place is Place.MORE or role.left_out:
            continue
        if role.place is Place.ALONE or (whole_rows and role.group):
            rows.append(row)
        elif role.group and (role.group not in leads or role.place in (Place.PRODUCT, Place.FIRST)):
            leads[role.group] = row
    return sorted((*rows, *leads.values())) or list(range(len(roles)))


_TESTS: Final[Mapping[str, Callable[[ColumnProfile], bool]]] = {
    "group": evidence.is_group,
    "currency": evidence.is_currency,
    "url": evidence.is_url,
    "brand": evidence.is_brand,
    "categories": evidence.is_category,
    "available": evidence.is_truth,
    "stock": evidence.is_number,
    "popularity": evidence.is_number,
    "margin": evidence.is_number,
    "added": evidence.is_date,
    "language": evidence.is_language,
}
