"""Which rules are about a search: their words against those of the query. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from aisle.markup import plain_line
from aisle.search.filters import Filters
from aisle.search.rules.rule import Narrowing, QueryMatch, Rule
from aisle.search.rules.words import Words, words_of


@dataclass(frozen=True, slots=True)
class Situation:
    """What conditions of rules are about.

    Attributes:
        text: what the shopper typed; empty for a page that is browsed.
        filters: what the results are narrowed to.
        context: words of the caller's.
        moment: with its time zone.
    """

    text: str
    filters: Filters
    context: frozenset[str]
    moment: datetime


@dataclass(slots=True)
class _Phrases:
    """Word sequences and the places of the rules that ask for them.

    A query is looked up by its own words: what that costs does not grow with the number of rules.
    """

    places: dict[Words, list[int]] = field(default_factory=dict)
    lengths: dict[str, set[int]] = field(default_factory=dict)

    def add(self, words: Words, place: int) -> None:
        self.places.setdefault(words, []).append(place)
        if words:
            self.lengths.setdefault(words[0], set()).add(len(words))

    def at(self, words: Words, start: int) -> Iterator[int]:
        """Of the sequences that the words have from ``start`` on."""
        for length in self.lengths.get(words[start], ()):
            yield from self.places.get(words[start : start + length], ())


class RuleBook:
    """Rules, ready to be asked which of them act. Nothing of it changes.

    Args:
        rules: in the order in which they act.
    """

    def __init__(self, rules: Iterable[Rule] = ()) -> None:
        self.rules: Sequence[Rule] = tuple(rules)
        self._always: list[int] = []
        self._phrases = {match: _Phrases() for match in QueryMatch}
        for place, rule in enumerate(self.rules):
            if rule.when.query is None:
                self._always.append(place)
            for wording in rule.when.query or ():
                self._phrases[rule.when.match].add(words_of(wording), place)

    def acting(self, situation: Situation) -> list[Rule]:
        """The rules whose conditions hold, in their order."""
        places = {*self._always, *self._worded(words_of(situation.text))}
        return [self.rules[place] for place in sorted(places) if _holds(self.rules[place], situation)]

    def _worded(self, words: Words) -> Iterator[int]:
        yield from self._phrases[QueryMatch.EXACT].places.get(words, ())
        if words:
            yield from self._phrases[QueryMatch.STARTS].at(words, 0)
        for start in range(len(words)):
            yield from self._phrases[QueryMatch.CONTAINS].at(words, start)


def _holds(rule: Rule, situation: Situation) -> bool:
    when = rule.when
    return (
        rule.acts_at(situation.moment)
        and (not when.context or not situation.context.isdisjoint(when.context))
        and (when.filters is None or _narrowed(when.filters, situation.filters))
    )


def _narrowed(to: Narrowing, asked: Filters) -> bool:
    """Whether a search is narrowed by each field that is named, and there to nothing else."""
    pairs = [
        (to.brand, asked.brand),
        (to.category, asked.category),
        *((values, asked.attributes.get(name, ())) for name, values in to.attributes.items()),
    ]
    return all(wanted and _tidy(wanted) <= _tidy(allowed) for allowed, wanted in pairs if allowed)


def _tidy(values: tuple[str, ...] | str) -> set[str]:
    """Values as they are compared; the spaces around a category's ``>`` do not matter."""
    several = (values,) if isinstance(values, str) else values
    return {">".join(plain_line(level) for level in value.split(">")) for value in several}
