"""The records that readers yield: items, queries, judgments, interactions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

_NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Item:
    """One product of a catalogue.

    Attributes:
        id: unique within the catalogue; becomes the document's ``_id`` (at most 512 UTF-8 bytes).
        title: the product's name, never empty.
        text: description, may be empty.
        brand, category: facet values, may be empty.
        price: in the catalogue's own currency, finite and not negative, or None.
        image: URL or path, may be empty.
        attributes: further facets, name to value, in the catalogue's own words.
    """

    id: str
    title: str
    text: str = ""
    brand: str = ""
    category: str = ""
    price: float | None = None
    image: str = ""
    attributes: Mapping[str, str] = field(default_factory=lambda: _NOTHING)


@dataclass(frozen=True, slots=True)
class Query:
    """One question, as a user typed it."""

    id: str
    text: str


@dataclass(frozen=True, slots=True)
class Judgment:
    """How well an item answers a query: grade 0 (not at all) and up."""

    query_id: str
    item_id: str
    grade: int


@dataclass(frozen=True, slots=True)
class Interaction:
    """One step of a user's history; ``at`` orders a user's steps (position or epoch seconds)."""

    user: str
    item: str
    at: float
