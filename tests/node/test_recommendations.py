"""Recommendations from an index on a real node, held to the recommender and to the reference over arrays."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from opensearchpy import OpenSearch, Transport

import aisle
from aisle._recommendations import release_artifacts
from aisle.cluster import Cluster
from aisle.errors import ArtifactMismatch, ArtifactNotFound, ForeignIndex, InputError
from aisle.mappings import RecommendationSpace
from aisle.mappings.signals import SignalBoosts
from aisle.recommendation.artifact import save_recommender
from aisle.recommendation.recommender import Recommender
from aisle.recommendation.settings import Learned
from aisle.search import Filters, read_live
from aisle.search.recommend.client import RecommendationArtifacts, RecommendationClient
from aisle.search.recommend.reference import ItemArrays
from aisle.search.rules.live import RulesReader
from aisle.search.rules.store import RuleStore
from aisle.sequences import one_sequence
from tests.support.command import Done, failure, here
from tests.support.hash_vector_catalogue import put_shelf, swap
from tests.support.recommending_shop import (
    BARE,
    CODES,
    COUNT,
    NEW,
    SPACE,
    item_vectors,
    items,
    put_preferences,
    put_recommending_shop,
    recommender,
    routed,
    walks,
)

NAME = "test-recommendations"
RELEASE, ROUTED = f"{NAME}-v0001", "test-routed-v0001"
ITEMS = items()
IDS = tuple(item.id for item in ITEMS)
HISTORIES = {
    "empty": (),
    "unknown": ("gone",),
    "one": ("item-010",),
    "without-a-text": (BARE,),
    "some": ("item-050", "gone", "item-010", "item-011", "gone"),
    "new": ("item-033", NEW),
    "thousand": tuple(f"item-{number * 7 % 97:03d}" for number in range(1_000)),
}
FILTERS = Filters(category=("kind 1", "kind 2"), price_max=110.0, in_stock=True)


@dataclass(frozen=True)
class Shop:
    client: Cluster
    artifacts: RecommendationArtifacts

    name: str = NAME
    preferring: RecommendationArtifacts | None = None

    def recommender(self, *, rules: bool = False) -> RecommendationClient:
        reader = RulesReader(self.client, every_s=0) if rules else None
        return RecommendationClient(self.client, self.name, self.artifacts, rules=reader)


@pytest.fixture(scope="module")
def shop(client: Cluster) -> Iterator[Shop]:
    client.indices.delete(index=RELEASE, ignore_unavailable=True)
    artifacts = put_recommending_shop(client, RELEASE)
    client.indices.put_alias(index=RELEASE, name=NAME)
    yield Shop(client, artifacts)
    client.indices.delete(index=RELEASE)
    RuleStore(client, NAME).forget()


@pytest.fixture(scope="module")
def routed_shop(client: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """One with a sequence part and prefixes, opened by its name."""
    store = aisle.ArtifactStore(tmp_path_factory.mktemp("store"))
    made = routed(store)
    assert made.router is not None
    space = replace(
        SPACE, recommender=made.router.recommender, router=made.router.fingerprint, dims=16, levels=2
    )
    client.indices.delete(index=ROUTED, ignore_unavailable=True)
    put_recommending_shop(client, ROUTED, space, made)
    opened = release_artifacts(read_live(client, ROUTED).meta, store)
    put_preferences(made, store)
    preferring = release_artifacts(read_live(client, ROUTED).meta, store)
    assert preferring.recommender.preferences is not None
    yield Shop(client, opened, ROUTED, preferring)
    client.indices.delete(index=ROUTED)


@pytest.fixture(params=["texts", "sequences"])
def either(request: pytest.FixtureRequest, shop: Shop, routed_shop: Shop) -> Shop:
    return shop if request.param == "texts" else routed_shop


@pytest.fixture(params=["texts", "sequences", "preferences"])
def any_of_them(request: pytest.FixtureRequest, shop: Shop, routed_shop: Shop) -> Shop:
    preferring = routed_shop.preferring
    assert preferring is not None
    shops = {"texts": shop, "sequences": routed_shop}
    return shops.get(request.param) or replace(routed_shop, artifacts=preferring)


@pytest.mark.parametrize("history", HISTORIES.values(), ids=HISTORIES)
@pytest.mark.parametrize("exclude_bought", [True, False])
def test_the_index_answers_as_the_recommender_does(
    any_of_them: Shop, history: tuple[str, ...], exclude_bought: bool
) -> None:
    """With the new item and its step left out, which the recommender does not know."""
    shop = any_of_them
    # Preferences read logarithms of what is next to nothing.
    close = 2e-6 if shop.artifacts.recommender.preferences is None else 1e-4
    known = [step for step in history if step != NEW]
    local = shop.artifacts.recommender.recommend(known, size=20, exclude_bought=exclude_bought)
    page = shop.recommender().recommend(known, size=20, exclude=[NEW], exclude_bought=exclude_bought)
    assert page.unknown == local.unknown == tuple(dict.fromkeys(step for step in known if step == "gone"))
    assert [item.rank for item in page.items] == list(range(1, len(page.items) + 1))
    mine = {item.id: item.score for item in page.items}
    theirs = {item.id: item.score for item in local.items}
    assert len(mine) == len(theirs)
    np.testing.assert_allclose(sorted(mine.values()), sorted(theirs.values()), atol=close)
    # But for ties, which each breaks in its own way.
    last = min(theirs.values()) + 2 * close
    assert {i for i, score in mine.items() if score > last} == {i for i, s in theirs.items() if s > last}
    because = {item.id: item.because for item in local.items}
    for item in page.items:
        assert sum(item.signals.values()) == pytest.approx(item.score, abs=1e-6)
        assert item.item.title == f"thing {int(item.id[-3:])}"
        if item.id in because:
            assert item.because == because[item.id]
            assert item.signals == pytest.approx(
                {s: v for found in local.items if found.id == item.id for s, v in found.signals.items()},
                abs=close,
            )


def arrays(shop: Shop) -> ItemArrays:
    order = np.argsort(IDS)
    made = shop.artifacts.recommender
    takers = {**dict(zip(made.items, made.learned.counts.takers.tolist(), strict=True)), NEW: 0}
    popularity = np.array([takers[IDS[n]] for n in order], dtype=np.float32) / max(takers.values())
    ids, vectors = tuple(IDS[n] for n in order), item_vectors(made)[order]
    prefixes = tuple(f"{first}-{second}" for first, second in CODES[order].tolist())
    return ItemArrays(ids, vectors, popularity.astype(np.float32), prefixes)


@pytest.mark.parametrize("filters", [None, FILTERS], ids=["all", "filtered"])
@pytest.mark.parametrize("history", HISTORIES.values(), ids=HISTORIES)
def test_each_channel_finds_what_the_reference_finds(
    either: Shop, history: tuple[str, ...], filters: Filters | None
) -> None:
    shop = either
    shelf = arrays(shop)
    by_id = {item.id: item for item in ITEMS}
    size = 12
    page = shop.recommender().recommend(
        history, size=size, budget=size, filters=filters, exclude=["item-012"]
    )
    assert page.pool == len(page.items) <= size
    codes = dict(zip(IDS, map(tuple, CODES.tolist()), strict=True)) if shop.artifacts.space.levels else {}
    assert [item.semantic_id for item in page.items] == [codes.get(item.id, ()) for item in page.items]
    allowed = np.array(
        [
            (filters is None or filters.matches(by_id[id_])) and id_ not in (*history, "item-012")
            for id_ in shelf.ids
        ]
    )
    vector, counts, prefixes = _profile(shop, shelf, history)
    expected = shelf.channels(vector, counts, allowed, size, prefixes)
    assert {channel for item in page.items for channel in item.channels} <= expected.keys()
    for item in page.items:
        assert item.channels.keys() == {name for name, found in expected.items() if item.id in found.ids}
        for channel, found in item.channels.items():
            result = expected[channel]
            assert found.score == pytest.approx(result.scores[result.ids.index(item.id)], abs=2e-6)
            # Scores that are alike may change places.
            assert result.scores[found.rank - 1] == pytest.approx(found.score, abs=2e-6)
    # What no channel has is not there, and what is best of all is.
    whole = shop.recommender().recommend(
        history, size=size, filters=filters, exclude=["item-012"], budget=len(IDS)
    )
    assert page.items[0].id == whole.items[0].id


def _profile(
    shop: Shop, shelf: ItemArrays, history: tuple[str, ...]
) -> tuple[NDArray[np.float32] | None, NDArray[np.float32], tuple[str, ...]]:
    """By other means than the client's: as a weighted sum written out."""
    made = shop.artifacts.recommender
    known = [step for step in history if step in IDS][-200:]
    decay, last = made.settings.text.decay, made.settings.text.last
    ages = np.arange(len(known))[::-1]
    weights = decay**ages
    weights = (1 - last) * weights / max(weights.sum(), 1e-9) + last * (ages == 0)
    rows = dict(zip(shelf.ids, shelf.vectors, strict=True))
    vector = np.zeros(shelf.vectors.shape[1], dtype=np.float32)
    for weight, step in zip(weights, known, strict=True):
        vector += np.float32(made.settings.text_weight * weight) * rows[step]
    prefixes: tuple[str, ...] = ()
    if made.router is not None:
        assert made.router.router is not None
        vector[:8] = 0
        if known:
            user = made.router.encoder.encode([np.stack([rows[step][:8] for step in known])])
            vector[:8] = np.float32(made.router.weight) * user[0]
            found, _ = made.router.router.best_prefixes(user, 2, 50)
            prefixes = tuple(f"{first}-{second}" for first, second in found[0].tolist())
    counts_channel = made.channel.parts[0][0]
    asked = one_sequence(made.items, [made.places[step] for step in known if step in made.places])
    scores = dict(zip(made.items, counts_channel.scores(asked)[0].tolist(), strict=True))
    counts = np.array([scores.get(id_, 0.0) for id_ in shelf.ids], dtype=np.float32)
    return (vector if vector.any() else None), counts, prefixes


def test_a_change_of_stock_or_price_acts_at_once(shop: Shop, client: Cluster) -> None:
    asked: dict[str, Any] = {"history": ["item-010"], "filters": Filters(in_stock=True, price_max=50.0)}
    before = shop.recommender().recommend(**asked)
    first, second = before.items[:2]
    for item, change in ((first, {"stock": 0.0}), (second, {"price": 50.5})):
        client.update(index=RELEASE, id=item.id, body={"doc": change}, refresh=True)
    try:
        after = shop.recommender().recommend(**asked)
    finally:
        for item in (first, second):
            undone = {"stock": item.item.signals.stock, "price": item.item.price}
            client.update(index=RELEASE, id=item.id, body={"doc": undone}, refresh=True)
    assert [item.id for item in after.items][:8] == [item.id for item in before.items][2:]


def test_what_is_new_is_found_by_its_text_and_explained(shop: Shop) -> None:
    vectors = item_vectors(shop.artifacts.recommender)
    like = np.argsort(-(vectors @ vectors[IDS.index(NEW)]))
    history = [IDS[place] for place in like.tolist() if IDS[place] != NEW][:1]
    page = shop.recommender().recommend(history, size=30)
    (new,) = (item for item in page.items if item.id == NEW)
    assert set(new.channels) >= {"ann"} and "counts" not in new.channels
    assert (new.signals["counts"], new.because) == (0.0, history[0])
    # What was taken of it counts as well.
    after = shop.recommender().recommend([NEW], size=5)
    assert after.unknown == () and after.titles == {NEW: f"thing {COUNT}"}
    assert history[0] in [item.id for item in after.items] and after.items[0].because == NEW


def test_an_item_is_explained_by_the_vector_that_the_index_scored(routed_shop: Shop, client: Cluster) -> None:
    """The recommender has one of its own, of a text that was another."""
    history = ["item-050", "item-010"]
    vectors = dict(zip(IDS, item_vectors(routed_shop.artifacts.recommender), strict=True))
    asked = routed_shop.recommender()
    before = asked.recommend(history, size=40)
    changed = next(item for item in before.items if item.because == "item-050" and not item.signals["counts"])
    # A text like the other step's, and a sequence part that is told from its own.
    vector = vectors["item-010"] * 2
    client.update(index=ROUTED, id=changed.id, body={"doc": {"item_vector": vector.tolist()}}, refresh=True)
    try:
        after = asked.recommend(history, size=40)
    finally:
        undone = {"item_vector": vectors[changed.id].tolist()}
        client.update(index=ROUTED, id=changed.id, body={"doc": undone}, refresh=True)
    (found,) = (item for item in after.items if item.id == changed.id)
    assert found.because == "item-010"
    assert found.signals["sequence"] != pytest.approx(changed.signals["sequence"], abs=1e-3)
    same = {item.id: item.signals["sequence"] for item in before.items if item.id != changed.id}
    for item in after.items:
        assert sum(item.signals.values()) == pytest.approx(item.score, abs=1e-6)
        assert item.id not in same or item.signals["sequence"] == pytest.approx(same[item.id], abs=1e-6)


class Listening(Transport):
    """Keeps what is sent."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.sent: list[str] = []

    def perform_request(self, *arguments: Any, **options: Any) -> Any:
        method, url, _, body = arguments
        self.sent.append(f"{method} {url} {body}")
        return super().perform_request(*arguments, **options)


def test_a_page_takes_three_requests_and_no_vector_that_the_recommender_has(
    either: Shop, node_url: str
) -> None:
    """By a client of opensearch-py's own making, whose serializer is another."""
    theirs = OpenSearch([node_url], transport_class=Listening)
    listening = theirs.transport
    assert isinstance(listening, Listening)
    sent = listening.sent
    shop = RecommendationClient(theirs, either.name, either.artifacts)
    try:
        shop.recommend(["item-050"])
        sent.clear()
        page = shop.recommend(["item-050", "item-010"], exclude=[NEW])
        assert page.items and [line.split()[1].rsplit("/", 1)[-1] for line in sent] == [
            "_mget",
            "_msearch",
            "_msearch",
        ]
        assert "item_vector" not in sent[-1]
        sent.clear()
        shown = shop.recommend(["item-050", "item-010"], size=COUNT).items
        assert NEW in [item.id for item in shown]
        *_, asked = (line for line in sent[-1].splitlines() if "item_vector" in line)
        assert json.loads(asked)["query"] == {"ids": {"values": [NEW]}}
    finally:
        theirs.close()


def test_what_has_left_the_catalogue_is_called_as_it_was(shop: Shop, client: Cluster) -> None:
    gone = client.get(index=RELEASE, id="item-010")["_source"]
    before = shop.recommender().recommend(["item-010"], size=5)
    client.delete(index=RELEASE, id="item-010", refresh=True)
    try:
        after = shop.recommender().recommend(["item-010"], size=5)
    finally:
        client.index(index=RELEASE, id="item-010", body=gone, refresh=True)
    assert after.unknown == () and after.titles == before.titles == {"item-010": "thing 10"}
    assert {item.because for item in after.items} == {"item-010"}


def test_signals_lift_and_rules_act_as_in_a_search(shop: Shop) -> None:
    client = shop.recommender(rules=True)
    plain = client.recommend(["item-010"], size=8)
    assert plain.rules is not None and plain.rules.outcomes == ()
    boosts = SignalBoosts({"popularity": 2.0})
    lifted = client.recommend(["item-010"], size=8, boosts=boosts)
    assert [item.score for item in lifted.items] == sorted((i.score for i in lifted.items), reverse=True)
    for item in lifted.items:
        assert sum(item.signals.values()) == pytest.approx(item.score, abs=1e-6)
    assert lifted.items[0].score > plain.items[0].score
    ids = [item.id for item in plain.items]
    rules = [
        {"id": "hide", "then": {"hide": [ids[0]]}},
        {
            "id": "pin",
            "when": {"context": "recommendations"},
            "then": {"pin": [{"id": "item-099", "at": 2}, {"id": "item-010", "at": 1}]},
        },
        {"id": "bury", "then": {"bury": {"filter": {"ids": [ids[1]]}, "by": 0.01}}},
        {"id": "words", "when": {"query": "drill"}, "then": {"hide": [ids[2]]}},
        {"id": "other", "then": {"query": "drill"}},
    ]
    aisle.put_rules(NAME, rules, cluster=shop.client)
    try:
        ruled = client.recommend(["item-010"], size=8)
        without = client.recommend(["item-010"], size=8, rules=False)
    finally:
        RuleStore(shop.client, NAME).forget()
    assert [item.id for item in without.items] == ids and without.rules is None
    assert [item.id for item in ruled.items][:3] == [ids[2], "item-099", ids[3]]
    buried = {item.id: item.signals.get("rules", 0.0) for item in ruled.items}
    assert ids[1] not in buried or buried[ids[1]] < 0
    assert ruled.rules is not None
    undone = {one.rule: one.undone for one in ruled.rules.outcomes if one.undone}
    assert undone == {"pin": "the filters leave it out", "other": "no query is asked"}
    assert ruled.rules.acted == ("hide", "bury", "pin")


def test_a_release_of_other_artifacts_is_refused(shop: Shop, client: Cluster, name: str) -> None:
    put_shelf(client, name, ITEMS[:3])
    with pytest.raises(ForeignIndex, match=r"indexed without a recommender.*--recommender NAME"):
        aisle.open_recommendations(name, cluster=client)
    other = replace(shop.artifacts, space=replace(shop.artifacts.space, recommender="cd" * 32))
    with pytest.raises(ArtifactMismatch, match="with recommender abababababab, this client has cdcdcdcdcdcd"):
        RecommendationClient(client, NAME, other).recommend()
    with pytest.raises(aisle.AisleError, match=r"walks \(abababababab\), which is not on this machine"):
        aisle.open_recommendations(NAME, cluster=client, store=aisle.ArtifactStore(Path("nowhere")))


def test_a_release_that_goes_live_is_asked_in_its_own_terms(shop: Shop, client: Cluster, name: str) -> None:
    first, second = f"{name}-v0001", f"{name}-v0002"
    put_recommending_shop(client, first)
    client.indices.put_alias(index=first, name=name)
    recommending = RecommendationClient(client, name, shop.artifacts)
    assert recommending.recommend(["item-010"]).release == first
    put_recommending_shop(client, second)
    swap(client, name, first, second)
    client.indices.delete(index=first)
    assert recommending.recommend(["item-010"]).release == second
    assert recommending.for_release(second).recommend().release == second


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"history": "item-010"}, "history= is one text"),
        ({"exclude": "item-010"}, "exclude= is one text"),
        ({"history": [7]}, "holds what is no text"),
        ({"history": ["x"] * 10_001}, "10,001 ids are more than history= takes"),
        ({"size": 0}, "asks for nothing"),
        ({"size": 10_000}, "10,000 items are more than one recommendation gives"),
        ({"budget": 3}, "a pool of 3 candidates cannot be, for 10 items"),
        ({"budget": 10**6}, "use a budget from the size up to"),
        ({"filters": {"brand": "x"}}, "filters= is a dict"),
        ({"filters": Filters(numbers={"Watt": (1, 2)})}, "cannot be filtered by a number 'Watt'"),
        ({"boosts": SignalBoosts({"rating": 1})}, "cannot be boosted by 'rating'"),
        ({"rules": True}, "this client reads no rules"),
        ({"at": datetime(2026, 1, 1)}, "has no time zone"),
    ],
)
def test_what_cannot_be_asked_is_refused(shop: Shop, options: dict[str, Any], said: str) -> None:
    with pytest.raises(aisle.AisleError, match=said):
        shop.recommender().recommend(**options)


def test_a_size_beyond_the_usual_pool_widens_it(shop: Shop) -> None:
    page = shop.recommender().recommend(["item-010"], size=600)
    assert len(page.items) == page.pool == COUNT


def test_ids_that_no_index_has_are_unknown_and_nothing_else(shop: Shop) -> None:
    odd = ["", "x" * 600, "\ud800", "a/../b", "*", '"}', "item-010"]
    page = shop.recommender().recommend(odd, exclude=odd[:-1], size=3)
    assert page.unknown == tuple(odd[:-1]) and len(page.items) == 3


def test_the_command_says_where_its_answer_comes_from(
    client: Cluster,
    node_url: str,
    name: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    store = aisle.ArtifactStore(tmp_path / "home" / "artifacts")
    made = recommender()
    without_texts = Recommender(Learned(made.learned.counts), made.titles, made.settings)
    kept = save_recommender(without_texts, name, store, learned_from=walks())

    def run(*arguments: str, url: str = node_url) -> Done:
        asked = ("recommend", "--name", name, *arguments)
        return here(monkeypatch, capfd, *asked, AISLE_HOME=str(tmp_path / "home"), AISLE_URL=url)

    history = ("--history", "item-010,gone", "--size", "3")
    local = run(*history, "--json")
    assert json.loads(local.out)["source"] == {"recommender": name}
    refused = failure(run(*history, "--in-stock"))
    assert "filters, boosts and rules need an index that recommends: there is no index" in refused
    space = RecommendationSpace(kept.fingerprint, name)
    put_recommending_shop(client, f"{name}-v0001", space)
    client.indices.put_alias(index=f"{name}-v0001", name=name)
    page = json.loads(run(*history, "--json").out)
    assert page["source"] == {"index": f"{name}-v0001"} and page["unknown"] == ["gone"]
    assert [i["id"] for i in page["items"]] == [i["id"] for i in json.loads(local.out)["items"]]
    shown = run(*history, "--category", "kind 1", "--boost", "popularity=0.5", "--at", "2026-12-24T18:00:00Z")
    assert shown.code == 0 and f"from index {name}-v0001" in shown.out and "unknown: gone" in shown.out
    named = {int(found) % 4 for found in re.findall(r"item-(\d+).*thing", shown.out)}
    assert named == {1}
    nothing = run(*history, "--brand", "none")
    assert nothing.code == 1


def test_a_router_that_weighs_nothing_still_leads_to_prefixes(routed_shop: Shop) -> None:
    made = routed_shop.artifacts.recommender
    assert made.router is not None
    light = replace(made.router, weight=0.0)
    plain = Recommender(made.learned, made.titles, made.settings)
    known = plain.with_router(light)
    artifacts = replace(routed_shop.artifacts, recommender=known)
    page = replace(routed_shop, artifacts=artifacts).recommender().recommend(["item-010"], size=30)
    assert any("prefix" in item.channels for item in page.items)
    assert {item.signals["sequence"] for item in page.items} == {0.0}


def test_preferences_that_a_release_binds_stay_with_it_and_come_back_with_it(
    client: Cluster, name: str, tmp_path: Path
) -> None:
    store = aisle.ArtifactStore(tmp_path)
    made = routed(store)
    assert made.router is not None
    space = replace(
        SPACE, recommender=made.router.recommender, router=made.router.fingerprint, dims=16, levels=2
    )
    first, second, plain = (f"{name}-v000{number}" for number in (1, 2, 3))
    for release in (first, second):
        put_recommending_shop(client, release, space, made)
    put_recommending_shop(client, plain, replace(SPACE, recommender=made.router.recommender))
    client.indices.put_alias(index=second, name=name)

    def orders(which: str) -> str:
        preferences = release_artifacts(read_live(client, which).meta, store).recommender.preferences
        return preferences.fingerprint if preferences else ""

    bind = partial(aisle.bind_models, cluster=client, store=store)
    put_preferences(made, store)
    would = bind(first, preferences=SPACE.name, dry_run=True)
    assert not would.done and read_live(client, first).meta.ordering.preferences is None
    old = would.after.preferences
    assert old is not None and bind(first, preferences=SPACE.name).done
    # Trained anew, under the same name: what nobody bound follows the name, and what is bound stays.
    put_preferences(made, store, seed=7)
    assert orders(first) == old.fingerprint != orders(second)
    bound = bind(name, preferences=SPACE.name)
    assert bound.release == second and bound.done
    assert not bind(name, preferences=SPACE.name).done, "it was so already"
    put_preferences(made, store, seed=8)
    assert bound.after.preferences is not None and orders(name) == bound.after.preferences.fingerprint
    assert (
        aisle.rollback(name, cluster=client).served_with[-1]
        == f"preferences {SPACE.name} {orders(name)[:12]}"
    )
    assert orders(name) == old.fingerprint
    assert bind(first, preferences="none").after.preferences is None and orders(first) not in (
        "",
        old.fingerprint,
    )
    with pytest.raises(ArtifactNotFound):
        bind(second, preferences="no-such")
    with pytest.raises(InputError, match="were learned with counts, text, sequence, not with"):
        bind(plain, preferences=old.fingerprint)
    assert read_live(client, plain).meta.ordering.preferences is None
