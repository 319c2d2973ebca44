"""What a rule says: when it acts, and what it then does. Pure.

The words are those of Typesense (curation) and Algolia (rules), the meaning is docs/how-to/rules.md.
"""

from __future__ import annotations

from dataclasses import field, fields
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Final
from urllib.parse import urlsplit

import orjson
from pydantic import AwareDatetime, BeforeValidator, ConfigDict, Field, JsonValue
from pydantic.dataclasses import dataclass

from aisle.errors import InvalidQuery
from aisle.search.filters import Filters
from aisle.search.rules.words import words_of

MAX_RULES: Final = 10_000
MAX_NOTE_BYTES: Final = 4_096
_CONFIG: Final = ConfigDict(extra="forbid", strict=True, populate_by_name=True)


def _several(value: object) -> object:
    """A lone value is a list of one, in files that people write."""
    if isinstance(value, list):
        return tuple(value)
    return value if isinstance(value, tuple) else (value,)


Text = Annotated[str, Field(min_length=1, max_length=500)]
ItemId = Annotated[str, Field(min_length=1, max_length=512)]
Texts = Annotated[tuple[Text, ...], BeforeValidator(_several), Field(min_length=1, max_length=100)]
Ids = Annotated[tuple[ItemId, ...], BeforeValidator(_several), Field(min_length=1, max_length=1_000)]
Words = Annotated[str, Field(max_length=200)]
Number = Annotated[float, Field(allow_inf_nan=False)]
Bounds = Annotated[tuple[Number | None, Number | None], BeforeValidator(_several)]


class QueryMatch(StrEnum):
    """How the words of a rule must stand in a query."""

    EXACT = "exact"
    """They are the query."""
    CONTAINS = "contains"
    """They stand in it, one after another."""
    STARTS = "starts"
    """It begins with them."""


@dataclass(frozen=True, slots=True, config=_CONFIG)
class Narrowing:
    """What a shopper has narrowed the results to, as the condition of a rule.

    The search must be narrowed by each field that is named here, and to nothing else than these values.
    """

    brand: Texts = ()
    category: Texts = ()
    attributes: Annotated[dict[Text, Texts], Field(max_length=20)] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, config=_CONFIG)
class When:
    """The condition of a rule; all that is named must hold.

    Attributes:
        query: one or more wordings, any of which will do; None: whatever is asked, or nothing. An empty one
            is a page that is browsed, without a query.
        match: how the words must stand in the query.
        filters: what the search is narrowed to; None: whatever it is.
        context: words of the caller's, such as ``campaign``; one of them must be given with the search.
            Empty: always.
    """

    query: Annotated[tuple[Words, ...], BeforeValidator(_several), Field(max_length=100)] | None = None
    match: QueryMatch = QueryMatch.EXACT
    filters: Narrowing | None = None
    context: Texts = ()

    def __post_init__(self) -> None:
        for wording in self.query or ():
            if not words_of(wording) and (wording.strip() or self.match is not QueryMatch.EXACT):
                raise ValueError(f"the query {wording!r} has no word")


@dataclass(frozen=True, slots=True, config=_CONFIG)
class Selection:
    """Some of the items: those that meet all that is named.

    Attributes:
        ids: items by their ids.
        words: all of them stand in an item's searched fields.
        brand, category, price_min, price_max, attributes, identifiers, numbers, in_stock, currency: as in
            `Filters`.
    """

    ids: Ids = ()
    words: Words = ""
    brand: Texts = ()
    category: Texts = ()
    price_min: Number | None = None
    price_max: Number | None = None
    attributes: Annotated[dict[Text, Texts], Field(max_length=20)] = field(default_factory=dict)
    identifiers: Texts = ()
    numbers: Annotated[dict[Text, Bounds], Field(max_length=20)] = field(default_factory=dict)
    in_stock: bool = False
    currency: Texts = ()

    def __post_init__(self) -> None:
        try:
            nothing = self.filters == Filters() and not self.ids and not self.words
        except InvalidQuery as error:
            raise ValueError(error.message) from None
        if self.words and not words_of(self.words):
            raise ValueError(f"{self.words!r} has no word")
        if nothing:
            raise ValueError("names nothing to select by, such as a brand")

    @property
    def filters(self) -> Filters:
        """All but ``ids`` and ``words``."""
        return Filters(
            brand=self.brand,
            category=self.category,
            price_min=self.price_min,
            price_max=self.price_max,
            attributes=self.attributes,
            identifiers=self.identifiers,
            numbers=self.numbers,
            in_stock=self.in_stock,
            currency=self.currency,
        )


Selections = Annotated[tuple[Selection, ...], BeforeValidator(_several), Field(min_length=1, max_length=20)]


@dataclass(frozen=True, slots=True, config=_CONFIG)
class Pin:
    """An item and its place among all results, from 1."""

    id: ItemId
    at: Annotated[int, Field(ge=1, le=1_000)]


@dataclass(frozen=True, slots=True, config=_CONFIG)
class Boost:
    """Multiplies the scores of some items by a factor above 1."""

    filter: Selection
    by: Annotated[float, Field(gt=1, le=100)]


@dataclass(frozen=True, slots=True, config=_CONFIG)
class Bury:
    """Multiplies the scores of some items by a factor below 1."""

    filter: Selection
    by: Annotated[float, Field(ge=0.01, lt=1)]


def checked_address(url: str) -> str:
    """The address of a page of the shop, or of the web: nothing that a browser would execute.

    Raises:
        ValueError: it is another one.
    """
    if not url:
        return url
    parts = urlsplit(url)
    if not url.isprintable() or any(map(str.isspace, url)) or "\\" in url:
        raise ValueError("holds a space, a backslash or a control character")
    if not (parts.scheme in ("http", "https") and parts.netloc) and not (
        url.startswith("/") and not url.startswith("//")
    ):
        raise ValueError("is neither a path like /sale nor an http(s) address")
    return url


def _short(note: JsonValue) -> JsonValue:
    try:
        size = len(orjson.dumps(note))
    except orjson.JSONEncodeError as error:
        raise ValueError(f"cannot be written as JSON: {error}") from None
    if size > MAX_NOTE_BYTES:
        raise ValueError(f"has {size:,} bytes, over {MAX_NOTE_BYTES:,}")
    return note


@dataclass(frozen=True, slots=True, config=_CONFIG)
class Then:
    """What a rule does; several things are done together.

    Attributes:
        pin: items at places of their own.
        hide: items that are not shown.
        boost, bury: items whose scores are multiplied, by more or less than 1.
        filter: what every result must meet.
        exclude: what no result may meet.
        query: searched instead of what was typed; add: words searched as well; remove: words not searched.
        redirect: where the shop should send the shopper; it is the shop that does.
        note: anything, such as a banner; handed to the shop as it is.
    """

    pin: Annotated[tuple[Pin, ...], BeforeValidator(_several), Field(max_length=100)] = ()
    hide: Ids = ()
    boost: Annotated[tuple[Boost, ...], BeforeValidator(_several), Field(max_length=20)] = ()
    bury: Annotated[tuple[Bury, ...], BeforeValidator(_several), Field(max_length=20)] = ()
    filter: Selections = ()
    exclude: Selections = ()
    query: Words = ""
    add: Words = ""
    remove: Words = ""
    redirect: Annotated[str, Field(max_length=2_000), BeforeValidator(checked_address)] = ""
    note: Annotated[JsonValue, BeforeValidator(_short)] = None

    def __post_init__(self) -> None:
        for text in (self.query, self.add, self.remove):
            if text and not words_of(text):
                raise ValueError(f"{text!r} has no word")
        if all(getattr(self, one.name) == one.default for one in fields(self)):
            raise ValueError("does nothing: name something, such as pin or hide")

    @property
    def selections(self) -> tuple[Selection, ...]:
        """All items that it selects by what they are."""
        moved = (*(one.filter for one in self.boost), *(one.filter for one in self.bury))
        return (*self.filter, *self.exclude, *moved)


@dataclass(frozen=True, slots=True, config=_CONFIG)
class Rule:
    """One rule.

    Attributes:
        id: names it in answers and messages; unique in its file.
        when: its condition.
        then: what it does.
        since: from when on it acts, included; None: always. In a file, ``from``.
        until: up to when it acts, excluded; None: for ever.
        comment: for people.
    """

    id: Annotated[str, Field(min_length=1, max_length=100)]
    then: Then
    when: When = field(default_factory=When)
    since: Annotated[AwareDatetime | None, Field(alias="from", strict=False)] = None
    until: Annotated[AwareDatetime | None, Field(strict=False)] = None
    comment: Annotated[str, Field(max_length=1_000)] = ""

    def __post_init__(self) -> None:
        if not self.id.isprintable() or self.id != self.id.strip():
            raise ValueError("its id holds control characters, or begins or ends with a space")
        if self.since is not None and self.until is not None and self.since >= self.until:
            raise ValueError("ends (until) before it begins (from)")

    def acts_at(self, moment: datetime) -> bool:
        """Whether the moment is within its time."""
        return (self.since is None or self.since <= moment) and (self.until is None or moment < self.until)
