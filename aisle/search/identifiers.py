"""Items that a query names, by id or part number: how they are found, and their place on top. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aisle.mappings import fields
from aisle.search.fusion import Fused
from aisle.search.stored import NO_VALUES, StoredValues, docvalue_fields, stored_values

# What is on more items than this is a kind of item and names none.
MAX_PINNED = 10
_ID, _IDENTIFIER, _ATTRIBUTE, _TITLE, _TEXT = 5.0, 4.0, 3.0, 2.0, 1.0
# Attributes that hold part numbers, in any case; names are the catalogue's own.
_NAMES = (
    *("mpn", "sku", "gtin", "ean", "upc", "isbn", "asin", "model", "model number", "model no"),
    *(
        "part number",
        "part no",
        "manufacturer part number",
        "mfr part number",
        "article number",
        "product code",
    ),
)


@dataclass(frozen=True, slots=True)
class Named:
    """The items that a query names.

    Attributes:
        ids: items that the query names, best first: those of the strongest kind of match that any item has.
        by_id: the one item whose id the query is; it is the answer.
        release: index that answered, empty if nothing is named.
        server_ms: OpenSearch's ``took``.
        values: of the items, and maybe of others.
    """

    ids: tuple[str, ...] = ()
    by_id: bool = False
    release: str = ""
    server_ms: float = 0.0
    values: StoredValues = field(default_factory=lambda: NO_VALUES)


def exact_body(
    text: str,
    numbers: Sequence[str],
    filters: Sequence[Mapping[str, Any]],
    stored: Sequence[str] = (),
) -> dict[str, Any]:
    """Body of the request for the items that a query names.

    Args:
        text: a cleaned query; an item with this id is the strongest match.
        numbers: words of it that look like part numbers. An item must have all of them among its identifiers,
            or in its attributes, or in its title, or in its text; hyphens and spaces within a number do not
            matter. The whole text may be one identifier as well.
        filters: clauses that every result must match.
        stored: fields whose values come back with each item.
    """
    body: dict[str, Any] = {
        "size": MAX_PINNED + 1,
        "_source": False,
        "track_total_hits": False,
        "query": {"bool": {"must": [named_query(text, numbers)], "filter": list(filters)}},
    }
    if stored:
        body["docvalue_fields"] = docvalue_fields(stored)
    return body


def named_query(text: str, numbers: Sequence[str]) -> dict[str, Any]:
    """Clause of the items that `exact_body` finds, scored by the strongest kind of match that each has."""
    kinds = (
        (_ID, [{"term": {fields.ID: text}}]),
        (_IDENTIFIER, [_identified(text)]),
        (_IDENTIFIER, [_identified(number) for number in numbers]),
        (_ATTRIBUTE, [_in_attribute(number) for number in numbers]),
        (_TITLE, [_in_field(fields.TITLE, number) for number in numbers]),
        (_TEXT, [_in_field(fields.TEXT, number) for number in numbers]),
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
    strongest = max((hit["_score"] for hit in hits), default=0.0)
    ids = sorted(hit["_id"] for hit in hits if hit["_score"] == strongest)
    if not ids or len(ids) > MAX_PINNED:
        return Named(server_ms=server_ms)
    return Named(tuple(ids), strongest == _ID, hits[0]["_index"], server_ms, stored_values(hits))


def on_top(fused: Sequence[Fused], ids: Sequence[str], legs: int) -> list[Fused]:
    """The items named first, in the order of the fusion; the rest below, in its order.

    Args:
        fused: best first.
        ids: items to put on top; one that no leg found has score 0 and comes after those that some did.
        legs: of the fusion.
    """
    named = set(ids)
    found = [item for item in fused if item.id in named]
    unseen = sorted(named - {item.id for item in found})
    rest = [item for item in fused if item.id not in named]
    return [*found, *(Fused(id_, 0.0, (0.0,) * legs) for id_ in unseen), *rest]


def _identified(number: str) -> dict[str, Any]:
    either = [{"term": {name: number}} for name in fields.IDENTIFIER_FIELDS]
    return {"bool": {"should": either, "minimum_should_match": 1}}


def _in_field(field: str, number: str) -> dict[str, Any]:
    return {"match_phrase": {f"{field}.{fields.PARTS}": number}}


def _in_attribute(number: str) -> dict[str, Any]:
    values = [fields.facet_value(name, number) for name in _NAMES]
    return {
        "bool": {
            "should": [{"term": {fields.FACET: {"value": v, "case_insensitive": True}}} for v in values],
            "minimum_should_match": 1,
        }
    }


MIN_LENGTH = 5
# More words make a description.
MAX_WORDS = 8
# More numbers are a list.
MAX_NUMBERS = 3
# 12,000, 18.5, 12000 and 12000btu.
_AMOUNT = re.compile(r"\d{1,3}(,\d{3})+(\.\d+)?|\d+\.\d+|\d{1,2}0{3,}[a-z]*", re.IGNORECASE)
# Few digits with a unit or a noun behind: 120mm, 100ct, 4shelves.
_MEASURE = re.compile(r"\d{1,4}[a-z]+", re.IGNORECASE)
# 15x23, 36inx37in, 12by16.
_DIMENSIONS = re.compile(r"\d\W*[a-z]{0,4}\W*(x|by|\*)\W*\d", re.IGNORECASE)
# battery72517063, where a space is missing.
_LEADING_NOUN = re.compile(r"[a-z]{5,}\d+", re.IGNORECASE)
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


# Longer ones are words of their own.
_MAX_PART = 4


# Words of a shop's own, such as cap-wool-red; t-shirt and v-neck are anybody's.
_CODE = re.compile(r"\w+(?:[-_.]\w+){2,}")


def is_whole_number(text: str) -> bool:
    """Whether a query may be one identifier: with spaces ("TM 050 M"), or without digits ("cap-wool-red")."""
    words = text.split()
    if len(words) == 1:
        return _CODE.fullmatch(text) is not None
    return (
        1 < len(words) <= _MAX_PART and max(map(len, words)) <= _MAX_PART and is_part_number("".join(words))
    )


def is_part_number(word: str) -> bool:
    """Whether one word looks like a part number."""
    bare = "".join(filter(str.isalnum, word))
    if len(bare) < MIN_LENGTH or sum(map(str.isdigit, bare)) < 2:
        return False
    # Fractions, inches, shares and prices.
    if set(word) & set("/'\"*$%+°"):
        return False
    return not (
        _AMOUNT.fullmatch(word)
        or _MEASURE.fullmatch(bare)
        or _DIMENSIONS.search(word)
        or _LEADING_NOUN.fullmatch(word)
    )
