"""Rules as such: files and what is wrong with them, whose turn it is, and what they do together."""

from __future__ import annotations

import gzip
import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from aisle.errors import InputError
from aisle.search import Filters
from aisle.search.rules.effects import (
    MAX_HIDDEN,
    MAX_PINS,
    Effect,
    PlacedPin,
    RuleReport,
    effects_of,
    placed,
    without,
)
from aisle.search.rules.matching import RuleBook, Situation
from aisle.search.rules.reading import MAX_BYTES, checked_rules, parse_rules, read_rules
from aisle.search.rules.rule import MAX_RULES, Rule
from aisle.search.rules.words import words_of

NOON = datetime(2026, 12, 24, 12, tzinfo=UTC)
HIDE = {"hide": ["x"]}


def rules(*rows: dict[str, Any]) -> tuple[Rule, ...]:
    """Rules with ids r1, r2, ... unless they say otherwise."""
    return checked_rules([{"id": f"r{n}", "then": HIDE, **row} for n, row in enumerate(rows, 1)], "t").rules


def acting(
    book: tuple[Rule, ...],
    text: str = "",
    filters: Filters | None = None,
    *context: str,
    moment: datetime = NOON,
) -> list[str]:
    situation = Situation(text, filters or Filters(), frozenset(context), moment)
    return [rule.id for rule in RuleBook(book).acting(situation)]


@pytest.mark.parametrize(
    ("match", "wording", "found", "not_found"),
    [
        ("exact", "cordless drill", ["Cordless  DRILL!"], ["cordless drill 18v", "a cordless drill", ""]),
        ("starts", "cordless drill", ["cordless drill 18v", "cordless-drill"], ["new cordless drill"]),
        (
            "contains",
            "cordless drill",
            ["new cordless drill 18v"],
            ["cordless hammer drill", "drill cordless"],
        ),
        ("contains", "drill", ["drill", "a drill"], ["drills", "drilling"]),
        # Compared in one form of Unicode and of case.
        ("exact", "café STRASSE", ["cafe\u0301 straße", "CAFÉ strasse"], ["cafe strasse"]),
        ("exact", "ﬁlter №5", ["filter No5"], ["filter 5"]),
        # Scripts without spaces: within a query as well, and marks belong to their letters.
        ("contains", "ドリル", ["電動ドリル", "ﾄﾞﾘﾙ"], ["電動"]),
        ("contains", "สว่าน", ["ซื้อสว่านไร้สาย"], ["สว่า"]),
        ("contains", "मेज", ["लाल मेज"], ["मे", "मेजबान"]),
        ("exact", "🔥", ["🔥", "🔥️"], ["fire"]),
        # Query syntax is words.
        ("exact", "title:red AND *", ["title red and"], ["red", "*"]),
        ("contains", "c++", ["c compiler"], ["cc"]),
    ],
)
def test_words_of_a_query(match: str, wording: str, found: list[str], not_found: list[str]) -> None:
    book = rules({"when": {"query": wording, "match": match}})
    for text in found:
        assert acting(book, text) == ["r1"], text
    for text in not_found:
        assert acting(book, text) == [], text


def test_a_rule_may_have_several_wordings_none_or_be_about_browsing() -> None:
    book = rules(
        {"when": {"query": ["drill", "drills"]}},
        {"when": {}},
        {"when": {"query": ""}},
        {"when": {"query": ["", "sale"]}},
    )
    assert acting(book, "drills") == ["r1", "r2"]
    assert acting(book, "sale") == ["r2", "r4"]
    assert acting(book) == ["r2", "r3", "r4"]


def test_filters_context_and_time() -> None:
    drills = {"category": "Home > Drills"}
    book = rules(
        {"when": {"filters": drills}},
        {"when": {"filters": {"brand": ["Acme", "Bosch"], "attributes": {"Colour": "Red"}}}},
        {"when": {"context": ["campaign", "app"]}},
        {"from": "2026-12-24T12:00:00Z", "until": "2026-12-24T13:00:00+00:00"},
        {"until": "2026-12-24T13:00:00+01:00"},
    )
    assert acting(book) == ["r4"]
    # The spaces of a path do not matter; what is below it is another page.
    assert "r1" in acting(book, "", Filters(category=("Home>Drills",)))
    assert "r1" not in acting(book, "", Filters(category=("Home > Drills > Cordless",)))
    assert "r1" not in acting(book, "", Filters(category=("Home > Drills", "Home > Saws")))
    red = {"Colour": ("Red",)}
    assert "r2" in acting(book, "", Filters(brand=("Acme",), attributes=red, price_max=5))
    assert "r2" in acting(book, "", Filters(brand=("Bosch", "Acme"), attributes=red))
    assert "r2" not in acting(book, "", Filters(brand=("Acme", "Makita"), attributes=red))
    assert "r2" not in acting(book, "", Filters(brand=("Acme",)))
    assert "r3" in acting(book, "", None, "app", "other")
    assert "r3" not in acting(book, "", None, "other")
    assert acting(book, moment=datetime(2026, 12, 24, 11, 59, 59, tzinfo=UTC)) == ["r5"]
    assert acting(book, moment=datetime(2026, 12, 24, 13, tzinfo=UTC)) == []


def test_ten_thousand_rules_cost_a_search_no_more_than_ten() -> None:
    many = rules(
        *({"when": {"query": f"drill {n}", "match": "contains"}} for n in range(MAX_RULES - 1)),
        {"when": {"query": "hammer drill 7", "match": "starts"}},
    )
    book = RuleBook(many)
    situation = Situation("hammer drill 7 " + "drill " * 200, Filters(), frozenset(), NOON)
    started = time.process_time()
    for _ in range(20):
        assert [rule.id for rule in book.acting(situation)] == ["r8", f"r{MAX_RULES}"]
    # A scan of the rules takes some hundred times as long.
    assert (time.process_time() - started) / 20 < 0.01


def test_what_a_rule_does_to_the_text() -> None:
    found = effects_of(
        rules(
            {"then": {"query": "cheap cordless drill"}},
            {"then": {"query": "another"}},
            {"then": {"remove": "cheap tv"}},
            {"then": {"add": "18v"}},
            {"then": {"remove": "cordless drill"}},
        ),
        "akku",
    )
    told = {(one.rule, one.effect): one.undone for one in found.outcomes}
    assert told[("r1", Effect.QUERY)] == ""
    assert told[("r2", Effect.QUERY)] == "rule r1 did it first"
    assert told[("r5", Effect.REMOVE)] == "no word would be left"
    assert found.text == "cordless drill 18v"
    # A page that is browsed stays one.
    browsed = effects_of(rules({"then": {"query": "a", "add": "b", "remove": "c"}}), "")
    assert browsed.text == "" and {one.undone for one in browsed.outcomes} == {"no query is asked"}


def test_words_are_taken_out_whole() -> None:
    assert without("Cheap, cheaper TV-Stand cheap!", "CHEAP tv") == "cheaper TV-Stand"
    assert without("tv-stand for tv", "tv stand") == "for"
    assert without("drill", "saw") == "drill"


def test_hiding_wins_and_the_first_of_two_does_what_only_one_can() -> None:
    found = effects_of(
        rules(
            {"then": {"pin": [{"id": "a", "at": 1}, {"id": "b", "at": 2}], "redirect": "/first"}},
            {"then": {"hide": ["b"], "pin": {"id": "a", "at": 5}, "redirect": "/second"}},
            {"then": {"note": {"banner": 1}, "filter": {"brand": "Acme"}}},
        ),
        "drill",
    )
    assert found.pins == (PlacedPin("r1", "a", 1),) and found.hidden == ("b",)
    assert found.redirect == "/first"
    report = RuleReport(3, found.outcomes, found.redirect, found.notes)
    told = {one["id"]: one for one in report.to_json()["rules"]}
    assert told["r1"]["could_not"] == [{"effect": "pin", "about": "b", "why": "rule r2 hides it"}]
    assert [one["why"] for one in told["r2"]["could_not"]] == [
        "rule r1 pins it already",
        "rule r1 did it first",
    ]
    assert told["r3"]["did"] == [{"effect": "note", "about": ""}]
    assert [one.outcome().about for one in found.chosen] == ["brand Acme"]
    assert report.to_json()["notes"] == [{"rule": "r3", "note": {"banner": 1}}]
    assert set(report.acted) == {"r1", "r2", "r3"}


def test_too_much_of_anything_is_left_undone_and_said() -> None:
    hiding = [{"then": {"hide": [f"{n}-{i}" for i in range(1000)]}} for n in range(6)]
    pins = [{"then": {"pin": [{"id": f"p{n}-{i}", "at": 1} for i in range(100)]}} for n in range(3)]
    filters = [{"then": {"filter": [{"ids": "a"}] * 20}} for _ in range(3)]
    notes = [{"then": {"note": n}} for n in range(60)]
    found = effects_of(rules(*hiding, *pins, *filters, *notes, *[{"then": {"add": "w " * 100}}] * 9), "drill")
    assert len(found.hidden) == MAX_HIDDEN and len(found.pins) == MAX_PINS
    assert (len(found.chosen), len(found.notes)) == (50, 50)
    assert len(found.text) <= 1_000
    undone = {one.effect for one in found.outcomes if one.undone}
    assert undone == {Effect.HIDE, Effect.PIN, Effect.FILTER, Effect.NOTE, Effect.ADD}


def test_pins_stand_at_their_places() -> None:
    pins = [
        PlacedPin("r1", "d", 1),
        PlacedPin("r2", "new", 1),
        PlacedPin("r3", "far", 99),
        PlacedPin("r4", "gone", 3),
    ]
    found = placed(["a", "b", "c", "d"], pins, {"gone": "no such item"})
    assert found.ids == ("d", "new", "a", "b", "c", "far")
    assert [(one.about, one.undone) for one in found.outcomes] == [
        ("d at 1", ""),
        ("new at 2", ""),
        ("far at 99", ""),
        ("gone at 3", "no such item"),
    ]
    assert placed([], pins[:1], {}).ids == ("d",)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (1, "rule 1: should be an object"),
        ({"id": "a"}, "rule 1 (a): then: field required"),
        ({"then": HIDE}, "rule 1: id: field required"),
        ({"id": "", "then": HIDE}, "rule 1: id: string should have at least 1 character"),
        ({"id": "a\u001b[2J", "then": HIDE}, "its id holds control characters"),
        ({"id": "a", "then": {}}, "then: does nothing"),
        ({"id": "a", "then": {"hidden": ["x"]}}, "then.hidden: there is no such key"),
        ({"id": "a", "then": {"hide": [1]}}, "then.hide[0]: should be a valid string"),
        (
            {"id": "a", "then": {"pin": {"id": "x", "at": 0}}},
            "then.pin[0].at: should be greater than or equal",
        ),
        ({"id": "a", "then": {"pin": {"id": "x", "at": 1.5}}}, "then.pin[0].at: should be a valid integer"),
        (
            {"id": "a", "then": {"boost": {"filter": {"brand": "A"}, "by": 0.5}}},
            "by: should be greater than 1",
        ),
        ({"id": "a", "then": {"bury": {"filter": {"brand": "A"}, "by": 2}}}, "by: should be less than 1"),
        ({"id": "a", "then": {"boost": {"filter": {}, "by": 2}}}, "names nothing to select by"),
        (
            {"id": "a", "then": {"filter": {"price_min": 5, "price_max": 1}}},
            "the price range 5.0 to 1.0 is empty",
        ),
        ({"id": "a", "then": {"filter": {"words": "*:*"}}}, "'*:*' has no word"),
        ({"id": "a", "then": {"query": "???"}}, "'???' has no word"),
        ({"id": "a", "then": {"redirect": "javascript:alert(1)"}}, "is neither a path like /sale nor"),
        ({"id": "a", "then": {"redirect": "//evil.example"}}, "is neither a path like /sale nor"),
        ({"id": "a", "then": {"redirect": "/a\nSet-Cookie: x"}}, "holds a space"),
        ({"id": "a", "then": {"note": "n" * 5000}}, "then.note: has 5,002 bytes, over 4,096"),
        ({"id": "a", "then": HIDE, "when": {"query": "?!"}}, "the query '?!' has no word"),
        ({"id": "a", "then": HIDE, "when": {"query": "", "match": "contains"}}, "has no word"),
        (
            {"id": "a", "then": HIDE, "when": {"match": "regex"}},
            "when.match: should be 'exact', 'contains' or",
        ),
        ({"id": "a", "then": HIDE, "from": "2026-12-24T00:00:00"}, "from: should have timezone info"),
        ({"id": "a", "then": HIDE, "from": "yesterday"}, "from: should be a valid datetime"),
        (
            {"id": "a", "then": HIDE, "from": "2027-01-01T00:00:00Z", "until": "2026-01-01T00:00:00Z"},
            "before it",
        ),
    ],
)
def test_what_is_no_rule_is_named(row: Any, said: str) -> None:
    with pytest.raises(InputError) as error:
        parse_rules(json.dumps([row]).encode(), "rules.json")
    assert said in error.value.message, error.value.message
    assert error.value.message.startswith("rules.json, rule 1")
    assert error.value.message.isprintable() and len(error.value.message) < 500


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'{"rules": [', "is no JSON: unexpected end of data: line 1"),
        (b'{"rules": [],\n "x": NaN}', "line 2"),
        (b'{"rules": {}}', "holds no list of rules"),
        (b'{"rule": []}', "holds rule where only 'rules' is known"),
        (b"drill =>\n UP: \xff", "line 2 is not UTF-8"),
        (b"[" * 3000, "is no JSON"),
        (json.dumps([{"id": "a", "then": HIDE}] * 2).encode(), "rule 2 (a) has the id of rule 1 (a)"),
        (
            json.dumps([{"id": str(n), "then": HIDE} for n in range(10_001)]).encode(),
            "10,001 rules, over 10,000",
        ),
    ],
)
def test_a_broken_file_is_named(content: bytes, said: str) -> None:
    with pytest.raises(InputError) as error:
        parse_rules(content, "rules.json")
    assert said in error.value.message


@pytest.mark.parametrize(
    ("row", "known"),
    [
        ({"id": "a", "then": HIDE, "til": 1}, "id, then, when, from, until, comment"),
        ({"id": "a", "then": {"pins": []}}, "pin, hide, boost, bury"),
        ({"id": "a", "then": {"pin": [{"id": "1", "at": 1, "x": 2}]}}, "id, at"),
        ({"id": "a", "then": {"boost": {"filter": {"brnd": "x"}, "by": 2}}}, "ids, words, brand, category"),
        ({"id": "a", "then": HIDE, "when": {"filters": {"brnd": "x"}}}, "brand, category, attributes"),
    ],
)
def test_of_a_key_that_there_is_not_those_that_there_are_are_named(row: Any, known: str) -> None:
    with pytest.raises(InputError, match=f"there is no such key; choose from {known}"):
        parse_rules(json.dumps([row]).encode(), "rules.json")


def test_every_mistake_is_named_at_once() -> None:
    rows = [{"id": "a", "when": {"qery": "x"}, "then": HIDE}, {"id": "b", "then": {"pin": ["17"]}}]
    with pytest.raises(InputError) as error:
        parse_rules(json.dumps(rows).encode(), "rules.json")
    assert "rule 1 (a): when.qery: there is no such key; choose from query, match, filters, context" in (
        error.value.message
    )
    assert "rule 2 (b): then.pin[0]" in error.value.message
    with pytest.raises(InputError, match=r"\(and 4 more\)"):
        parse_rules(json.dumps([{"id": str(n)} for n in range(9)]).encode(), "rules.json")


def test_a_huge_file_is_refused_before_it_is_in_memory(tmp_path: Path) -> None:
    bomb = tmp_path / "rules.json.gz"
    with gzip.open(bomb, "wb", compresslevel=1) as file:
        file.write(b"[" + b" " * (MAX_BYTES + 1) + b"]")
    with pytest.raises(InputError, match="is over 8 MiB"):
        read_rules(bomb)
    with pytest.raises(InputError, match="no such file"):
        read_rules(tmp_path / "none.json")


def test_rules_are_written_as_they_are_read() -> None:
    row = {
        "id": "all",
        "comment": "of everything",
        "when": {
            "query": ["a b", "c"],
            "match": "starts",
            "filters": {"brand": ["Acme"], "attributes": {"Colour": ["Red"]}},
            "context": ["campaign"],
        },
        "from": "2026-12-01T00:00:00+01:00",
        "until": "2026-12-25T00:00:00Z",
        "then": {
            "pin": [{"id": "42", "at": 1}],
            "hide": ["7"],
            "boost": [{"filter": {"brand": ["Acme"], "in_stock": True}, "by": 1.5}],
            "bury": [{"filter": {"numbers": {"Weight": [None, 5.0]}}, "by": 0.5}],
            "filter": [{"price_max": 10.0}],
            "exclude": [{"words": "used"}],
            "query": "q",
            "add": "w",
            "remove": "v",
            "redirect": "https://shop.example/sale?x=1",
            "note": {"banner": [1, None, "x"]},
        },
    }
    found = checked_rules([row], "t")
    assert found.to_json() == [row]
    again = parse_rules(json.dumps({"rules": found.to_json()}).encode(), "t")
    assert again == found and again.fingerprint == found.fingerprint
    assert checked_rules([{**row, "comment": ""}], "t").fingerprint != found.fingerprint


QUERQY = """
# synonyms and boosts
personal computer =>
  SYNONYM: pc
  SYNONYM(0.5): desktop computer
  DOWN(50): software
  @_id: "ID1"
  @_log: "by anna => live"
  @{
    priority: 100,
    "tenant": ["t1",   "t2"],
  }@

"faq" =>
\tDECORATE: REDIRECT /service/faq
\tDECORATE(banner): Hello
\tDECORATE: redirect, javascript:alert(1)
sofa* =>
   SYNONYM: sofa $1
sofas" =>
   UP: couch
a AND b =>
   UP: c
name:drill =>
   UP: c
"notebook =>
   FILTER: * -category:accessories
   FILTER: apple -case
   FILTER: * brand:"Acme Tools"
   UP: * price:[350 TO *]
   UP(10): * colour:red
   up(20): +title:(a^2) OR
   UP(10): * {"range": {"price": 3}}
   UP(-1): x
   BOOST: x
   DELETE
off =>
   DELETE: off
   @enabled: false
cheap iphone => DELETE: cheap
"""


def test_querqys_rules_are_read_and_what_is_left_out_is_named() -> None:
    found = parse_rules(QUERQY.encode(), "rules.txt")
    rows = {row["id"]: row for row in found.to_json()}
    assert list(rows) == ["ID1", 'line 14: "faq"', 'line 26: "notebook', "line 40: cheap iphone"]
    computer = rows["ID1"]
    assert computer["when"] == {"query": ["personal computer"], "match": "contains"}
    assert computer["comment"] == "by anna => live"
    assert computer["then"]["add"] == "pc desktop computer"
    assert computer["then"]["bury"] == [{"filter": {"words": "software"}, "by": pytest.approx(1 / 1.5)}]
    faq = rows['line 14: "faq"']
    assert faq["when"] == {"query": ["faq"]}
    assert faq["then"] == {"redirect": "/service/faq", "note": [{"banner": "Hello"}]}
    notebook = rows['line 26: "notebook']
    assert notebook["when"]["match"] == "starts"
    assert notebook["then"]["filter"] == [{"words": "apple"}, {"brand": ["Acme Tools"]}]
    assert notebook["then"]["exclude"] == [{"category": ["accessories"]}, {"words": "case"}]
    assert notebook["then"]["boost"] == [
        {"filter": {"price_min": 350.0}, "by": 2.0},
        {"filter": {"attributes": {"colour": ["red"]}}, "by": pytest.approx(1.1)},
        # Lucene's syntax is words.
        {"filter": {"words": "title:(a^2) OR"}, "by": pytest.approx(1.2)},
    ]
    assert notebook["then"]["remove"] == "notebook"
    warned = {int(line.split(", line ")[1].split(":")[0]): line for line in found.warnings}
    assert list(warned) == sorted(warned) == [5, 10, 11, 17, 18, 19, 20, 22, 24, 31, 33, 34, 35, 37]
    assert "its weight is not kept" in warned[5]
    assert "the property priority is left out" in warned[10]
    assert "no wildcards" in warned[18] and "the end of a query" in warned[20]
    assert "boolean" in warned[22] and "no field" in warned[24]
    assert "taken for an attribute" in warned[31]
    assert "a search engine's own language" in warned[33]
    assert "'-1' is no weight" in warned[34] and "there is no instruction BOOST" in warned[35]
    assert "not enabled" in warned[37]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("UP(10): x", "line 1: 'UP(10): x' stands before any input"),
        ("a =>\n\n  what is this", "line 3: 'what is this' is neither an input nor an instruction"),
        ("a =>\n UP: b\n @{\n priority: 1", "line 3: '@{' has no }@"),
        ('a =>\n UP: b\n @_id: "x"\nb =>\n UP: c\n @_id: "x"', "line 4 has the id of line 1"),
        ("a =>\n SYNONYM: " + "w" * 300, "line 1: then.add: string should have at most 200"),
    ],
)
def test_a_broken_rules_txt_is_named_with_its_line(text: str, said: str) -> None:
    with pytest.raises(InputError) as error:
        parse_rules(text.encode(), "rules.txt")
    assert said in error.value.message, error.value.message


def test_words() -> None:
    assert words_of("Bosch's  PSR-1800 (18V)") == ("bosch", "s", "psr", "1800", "18v")
    assert words_of("!?") == ()
