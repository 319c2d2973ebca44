"""Every option of a search with every other: pages that fit together, and hits that add up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from itertools import combinations, count, cycle, takewhile
from typing import Any

import pytest

from aisle.cluster import Cluster
from aisle.errors import InvalidQuery
from aisle.indexer.releases.signals import store_percentiles
from aisle.mappings import BM25, DENSE
from aisle.search import Filters, GroupOptions, Page, SearchClient, SignalBoosts
from aisle.search.facets.options import FacetOptions
from aisle.search.rules.live import RulesReader
from aisle.search.rules.reading import checked_rules
from aisle.search.rules.store import RuleStore
from aisle.search.sorting import Sort
from aisle.types import BusinessSignals, Item
from tests.support.hash_vector_catalogue import HashEncoder, put_shelf

RELEASE = "test-pairs-v0001"
NAME = "test-pairs"
COLOURS = ("Red", "Blue", "Green")
ITEMS = tuple(
    Item(
        f"{kind}-{number}-{colour}",
        f"{colour} {kind} {number} mm",
        f"A {kind} of steel. Not for children.",
        group=f"{kind}-{number}",
        brand=("Acme", "Bosch")[number % 2],
        categories=(("Tools", kind.title()),),
        price=float(10 * number + place),
        identifiers=(f"{kind[:2].upper()}-{number:03d}-{place}",),
        attributes={"Colour": (colour,)},
        numbers={"Weight": float(number)},
        signals=BusinessSignals(popularity=float(number), rating=1.0 + place, stock=float(number % 3)),
    )
    for kind in ("drill", "saw", "lamp")
    for number in range(5)
    for place, colour in enumerate(COLOURS)
)
HIDDEN, PINNED = "drill-1-Red", "lamp-2-Blue"
RULES = [
    {"id": "drills", "when": {"query": "drill", "match": "contains"}, "then": {
        "hide": [HIDDEN], "pin": [{"id": PINNED, "at": 2}],
        "boost": [{"filter": {"brand": ["Bosch"]}, "by": 1.5}],
    }},
]  # fmt: skip
OPTIONS: Mapping[str, Mapping[str, Any]] = {
    "words alone": {"legs": (BM25,)},
    "meaning alone": {"legs": (DENSE,)},
    "filters": {"filters": Filters(brand=("Bosch",), price_max=42.0)},
    "in stock": {"filters": Filters(in_stock=True)},
    "facets": {"facets": FacetOptions(size=3)},
    "groups": {"group": GroupOptions(size=2)},
    "highlights": {"highlight": True},
    "boosts": {"boosts": SignalBoosts({"popularity": 0.5, "rating": 0.3})},
    "similarity": {"least_similarity": 0.1},
    "diversity": {"diversity": 0.3},
    "sorted": {"sort": "price"},
    "every match sorted": {"sort": Sort("rating", exhaustive=True)},
    "no negation": {"negation": False},
    "excluded": {"exclude": ("green",)},
    "no typos": {"typos": False},
    "no ids first": {"exact": False},
    "no rules": {"rules": False},
    "moment": {"at": datetime(2026, 11, 29, tzinfo=UTC), "context": ("campaign",)},
}
# Of these a search takes one or the other.
EXCLUSIVE = {"sort": "diversity"}
# Every match can be listed where there are words to match.
IMPOSSIBLE = {("meaning alone", "every match sorted")}
PAIRS = [
    (one, other)
    for one, other in combinations(OPTIONS, 2)
    if not OPTIONS[one].keys() & OPTIONS[other].keys()
    and not {EXCLUSIVE.get(name) for name in OPTIONS[other]} & OPTIONS[one].keys()
    and (one, other) not in IMPOSSIBLE
]
TEXTS = ("dril 3 mm -red", "DR0031", "zzzqqq")


@pytest.fixture(scope="module")
def shop(client: Cluster) -> Iterator[SearchClient]:
    client.indices.delete(index=RELEASE, ignore_unavailable=True)
    put_shelf(client, RELEASE, ITEMS, shards=2)
    client.indices.put_alias(index=RELEASE, name=NAME)
    store_percentiles(client, RELEASE)
    store = RuleStore(client, NAME)
    store.put(checked_rules(RULES, "the rules of this test"), RELEASE)
    yield SearchClient(client, NAME, HashEncoder(), window=100, rules=RulesReader(client))
    client.indices.delete(index=RELEASE)
    store.forget()


@pytest.mark.parametrize(("pair", "text"), list(zip(PAIRS, cycle(TEXTS), strict=False)))
def test_pages_fit_together_and_hits_add_up(shop: SearchClient, pair: tuple[str, str], text: str) -> None:
    options = {**OPTIONS[pair[0]], **OPTIONS[pair[1]]}
    for asked in ("steel drill", text):
        whole = shop.search(asked, size=60, **options)
        parts = [shop.search(asked, size=25, page=number, **options) for number in count_pages(whole, 25)]
        shown = [hit.item.id for hit in whole.hits]
        assert [hit.item.id for part in parts for hit in part.hits] == shown
        assert len(shown) == len(set(shown)) == whole.reachable
        assert [hit.rank for hit in whole.hits] == list(range(1, len(shown) + 1))
        assert {part.total for part in parts} <= {whole.total}
        for hit in whole.hits:
            added = sum(signal.contribution for signal in hit.signals) + sum(a.value for a in hit.additions)
            assert added == pytest.approx(hit.score), hit.item.id
        check_promises(whole, asked, options)


def count_pages(whole: Page, size: int) -> range:
    # One page past the end, which must be empty.
    return range(1, whole.reachable // size + 3)


def check_promises(page: Page, text: str, options: Mapping[str, Any]) -> None:
    filters = options.get("filters") or Filters()
    assert all(filters.matches(hit.item) for hit in page.hits)
    if "group" in options:
        groups = [hit.item.group for hit in page.hits]
        assert len(groups) == len(set(groups))
    if options.get("rules") is not False and "drill" in text:
        assert HIDDEN not in [hit.item.id for hit in page.hits]
        assert page.rules is not None
        assert page.rules.acted == ("drills",)
        if listed(options):
            assert any("pin" in one.effect and one.undone for one in page.rules.outcomes)
        elif filters.matches(next(item for item in ITEMS if item.id == PINNED)):
            assert page.hits[1].item.id == PINNED
    if "highlight" in options:
        for hit in page.hits:
            for field, segments in hit.highlights.items():
                assert "".join(text for text, _ in segments), field


def listed(options: Mapping[str, Any]) -> bool:
    """Whether every match is listed, where no rule puts an item to a place."""
    sort = options.get("sort")
    return isinstance(sort, Sort) and sort.exhaustive


def test_an_order_is_asked_for_once(shop: SearchClient) -> None:
    for name, other in EXCLUSIVE.items():
        options = next(each for each in OPTIONS.values() if name in each)
        with pytest.raises(InvalidQuery, match="one or the other"):
            shop.search("drill", **options, **next(each for each in OPTIONS.values() if other in each))


def test_what_cannot_be_is_refused(shop: SearchClient) -> None:
    for one, other in IMPOSSIBLE:
        with pytest.raises(InvalidQuery) as refused:
            shop.search("drill", **OPTIONS[one], **OPTIONS[other])
        assert refused.value.fix


def test_all_options_at_once(shop: SearchClient) -> None:
    options: dict[str, Any] = {}
    for each in OPTIONS.values():
        options |= {name: value for name, value in each.items() if name not in ("legs", "rules", "sort")}
    page = shop.search("steel drill", **options)
    assert page.hits
    check_promises(page, "steel drill", options)


def test_a_page_past_the_last_is_empty_and_says_how_many_there_are(shop: SearchClient) -> None:
    pages = (shop.search("drill", size=7, page=number, group=GroupOptions()) for number in count(1))
    seen = list(takewhile(lambda page: page.hits, pages))
    assert sum(len(page.hits) for page in seen) == seen[0].reachable
