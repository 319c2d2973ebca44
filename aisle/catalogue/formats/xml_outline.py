"""Which elements of an XML file are the rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from aisle.catalogue.formats.envelopes import words
from aisle.catalogue.formats.xml_elements import FIELDS, split_tag
from aisle.errors import InputError

# What a root says of the rows under it.
_FEEDS: Final[Mapping[str, str]] = {
    "rss": "item",
    "rdf": "item",
    "channel": "item",
    "feed": "entry",
    "shop": "shopitem",
    "yml_catalog": "offer",
}
_ROWS: Final = words(
    "item entry product offer shopitem o article artikel produkt produit producto prodotto tovar"
    " prod record row good sku listing ad products_item book vehicle doc"
)
_LISTS: Final = words(
    "products offers items articles artikel channel shop catalog catalogue goods produkte produits"
    " productos prodotti tovary entries rows records feed productlist itemlist"
)
_MAX_PLACES: Final = 2_000

Place = tuple[str, str]
"""Name of the element around an element, and its own, both as the parser writes them."""


@dataclass(slots=True)
class _Seen:
    """Elements of one place: how many, what is in them, and what they are in."""

    count: int = 0
    cells: int = 0
    inner: Counter[str] = field(default_factory=Counter)
    within: set[Place] = field(default_factory=set)

    @property
    def like_rows(self) -> bool:
        """Whether they have two cells or more on average."""
        return self.cells >= 2 * self.count


@dataclass(frozen=True, slots=True)
class RowPlaces:
    """Where the rows are.

    Attributes:
        name: of their elements.
        places: of them; none for wherever an element of that name is.
        others: elements that may be rows too and were not chosen, with their numbers.
    """

    name: str
    places: frozenset[Place] = frozenset()
    others: Mapping[str, int] = field(default_factory=dict)

    def has(self, around: str, tag: str) -> bool:
        """Whether an element is a row."""
        if self.places:
            return (around, tag) in self.places
        return bool(around) and split_tag(tag)[0].lower() == self.name

    @property
    def details(self) -> str:
        """For the report."""
        others = ", ".join(f"{name} ({count:,})" for name, count in self.others.items())
        said = f"elements {self.name}"
        return f"{said}; not read: {others}" if others else said


class XmlOutline:
    """Takes a parser's events, and remembers what kinds of elements there are; see `Target`.

    Attributes:
        found: the rows, if an element was met that leaves no doubt.
    """

    def __init__(self) -> None:
        self.steps = 0
        self.depth = 0
        self.root = ""
        self.found: RowPlaces | None = None
        self._open: list[tuple[Place, set[str]]] = []
        self._seen: dict[Place, _Seen] = {}

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """See `Target`."""
        self.steps += 1
        self.depth += 1
        name = split_tag(tag)[0].lower()
        if self._open:
            (_, around), inner = self._open[-1]
            inner.add(f"{tag} {attributes['name']}" if name in FIELDS and "name" in attributes else tag)
        else:
            around = ""
            self.root = name
        if self._open and _FEEDS.get(self.root) == name:
            self.found = RowPlaces(name)
        self._open.append(((around, tag), set(attributes)))

    def end(self, tag: str) -> None:  # noqa: ARG002 - the parser has checked it
        """See `Target`."""
        self.steps += 1
        self.depth -= 1
        place, inner = self._open.pop()
        seen = self._seen.get(place)
        if seen is None:
            if len(self._seen) == _MAX_PLACES:
                return
            seen = self._seen[place] = _Seen()
        seen.count += 1
        seen.cells += len(inner)
        if seen.count <= 50:
            seen.inner.update(inner)
            seen.within.update(around for around, _ in self._open)

    def data(self, text: str) -> None:
        """See `Target`."""

    @property
    def has_rows(self) -> bool:
        """Whether elements were met that look like rows."""
        return self.found is not None or bool(self._best())

    def rows(self, name: object) -> RowPlaces:
        """The elements that are the catalogue.

        Args:
            name: of the file, for messages.

        Raises:
            InputError: none is, or several may be.
        """
        if self.found:
            return self.found
        if best := self._best():
            return _chosen(best, name)
        if self.root in _FEEDS:
            return RowPlaces(_FEEDS[self.root])
        raise InputError(
            f"no elements of {name} look like products", fix="give an RSS, Atom or other product feed"
        )

    def _best(self) -> dict[Place, _Seen]:
        like = {place: seen for place, seen in self._seen.items() if seen.like_rows}
        inner = {place: seen for place, seen in like.items() if place[0]}
        known = {place: seen for place, seen in inner.items() if _name(place) in _ROWS}
        repeated = {place: seen for place, seen in inner.items() if seen.count > 1}
        # The root is no row, but for a file of one.
        return _outermost(known or repeated or ({} if self.root in _FEEDS else inner or like))


def _outermost(seen: dict[Place, _Seen]) -> dict[Place, _Seen]:
    return {place: one for place, one in seen.items() if seen.keys().isdisjoint(one.within - {place})}


def _chosen(seen: dict[Place, _Seen], name: object) -> RowPlaces:
    ranked = sorted(seen, key=lambda place: (_in_list(place), seen[place].cells), reverse=True)
    first = ranked[0]
    alike = {place for place in ranked if place[1] == first[1] and _alike(seen[place], seen[first])}
    others = [place for place in ranked if place not in alike]
    if _name(first) not in _ROWS and not _in_list(first):
        rivals = [place for place in others if seen[place].cells * 3 > seen[first].cells]
        if rivals:
            listed = ", ".join(
                f"{split_tag(tag)[0]} ({seen[_, tag].count:,})" for _, tag in (first, *rivals[:5])
            )
            raise InputError(
                f"{name} holds several kinds of elements, and nothing says which are the products: {listed}",
                fix="leave the others out of the export",
            )
    left = {split_tag(place[1])[0]: seen[place].count for place in others}
    return RowPlaces(split_tag(first[1])[0], frozenset(alike), left)


def _alike(one: _Seen, other: _Seen) -> bool:
    shared = len(one.inner.keys() & other.inner.keys())
    return 2 * shared > min(len(one.inner), len(other.inner))


def _name(place: Place) -> str:
    return split_tag(place[1])[0].lower()


def _in_list(place: Place) -> bool:
    around = split_tag(place[0])[0].lower()
    return around in _LISTS or around == f"{_name(place)}s"
