"""Rules on a real index: what they do to searches, their versions in the cluster, and the commands."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import aisle
from aisle._evaluate import evaluate_index
from aisle.cluster import Cluster
from aisle.errors import IndexNotFound, InputError, InvalidQuery
from aisle.evaluation import JudgedSet
from aisle.mappings import BM25, DENSE
from aisle.search import CascadeStage, Filters, GroupOptions, Reranker, RerankOptions, SearchClient
from aisle.search.page import Page
from aisle.search.rules.live import RulesReader
from aisle.search.rules.reading import checked_rules
from aisle.search.rules.store import KEPT_VERSIONS, RULES_INDEX, RuleStore, RulesVersion
from aisle.search.systems import RULED, parse_systems
from aisle.types import Item, Query
from tests.support.command import failure, here
from tests.support.hash_vector_catalogue import HashEncoder, put_shelf
from tests.support.proxies.faulty import Answer, Delay, Down, Fault, FaultyProxy, LoseAnswer, Plan

ITEMS = (
    *(
        Item(
            f"drill-{n:02d}",
            f"cordless drill {n}",
            "with battery" if n % 2 else "without case",
            brand="Acme" if n % 3 else "Bosch",
            price=float(n),
        )
        for n in range(30)
    ),
    *(Item(f"saw-{n:02d}", f"circular saw {n}", brand="Acme", price=50.0 + n) for n in range(10)),
)
RELEASE = "test-rules-v0001"
NAME = "test-rules"


@pytest.fixture(scope="module")
def shelf(client: Cluster) -> Iterator[str]:
    client.indices.delete(index=RELEASE, ignore_unavailable=True)
    put_shelf(client, RELEASE, ITEMS, shards=2)
    client.indices.put_alias(index=RELEASE, name=NAME)
    yield NAME
    client.indices.delete(index=RELEASE)
    RuleStore(client, NAME).forget()


@pytest.fixture(autouse=True)
def no_rules(client: Cluster) -> None:
    RuleStore(client, NAME).forget()


@dataclass(frozen=True)
class Shop:
    """A client that reads rules anew for each search."""

    client: Cluster
    legs: tuple[str, ...] | None = None

    def put(self, *rows: dict[str, Any]) -> int:
        named = [{"id": f"r{n}", **row} for n, row in enumerate(rows, 1)]
        return aisle.put_rules(NAME, named, cluster=self.client).live.version

    def search(self, text: str = "cordless drill", **options: Any) -> Page:
        shop = SearchClient(
            self.client, NAME, HashEncoder(), window=40, rules=RulesReader(self.client, every_s=0)
        )
        return shop.search(text, legs=self.legs, **options)


@pytest.fixture
def shop(client: Cluster, shelf: str) -> Shop:
    return Shop(client)


def on_rules(fault: Fault) -> Plan:
    """The fault for whatever asks for rules."""
    return lambda request: fault if RULES_INDEX in request.path else None


def ids(page: Page) -> list[str]:
    return [hit.item.id for hit in page.hits]


def told(page: Page, rule: str = "r1") -> dict[str, Any]:
    assert page.rules is not None
    return next(one for one in page.rules.to_json()["rules"] if one["id"] == rule)


def test_without_rules_nothing_is_different(client: Cluster, shop: Shop) -> None:
    plain = SearchClient(client, NAME, HashEncoder(), window=40).search("cordless drill", size=30)
    found = shop.search(size=30)
    assert (ids(found), found.rules and found.rules.to_json()["rules"]) == (ids(plain), [])
    assert plain.rules is None and plain.to_json()["rules"] is None
    shop.put({"then": {"hide": ["drill-01"]}})
    assert "drill-01" in ids(shop.search(size=40, rules=False))
    assert shop.search(rules=False).rules is None
    with pytest.raises(InputError, match="this client reads no rules"):
        SearchClient(client, NAME, HashEncoder()).search("drill", rules=True)


@pytest.mark.parametrize("legs", [None, [BM25], [DENSE]])
def test_a_hidden_item_is_nowhere(client: Cluster, shelf: str, legs: list[str] | None) -> None:
    shop = Shop(client, tuple(legs) if legs else None)
    before = shop.search(size=40, facets=10)
    hidden = ids(before)[:5]
    shop.put({"when": {"query": "drill", "match": "contains"}, "then": {"hide": hidden}})
    after = shop.search(size=40, facets=10)
    assert not set(hidden) & set(ids(after)) and len(after.hits) == len(before.hits) - 5
    assert after.facets and after.facets.brand and before.facets and before.facets.brand
    assert sum(after.facets.brand.counts.values()) == sum(before.facets.brand.counts.values()) - 5
    # A query that is its id finds it no more, either.
    shop.put({"then": {"hide": ["drill-01"]}})
    assert "drill-01" not in ids(shop.search("drill-01", size=40))


@pytest.mark.parametrize("legs", [None, [BM25], [DENSE]])
def test_boosts_are_factors_and_every_hit_adds_up(
    client: Cluster, shelf: str, legs: list[str] | None
) -> None:
    shop = Shop(client, tuple(legs) if legs else None)
    plain = {hit.item.id: hit for hit in shop.search(size=40).hits}
    shop.put(
        {
            "then": {
                "boost": [
                    {"filter": {"brand": "Bosch"}, "by": 3},
                    {"filter": {"words": "batteries drilling"}, "by": 2},
                    {"filter": {"ids": "saw-01"}, "by": 1.5},
                    {"filter": {"brand": "nobody"}, "by": 9},
                ],
                "bury": {"filter": {"price_min": 55}, "by": 0.1},
            }
        }
    )
    found = shop.search(size=40)
    for hit in found.hits:
        item, factor = hit.item, 1.0
        factor *= 3 if item.brand == "Bosch" else 1
        factor *= 2 if item.id.startswith("drill") and int(item.id[-2:]) % 2 else 1
        factor *= 1.5 if item.id == "saw-01" else 1
        factor *= 0.1 if (item.price or 0) >= 55 else 1
        before = plain[item.id]
        assert [signal.contribution for signal in hit.signals] == [s.contribution for s in before.signals]
        assert hit.score == pytest.approx(before.score + abs(before.score) * (factor - 1))
        added = sum(one.value for one in hit.additions)
        assert sum(s.contribution for s in hit.signals) + added == pytest.approx(hit.score)
        assert [one.name for one in hit.additions] == ["rules"] * (factor != 1)
    assert [hit.score for hit in found.hits] == sorted((hit.score for hit in found.hits), reverse=True)
    # BM25 finds no saws.
    none = {"brand nobody"} | ({"ids saw-01", "price_min 55.0"} if legs == [BM25] else set())
    assert {one["about"] for one in told(found)["could_not"]} == none
    assert {one["why"] for one in told(found)["could_not"]} == {"no result is among them"}
    assert len(told(found)["did"]) == 5 - len(none)


def test_filters_of_rules(shop: Shop) -> None:
    shop.put({"then": {"filter": {"brand": "Bosch"}, "exclude": [{"words": "batteries"}, {"price_max": 5}]}})
    found = shop.search(size=40)
    expected = {f"drill-{n:02d}" for n in range(6, 30, 6)}
    assert set(ids(found)) == expected and found.total == len(expected)
    # What the release does not know must not cost the results.
    shop.put({"then": {"filter": [{"numbers": {"Torque": [1, None]}}, {"brand": "Bosch"}]}})
    found = shop.search(size=40)
    assert {hit.item.brand for hit in found.hits} == {"Bosch"}
    assert "cannot be filtered by a number 'Torque'" in told(found)["could_not"][0]["why"]
    # A rule's filter that leaves nothing is an empty page that says why.
    shop.put({"then": {"filter": {"brand": "nobody"}}})
    found = shop.search()
    assert not found.hits and told(found)["did"] == [{"effect": "filter", "about": "brand nobody"}]


def test_a_rewritten_query_is_what_is_searched(shop: Shop) -> None:
    shop.put(
        {"when": {"query": "sägen"}, "then": {"query": "circular saw"}},
        {"when": {"query": "cheap", "match": "contains"}, "then": {"remove": "cheap", "add": "battery"}},
    )
    assert ids(shop.search("sägen", size=10)) == ids(shop.search("circular saw", size=10))
    assert ids(shop.search("cheap drill", size=10)) == ids(shop.search("drill battery", size=10))
    # Query syntax stays words.
    shop.put({"when": {"query": "x"}, "then": {"query": 'title:("saw") AND *:* brand:[A TO Z]^9~'}})
    assert ids(shop.search("x"))[0].startswith("saw")


def test_pins_are_absolute_and_stable_over_pages(shop: Shop) -> None:
    plain = ids(shop.search(size=40))
    pins = [("saw-03", 1), (plain[20], 2), ("saw-04", 12), ("gone", 3), ("drill-00", 4)]
    shop.put({"then": {"pin": [{"id": id_, "at": at} for id_, at in pins]}})
    narrow = Filters(price_min=1)
    whole = shop.search(size=40, filters=narrow)
    assert [ids(whole)[at - 1] for at in (1, 2, 12)] == ["saw-03", plain[20], "saw-04"]
    rest = ids(shop.search(size=40, filters=narrow, rules=False))
    shown = {"saw-03", plain[20], "saw-04"}
    assert [id_ for id_ in ids(whole) if id_ not in shown] == [id_ for id_ in rest if id_ not in shown]
    paged = [id_ for page in range(1, 7) for id_ in ids(shop.search(size=7, page=page, filters=narrow))]
    assert paged == ids(whole) and len(set(paged)) == len(paged) == whole.reachable
    assert {one["about"]: one["why"] for one in told(whole)["could_not"]} == {
        "gone at 3": f"{RELEASE} has no such item",
        "drill-00 at 4": "the filters leave it out",
    }
    assert all(hit.rank == rank for rank, hit in enumerate(whole.hits, 1))


def test_a_pin_that_no_leg_found_is_there(client: Cluster, shelf: str) -> None:
    shop = Shop(client, (BM25,))
    shop.put({"then": {"pin": {"id": "saw-03", "at": 2}}})
    found = shop.search(size=5)
    assert ids(found)[1] == "saw-03" and found.hits[1].score == 0.0
    assert found.hits[1].signals[0].rank is None
    # It is shown, and does not have the words.
    assert (found.total, found.reachable) == (30, 31)
    # Also where nothing else is found, and beside the item whose id the query is.
    assert ids(shop.search("zzz")) == ["saw-03"]
    assert ids(shop.search("drill-07"))[:2] == ["drill-07", "saw-03"]


def test_pins_stand_after_reranking_and_stand_for_their_product(client: Cluster, name: str) -> None:
    variants = [Item(f"{n}-{c}", f"drill {n} {c}", group=f"g{n}") for n in range(6) for c in ("red", "blue")]
    put_shelf(client, name, variants)
    reader, scorer = RulesReader(client, every_s=0), Reranker([CascadeStage(Longest(), 50)])
    shop = SearchClient(client, name, HashEncoder(), reranker=scorer, rules=reader)
    rows = [{"id": "a", "then": {"pin": [{"id": "4-red", "at": 1}, {"id": "4-blue", "at": 2}]}}]
    RuleStore(client, name).put(checked_rules(rows, "t"), name)
    try:
        both: tuple[dict[str, Any], ...] = ({}, {"rerank": RerankOptions(weight=1)})
        for options in both:
            plain = shop.search("drill", size=20, **options)
            assert ids(plain)[:2] == ["4-red", "4-blue"] and len(set(ids(plain))) == len(variants)
            pages = [
                shop.search("drill", size=4, page=page, group=GroupOptions(), **options) for page in (1, 2)
            ]
            shown = [id_ for page in pages for id_ in ids(page)]
            assert shown[0] == "4-red" and sorted(id_[0] for id_ in shown) == list("012345")
            undone = told(pages[1], "a")["could_not"]
            assert [one["about"] for one in undone] == ["4-blue at 2"]
            assert "another variant of its product" in undone[0]["why"]
        assert plain.reranked == len(variants) and all(hit.rerank for hit in plain.hits)
    finally:
        RuleStore(client, name).forget()


def test_a_page_that_is_browsed_hides_and_filters_and_names_what_it_does_not(
    client: Cluster, shop: Shop
) -> None:
    shop.put(
        {
            "when": {"query": "", "filters": {"brand": "Bosch"}},
            "then": {
                "hide": ["drill-00"],
                "exclude": {"price_min": 25},
                "pin": {"id": "drill-06", "at": 1},
                "boost": {"filter": {"ids": "drill-03"}, "by": 2},
                "note": "Bosch week",
            },
        }
    )
    reader = RulesReader(client, every_s=0)
    listed = SearchClient(client, NAME, HashEncoder(), rules=reader).browse(
        filters=Filters(brand=("Bosch",)), size=40
    )
    assert set(ids(listed)) == {f"drill-{n:02d}" for n in range(3, 25, 3)}
    assert [one["effect"] for one in told(listed)["did"]] == ["hide", "note", "exclude"]
    assert {one["effect"]: one["why"] for one in told(listed)["could_not"]} == dict.fromkeys(
        ("boost", "pin"), "a list keeps the order that it is sorted by"
    )


class Longest:
    """Thinks that long texts fit best."""

    fingerprint = "longest"

    def score(self, query: str, texts: Sequence[str]) -> NDArray[np.float32]:
        return np.array([float(len(text)) for text in texts], dtype=np.float32)


def test_evaluation_leaves_rules_out_and_names_them_where_it_does_not(
    client: Cluster, shop: Shop, shelf: str
) -> None:
    asked = JudgedSet("t", "dev", (Query("q", "cordless drill"),), {"q": {"drill-07": 3}})
    shop.put({"then": {"hide": ["drill-01"], "pin": {"id": "saw-07", "at": 1}}})
    systems = parse_systems("hybrid")
    silent = evaluate_index(SearchClient(client, NAME, HashEncoder(), window=200), asked, systems)
    assert silent.runs["hybrid"].rankings["q"][0] != "saw-07"
    assert "drill-01" in silent.runs["hybrid"].rankings["q"]
    ruled = SearchClient(client, NAME, HashEncoder(), window=200, rules=RulesReader(client))
    loud = evaluate_index(ruled, asked, {f"{name}{RULED}": spec for name, spec in systems.items()})
    ranking = loud.runs["hybrid+rules"].rankings["q"]
    assert ranking[0] == "saw-07" and "drill-01" not in ranking and len(set(ranking)) == len(ranking)
    assert "hybrid+rules" in loud.to_markdown()


def test_context_time_redirect_and_notes(shop: Shop) -> None:
    version = shop.put(
        {
            "when": {"context": "campaign"},
            "from": "2026-12-24T00:00:00Z",
            "then": {"redirect": "/sale", "note": {"banner": "<b>"}},
        }
    )
    eve = datetime(2026, 12, 24, 18, tzinfo=UTC)
    found = shop.search(context=("campaign",), at=eve)
    assert found.rules is not None and found.rules.version == version
    said = found.to_json()["rules"]
    assert (said["redirect"], said["notes"]) == ("/sale", [{"rule": "r1", "note": {"banner": "<b>"}}])
    for options in ({"at": eve}, {"context": "campaign", "at": datetime(2026, 12, 23, tzinfo=UTC)}):
        other = shop.search(**options).rules
        assert other is not None and not other.redirect and not other.acted
    with pytest.raises(InvalidQuery, match="has no time zone"):
        shop.search(at=datetime(2026, 12, 24))


def test_a_release_that_is_asked_by_its_own_name_has_its_catalogues_rules(
    shop: Shop, client: Cluster
) -> None:
    shop.put({"then": {"hide": ["drill-01"]}})
    opened = SearchClient(client, RELEASE, HashEncoder(), rules=RulesReader(client))
    page = opened.search("drill", size=40)
    assert page.rules is not None and page.rules.version == 1 and "drill-01" not in ids(page)


def test_rules_are_read_once_in_a_while_and_a_broken_read_keeps_the_last(
    shop: Shop, client: Cluster, proxy: FaultyProxy, shaky: Cluster
) -> None:
    shop.put({"then": {"hide": ["drill-01"]}})
    patient = SearchClient(shaky, NAME, HashEncoder(), rules=RulesReader(shaky, every_s=3600))
    for _ in range(3):
        assert "drill-01" not in ids(patient.search("drill", size=40))
    assert proxy.count(RULES_INDEX) == 2
    eager = SearchClient(shaky, NAME, HashEncoder(), rules=RulesReader(shaky, every_s=0))
    eager.search("drill")
    proxy.requests.clear()
    eager.search("drill")
    # The rules themselves are read when there is a new version.
    assert proxy.count(RULES_INDEX) == 1
    for fault in (Down(), Answer(503, b"{}"), Answer(403, b'{"error":"no permissions"}'), Answer(200, b"{")):
        proxy.plan = on_rules(fault)
        page = eager.search("drill", size=40)
        assert page.rules is not None and page.rules.version == 1 and "drill-01" not in ids(page)
        assert page.rules.problem.startswith("the rules could not be read: ")
        # One that never read any goes without, and says so.
        fresh = SearchClient(shaky, NAME, HashEncoder(), rules=RulesReader(shaky, every_s=0)).search("drill")
        assert (
            fresh.hits
            and fresh.rules is not None
            and (fresh.rules.version, bool(fresh.rules.problem)) == (0, True)
        )
    proxy.plan = lambda request: None
    shop.put({"then": {"hide": ["drill-02"]}})
    page = eager.search("drill", size=40)
    assert page.rules is not None and (page.rules.version, page.rules.problem) == (2, "")
    assert "drill-01" in ids(page) and "drill-02" not in ids(page)


def test_a_node_that_is_slow_with_rules_costs_one_search_two_seconds(
    shop: Shop, proxy: FaultyProxy, shaky: Cluster
) -> None:
    shop.put({"then": {"hide": ["drill-01"]}})
    reader = RulesReader(shaky, every_s=0)
    assert reader.current(NAME).version == 1
    proxy.plan = on_rules(Delay(4))
    slow = threading.Thread(target=reader.current, args=(NAME,))
    slow.start()
    while not proxy.count(RULES_INDEX) > 2:
        pass
    # Others go on meanwhile, with what there is.
    assert reader.current(NAME).version == 1
    slow.join(timeout=10)
    assert not slow.is_alive()
    assert "could not be read" in reader._looks[NAME].live.problem


@pytest.mark.parametrize(
    "source",
    [
        {"rules": "[{}]"},
        {"rules": "{"},
        {"other": 1},
        {"rules": json.dumps([{"id": "a", "then": {"fly": 1}}])},
    ],
)
def test_rules_of_another_hand_cost_no_search(client: Cluster, shop: Shop, source: dict[str, Any]) -> None:
    shop.put({"then": {"hide": ["drill-01"]}})
    live = RuleStore(client, NAME).history().live
    assert live is not None
    client.index(index=RULES_INDEX, id=f"{NAME}:1:{live.fingerprint[:16]}", body=source)
    found = shop.search()
    assert found.hits and found.rules is not None and found.rules.problem
    client.index(index=RULES_INDEX, id=NAME, body={"versions": 7})
    found = shop.search()
    assert found.hits and found.rules is not None and "cannot be read" in found.rules.problem
    with pytest.raises(InputError, match="cannot be read") as error:
        aisle.list_rules(NAME, cluster=client)
    assert "aisle rules delete --history" in error.value.fix
    aisle.delete_rules(NAME, history=True, cluster=client)
    assert shop.put({"then": {"hide": ["drill-02"]}}) == 1
    assert "drill-02" not in ids(shop.search(size=40))


def test_versions_are_kept_counted_and_gone_back_to(client: Cluster, shop: Shop) -> None:
    for n in range(KEPT_VERSIONS + 2):
        assert shop.put({"then": {"hide": [f"drill-{n:02d}"]}}) == n + 1
    last = KEPT_VERSIONS + 2
    versions = aisle.list_rules(NAME, cluster=client)
    assert [one.version for one in versions] == list(range(3, last + 1))
    assert {one.release for one in versions} == {RELEASE}
    with pytest.raises(InputError, match="there is no version 1 "):
        aisle.show_rules(NAME, 1, cluster=client)
    # The same rules are no new version.
    again = aisle.put_rules(NAME, aisle.show_rules(NAME, cluster=client), cluster=client)
    assert (again.changed, again.live.version) == (False, last)
    back = aisle.rollback_rules(NAME, cluster=client)
    assert back.live.version == last + 1 and back.live.fingerprint == versions[-2].fingerprint
    assert aisle.rollback_rules(NAME, 5, cluster=client).live.fingerprint == versions[2].fingerprint
    with pytest.raises(InputError, match="was live with test-rules-v0000"):
        aisle.rollback_rules(NAME, release="test-rules-v0000", cluster=client)
    assert aisle.rollback_rules(NAME, release="test-rules-v0009", cluster=client).changed is False
    off = aisle.delete_rules(NAME, cluster=client)
    assert off is not None and off.rules == 0 and "drill-04" in ids(shop.search(size=40))
    with pytest.raises(InputError, match="has no rules"):
        aisle.delete_rules(NAME, cluster=client)
    aisle.rollback_rules(NAME, cluster=client)
    assert aisle.delete_rules(NAME, history=True, cluster=client) is None
    assert aisle.list_rules(NAME, cluster=client) == ()


def test_of_two_that_put_at_the_same_time_one_is_told(client: Cluster, shelf: str) -> None:
    """Many at once: every number is given once, the last word is one of theirs, and nobody is told a lie."""
    sets = [checked_rules([{"id": "a", "then": {"hide": [str(n)]}}], "t") for n in range(8)]
    done: dict[int, RulesVersion] = {}
    refused: list[str] = []

    def put(n: int) -> None:
        try:
            done[n] = RuleStore(client, NAME).put(sets[n], RELEASE)
        except InputError as error:
            refused.append(error.message)

    threads = [threading.Thread(target=put, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert done and len(done) + len(refused) == 8
    assert all("at the same time" in said for said in refused)
    numbers = [version.version for version in done.values()]
    assert len(set(numbers)) == len(numbers)
    history = RuleStore(client, NAME).history()
    assert [one.version for one in history.versions] == sorted(numbers)
    for n, version in done.items():
        assert RuleStore(client, NAME).rules(version) == sets[n]


def test_a_put_whose_answers_are_lost_is_put_once(
    client: Cluster, proxy: FaultyProxy, shaky: Cluster, shelf: str
) -> None:
    lost: set[str] = set()

    def lose_each_first(request: Any) -> LoseAnswer | None:
        if request.method in ("PUT", "POST") and RULES_INDEX in request.path and request.path not in lost:
            lost.add(request.path)
            return LoseAnswer()
        return None

    proxy.plan = lose_each_first
    rows = [{"id": "a", "then": {"hide": ["drill-01"]}}]
    done = aisle.put_rules(NAME, rows, cluster=shaky)
    assert lost and done.changed
    history = RuleStore(client, NAME).history()
    assert history.live == done.live and len(history.versions) == 1
    assert RuleStore(client, NAME).rules(done.live).to_json() == rows


def test_what_is_put_is_checked_against_the_release(client: Cluster, shelf: str) -> None:
    rows = [
        {"id": "a", "then": {"pin": {"id": "gone", "at": 1}, "hide": ["drill-01"]}},
        {"id": "b", "then": {"filter": {"numbers": {"Torque": [1, 2]}}}},
    ]
    done = aisle.put_rules(NAME, rows, cluster=client)
    assert done.warnings[0] == f"rule a: {RELEASE} has no item gone"
    assert "cannot be filtered by a number 'Torque'" in done.warnings[1] and len(done.warnings) == 2
    with pytest.raises(InputError, match=r"has no item gone \(and 1 more\)"):
        aisle.put_rules(NAME, rows, strict=True, cluster=client)
    with pytest.raises(IndexNotFound, match="no-such-shop has no releases"):
        aisle.put_rules("no-such-shop", rows, cluster=client)
    with pytest.raises(InputError, match="no rules to put"):
        aisle.put_rules(NAME, [], cluster=client)
    with pytest.raises(InputError, match="cannot be an index name"):
        aisle.put_rules("Shop*", rows, cluster=client)


def test_the_commands(
    shelf: str,
    node_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> Any:
        return here(monkeypatch, capfd, "rules", *arguments, AISLE_URL=node_url)

    (tmp_path / "rules.txt").write_text("drill =>\n UP(50): * brand:Bosch\n BOOST: x\n")
    (tmp_path / "rules.json").write_text(
        json.dumps({"rules": [{"id": "a\u202e", "when": {"query": "drill"}, "then": {"hide": "gone"}}]})
    )
    (tmp_path / "broken.json").write_text('{"rules": [\n{"id": }]}')
    assert "has no rules" in failure(run("list", "-n", NAME))
    done = run("check", "rules.txt")
    assert done.code == 0 and "1 rules, 1 warnings" in done.out and "line 3: 'BOOST: x'" in done.err
    assert "line 3" in failure(run("check", "rules.txt", "--strict"))
    assert "line 2 column" in failure(run("check", "broken.json"))
    assert "no such file" in failure(run("put", "none.json", "-n", NAME))
    done = run("put", "rules.txt", "-n", NAME)
    assert (done.code, "version 1 of the rules of test-rules is live: 1 rules" in done.out) == (0, True)
    assert "control characters" in failure(run("put", "rules.json", "-n", NAME))
    (tmp_path / "rules.json").write_text(
        json.dumps({"rules": [{"id": "a", "when": {"query": "drill"}, "then": {"hide": "gone"}}]})
    )
    assert "has no item gone" in run("put", "rules.json", "-n", NAME).err
    assert "live already" in run("put", "rules.json", "-n", NAME).out
    listed = json.loads(run("list", "-n", NAME, "--json").out)
    assert [(one["version"], one["rules"], one["release"]) for one in listed] == [
        (1, 1, RELEASE),
        (2, 1, RELEASE),
    ]
    assert "2 (live)" in run("list", "-n", NAME).out
    shown = run("show", "-n", NAME, "--version", "1").out
    (tmp_path / "shown.json").write_text(shown)
    assert json.loads(run("check", "shown.json", "--json").out) == {"rules": 1, "warnings": []}
    assert "rules that act: a" in run("test", "drill", "-n", NAME).out
    assert "no rule acts" in run("test", "drills", "-n", NAME).out
    tested = json.loads(run("test", "drill x", "--file", "rules.txt", "--json").out)
    assert tested["rules"][0]["did"] == [{"effect": "boost", "about": "brand Bosch"}]
    assert "whose rules?" in failure(run("test", "drill"))
    assert "no moment with its time zone" in failure(run("test", "x", "-n", NAME, "--at", "2026-12-24"))
    assert "version 3" in run("rollback", "-n", NAME).out
    assert "has no rules (version 4)" in run("delete", "-n", NAME).out
    assert "has no rules" in failure(run("delete", "-n", NAME))
    assert "every version" in run("delete", "-n", NAME, "--history").out
