"""The records that readers yield: items, queries, judgments, interactions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, TypeAlias

Say: TypeAlias = Callable[[str], None]
"""Takes a line about what is being done."""

CountProgress: TypeAlias = Callable[[str, int, int], None]
"""Takes what is being done, how much of it is done, and of how much."""

_NO_ATTRIBUTES: Mapping[str, tuple[str, ...]] = MappingProxyType({})
_NO_NUMBERS: Mapping[str, float] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class BusinessSignals:
    """What a shop knows of an item besides what it is; None for what it does not say.

    Attributes:
        popularity: sold, viewed or clicked, in the catalogue's own unit; not negative.
        rating: mean of the customers' stars, not negative.
        margin: in the catalogue's own unit.
        stock: pieces at hand, not negative.
        available: whether it can be bought now.
        added: date on which it came into the catalogue, ISO 8601 (``2026-11-29``).
    """

    popularity: float | None = None
    rating: float | None = None
    margin: float | None = None
    stock: float | None = None
    available: bool | None = None
    added: str | None = None


NO_SIGNALS: Final = BusinessSignals()


@dataclass(frozen=True, slots=True)
class GeoPoint:
    """A place on earth.

    Attributes:
        lat: latitude in degrees, -90 to 90, north of the equator above 0.
        lon: longitude in degrees, -180 to 180, east of Greenwich above 0.
    """

    lat: float
    lon: float

    def __str__(self) -> str:
        return f"{self.lat},{self.lon}"


@dataclass(frozen=True, slots=True)
class Item:
    """One product of a catalogue, or one variant of it: what becomes one document.

    Texts are plain: no markup, no entities, NFC, without invisible characters.

    Attributes:
        id: unique within the catalogue; becomes the document's ``_id`` (at most 512 UTF-8 bytes).
        title: the product's name, one line, never empty.
        text: description, may be empty; line breaks separate its blocks.
        group: the product that this item is a variant of; empty for one that is no variant.
        brand: may be empty.
        categories: paths from the root, such as ``("Home", "Kitchen", "Knives")``; no path is empty.
        price: in ``currency``, finite and not negative, or None; of merged variants the lowest.
        price_max: the highest price of merged variants where it differs from ``price``, else None.
        list_price: the price before a reduction; None where there is none.
        currency: ISO 4217 code, empty if the catalogue does not say.
        images: URLs or paths, the main one first.
        url: of the product's page, may be empty.
        identifiers: SKU, MPN and GTIN of it and of its merged variants, as the catalogue writes them.
        attributes: name to its values, in the catalogue's own words; neither is empty.
        numbers: attributes that are plain numbers, name to value.
        signals: what the shop knows of it.
        language: of its texts, BCP 47 (``en``, ``pt-BR``); empty if the catalogue does not say.
        location: where it is; None if the catalogue does not say.
    """

    id: str
    title: str
    text: str = ""
    group: str = ""
    brand: str = ""
    categories: tuple[tuple[str, ...], ...] = ()
    price: float | None = None
    price_max: float | None = None
    list_price: float | None = None
    currency: str = ""
    images: tuple[str, ...] = ()
    url: str = ""
    identifiers: tuple[str, ...] = ()
    attributes: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: _NO_ATTRIBUTES)
    numbers: Mapping[str, float] = field(default_factory=lambda: _NO_NUMBERS)
    signals: BusinessSignals = NO_SIGNALS
    language: str = ""
    location: GeoPoint | None = None

    def to_json(self) -> dict[str, Any]:
        """Every field as plain JSON; paths of categories as lists."""
        return {
            "id": self.id,
            "title": self.title,
            "text": self.text,
            "group": self.group,
            "brand": self.brand,
            "categories": [list(path) for path in self.categories],
            "price": self.price,
            "price_max": self.price_max,
            "list_price": self.list_price,
            "currency": self.currency,
            "images": list(self.images),
            "url": self.url,
            "identifiers": list(self.identifiers),
            "attributes": {name: list(values) for name, values in self.attributes.items()},
            "numbers": dict(self.numbers),
            "signals": flat_json(self.signals),
            "language": self.language,
            "location": flat_json(self.location) if self.location else None,
        }


@dataclass(frozen=True, slots=True)
class Query:
    """One question, as a user typed it."""

    id: str
    text: str


@dataclass(frozen=True, slots=True)
class Judgment:
    """How well an item answers a query: grade 0 (not at all) and up; judges give whole ones, clicks any."""

    query_id: str
    item_id: str
    grade: float


@dataclass(frozen=True, slots=True)
class Interaction:
    """One step of a user's history; ``at`` orders a user's steps (position or epoch seconds)."""

    user: str
    item: str
    at: float


@dataclass(frozen=True, slots=True)
class LegSignal:
    """What one leg said about one hit.

    Attributes:
        leg: name of the leg ("bm25", "dense", ...).
        rank: 1-based rank within the leg's candidate window, None if the leg did not find the item.
        raw_score: the leg's own score: BM25, the sum of products of a sparse leg, or of a dense one, whose
            inner product (of unit vectors the cosine) is ip, 1 + ip for an ip of 0 or more and 1 / (1 - ip)
            below. None likewise.
        weight: the leg's weight in the fusion.
        contribution: what the leg added to the fused score; the contributions of a hit sum to its score
            for additive fusions (RRF, arithmetic mean).
    """

    leg: str
    rank: int | None
    raw_score: float | None
    weight: float
    contribution: float

    def to_json(self) -> dict[str, Any]:
        """All but the leg's name, under which it stands."""
        return {
            "rank": self.rank,
            "raw_score": self.raw_score,
            "weight": self.weight,
            "contribution": self.contribution,
        }


@dataclass(frozen=True, slots=True)
class Addition:
    """What something other than a leg added to one hit's score, or took from it.

    Attributes:
        name: of what did it, such as ``popularity`` or ``rules``.
        value: added to the score; below 0 for what lowers it.
    """

    name: str
    value: float


@dataclass(frozen=True, slots=True)
class RerankSignal:
    """What a reranker said about one hit.

    Attributes:
        score: of the last model that read it; only differences within a search, and a stage, mean something.
        value: 0 to 1, what ordered the hits of its stage: the share of the model and of the order before.
        stage: which model of a cascade that was, from 1; hits of a later stage stand above the others.
        rank: 1-based, after reranking; rank_before: in the fused order.
    """

    score: float
    value: float
    stage: int
    rank: int
    rank_before: int


@dataclass(frozen=True, slots=True)
class RankerSignal:
    """What a learned ranker said about one hit.

    Attributes:
        score: of the model; only differences within a search mean something.
        value: what ordered the hits: the score brought to at most 1, the worst candidate's to what its fused
            score is of the best one's or to half, times what rules and business signals that the search asked
            for make of it.
        base: what every item begins with; contributions: feature to what it added, the largest first.
            Together they sum to the score.
        rank: 1-based, after ranking; rank_before: in the fused order.
    """

    score: float
    value: float
    base: float
    contributions: Mapping[str, float]
    rank: int
    rank_before: int


@dataclass(frozen=True, slots=True)
class DiversitySignal:
    """What diversity made of one hit.

    Attributes:
        rank: 1-based, after results were chosen for being unlike those above them; rank_before: before that.
        likeness: highest cosine with a result that was chosen before it, 0 to 1.
    """

    rank: int
    rank_before: int
    likeness: float


Segments: TypeAlias = tuple[tuple[str, bool], ...]
"""A text in pieces, each with whether it is a word of the query."""

_NO_HIGHLIGHTS: Mapping[str, Segments] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Hit:
    """One result: the item, its final rank (1-based, over all pages), its score and why.

    Attributes:
        item: the product, or the variant of it that fits best.
        rank, score, signals: the legs' contributions and the ``additions`` sum to the score.
        rerank: None for a hit that was not reranked.
        additions: what was added after the fusion.
        highlights: field to its text in segments, where they were asked for.
        variants: others of its product that pass the filters, where they were asked for.
        diversity: None for a hit that was not moved for diversity, or looked at.
        group_size: how many variants of its product pass the filters, itself among them; None without groups.
        sorted_by: what it is sorted by, where it is: a number, milliseconds since 1970 of a date, a title in
            lower case without accents; None where it has none.
        ranker: None for a hit that no learned ranker ordered.
    """

    item: Item
    rank: int
    score: float
    signals: tuple[LegSignal, ...]
    rerank: RerankSignal | None = None
    additions: tuple[Addition, ...] = ()
    highlights: Mapping[str, Segments] = field(default_factory=lambda: _NO_HIGHLIGHTS)
    variants: tuple[Item, ...] = ()
    group_size: int | None = None
    diversity: DiversitySignal | None = None
    sorted_by: float | str | None = None
    ranker: RankerSignal | None = None

    def to_json(self) -> dict[str, Any]:
        """The same numbers as plain JSON, for ``--json``, the service and the page."""
        added: dict[str, float] = {}
        for addition in self.additions:
            # A number of the catalogue may be called as what rules add is.
            added[addition.name] = added.get(addition.name, 0.0) + addition.value
        return {
            "rank": self.rank,
            "score": self.score,
            "ranker": flat_json(self.ranker) if self.ranker else None,
            "rerank": flat_json(self.rerank) if self.rerank else None,
            "item": self.item.to_json(),
            "signals": {signal.leg: signal.to_json() for signal in self.signals},
            "additions": added,
            "highlights": {name: [list(part) for part in text] for name, text in self.highlights.items()},
            "variants": [item.to_json() for item in self.variants],
            "group_size": self.group_size,
            "diversity": flat_json(self.diversity) if self.diversity else None,
            "sorted_by": self.sorted_by,
        }


def flat_json(record: Any) -> dict[str, Any]:
    """A record of plain values, one of ``dataclass(slots=True)``, as plain JSON.

    Unlike ``dataclasses.asdict`` it does not copy what cannot change, which is most of what a page costs.
    """
    return {name: getattr(record, name) for name in record.__slots__}


class CatalogueWarning(UserWarning):
    """Something about a catalogue looks wrong and does not end the run."""
