"""Which of the other columns become attributes, which shoppers filter by, and which tell shoppers nothing."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from aisle.catalogue.column_profile import PLAIN_NUMBER, ColumnProfile
from aisle.catalogue.evidence import name_values_share
from aisle.catalogue.exports.base import ExportKind, folded
from aisle.catalogue.names import names, spaced, spellings, squeezed
from aisle.catalogue.rejects import Unreadable
from aisle.catalogue.sample import Sample
from aisle.catalogue.values import name_values

MAX_NUMBERS: Final = 50
"""Attributes of a catalogue that are kept as numbers too: each becomes a field of its index."""


@dataclass(frozen=True, slots=True)
class Attributes:
    """What becomes attributes.

    Attributes:
        names: column to the attribute's name.
        objects: column of objects, or of lists of names and values, to what their names begin with.
        left_out: column, as the file names it, to the reason why it is none.
        unwanted: squeezed names that are none wherever they stand.
        settings: names that are none of columns that appear later: squeezed, or folded as the kind names
            them; a ``*`` at the end stands for any rest.
        lists: column to what separates the values in its texts.
        numbers: attributes whose values are plain numbers.
        known: columns that were looked at.
    """

    names: Mapping[str, str] = field(default_factory=dict)
    objects: Mapping[str, str] = field(default_factory=dict)
    left_out: Mapping[str, str] = field(default_factory=dict)
    unwanted: frozenset[str] = frozenset()
    settings: frozenset[str] = frozenset()
    lists: Mapping[str, str] = field(default_factory=dict)
    numbers: frozenset[str] = frozenset()
    known: frozenset[str] = frozenset()


NONE: Final = Attributes()


def choose_attributes(
    profiles: Mapping[str, ColumnProfile],
    *,
    used: set[str],
    sample: Sample,
    kind: ExportKind,
    objects: Sequence[str],
    keep: Sequence[str],
    leave_out: frozenset[str],
) -> Attributes:
    """Decide column by column.

    Args:
        profiles: of every column.
        used: columns that are something else already.
        sample: the rows looked at.
        kind: of export.
        objects: columns that the user named as attributes.
        keep: columns that the user wants as attributes whatever they hold.
        leave_out: squeezed names of columns and attributes that the user does not want.
    """
    settings = frozenset((*names("internal"), *kind.no_facets))
    found: dict[str, str] = {}
    of_objects: dict[str, str] = {}
    left_out: dict[str, str] = {}
    for key, told in profiles.items():
        shown = sample.show(key)
        wanted = key in keep or key in objects
        if key in used and not wanted:
            continue
        holds_names = name_values_share(told) >= 0.5
        if {squeezed(shown), squeezed(key)} & leave_out:
            left_out[shown] = "not wanted"
        elif not wanted and (reason := _reason(key, told, settings, holds_names)):
            left_out[shown] = reason
        elif holds_names or key in objects:
            own = key in objects or set(spellings(key)) & set(names("attributes"))
            of_objects[key] = "" if own else kind.attribute(shown)
        else:
            found[key] = kind.attribute(shown)
    return Attributes(
        names=found,
        objects=of_objects,
        left_out=left_out,
        unwanted=leave_out,
        settings=settings | leave_out,
        lists={key: mark for key in found if (mark := _separator(key, profiles[key]))},
        numbers=_numbers(profiles, found, of_objects, sample),
        known=frozenset(profiles),
    )


def is_setting(key: str, settings: frozenset[str]) -> bool:
    """Whether a column is one of these, see `Attributes`."""
    called = (*spellings(key), folded(key))
    if key.startswith("_") or not settings.isdisjoint(called):
        return True
    beginnings = tuple(one[:-1] for one in settings if one.endswith("*"))
    return any(name.startswith(beginnings) for name in called)


# Rows from which on it says something that a column has one value, or never the same.
_ROWS: Final = 10
_LONG: Final = 200
_MONEY: Final = re.compile(
    r"\b(?:price|prices|preis|vk|prix|tarif|precio|prezzo|prijs|cena|preco|pris|hinta|cost|msrp|rrp|uvp)\b"
    r"|(?:price|preis|prijs|pris)$"
)


def _reason(key: str, told: ColumnProfile, settings: frozenset[str], holds_names: bool) -> str:
    """Why a column tells shoppers nothing; empty if it may."""
    if is_setting(key, settings) and not (holds_names and squeezed(key) in names("attributes")):
        return "a setting of the shop"
    if not told.filled or holds_names:
        return ""
    reasons = {
        "objects": told.objects > 0.5,
        "URLs": told.urls >= 0.5,
        "pictures": told.pictures >= 0.5,
        "HTML": told.markup >= 0.3,
        "times": told.moments >= 0.9,
        "long texts": told.length > _LONG,
        "prices": bool(_MONEY.search(spaced(key))) and told.numeric > 0.5,
        "the same on every row": told.rows >= _ROWS and told.constant,
        "different on every row": _tells_all_apart(told),
    }
    return next((reason for reason, true in reasons.items() if true), "")


def _tells_all_apart(told: ColumnProfile) -> bool:
    measures = told.numeric > 0.5 and told.whole < told.numeric
    if told.filled < 2 * _ROWS or told.lists > 0.5 or measures:
        return False
    return not told.repeated or (told.filled >= 10 * _ROWS and told.distinct >= 0.98 * told.filled)


_TAGS: Final = """
    tags tag keywords keyword schlagworte etiquetas etiquettes etiquette trefwoorden tagi
    taggar materials materiali
"""
_PART: Final = 60


def _separator(key: str, told: ColumnProfile) -> str:
    """What separates several values in the texts of a column; empty for one that holds one at a time."""
    texts = list(dict.fromkeys(cell for cell in told.sample if isinstance(cell, str)))
    if not texts or told.markup or told.numeric > 0.5:
        return ""
    for mark in (";", "|", ","):
        parts = [[part.strip() for part in text.split(mark)] for text in texts if mark in text]
        if not parts or any(len(part) > _PART for several in parts for part in several):
            continue
        if mark != "," or not set(_TAGS.split()).isdisjoint(spellings(key)) or _mixed(texts, parts):
            return mark
    return ""


def _mixed(texts: Sequence[str], parts: Sequence[Sequence[str]]) -> bool:
    """Whether values stand now first, now later, now alone: in "Red, Blue", not in "Paris, France"."""
    alone = {text.strip().casefold() for text in texts}
    first = {several[0].casefold() for several in parts} | alone
    later = {part.casefold() for several in parts for part in several[1:] if part}
    return len(first & later) + len(alone & {several[0].casefold() for several in parts}) >= max(
        1, 0.3 * len(later)
    )


def _numbers(
    profiles: Mapping[str, ColumnProfile],
    found: Mapping[str, str],
    objects: Mapping[str, str],
    sample: Sample,
) -> frozenset[str]:
    """The attributes that are numbers in every row looked at, at most ``MAX_NUMBERS``, the commonest."""
    rows: Counter[str] = Counter()
    for key, name in found.items():
        if profiles[key].filled and profiles[key].numeric == 1 and not profiles[key].lists:
            rows[name] = profiles[key].filled
    others: set[str] = set()
    inner: Counter[str] = Counter()
    for cells in sample.cells if objects else ():
        for key, prefix in objects.items():
            for name, values in _inner(cells.get(key)).items():
                whole = f"{prefix} {name}".strip()
                inner[whole] += 1
                if len(values) != 1 or not PLAIN_NUMBER.fullmatch(values[0]):
                    others.add(whole)
    rows.update({name: times for name, times in inner.items() if name not in others})
    return frozenset(name for name, _ in rows.most_common(MAX_NUMBERS))


def _inner(cell: object) -> Mapping[str, tuple[str, ...]]:
    try:
        return name_values(cell)
    except Unreadable:
        return {}
