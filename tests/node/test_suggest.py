"""Suggestions of a real catalogue: what completes what was typed, and finds something."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

import aisle
from aisle.cluster import Cluster
from aisle.errors import ForeignIndex, InputError, InvalidQuery
from aisle.indexer import IndexReport
from aisle.indexer.releases.rollback import rollback
from aisle.mappings.suggestions import SuggestionSource, folded, suggest_alias, suggest_index
from aisle.search import Bm25Leg, Filters, SearchClient
from aisle.search.suggest import Suggestions
from tests.support.command import Done, here

NAME = "test-suggest"
ROWS = [
    *((f"d{n}", f"Cordless Drill {n}", "Acme", "Tools > Power Tools", n) for n in range(1, 7)),
    *((f"b{n}", f"Drill Bit Set No {n}", "Béla & Söhne", "Tools > Bits", 0) for n in range(1, 5)),
    *((f"h{n}", f"Garden Hose {n}", "Hydro", "Garden > Hoses", 0) for n in range(1, 5)),
    *((f"j{n}", f"充電式ドリルドライバー {n}", "マキタ", "工具 > 電動工具", 0) for n in range(1, 4)),
    *((f"t{n}", f"สว่านไฟฟ้า {n}", "Acme", "เครื่องมือ", 0) for n in range(1, 4)),
    *((f"k{n}", f"전동 드릴 {n}", "Acme", "공구", 0) for n in range(1, 4)),
    *((f"g{n}", f"Straße Größe {n}", "Hydro", "Garden > Hoses", 0) for n in range(1, 4)),
    *((f"s{n}", f"Secret Widget {n}", "Acme", "Tools", 0) for n in range(1, 4)),
    ("only", "Unicorn Lamp", "Rara", "Lamps", 0),
]
QUERIES = """query,count,clients
drill press stand,10,9
Cordless DRILL,90,40
cordless  drill,30,10
garden hose,50,12
me@example.com,900,90
call 0151 2345678,900,90
order 12345,900,90
4111 1111 1111 1111,900,90
one visitor drill,900,1
secret widget,800,80
nothingness,700,70
unicorn lamp,20,9
"""


def write_catalogue(path: Path, rows: list[tuple[str, str, str, str, int]]) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("id", "title", "brand", "category", "sold"))
        writer.writerows(rows)
    return path


@pytest.fixture(scope="module")
def report(client: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[IndexReport]:
    folder = tmp_path_factory.mktemp("suggest")
    client.indices.delete(index=f"{NAME}-v*")
    (folder / "queries.csv").write_text(QUERIES)
    (folder / "block.txt").write_text("# of the shop\nSECRET\n")
    yield aisle.index(
        write_catalogue(folder / "shop.csv", ROWS),
        NAME,
        columns={"popularity": "sold"},
        language="en",
        encoder=None,
        queries=folder / "queries.csv",
        suggest_block=folder / "block.txt",
        cluster=client,
        dead_letters=folder / "dead.jsonl",
    )
    client.indices.delete(index=f"{NAME}-v*")


@pytest.fixture(scope="module")
def shop(client: Cluster, report: IndexReport) -> SearchClient:
    return SearchClient(client, NAME, legs=(Bm25Leg(),))


def texts(found: Suggestions) -> list[str]:
    return [query.text for query in found.queries]


def test_popular_queries_come_first_and_private_ones_never(shop: SearchClient, report: IndexReport) -> None:
    found = shop.suggest("dri")
    # What begins with it before what has it inside.
    assert texts(found)[:2] == ["drill press stand", "cordless drill"]
    assert [query.count for query in found.queries[:2]] == [10, 120]
    assert {query.source for query in found.queries[:2]} == {SuggestionSource.POPULAR}
    assert {"drill", "drill bit set"} <= set(texts(found)[2:])
    assert report.suggestions is not None and report.suggestions.popular == 4
    assert report.suggestions.dropped == {
        "looks like an address": 1,
        "looks like an order number": 1,
        "looks like a telephone, card or order number": 2,
        "asked by too few visitors": 1,
        "on the block list": 1,
        "finds nothing": 1,
    }
    for typed in ("m", "o", "4", "se", "not", "wid"):
        assert not [text for text in texts(shop.suggest(typed)) if "@" in text or "secret" in text]


def test_nothing_typed_suggests_what_is_popular(shop: SearchClient) -> None:
    for typed in ("", "  ", "!?"):
        found = shop.suggest(typed)
        assert texts(found) == ["cordless drill", "garden hose", "unicorn lamp", "drill press stand"]
        assert [one.item.id for one in found.items] == ["d6", "d5", "d4", "d3"]


def test_categories_and_brands_complete_with_their_counts(shop: SearchClient) -> None:
    found = shop.suggest("pow")
    assert [(one.value, one.count) for one in found.categories] == [("Tools > Power Tools", 6)]
    inside = shop.suggest("too")
    assert ("Tools > Power Tools", 6) in [(one.value, one.count) for one in inside.categories]
    assert [(one.value, one.count) for one in shop.suggest("bela").brands] == [("Béla & Söhne", 4)]
    assert [one.value for one in shop.suggest("sohn").brands] == ["Béla & Söhne"]


@pytest.mark.parametrize(
    ("typed", "query", "item"),
    [
        ("cordles dri", "cordless drill", "d"),
        ("crodless", "cordless drill", "d"),
        ("CORDLÉSS DR", "cordless drill", "d"),
        ("充電", "充電式ドリルドライバー", "j"),
        ("充電式ド", "", "j"),
        ("สว่า", "สว่านไฟฟ้า", "t"),
        ("전동 드리", "전동 드릴", "k"),
        ("strass", "straße größe", "g"),
        ("STRASSE GRO", "straße größe", "g"),
    ],
)
def test_typing_errors_accents_and_scripts(shop: SearchClient, typed: str, query: str, item: str) -> None:
    found = shop.suggest(typed)
    assert not query or query in texts(found)
    assert found.items and {one.item.id[0] for one in found.items} == {item}


def test_words_that_no_suggestion_has_together_are_joined(shop: SearchClient) -> None:
    found = shop.suggest("acme cordless dri")
    assert texts(found) == ["acme cordless drill"]
    joined = shop.suggest("set dri")
    assert [(one.text, one.source, one.count) for one in joined.queries] == [
        ("set drill", SuggestionSource.JOINED, 4)
    ]
    assert {one.item.id[0] for one in joined.items} == {"b"}


def test_what_was_typed_is_marked_and_never_markup(shop: SearchClient) -> None:
    found = shop.suggest("cordless dr")
    assert found.queries[0].segments == (("cordless", True), (" ", False), ("dr", True), ("ill", False))
    assert found.items[0].segments[:3] == (("Cordless", True), (" ", False), ("Dr", True))
    assert found.to_json()["queries"][0]["segments"][0] == ("cordless", True)
    for hostile in ("<b>dri", "dri*", 'dri" OR "x', "dri~", "../dri", "\x00\x1fdri\ud800", "dri)"):
        assert "cordless drill" in texts(shop.suggest(hostile)) or "<" in hostile or "OR" in hostile


def test_what_is_too_long_or_begins_nothing_suggests_nothing(shop: SearchClient) -> None:
    for typed in ("zzqx", "x" * 81, "drill " * 500):
        found = shop.suggest(typed)
        assert not found.queries and not found.categories and not found.brands
    with pytest.raises(InvalidQuery, match="21 suggestions"):
        shop.suggest("dri", size=21)
    with pytest.raises(InvalidQuery, match="-1 items"):
        shop.suggest("dri", items=-1)


def test_the_command_prints_what_is_suggested(
    shop: SearchClient, node_url: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def suggest(*arguments: str) -> Done:
        return here(monkeypatch, capfd, "suggest", *arguments, "--name", NAME, AISLE_URL=node_url)

    said = suggest("pow").out
    assert "Tools > Power Tools  6" in said and f"{NAME}-v0001" in said
    assert "popular 120" in suggest("cordless dri").out
    assert "has nothing that 'zz\\x1bq' begins" in suggest("zz\x1bq").out
    found = json.loads(suggest("cordless dri", "--brand", "Hydro", "--json").out)
    assert (found["queries"], found["items"]) == ([], [])
    failed = suggest("dri", "--size", "0")
    assert failed.code == 1 and "fix: ask for 1 to 20 suggestions" in failed.err


def test_everything_suggested_finds_something_under_the_filters(shop: SearchClient) -> None:
    hydro = Filters(brand=("Hydro",))
    found = shop.suggest("g", filters=hydro)
    assert "garden hose" in texts(found) and {one.item.brand for one in found.items} == {"Hydro"}
    assert [(one.value, one.count) for one in found.categories] == [("Garden", 7)]
    assert texts(shop.suggest("dri", filters=hydro)) == []
    assert shop.suggest("acm", filters=hydro).brands == ()


def test_nothing_that_was_deleted_is_offered(client: Cluster, shop: SearchClient) -> None:
    before = shop.suggest("unic")
    assert texts(before) == ["unicorn lamp"] and [one.item.id for one in before.items] == ["only"]
    assert [one.value for one in shop.suggest("lam").categories] == ["Lamps"]
    assert [one.value for one in shop.suggest("rar").brands] == ["Rara"]
    client.delete(index=NAME, id="only", refresh=True)
    gone = shop.suggest("unic")
    assert (gone.queries, gone.items) == ((), ())
    assert shop.suggest("lam").categories == () and shop.suggest("rar").brands == ()


def test_every_prefix_of_a_suggestion_is_completed_by_it(client: Cluster, shop: SearchClient) -> None:
    """The reference: what begins with the folded text, whole or from one of its words, heaviest first."""
    index = suggest_index(shop.suggest("").release)
    stored = client.search(index=index, body={"size": 1000})["hits"]["hits"]
    documents = sorted((hit["_source"] for hit in stored), key=lambda source: -weight(source))
    queries = [source["text"] for source in documents if source["kind"] == "query"]
    for prefix in sorted({folded(text)[:end] for text in queries for end in (1, 2, 3, 5, 9)}):
        starting = [text for text in queries if begins(folded(text), prefix.strip())]
        offered = texts(shop.suggest(prefix, size=20))
        assert set(offered) <= set(starting)
        assert set(starting[:20]) - {"unicorn lamp"} <= set(offered), prefix


def weight(source: dict[str, dict[str, int]]) -> int:
    return next(source[name]["weight"] for name in ("query", "value") if name in source)


def begins(text: str, prefix: str) -> bool:
    words = text.split(" ")
    return any(" ".join(words[start:]).startswith(prefix) for start in range(len(words)))


def test_suggestions_go_live_back_and_away_with_their_release(
    client: Cluster, name: str, tmp_path: Path
) -> None:
    def make(*titles: str, **changes: object) -> IndexReport:
        rows = [(str(n), title, "Acme", "Tools", 0) for n, title in enumerate(titles * 3)]
        path = write_catalogue(tmp_path / "shop.csv", rows)
        kept = {"encoder": None, "language": "en", "cluster": client, **changes}
        kept["dead_letters"] = tmp_path / "dead.jsonl"
        return aisle.index(path, name, **kept)  # type: ignore[arg-type]

    def offered() -> list[str]:
        return texts(opened.suggest("dr"))

    make("Drill")
    opened = SearchClient(client, name, legs=(Bm25Leg(),))
    assert offered() == ["drill"]
    make("Drum")
    assert offered() == ["drum"]
    rollback(client, name)
    assert offered() == ["drill"]
    assert texts(opened.for_release(f"{name}-v0002").suggest("dr")) == ["drum"]
    # What somebody else made is neither taken nor deleted.
    foreign = suggest_index(f"{name}-v0003")
    client.indices.create(index=foreign)
    with pytest.raises(InputError, match="Aisle did not make it"):
        make("Dragon")
    assert offered() == ["drill"] and client.indices.exists(index=foreign)
    client.indices.delete(index=foreign)
    make("Dragon", suggest=False, keep=1)
    assert not client.indices.exists(index=suggest_index(f"{name}-v0002"))
    with pytest.raises(ForeignIndex, match="cannot suggest anything") as lacking:
        offered()
    assert "--no-suggest" in lacking.value.fix
    # One that lost its release is deleted with the next release.
    orphan = suggest_index(f"{name}-v0000")
    client.indices.create(index=orphan, body={"aliases": {suggest_alias(f"{name}-v0000"): {}}})
    make("Drone", keep=0)
    assert offered() == ["drone"]
    assert sorted(client.indices.get(index=f"{name}-v*")) == [f"{name}-v0005", f"{name}-v0005-suggest"]


def test_suggestions_that_are_gone_are_named(client: Cluster, name: str, tmp_path: Path) -> None:
    path = write_catalogue(tmp_path / "shop.csv", ROWS[:6])
    aisle.index(path, name, encoder=None, cluster=client, dead_letters=tmp_path / "dead.jsonl")
    client.indices.delete(index=suggest_index(f"{name}-v0001"))
    with pytest.raises(ForeignIndex, match="-v0001 are gone"):
        aisle.suggest("dri", name, cluster=client)
