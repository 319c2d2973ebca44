"""Items that a query names, by id or part number: how they are found, and their place on top. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aisle.mappings import fields
from aisle.mappings.measures import measures
from aisle.mappings.part_numbers import MAX_PARTS, codes, is_part_number, is_spaced_number
from aisle.search.fusion import Fused
from aisle.search.stored import NO_VALUES, StoredValues, docvalue_fields, stored_values

# What is on more items than this is a kind of item and names none.
MAX_PINNED = 10
_ID, _IDENTIFIER, _ATTRIBUTE, _TITLE, _TEXT = 5.0, 4.0, 3.0, 2.0, 1.0
# Ids that are bare numbers are often a shop's own count: among other words such a number is first of all what
# items say themselves, as in "lego 75192".
_COUNTED_ID = 0.5


@dataclass(frozen=True, slots=True)
class Named:
    """The items that a query names.

    Attributes:
        by_id: the item whose id the query is, empty if it is none's.
        ids: the other items that the query names: those of the strongest kind of match that any item has.
        release: index that answered, empty if nothing is named.
        server_ms: OpenSearch's ``took``.
        values: of the items, and maybe of others.
    """

    by_id: str = ""
    ids: tuple[str, ...] = ()
    release: str = ""
    server_ms: float = 0.0
    values: StoredValues = field(default_factory=lambda: NO_VALUES)

    @property
    def all(self) -> tuple[str, ...]:
        """Every item that is named, the one of that id first."""
        return (self.by_id, *self.ids) if self.by_id else self.ids


def exact_body(
    text: str,
    numbers: Sequence[str],
    spaced: Sequence[str],
    filters: Sequence[Mapping[str, Any]],
    stored: Sequence[str] = (),
) -> dict[str, Any]:
    """Body of the request for the items that a query names.

    Args:
        text: a cleaned query; an item with this id is the strongest match. It may be one identifier as well.
        numbers: words of it that look like part numbers. An item must have all of them among its identifiers,
            or in its attributes, or in its title, or in its text; hyphens and spaces within a number do not
            matter.
        spaced: part numbers of several words, of which an item must have one among its identifiers.
        filters: clauses that every result must match.
        stored: fields whose values come back with each item.
    """
    body: dict[str, Any] = {
        # One too many of each kind, to tell that it names none; and the item of that id.
        "size": MAX_PINNED + 2,
        "_source": False,
        "track_total_hits": False,
        "query": {"bool": {"must": [named_query(text, numbers, spaced)], "filter": list(filters)}},
    }
    if stored:
        body["docvalue_fields"] = docvalue_fields(stored)
    return body


def named_query(text: str, numbers: Sequence[str], spaced: Sequence[str]) -> dict[str, Any]:
    """Clause of the items that `exact_body` finds, scored by the strongest kind of match that each has."""
    kinds = (
        (_ID, [{"term": {fields.ID: text}}]),
        (_IDENTIFIER, [_identified((text, *spaced))]),
        (_IDENTIFIER, [_identified((number,), _said(number)) for number in numbers]),
        (_ATTRIBUTE, [_in_attribute((text, *spaced))]),
        (_ATTRIBUTE, [_in_attribute((number,)) for number in numbers]),
        (_TITLE, [_in_field(fields.TITLE, number) for number in numbers]),
        (_TEXT, [_in_field(fields.TEXT, number) for number in numbers]),
        (_COUNTED_ID, [_identified((number,)) for number in numbers]),
    )
    scored = [
        {"constant_score": {"filter": {"bool": {"filter": all_}}, "boost": boost}}
        for boost, all_ in kinds
        if all_
    ]
    return {"dis_max": {"queries": scored}}


def read_exact(answer: Mapping[str, Any]) -> Named:
    """The items named, from the answer to `exact_body`."""
    hits, server_ms = answer["hits"]["hits"], float(answer["took"])
    by_id = next((hit["_id"] for hit in hits if hit["_score"] == _ID), "")
    others = [hit for hit in hits if hit["_score"] < _ID]
    strongest = max((hit["_score"] for hit in others), default=0.0)
    ids = tuple(sorted(hit["_id"] for hit in others if hit["_score"] == strongest))
    if len(ids) > MAX_PINNED:
        ids = ()
    if not by_id and not ids:
        return Named(server_ms=server_ms)
    return Named(by_id, ids, hits[0]["_index"], server_ms, stored_values(hits))


def on_top(fused: Sequence[Fused], ids: Sequence[str], legs: int, first: str = "") -> list[Fused]:
    """The items named first, in the order of the fusion; the rest below, in its order.

    Args:
        fused: best first.
        ids: items to put on top; one that no leg found has score 0 and comes after those that some did.
        legs: of the fusion.
        first: of these ids the one that goes before the others.
    """
    places = {item.id: place for place, item in enumerate(fused)}
    order = sorted(set(ids), key=lambda id_: (id_ != first, places.get(id_, len(fused)), id_))
    top = [fused[places[id_]] if id_ in places else Fused(id_, 0.0, (0.0,) * legs) for id_ in order]
    named = set(ids)
    return [*top, *(item for item in fused if item.id not in named)]


def _said(number: str) -> Sequence[str]:
    """The fields where an item says that number: its id is among the codes."""
    return (fields.IDENTIFIERS,) if number.isdigit() else fields.IDENTIFIER_FIELDS


def _identified(numbers: Sequence[str], names: Sequence[str] = fields.IDENTIFIER_FIELDS) -> dict[str, Any]:
    forms = codes(numbers)
    either = [{"terms": {name: forms}} for name in names]
    return {"bool": {"should": either, "minimum_should_match": 1}}


def _in_attribute(numbers: Sequence[str]) -> dict[str, Any]:
    return {"terms": {fields.ATTRIBUTE_CODES: codes(numbers)}}


def _in_field(field: str, number: str) -> dict[str, Any]:
    return {"match_phrase": {f"{field}.{fields.PARTS}": number}}


# More words make a description.
MAX_WORDS = 8
# More numbers are a list.
MAX_NUMBERS = 3
_EDGE = ".,;:!?()[]\"'#"


def part_numbers(text: str) -> tuple[str, ...]:
    """The words that look like part numbers, at most ``MAX_NUMBERS``; none if the query is longer than that.

    Args:
        text: a cleaned query.
    """
    words = text.split()
    if len(words) > MAX_WORDS:
        return ()
    found = tuple(word for word in (w.strip(_EDGE) for w in words) if is_part_number(word))
    return found if len(found) <= MAX_NUMBERS else ()


def spaced_numbers(text: str) -> tuple[str, ...]:
    """The part numbers of several words within a query: of "makita RS 25 48" that is "RS 25 48".

    Words that are a number with its unit are none, and neither are bare numbers, which may be anything.
    """
    words = text.split()
    if len(words) > MAX_WORDS:
        return ()
    units = {word for measure in measures(text) for word in text[measure.start : measure.end].split()}
    runs = (words[first : first + count] for first in range(len(words)) for count in range(2, MAX_PARTS + 1))
    found = (
        " ".join(run)
        for run in runs
        if units.isdisjoint(run) and any(map(str.isalpha, "".join(run))) and is_spaced_number(run)
    )
    return tuple(dict.fromkeys(found))


# Words of a shop's own, such as cap-wool-red; t-shirt and v-neck are anybody's.
# One way alone to read each text: an underscore that could be word and hyphen takes exponential time.
_CODE = re.compile(r"[^\W_]+(?:(?:[-.]|_+)[^\W_]+){2,}")


def is_whole_number(text: str) -> bool:
    """Whether a query may be one identifier: with spaces ("TM 050 M"), or without digits ("cap-wool-red")."""
    words = text.split()
    if len(words) == 1:
        return _CODE.fullmatch(text) is not None or (
            any(map(str.isdigit, text)) and any(map(str.isalpha, text)) and not measures(text)
        )
    return is_spaced_number(words)
