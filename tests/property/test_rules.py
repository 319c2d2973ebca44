"""Rules: what holds whatever they say."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aisle.errors import InputError
from aisle.search import Filters
from aisle.search.fusion import Fused, scaled
from aisle.search.rules.effects import MAX_CHARS, Effect, PlacedPin, effects_of, placed
from aisle.search.rules.matching import RuleBook, Situation
from aisle.search.rules.reading import RuleSet, checked_rules, parse_rules
from aisle.search.rules.rule import QueryMatch, Rule
from aisle.search.rules.words import words_of

FEW = settings(max_examples=40, deadline=None)
NOW = datetime(2026, 11, 29, tzinfo=UTC)
WORDS = st.sampled_from(["red", "Red", "drill", "DRILL", "ドリル", "c++", "!"])
TEXTS = st.lists(WORDS, max_size=6).map(" ".join)
IDS = st.sampled_from([f"i{n}" for n in range(12)])
SELECTIONS = st.fixed_dictionaries({"brand": st.sampled_from(["Acme", "Bosch"])})
THEN = st.fixed_dictionaries(
    {},
    optional={
        "pin": st.lists(st.fixed_dictionaries({"id": IDS, "at": st.integers(1, 15)}), max_size=4),
        "hide": st.lists(IDS, min_size=1, max_size=4),
        "boost": st.fixed_dictionaries({"filter": SELECTIONS, "by": st.floats(1.01, 100)}),
        "bury": st.fixed_dictionaries({"filter": SELECTIONS, "by": st.floats(0.01, 0.99)}),
        "query": st.sampled_from(["red drill", "saw", "*:*x"]),
        "add": st.sampled_from(["battery", "18v kit", "w " * 90 + "w"]),
        "remove": st.sampled_from(["red", "drill 18v"]),
        "redirect": st.sampled_from(["/a", "https://shop.example/b"]),
        "note": st.just({"banner": 1}),
    },
).map(lambda then: then or {"hide": ["i0"]})
WHEN = st.fixed_dictionaries(
    {},
    optional={
        "query": st.lists(WORDS, min_size=1, max_size=2).map(" ".join).filter(words_of),
        "match": st.sampled_from([match.value for match in QueryMatch]),
        "context": st.sampled_from(["app", "campaign"]),
    },
)
ROWS = st.lists(st.fixed_dictionaries({"when": WHEN, "then": THEN}), max_size=8).map(
    lambda rows: [{"id": f"r{n}", **row} for n, row in enumerate(rows) if row["then"] != {"pin": []}]
)


def rules_of(rows: Sequence[dict[str, Any]]) -> RuleSet:
    return checked_rules(rows, "t")


def said_plainly(rule: Rule, words: tuple[str, ...], context: frozenset[str]) -> bool:
    """Whether a rule acts, word by word over every place of the query: the slow way to say it."""
    when = rule.when
    if when.context and not context & set(when.context):
        return False
    if when.query is None:
        return True
    for wording in map(words_of, when.query):
        places = {QueryMatch.STARTS: [0], QueryMatch.CONTAINS: range(len(words))}.get(when.match)
        if places is None:
            if words == wording:
                return True
        elif any(words[at : at + len(wording)] == wording for at in places):
            return True
    return False


@FEW
@given(ROWS, TEXTS, st.sets(st.sampled_from(["app", "campaign", "other"])))
def test_the_index_of_words_finds_what_a_scan_finds(
    rows: list[dict[str, Any]], text: str, context: set[str]
) -> None:
    rules = rules_of(rows).rules
    asked = Situation(text, Filters(), frozenset(context), NOW)
    expected = [rule for rule in rules if said_plainly(rule, words_of(text), asked.context)]
    assert RuleBook(rules).acting(asked) == expected


@FEW
@given(ROWS, TEXTS)
def test_effects_keep_their_promises(rows: list[dict[str, Any]], text: str) -> None:
    rules = rules_of(rows).rules
    found = effects_of(rules, text)
    pinned = [pin.id for pin in found.pins]
    assert len(set(pinned)) == len(pinned) and not set(pinned) & set(found.hidden)
    # Nothing that a rule asks for is passed over in silence.
    told = {(one.rule, one.effect) for one in found.promised}
    assert told == {
        (rule.id, effect)
        for rule in rules
        for effect in Effect
        if getattr(rule.then, effect.value) not in ((), "", None)
    }
    assert (found.text == "") == (text == "") and len(found.text) <= max(MAX_CHARS, len(text))
    if words_of(text):
        assert words_of(found.text)


@FEW
@given(
    st.lists(st.integers(0, 40), unique=True, max_size=30),
    st.lists(st.tuples(st.integers(0, 45), st.integers(1, 50)), unique_by=lambda pin: pin[0], max_size=8),
    st.sets(st.integers(0, 45)),
    st.integers(1, 9),
)
def test_pins_are_absolute_whatever_the_page(
    ids: list[int], pins: list[tuple[int, int]], gone: set[int], size: int
) -> None:
    asked = [PlacedPin("r", str(id_), at) for id_, at in pins]
    missing = {str(id_): "gone" for id_ in gone if id_ not in ids}
    found = placed([str(id_) for id_ in ids], asked, missing)
    shown = [pin for pin in asked if pin.id not in missing]
    # Nothing twice, nothing lost, nothing that is not there.
    assert sorted(found.ids) == sorted({*map(str, ids), *(pin.id for pin in shown)})
    names = {pin.id for pin in asked}
    assert [id_ for id_ in found.ids if id_ not in names] == [
        str(id_) for id_ in ids if str(id_) not in names
    ]
    # At its place if nobody asked for that before; else at a later one, or at the end of the results.
    taken: set[int] = set()
    for pin in shown:
        at = found.ids.index(pin.id) + 1
        wanted = next(place for place in range(pin.at, 100) if place not in taken)
        taken.add(wanted)
        assert at == wanted or (at < wanted and wanted > len(found.ids) - len(shown))
    assert [one.undone for one in found.outcomes] == [missing.get(pin.id, "") for pin in asked]
    pages = [found.ids[first : first + size] for first in range(0, len(found.ids) + size, size)]
    assert [id_ for page in pages for id_ in page] == list(found.ids)


@FEW
@given(
    st.lists(st.floats(-2, 2, allow_nan=False), min_size=1, max_size=12),
    st.dictionaries(st.integers(0, 11), st.floats(0.01, 100), max_size=6),
)
def test_a_hit_that_is_moved_still_adds_up(scores: list[float], factors: dict[int, float]) -> None:
    fused = [Fused(str(n), score, (score / 2, score / 2)) for n, score in enumerate(scores)]
    found = {each.id: each for each in scaled(fused, "rules", {str(n): by for n, by in factors.items()})}
    for before in fused:
        after, by = found[before.id], factors.get(int(before.id), 1.0)
        assert sum(after.contributions) + sum(one.value for one in after.additions) == pytest.approx(
            after.score
        )
        assert (after.score >= before.score) if by >= 1 else (after.score <= before.score)


@FEW
@given(ROWS)
def test_rules_are_kept_as_they_are(rows: list[dict[str, Any]]) -> None:
    found = rules_of(rows)
    again = parse_rules(json.dumps({"rules": found.to_json()}).encode(), "t")
    assert again == found and again.fingerprint == found.fingerprint


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["id", "when", "then", "query", "pin", "hide", "boost", "filter", "by", "at", "x"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@FEW
@given(JSON | st.binary(max_size=60) | st.text(max_size=60))
def test_no_file_breaks_anything(content: Any) -> None:
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    for file in (raw, b"[" + raw + b"]", b"drill =>\n" + raw, b"drill => " + raw):
        try:
            assert isinstance(parse_rules(file, "t"), RuleSet)
        except InputError as error:
            assert error.message.startswith("t") and error.message.isprintable() and len(error.message) < 600


@FEW
@given(st.text(max_size=40))
def test_words_have_one_form(text: str) -> None:
    words = words_of(text)
    assert words_of(" ".join(words)) == words
    assert words_of(text.upper().lower()) == words_of(text.lower())
