"""What the rules that act make of a search, and what they could and could not do. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from aisle.search.rules.rule import Rule, Selection
from aisle.search.rules.words import words_of

# Each is a clause of the request, of which OpenSearch takes 1,024.
MAX_SELECTIONS: Final = 50
MAX_HIDDEN: Final = 5_000
MAX_PINS: Final = 200
MAX_NOTES: Final = 50
# Of a text that grows by added words.
MAX_CHARS: Final = 1_000


class Effect(StrEnum):
    """What a rule can do."""

    PIN = "pin"
    HIDE = "hide"
    BOOST = "boost"
    BURY = "bury"
    FILTER = "filter"
    EXCLUDE = "exclude"
    QUERY = "query"
    ADD = "add"
    REMOVE = "remove"
    REDIRECT = "redirect"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One thing that a rule did or could not do.

    Attributes:
        rule: its id.
        effect: which kind.
        about: what it was about, such as an item's id; may be empty.
        undone: why it could not be done; empty if it was.
    """

    rule: str
    effect: Effect
    about: str = ""
    undone: str = ""


@dataclass(frozen=True, slots=True)
class PlacedPin:
    """An item that a rule puts at a place, from 1."""

    rule: str
    id: str
    at: int


@dataclass(frozen=True, slots=True)
class Chosen:
    """Items that a rule selects by what they are.

    Attributes:
        rule: its id.
        effect: filter, exclude, boost or bury.
        selection: which items.
        by: what their scores are multiplied by; 1 where they are not.
    """

    rule: str
    effect: Effect
    selection: Selection
    by: float = 1.0

    def outcome(self, undone: str = "") -> Outcome:
        """What came of it."""
        return Outcome(self.rule, self.effect, described(self.selection), undone)


@dataclass(frozen=True, slots=True)
class RuleNote:
    """What a rule hands to the shop, as it is."""

    rule: str
    note: Any


@dataclass(frozen=True, slots=True)
class RuleReport:
    """What rules did to a search.

    Attributes:
        version: of the catalogue's rules; 0 if it has none.
        outcomes: what rules did and could not do, in the order in which it was settled.
        redirect: where the shop should send the shopper, or empty.
        notes: for the shop.
        problem: why the rules could not be read, if they could not: then those of ``version``, which were
            read before, have acted, or none.
    """

    version: int = 0
    outcomes: tuple[Outcome, ...] = ()
    redirect: str = ""
    notes: tuple[RuleNote, ...] = ()
    problem: str = ""

    @property
    def acted(self) -> tuple[str, ...]:
        """Ids of the rules that did something."""
        return tuple(dict.fromkeys(one.rule for one in self.outcomes if not one.undone))

    def to_json(self) -> dict[str, Any]:
        """Plain JSON: each rule with what it did and what it could not do."""
        by_rule: dict[str, dict[str, list[dict[str, str]]]] = {}
        for one in self.outcomes:
            told = by_rule.setdefault(one.rule, {"did": [], "could_not": []})
            said = {"effect": one.effect.value, "about": one.about}
            if one.undone:
                told["could_not"].append({**said, "why": one.undone})
            else:
                told["did"].append(said)
        return {
            "version": self.version,
            "rules": [{"id": rule, **told} for rule, told in by_rule.items()],
            "redirect": self.redirect,
            "notes": [{"rule": one.rule, "note": one.note} for one in self.notes],
            "problem": self.problem,
        }


@dataclass(frozen=True, slots=True)
class RuleEffects:
    """What one search is to do because of rules.

    Attributes:
        text: to be searched.
        hidden: items that are not shown.
        chosen: what filters the results and what moves them.
        pins: in the order in which they were asked for; none of them is hidden, none there twice.
        redirect: where the shop should send the shopper, or empty.
        notes: for the shop.
        outcomes: of all but ``chosen`` and ``pins``, which depend on the release and on what is found.
        version, problem: as in `RuleReport`.
    """

    text: str
    hidden: tuple[str, ...] = ()
    chosen: tuple[Chosen, ...] = ()
    pins: tuple[PlacedPin, ...] = ()
    redirect: str = ""
    notes: tuple[RuleNote, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    version: int = 0
    problem: str = ""

    def report(self, outcomes: tuple[Outcome, ...]) -> RuleReport:
        """What an answer says of the rules.

        Args:
            outcomes: of everything.
        """
        return RuleReport(self.version, outcomes, self.redirect, self.notes, self.problem)

    def passed_over(self, why: str) -> tuple[Outcome, ...]:
        """The outcomes of pins and factors where none can be done."""
        moved = (one.outcome(why) for one in self.chosen if one.by != 1.0)
        pinned = (Outcome(one.rule, Effect.PIN, f"{one.id} at {one.at}", why) for one in self.pins)
        return (*moved, *pinned)

    @property
    def promised(self) -> tuple[Outcome, ...]:
        """The outcomes if all that depends on the release and on what is found can be done."""
        chosen = (one.outcome() for one in self.chosen)
        pinned = (Outcome(one.rule, Effect.PIN, f"{one.id} at {one.at}") for one in self.pins)
        return (*self.outcomes, *chosen, *pinned)


def effects_of(rules: Sequence[Rule], text: str) -> RuleEffects:
    """What these rules do to a search, together.

    The text is settled first: one rule replaces it, the first that does; then words are taken out, and words
    added. Of what only one rule can do, the first in the file does it. Hiding an item wins over pinning it.

    Args:
        rules: that act, in their order.
        text: of the query; empty for a page that is browsed, which stays one.
    """
    asked = _Asked(text)
    asked.rewrite(rules)
    for rule in rules:
        asked.select(rule)
    for rule in rules:
        asked.pin(rule)
        asked.tell(rule)
    return asked.settled()


@dataclass(slots=True)
class _Asked:
    """Collects what rules ask for, one after another."""

    text: str
    hidden: dict[str, str] = field(default_factory=dict)
    chosen: list[Chosen] = field(default_factory=list)
    pins: dict[str, PlacedPin] = field(default_factory=dict)
    redirect: tuple[str, str] = ("", "")
    notes: list[RuleNote] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)

    def rewrite(self, rules: Iterable[Rule]) -> None:
        """Settle the text."""
        browsed = not self.text
        by = ""
        for rule in rules:
            if query := rule.then.query:
                undone = "no query is asked" if browsed else f"rule {by} did it first" if by else ""
                if not undone:
                    self.text, by = query, rule.id
                self._tell(rule, Effect.QUERY, query, undone)
        for rule in rules:
            if words := rule.then.remove:
                left = "" if browsed else without(self.text, words)
                undone = "no query is asked" if browsed else "" if words_of(left) else "no word would be left"
                if not undone and left == self.text:
                    undone = "no such words in the query"
                if not undone:
                    self.text = left
                self._tell(rule, Effect.REMOVE, words, undone)
        for rule in rules:
            if words := rule.then.add:
                longer = f"{self.text} {words}"
                undone = "no query is asked" if browsed else ""
                if len(longer) > MAX_CHARS:
                    undone = f"the query would have over {MAX_CHARS:,} characters"
                if not undone:
                    self.text = longer
                self._tell(rule, Effect.ADD, words, undone)

    def select(self, rule: Rule) -> None:
        """What narrows the results and what moves them."""
        then = rule.then
        if then.hide:
            full = len(self.hidden) + len(then.hide) > MAX_HIDDEN
            if not full:
                self.hidden = dict.fromkeys(then.hide, rule.id) | self.hidden
            self._tell(rule, Effect.HIDE, _listed(then.hide), _TOO_MANY_HIDDEN if full else "")
        asked = (
            *(Chosen(rule.id, Effect.FILTER, one) for one in then.filter),
            *(Chosen(rule.id, Effect.EXCLUDE, one) for one in then.exclude),
            *(Chosen(rule.id, Effect.BOOST, one.filter, one.by) for one in then.boost),
            *(Chosen(rule.id, Effect.BURY, one.filter, one.by) for one in then.bury),
        )
        for one in asked:
            if len(self.chosen) < MAX_SELECTIONS:
                self.chosen.append(one)
            else:
                self.outcomes.append(one.outcome(_TOO_MANY))

    def pin(self, rule: Rule) -> None:
        """What stands at places of its own; after all of `select`, as hiding wins."""
        for pin in rule.then.pin:
            undone = ""
            if pin.id in self.hidden:
                undone = f"rule {self.hidden[pin.id]} hides it"
            elif pin.id in self.pins:
                undone = f"rule {self.pins[pin.id].rule} pins it already"
            elif len(self.pins) >= MAX_PINS:
                undone = f"over {MAX_PINS} items are pinned"
            if undone:
                self._tell(rule, Effect.PIN, pin.id, undone)
            else:
                self.pins[pin.id] = PlacedPin(rule.id, pin.id, pin.at)

    def tell(self, rule: Rule) -> None:
        """What the shop is told."""
        then = rule.then
        if then.redirect:
            first = self.redirect[1]
            if not first:
                self.redirect = (then.redirect, rule.id)
            self._tell(rule, Effect.REDIRECT, then.redirect, f"rule {first} did it first" if first else "")
        if then.note is not None:
            full = len(self.notes) >= MAX_NOTES
            if not full:
                self.notes.append(RuleNote(rule.id, then.note))
            self._tell(rule, Effect.NOTE, undone=f"over {MAX_NOTES} notes" if full else "")

    def settled(self) -> RuleEffects:
        """All of it."""
        return RuleEffects(
            text=self.text,
            hidden=tuple(self.hidden),
            chosen=tuple(self.chosen),
            pins=tuple(self.pins.values()),
            redirect=self.redirect[0],
            notes=tuple(self.notes),
            outcomes=tuple(self.outcomes),
        )

    def _tell(self, rule: Rule, effect: Effect, about: str = "", undone: str = "") -> None:
        self.outcomes.append(Outcome(rule.id, effect, about, undone))


_TOO_MANY_HIDDEN: Final = f"over {MAX_HIDDEN:,} items would be hidden"
_TOO_MANY: Final = f"over {MAX_SELECTIONS} selections of items are asked for"


def without(text: str, words: str) -> str:
    """The text without those of its words, which stand by themselves or as parts of what a space encloses."""
    taken = set(words_of(words))
    kept = [piece for piece in text.split() if not (found := words_of(piece)) or not taken.issuperset(found)]
    return " ".join(kept)


def described(selection: Selection) -> str:
    """A selection in a few words: ``brand Acme``."""
    named = {
        name: value
        for name in selection.__dataclass_fields__
        if (value := getattr(selection, name)) not in ((), "", None, False, {})
    }
    return ", ".join(f"{name} {_listed(value)}" for name, value in named.items())


def _listed(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name}={_listed(one)}" for name, one in value.items())
    if isinstance(value, tuple):
        return "|".join("" if one is None else str(one) for one in value[:5]) + (
            "|…" if len(value) > 5 else ""
        )
    return str(value)


@dataclass(frozen=True, slots=True)
class Placed:
    """All results with the pinned ones at their places.

    Attributes:
        ids: in their final order.
        outcomes: of the pins.
    """

    ids: tuple[str, ...]
    outcomes: tuple[Outcome, ...]


def placed(ids: Sequence[str], pins: Sequence[PlacedPin], missing: Mapping[str, str]) -> Placed:
    """Put pinned items at their places; the others keep their order around them.

    A place that is taken moves the later pin to the next free one; one beyond the last result becomes the
    last. A pin whose item is missing leaves its place to the results.

    Args:
        ids: results in their order; a pinned item may be among them or not.
        pins: in the order in which they were asked for, see `RuleEffects`.
        missing: pinned items that cannot be shown, with the reason.
    """
    outcomes = []
    places: dict[int, PlacedPin] = {}
    for pin in pins:
        if why := missing.get(pin.id):
            outcomes.append(Outcome(pin.rule, Effect.PIN, f"{pin.id} at {pin.at}", why))
            continue
        at = pin.at
        while at in places:
            at += 1
        places[at] = pin
        outcomes.append(Outcome(pin.rule, Effect.PIN, f"{pin.id} at {at}"))
    shown = {pin.id for pin in places.values()}
    order = [id_ for id_ in ids if id_ not in shown]
    for at, pin in sorted(places.items()):
        # `insert` beyond the end appends.
        order.insert(at - 1, pin.id)
    return Placed(tuple(order), tuple(outcomes))
