"""Business signals on a real node: each with its own part of the score, and filters beside them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from aisle.cluster import Cluster
from aisle.errors import ForeignIndex, InvalidQuery
from aisle.indexer.releases.signals import store_percentiles
from aisle.mappings import BM25, DENSE, fields
from aisle.mappings.index_body import declared_numbers
from aisle.search import Filters, SearchClient, SignalBoosts, read_live
from aisle.types import BusinessSignals, Item
from tests.support.hash_vector_catalogue import HashEncoder, put_shelf

INDEX = "test-signals"
NOW = datetime(2026, 11, 29, tzinfo=UTC)
ITEMS = tuple(
    Item(
        f"{number:02d}",
        f"lamp {number}",
        price=float(number),
        numbers={"Returns": float(number % 7)},
        signals=BusinessSignals(
            popularity=float(number**3) if number % 4 else None,
            rating=1 + number % 5,
            stock=float(number % 3),
            available=False if number == 5 else None,
            added=(NOW - timedelta(days=number)).date().isoformat(),
        ),
    )
    for number in range(40)
)
BY_ID = {item.id: item for item in ITEMS}
BOOSTS = SignalBoosts(
    {"popularity": 0.5, "rating": 0.2, "in_stock": 0.3, "recency": 0.4, "Returns": -0.5, "price": 0.1},
    half_life_days=10,
)


@pytest.fixture(scope="module")
def shop(client: Cluster) -> Iterator[SearchClient]:
    client.indices.delete(index=INDEX, ignore_unavailable=True)
    put_shelf(client, INDEX, ITEMS, shards=2)
    store_percentiles(client, INDEX)
    yield SearchClient(client, INDEX, HashEncoder())
    client.indices.delete(index=INDEX)


def share_below(value: float, values: list[float]) -> float:
    """The reference: by counting."""
    highest = sum(other < max(values) for other in values)
    return sum(other < value for other in values) / highest if highest else 0.0


def expected(item: Item) -> dict[str, float]:
    signals = [other.signals for other in ITEMS]
    popular = [signal.popularity for signal in signals if signal.popularity is not None]
    own = item.signals
    assert own.rating is not None
    assert own.added is not None
    age = NOW - datetime.fromisoformat(own.added).replace(tzinfo=UTC)
    return {
        "popularity": share_below(own.popularity, popular) if own.popularity is not None else 0.0,
        "rating": share_below(own.rating, [signal.rating or 0.0 for signal in signals]),
        "in_stock": float(Filters(in_stock=True).matches(item)),
        "recency": 0.5 ** (age.days / 10),
        "Returns": share_below(item.numbers["Returns"], [other.numbers["Returns"] for other in ITEMS]),
        "price": share_below(item.price or 0.0, [other.price or 0.0 for other in ITEMS]),
    }


@pytest.mark.parametrize("legs", [(BM25,), (BM25, DENSE)])
def test_each_signal_multiplies_the_score_and_says_what_it_added(
    shop: SearchClient, legs: tuple[str, ...]
) -> None:
    plain = {fused.id: fused.score for fused in shop.rank("lamp", legs=legs).fused}
    hits = shop.search("lamp", legs=legs, boosts=BOOSTS, at=NOW, size=40).hits
    assert len(hits) == len(ITEMS)
    for hit in hits:
        score = sum(signal.contribution for signal in hit.signals)
        assert score == pytest.approx(plain[hit.item.id])
        parts = {addition.name: addition.value for addition in hit.additions}
        for name, share in expected(hit.item).items():
            added = score * BOOSTS.weights[name] * share
            tolerance = abs(score * BOOSTS.weights[name]) * 0.08
            assert parts.get(name, 0.0) == pytest.approx(added, abs=tolerance), (hit.item.id, name)
            score += parts.get(name, 0.0)
        assert score == pytest.approx(hit.score)
    assert [(-hit.score, hit.item.id) for hit in hits] == sorted((-hit.score, hit.item.id) for hit in hits)
    assert [hit.item.id for hit in hits] != list(plain)


def test_a_weight_of_none_changes_nothing_and_one_sinks_what_is_highest(shop: SearchClient) -> None:
    plain = shop.rank("lamp").fused
    assert shop.rank("lamp", boosts=SignalBoosts({"popularity": 0})).fused == plain
    sunk = shop.rank("lamp", boosts=SignalBoosts({"price": -1})).fused
    assert sunk[-1].id == "39"
    assert sunk[-1].score == 0


def test_items_named_by_id_stay_on_top(shop: SearchClient) -> None:
    page = shop.search("lamp", boosts=BOOSTS, filters=Filters(identifiers=("03",)))
    assert [hit.item.id for hit in page.hits] == ["03"]


def test_what_is_in_stock_is_filtered_in_every_leg_and_facet(shop: SearchClient) -> None:
    there = {item.id for item in ITEMS if Filters(in_stock=True).matches(item)}
    assert "05" not in there
    assert 0 < len(there) < len(ITEMS)
    for legs in ((BM25,), (DENSE,), (BM25, DENSE)):
        page = shop.search("lamp", legs=legs, filters=Filters(in_stock=True), size=40)
        assert {hit.item.id for hit in page.hits} == there


def test_a_signal_that_no_item_has_is_refused_and_those_that_are_there_named(
    shop: SearchClient, client: Cluster, name: str
) -> None:
    with pytest.raises(InvalidQuery, match=r"by 'margin' \(it has: .*popularity.*returns\)"):
        shop.search("lamp", boosts=SignalBoosts({"margin": 0.2}))
    with pytest.raises(InvalidQuery, match="'Returns' and 'returns' are one signal"):
        shop.search("lamp", boosts=SignalBoosts({"Returns": 0.2, "returns": 0.2}))
    for wrong in ({"weights": {"price": -1.5}}, {"weights": {"price": float("nan")}}, {"half_life_days": 0}):
        with pytest.raises(InvalidQuery):
            SignalBoosts(**wrong)
    put_shelf(client, name, ITEMS[:2])
    meta = client.indices.get(index=name)[name]["mappings"]["_meta"]
    client.indices.put_mapping(index=name, body={"_meta": {"aisle": {**meta["aisle"], "schema_version": 2}}})
    with pytest.raises(ForeignIndex, match="cannot be boosted by business signals: an older Aisle made it"):
        SearchClient(client, name, HashEncoder()).search("lamp", boosts=BOOSTS)


def test_a_release_takes_boosts_over_but_for_signals_that_no_item_has(client: Cluster, name: str) -> None:
    put_shelf(client, name, ITEMS)
    carried = SignalBoosts({"popularity": 0.2, "margin": 0.3, "Returns": -0.1}, half_life_days=9)
    with pytest.warns(UserWarning, match="has margin: searches go without"):
        store_percentiles(client, name, carried)
    kept = SignalBoosts({"popularity": 0.2, "Returns": -0.1}, half_life_days=9)
    assert read_live(client, name).meta.boosts == kept
    shop = SearchClient(client, name, HashEncoder())
    plain = {fused.id: fused.score for fused in shop.rank("lamp", boosts=SignalBoosts()).fused}
    usual = {fused.id: fused.score for fused in shop.rank("lamp").fused}
    assert usual == pytest.approx({fused.id: fused.score for fused in shop.rank("lamp", boosts=kept).fused})
    assert usual != pytest.approx(plain)
    # They were tuned beside the release's own fusion, and count there alone.
    words = shop.rank("lamp", legs=[BM25]).fused
    assert not any(fused.additions for fused in words)


def test_measuring_keeps_all_else_of_the_release(shop: SearchClient, client: Cluster) -> None:
    before = read_live(client, INDEX)
    store_percentiles(client, INDEX)
    assert read_live(client, INDEX) == before
    spread = before.meta.features.signals
    assert set(spread) == {
        *(fields.POPULARITY, fields.RATING, fields.STOCK, fields.AVAILABLE, fields.ADDED, fields.PRICE),
        f"{fields.NUMBER}.returns",
    }
    assert spread[fields.PRICE][0] == 0
    assert spread[fields.PRICE][-1] == 39
    mapping = client.indices.get(index=INDEX)[INDEX]["mappings"]
    assert declared_numbers(mapping) == {"returns"}
