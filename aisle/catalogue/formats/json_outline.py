"""Which part of a JSON document is the catalogue."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

import ijson

from aisle.catalogue.formats.envelopes import ENVELOPES, words
from aisle.catalogue.formats.json_text import MAX_OPEN, JsonText, TooLarge, is_cut
from aisle.errors import InputError

# What programs call their lists of products, and what they call any list.
_PRODUCTS: Final = words(
    "products product items item articles article offers offer catalog catalogue listings goods"
    " skus produkte artikel produits productos prodotti"
)
_LISTS: Final = words(
    "data results result rows records entries entry docs documents hits edges nodes objects value"
    " values list elements content member members itemlistelement graph responses page pages"
)
_IDS: Final = words(
    "id sku handle code number no nr num ean gtin asin upc mpn isbn ref reference uuid guid slug"
    " key oid pid objectid productid itemid"
)
_TITLES: Final = words(
    "title name label headline titel bezeichnung nom titre nombre titulo titolo nome naam nazwa"
    " namn navn nimi productname producttitle"
)
_WORDS: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+|[^\W\d_a-zA-Z]+")

_BOUNDS: Final = frozenset(("start_map", "start_array", "end_map", "end_array"))
_SAMPLE: Final = 50
_MAX_CONTAINERS: Final = 2_000
_MAX_LEVELS: Final = 12


class Part(Enum):
    """What of a document is a row each."""

    ELEMENTS = "elements"
    """The elements of a list."""
    MEMBERS = "members"
    """The values of an object whose keys are ids."""
    VALUES = "values"
    """The document itself, or each of several that follow one another."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Where the rows of a document are.

    Attributes:
        part: what is a row.
        path: of the list or object, as ijson writes it; empty for the outermost.
        largest: bytes of the largest row, within the size of a chunk.
        others: lists that were not chosen, to their numbers of objects.
    """

    part: Part
    path: str = ""
    largest: int = 0
    others: Mapping[str, int] = field(default_factory=dict)

    @property
    def details(self) -> str:
        """For the report."""
        said = {
            Part.ELEMENTS: f"the list {self.path}" if self.path else "one list",
            Part.MEMBERS: f"the object {self.path}, by its keys" if self.path else "one object, by its keys",
            Part.VALUES: "one object after another",
        }[self.part]
        others = ", ".join(f"{path} ({count:,})" for path, count in self.others.items())
        return f"{said}; not read: {others}" if others else said


def _bare(name: str) -> str:
    return name.rpartition(":")[2].strip("_@$").lower()


@dataclass(slots=True)
class _Held:
    """What is in one list or object, or in all of one path."""

    path: str
    is_list: bool
    within_list: bool = False
    levels: int = 0
    objects: int = 0
    others: int = 0
    sampled: int = 0
    largest: int = 0
    keys: Counter[str] = field(default_factory=Counter)
    inner: dict[tuple[str, bool], _Held] = field(default_factory=dict)

    @property
    def strength(self) -> int:
        """How far the objects look like rows: 2 with an id and a title, 1 with one of them."""
        often = [key for key, times in self.keys.items() if times * 5 >= self.sampled * 4]
        if not ENVELOPES.isdisjoint(often):
            return 2
        found = [set(map(str.lower, _WORDS.findall(key))) | {key.strip("_").lower()} for key in often]
        return sum(any(not known.isdisjoint(those) for those in found) for known in (_IDS, _TITLES))

    @property
    def score(self) -> int:
        """How far the name is one of lists of products."""
        of_products = not _PRODUCTS.isdisjoint(_bare(name) for name in self.path.split(".")[:-1])
        if self.name in _PRODUCTS:
            return 3
        if self.name in _LISTS:
            return 3 if of_products else 2
        return 1 if of_products else 0

    @property
    def name(self) -> str:
        """Last part of the path, without what is mere ornament."""
        return _bare(self.path.rpartition(".")[2])

    @property
    def may_be_rows(self) -> bool:
        """Whether there are objects, and in an object nothing else, all alike."""
        if self.is_list or not self.objects:
            return self.objects > 0
        alike = self.strength == 2 or (self.strength == 1 and self.objects > 1)
        return alike and not self.within_list and self.others * 10 <= self.objects

    @property
    def is_empty_list(self) -> bool:
        """Whether it is a list of products that holds none."""
        return self.is_list and not self.objects and not self.others and (self.score >= 2 or not self.path)

    def take(self, is_object: bool, keys: set[str] | None, size: int) -> None:
        """Count a list or object in this one; ``keys`` if it is one that is looked at."""
        if not is_object:
            self.others += 1
            return
        self.objects += 1
        self.largest = max(self.largest, size)
        if keys is not None:
            self.sampled += 1
            self.keys.update(keys)

    def holds(self, other: _Held) -> bool:
        """Whether the other one is somewhere in this one."""
        return other is not self and (not self.path or other.path.startswith(f"{self.path}."))

    def equals(self, other: _Held) -> bool:
        """Whether nothing but the number of rows tells which of the two is meant."""
        if (self.score, self.strength) != (other.score, other.strength):
            return False
        return not self.score or self.name == other.name


@dataclass(slots=True)
class _Open:
    """A list or object that has begun; its keys if it is a row that is looked at, and the key at hand."""

    held: _Held | None
    is_map: bool = False
    keys: set[str] | None = None
    since: int = 0
    key: str = ""


class Outline:
    """The lists and objects of a JSON text, by their paths; small, however large the text is.

    Attributes:
        top: the values that are in no other.
        is_faulty: whether something was met that is no JSON.
    """

    def __init__(self, text: JsonText) -> None:
        self.top = _Held("", is_list=True)
        self.is_faulty = False
        self._text = text
        self._events = ijson.basic_parse(text, use_float=True, multiple_values=True)
        self._held: dict[tuple[str, bool], _Held] = {}
        self._here = _Open(self.top)
        self._around: list[_Open] = []

    def read(self, until: float = math.inf) -> None:
        """Go on reading, up to about so many bytes. If the text breaks off, what came before counts.

        Raises:
            TooLarge: one of its values is.
            UnicodeDecodeError: it is in another encoding.
        """
        text, here = self._text, self._here
        key, keys, others = here.key, here.keys, 0
        try:
            # Most of a file are values of rows that are not looked at: this runs for each of them.
            for event, value in self._events:
                if event == "map_key":
                    key = value
                elif event in _BOUNDS:
                    text.value_ended()
                    here.key = key
                    if here.held is not None:
                        here.held.others += others
                    here = self._here = self._bound(event, text.consumed)
                    key, keys, others = here.key, here.keys, 0
                    if text.consumed > until:
                        return
                else:
                    others += 1
                    if keys is not None:
                        keys.add(key)
        except ijson.JSONError as error:
            self.is_faulty = not is_cut(error)
            self._leave_all(text.consumed)
        except UnicodeDecodeError:
            self._leave_all(text.consumed)
            raise

    def _bound(self, event: str, at: int) -> _Open:
        """Where reading goes on after a list or object began or ended."""
        if event.startswith("end"):
            return self._left(at)
        here, is_map = self._here, event == "start_map"
        if is_map and here.keys is not None and here.key in ENVELOPES:
            here.keys.add(here.key)
        looked_at = is_map and here.held is not None and here.held.sampled < _SAMPLE
        if len(self._around) == MAX_OPEN:
            raise TooLarge(f"is nested over {MAX_OPEN:,} levels deep")
        self._around.append(here)
        return _Open(self._entered(here.held, here.key, is_map), is_map, set() if looked_at else None, at)

    def _leave_all(self, at: int) -> None:
        while self._around:
            if len(self._around) > 1:
                # It had no chance to have the keys of the others.
                self._here.keys = None
            self._here = self._left(at)

    def _left(self, at: int) -> _Open:
        ended, around = self._here, self._around.pop()
        if around.held is not None:
            around.held.take(ended.is_map, ended.keys, at - ended.since)
        return around

    def _entered(self, around: _Held | None, key: str, is_map: bool) -> _Held | None:
        if around is None:
            return None
        # Every element of a list has one place.
        place = ("" if around.is_list else key, is_map)
        found = around.inner.get(place)
        if found is None and len(self._held) < _MAX_CONTAINERS and around.levels < _MAX_LEVELS:
            found = self._held_at(around, *place)
            around.inner[place] = found
        return found

    def _held_at(self, around: _Held, key: str, is_map: bool) -> _Held:
        if around is self.top:
            path, within = "", False
        else:
            step = "item" if around.is_list else key
            path, within = f"{around.path}.{step}".removeprefix("."), around.is_list or around.within_list
        # Keys with points may lead to the same path.
        return self._held.setdefault((path, is_map), _Held(path, not is_map, within, around.levels + 1))

    def lists(self, *, several: bool = False) -> list[_Held]:
        """What may be the catalogue, best first; nothing if the values themselves are the rows.

        Args:
            several: whether other such values follow.
        """
        possible = [held for held in self._held.values() if held.may_be_rows]
        if not possible and not self.top.strength:
            possible = [held for held in self._held.values() if held.is_empty_list]
        best = [held for held in possible if not any(self._hides(other, held) for other in possible)]
        best = [held for held in best if not any(held.holds(other) for other in best)]
        if not best or self._is_row(best, several=several or self.top.objects > 1):
            return []
        return sorted(best, key=lambda held: (held.score, held.strength, held.objects), reverse=True)

    @property
    def is_plain_list(self) -> bool:
        """Whether it is one list of rows as far as it was read."""
        lists = self.lists()
        return bool(lists) and lists[0].is_list and not lists[0].path

    def choice(self, name: object) -> Choice:
        """The part that is the catalogue.

        Args:
            name: of the document, for messages.

        Raises:
            InputError: several lists may be it.
        """
        best = self.lists()
        if not best:
            # Where there is no object at all, every element of a list says so of itself.
            part = Part.VALUES if self.top.objects or ("", False) not in self._held else Part.ELEMENTS
            return Choice(part, largest=self.top.largest)
        chosen = best[0]
        equal = [held for held in best if held.equals(chosen)]
        if len(equal) > 1:
            listed = ", ".join(f"{held.path} ({held.objects:,})" for held in equal[:6])
            raise InputError(
                f"{name} holds several lists, and nothing says which is the catalogue: {listed}",
                fix=f"write the one that is meant to a file of its own: jq '.{chosen.path}'",
            )
        part = Part.ELEMENTS if chosen.is_list else Part.MEMBERS
        others = {held.path: held.objects for held in best[1:] if held.is_list}
        return Choice(part, chosen.path, chosen.largest, others)

    @staticmethod
    def _hides(outer: _Held, inner: _Held) -> bool:
        """Whether ``inner`` is but a part of the rows of ``outer``, such as their pictures."""
        return outer.holds(inner) and not (inner.score >= 2 and inner.strength > outer.strength)

    def _is_row(self, best: list[_Held], *, several: bool) -> bool:
        """Whether a value itself is a row, and what it holds belongs to it."""
        if any(not held.path for held in best):
            return False
        strength, score = self.top.strength, max(held.score for held in best)
        if several:
            return not (score >= 2 and max(held.strength for held in best) > strength)
        return strength == 2 and score < 2
