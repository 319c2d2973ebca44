"""Similar items from an index on a real node, held to the model and to the reference over arrays."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import aisle
from aisle.cluster import Cluster
from aisle.errors import ArtifactMismatch, ForeignIndex, InvalidQuery
from aisle.mappings import ItemToItemSpace
from aisle.mappings.signals import SignalBoosts
from aisle.recommendation.item_to_item.artifact import save_two_heads
from aisle.recommendation.item_to_item.kinds import Intent
from aisle.recommendation.item_to_item.quota import Head
from aisle.recommendation.item_to_item.similar import HeadScorer, similar_items
from aisle.search import Filters
from aisle.search.rules.live import RulesReader
from aisle.search.rules.store import RuleStore
from aisle.search.similar.client import SimilarArtifacts, SimilarItemsClient
from aisle.search.similar.reference import HeadArrays
from tests.support.command import Done, failure, here
from tests.support.hash_vector_catalogue import put_shelf, swap
from tests.support.item_to_item import DIMS
from tests.support.similar_shop import BARE, COUNT, GONE, NEW, PLAIN, items, model, put_similar_shop, vectors

NAME, MODEL, BARE_NAME = "test-similar", "test-circle", "test-unlike"
RELEASE, BARE_RELEASE = f"{NAME}-v0001", f"{BARE_NAME}-v0001"
ITEMS = {item.id: item for item in items()}
TRIGGERS = ("item-010", BARE, PLAIN, GONE, NEW)
FILTERS = Filters(category=("kind 1", "kind 2"), price_max=110.0, in_stock=True)


@dataclass(frozen=True)
class Shop:
    client: Cluster
    home: Path
    artifacts: SimilarArtifacts
    scorer: HeadScorer
    shelf: HeadArrays

    def similar_items(self, *, rules: bool = False) -> SimilarItemsClient:
        reader = RulesReader(self.client, every_s=0) if rules else None
        return SimilarItemsClient(self.client, NAME, self.artifacts, rules=reader)


@pytest.fixture(scope="module")
def shop(client: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    client.indices.delete(index=[RELEASE, BARE_RELEASE], ignore_unavailable=True)
    home, made = tmp_path_factory.mktemp("similar"), model()
    kept = save_two_heads(made, MODEL, aisle.ArtifactStore(home / "artifacts"))
    artifacts = put_similar_shop(client, RELEASE, ItemToItemSpace(kept.fingerprint, MODEL, dims=DIMS), made)
    put_shelf(client, BARE_RELEASE, list(ITEMS.values())[:3])
    for release, name in ((RELEASE, NAME), (BARE_RELEASE, BARE_NAME)):
        client.indices.put_alias(index=release, name=name)
    ids = tuple(ITEMS)
    order = np.argsort(ids)
    found = vectors()
    shelf = HeadArrays(tuple(ids[n] for n in order), found.engagement[order], found.relevance[order])
    yield Shop(client, home, artifacts, HeadScorer(made), shelf)
    client.indices.delete(index=[RELEASE, BARE_RELEASE])
    RuleStore(client, NAME).forget()


@pytest.mark.parametrize(
    "asked", [{"alpha": 0}, {"alpha": 50}, {"alpha": 100}, *({"intent": i} for i in Intent)]
)
@pytest.mark.parametrize("trigger", [trigger for trigger in TRIGGERS if trigger != NEW])
def test_the_index_answers_as_the_model_does(shop: Shop, trigger: str, asked: dict[str, Any]) -> None:
    """With what the other one does not know left out."""
    local = similar_items(shop.scorer, trigger, size=20, exclude=[GONE], **asked)
    page = shop.similar_items().similar(trigger, size=20, exclude=[NEW], **asked)
    assert [hit.id for hit in page.items] == [item.id for item in local.items]
    assert (page.alpha, page.indexed) == (local.alpha, trigger != GONE)
    for hit, item in zip(page.items, local.items, strict=True):
        assert (hit.head, hit.rank) == (item.head, item.rank)
        assert hit.title == hit.item.title == item.title
        assert sum(hit.signals.values()) == pytest.approx(hit.score, abs=1e-6)
        assert hit.head is not None and hit.score == pytest.approx(hit.heads[hit.head].score, abs=1e-5)
        for head, said in item.heads.items():
            assert hit.heads[head].score == pytest.approx(said.score, abs=1e-5)
        assert hit.heads[hit.head].rank == item.heads[hit.head].rank


@pytest.mark.parametrize("filters", [None, FILTERS], ids=["all", "filtered"])
@pytest.mark.parametrize("trigger", TRIGGERS)
def test_filters_act_before_either_head_takes_its_best(
    shop: Shop, trigger: str, filters: Filters | None
) -> None:
    page = shop.similar_items().similar(trigger, size=12, budget=12, filters=filters, exclude=["item-012"])
    allowed = np.array(
        [
            id_ not in (trigger, "item-012") and (filters is None or filters.matches(ITEMS[id_]))
            for id_ in shop.shelf.ids
        ]
    )
    asked = shop.scorer.known(trigger)
    if trigger == NEW:
        place = shop.shelf.ids.index(NEW)
        asked = shop.scorer.trigger(
            NEW, "", "root 0 > kind 0", shop.shelf.engagement[place], shop.shelf.relevance[place]
        )
    assert asked is not None
    merged = shop.shelf.similar(shop.scorer, asked, allowed, 12, 50)
    assert [(hit.id, hit.head) for hit in page.items] == [(place.id, place.head) for place in merged]
    assert len(merged) == 12 or trigger == BARE
    lists = shop.shelf.lists(shop.scorer, asked, allowed, 12)
    for hit in page.items:
        for head, said in hit.heads.items():
            ids = list(lists[head].ids)
            assert said.rank == (ids.index(hit.id) + 1 if hit.id in ids else None)


def test_a_change_of_stock_or_price_acts_at_once(shop: Shop, client: Cluster) -> None:
    asked: dict[str, Any] = {"filters": Filters(in_stock=True, price_max=50.0)}
    before = shop.similar_items().similar("item-010", **asked)
    first, second = before.items[:2]
    for hit, change in ((first, {"stock": 0.0}), (second, {"price": 50.5})):
        client.update(index=RELEASE, id=hit.id, body={"doc": change}, refresh=True)
    try:
        after = shop.similar_items().similar("item-010", **asked)
    finally:
        for hit in (first, second):
            undone = {"stock": hit.item.signals.stock, "price": hit.item.price}
            client.update(index=RELEASE, id=hit.id, body={"doc": undone}, refresh=True)
    assert not {first.id, second.id} & {hit.id for hit in after.items}
    assert after.items[0].head is Head.ENGAGEMENT and after.items[0].heads[Head.ENGAGEMENT].rank == 1


def test_a_new_item_is_found_and_finds_others(shop: Shop) -> None:
    page = shop.similar_items().similar(NEW, size=6)
    assert page.indexed and {hit.head for hit in page.items} == set(Head)
    assert all(hit.signals["counts"] == 0 for hit in page.items)
    likest = next(hit.id for hit in page.items if hit.head is Head.RELEVANCE)
    back = shop.similar_items().similar(likest, alpha=0, size=10)
    assert NEW in [hit.id for hit in back.items]


def test_one_item_of_each_product_and_none_of_the_triggers_own(shop: Shop) -> None:
    page = shop.similar_items().similar("item-010", size=30, group=True)
    products = [hit.item.group for hit in page.items]
    assert len(products) == len(set(products)) == 30 and ITEMS["item-010"].group not in products
    plain = shop.similar_items().similar("item-010", size=90)
    firsts: dict[str, str] = {}
    for hit in plain.items:
        if hit.head is Head.ENGAGEMENT:
            firsts.setdefault(hit.item.group, hit.id)
    by_engagement = [hit.id for hit in page.items if hit.head is Head.ENGAGEMENT]
    assert by_engagement and all(id_ == firsts.get(ITEMS[id_].group, id_) for id_ in by_engagement[:5])


def test_diversity_moves_unlike_items_up(shop: Shop) -> None:
    plain = shop.similar_items().similar("item-010", size=20)
    moved = shop.similar_items().similar("item-010", size=20, diversity=0.6)
    rows = dict(zip(shop.shelf.ids, shop.shelf.relevance, strict=True))

    def likeness(ids: list[str]) -> float:
        matrix = np.stack([rows[id_] for id_ in ids[:8]])
        return float((matrix @ matrix.T)[np.triu_indices(8, 1)].mean())

    assert likeness([hit.id for hit in moved.items]) < likeness([hit.id for hit in plain.items]) - 0.1
    assert moved.items[0].id == plain.items[0].id
    for hit in moved.items:
        assert hit.diversity is not None and hit.diversity.rank == hit.rank
    assert plain.items[0].diversity is None


def test_signals_lift_within_a_head_and_rules_act_as_in_a_search(shop: Shop) -> None:
    client = shop.similar_items(rules=True)
    plain = client.similar("item-010", size=8)
    assert plain.rules is not None and plain.rules.outcomes == ()
    lifted = client.similar("item-010", size=8, boosts=SignalBoosts({"popularity": 2.0}))
    for head in Head:
        scores = [hit.score for hit in lifted.items if hit.head is head]
        assert scores == sorted(scores, reverse=True) and len(scores) == 4
    for hit in lifted.items:
        assert sum(hit.signals.values()) == pytest.approx(hit.score, abs=1e-6)
    assert any("popularity" in hit.signals for hit in lifted.items)
    ids = [hit.id for hit in plain.items]
    rules = [
        {"id": "hide", "then": {"hide": [ids[0]]}},
        {
            "id": "pin",
            "when": {"context": "similar-items"},
            "then": {"pin": [{"id": "item-099", "at": 2}, {"id": "item-010", "at": 1}]},
        },
        {"id": "bury", "then": {"bury": {"filter": {"ids": [ids[2]]}, "by": 0.01}}},
        {"id": "elsewhere", "when": {"context": "recommendations"}, "then": {"hide": [ids[1]]}},
    ]
    aisle.put_rules(NAME, rules, cluster=shop.client)
    try:
        ruled = client.similar("item-010", size=8)
        without = client.similar("item-010", size=8, rules=False)
    finally:
        RuleStore(shop.client, NAME).forget()
    assert [hit.id for hit in without.items] == ids and without.rules is None
    found = {hit.id: hit for hit in ruled.items}
    assert ids[0] not in found and ids[1] in found and ruled.items[1].id == "item-099"
    pinned = ruled.items[1]
    assert pinned.head is not None or pinned.signals == {}
    assert ids[2] not in found or found[ids[2]].signals["rules"] < 0
    assert ruled.rules is not None
    undone = {one.rule: one.undone for one in ruled.rules.outcomes if one.undone}
    assert undone == {"pin": "the filters leave it out"}
    assert ruled.rules.acted == ("hide", "bury", "pin")


def test_a_release_of_another_model_is_refused(shop: Shop, client: Cluster) -> None:
    with pytest.raises(ForeignIndex, match=r"without an item-to-item model.*--item-to-item NAME"):
        SimilarItemsClient(client, BARE_NAME, shop.artifacts).similar("item-001")
    made_with = shop.artifacts.space.model
    other = replace(shop.artifacts, space=replace(shop.artifacts.space, model="cd" * 32))
    with pytest.raises(ArtifactMismatch, match=f"with model {made_with[:12]}, this client has cdcdcdcdcdcd"):
        SimilarItemsClient(client, NAME, other).similar("item-001")


def test_a_release_that_goes_live_is_asked_in_its_own_terms(shop: Shop, client: Cluster, name: str) -> None:
    second = f"{name}-v0002"
    client.indices.put_alias(index=RELEASE, name=name)
    related = SimilarItemsClient(client, name, shop.artifacts)
    assert related.similar("item-010").release == RELEASE
    put_similar_shop(client, second, shop.artifacts.space, shop.artifacts.model)
    swap(client, name, RELEASE, second)
    assert related.similar("item-010").release == second
    assert related.for_release(second).similar("item-010").release == second


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"id": "nope"}, f"no item 'nope' is in {RELEASE}, nor in the model"),
        ({"id": ""}, "no item '' is in"),
        ({"id": "x" * 600}, "nor in the model"),
        ({"id": "\ud800"}, "nor in the model"),
        ({"id": 7}, "id= is a int, not a text"),
        ({"alpha": 101}, "an alpha of 101 is no percentage"),
        ({"alpha": "50"}, "alpha= is a str, not a number"),
        ({"alpha": 50, "intent": "complement"}, "found by one head alone"),
        ({"intent": "gift"}, "use complement or substitute"),
        ({"size": 0}, "asks for nothing"),
        ({"budget": 3}, "a pool of 3 candidates cannot be, for 10 items"),
        ({"diversity": 2}, "a diversity of 2 cannot be"),
        ({"filters": Filters(numbers={"Watt": (1, 2)})}, "cannot be filtered by a number 'Watt'"),
        ({"boosts": SignalBoosts({"rating": 1})}, "cannot be boosted by 'rating'"),
    ],
)
def test_what_cannot_be_asked_is_refused(shop: Shop, options: dict[str, Any], said: str) -> None:
    with pytest.raises((InvalidQuery, ForeignIndex), match=said):
        shop.similar_items().similar(**{"id": "item-010", **options})


def test_the_command_says_where_its_answer_comes_from(
    shop: Shop,
    client: Cluster,
    node_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str, name: str = NAME) -> Done:
        asked = ("similar", *arguments, "--name", name)
        return here(monkeypatch, capfd, *asked, AISLE_HOME=str(shop.home), AISLE_URL=node_url)

    same = ("item-010", "--size", "6", "--exclude", f"{GONE},{NEW}")
    local = json.loads(run(*same, "--json", name=MODEL).out)
    assert local["source"] == {"model": MODEL} and local["alpha"] == 50
    refused = failure(run("item-010", "--group", name=MODEL))
    assert "diversity need an index that relates items: there is no index" in refused
    neither = failure(run("item-001", name=BARE_NAME))
    assert f"no item-to-item model '{BARE_NAME}' (there: {MODEL}), and {BARE_RELEASE} relates no" in neither
    assert "--data orders.csv" in neither and "aisle index ... --item-to-item NAME" in neither
    page = json.loads(run(*same, "--json").out)
    assert page["source"] == {"index": RELEASE} and page["indexed"]
    for part in ("id", "head", "rank"):
        assert [item[part] for item in page["items"]] == [item[part] for item in local["items"]]
    shown = run("item-010", "--substitute", "--group", "--in-stock", "--boost", "popularity=0.5")
    assert shown.code == 0 and f"from index {RELEASE}" in shown.out and "relevance" in shown.out
    assert f"{GONE} has left it" in run(GONE, "--alpha", "100").out
    assert "are different items" in failure(run("item-010", "--complement", "--substitute"))
    assert "an alpha of 101 is no percentage" in failure(run("item-010", "--alpha", "101"))
    assert "no item 'nope' is in" in failure(run("nope"))
    nothing = run("item-010", "--brand", "none")
    assert nothing.code == 1 and "nothing is similar" in nothing.out and "or no item passes" in nothing.out
    store = aisle.ArtifactStore(shop.home / "artifacts")
    opened = aisle.open_similar_items(NAME, cluster=client, store=store)
    assert [hit.id for hit in opened.similar("item-010", exclude=[NEW, GONE], size=6).items] == [
        item["id"] for item in page["items"]
    ]
    with pytest.raises(aisle.AisleError, match=r"item-to-item .* which is not on this machine"):
        aisle.open_similar_items(NAME, cluster=client, store=aisle.ArtifactStore(tmp_path / "nowhere"))


def test_everything_is_there_once_for_a_size_beyond_the_catalogue(shop: Shop) -> None:
    page = shop.similar_items().similar("item-010", size=600)
    assert len({hit.id for hit in page.items}) == len(page.items) == page.pool == COUNT
