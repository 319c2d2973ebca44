"""A release by which items are recommended: loaded, changed one by one, resumed from dead letters."""

from __future__ import annotations

import json
import shutil
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import aisle
from aisle._item_fields import RecommenderRefs, recommendation_fields
from aisle._vectors import item_encoder
from aisle.cluster import Cluster
from aisle.encoder import ArtifactStore, DenseEncoder, item_text
from aisle.encoder.export import DenseExport, export
from aisle.errors import ArtifactMismatch, ArtifactNotFound, ForeignIndex
from aisle.mappings import IndexMeta, fields
from aisle.mappings.document import item_of
from aisle.recommendation.item_fields import RecommendationFields
from aisle.recommendation.router_artifact import RouterNotice
from aisle.search import read_live
from aisle.types import Item
from tests.support.changing_shop import ChangingShop
from tests.support.command import here
from tests.support.tiny_recommendation import (
    ROUTER_DIMS,
    TITLES,
    put_catalogue,
    put_codes,
    put_recommender,
    put_router,
)

NAME = "test-recommends"
# Of texts that were encoded in other company: INT8 scales are those of a batch.
ALIKE = 0.05


class Shop(ChangingShop):
    """With artifacts that it recommends by."""

    @property
    def fields(self) -> RecommendationFields:
        """The reference's."""
        return recommendation_fields(RecommenderRefs("shop"), self.store)

    def made(self, documents: Mapping[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
        """The fields that the reference makes of what is stored, by id."""
        items = [item_of(id_, source) for id_, source in documents.items()]
        whole = DenseEncoder.load("tiny", store=self.store).encode_items(list(map(item_text, items)))
        columns = self.fields.columns(items, whole)
        return {
            item.id: {name: rows[row] for name, rows in columns.items()} for row, item in enumerate(items)
        }

    def expected(self, documents: Mapping[str, dict[str, Any]]) -> dict[str, NDArray[np.float32]]:
        """The item vectors among them."""
        return {id_: np.asarray(made[fields.ITEM_VECTOR]) for id_, made in self.made(documents).items()}


def text_part(source: Mapping[str, Any]) -> NDArray[np.float32]:
    """Of a document's item vector."""
    return np.asarray(source[fields.ITEM_VECTOR][ROUTER_DIMS:], dtype=np.float32)


@pytest.fixture(scope="module")
def shop(client: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    folder = tmp_path_factory.mktemp("recommends")
    store = ArtifactStore(folder / "artifacts")
    put_catalogue(folder)
    recommender = put_recommender(folder, store)
    put_router(store, recommender, put_codes(store))
    made = Shop(client, store, folder, {"encoder": "tiny", "dims": 8, "recommender": "shop"})
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message="nobody took")
        made.index(NAME)
    yield made
    made.delete(NAME)


def test_every_document_has_what_the_reference_makes_of_it(shop: Shop) -> None:
    documents = shop.documents(NAME)
    assert set(documents) == set(TITLES)
    for id_, vector in shop.expected(documents).items():
        np.testing.assert_allclose(documents[id_][fields.ITEM_VECTOR], vector, atol=1e-6)
        assert len(documents[id_][fields.DENSE]) == 8
    made = shop.made(documents)
    for field in (fields.TAKEN, fields.sid(1), fields.sid(2)):
        assert {id_: source[field] for id_, source in documents.items()} == {
            id_: made[id_][field] for id_ in made
        }
    popularity = shop.fields.known.popularity
    assert {id_: source[fields.TAKEN] for id_, source in documents.items()} == popularity
    assert max(popularity.values()) == 1 and min(popularity.values()) == 0
    meta: IndexMeta = read_live(shop.client, NAME).meta
    assert meta.recommending() == shop.fields.space
    assert meta.spaces[fields.ITEM_VECTOR].fingerprint == meta.recommending().recommender
    assert meta.recommending().dims == meta.recommending().text_dims + ROUTER_DIMS
    # The server multiplies as numpy does, whatever is filtered.
    asked = np.asarray(documents["red-0"][fields.ITEM_VECTOR])
    knn = {"vector": asked.tolist(), "k": 30, "filter": {"range": {fields.PRICE: {"gte": 10}}}}
    body = {"size": 30, "query": {"knn": {fields.ITEM_VECTOR: knn}}}
    hits = shop.client.search(index=NAME, body=body)["hits"]["hits"]
    assert {hit["_id"] for hit in hits} == {id_ for id_, source in documents.items() if source["price"] >= 10}
    products = {id_: float(asked @ np.asarray(documents[id_][fields.ITEM_VECTOR])) for id_ in TITLES}
    for hit in hits:
        product = products[hit["_id"]]
        assert hit["_score"] == pytest.approx(1 + product if product >= 0 else 1 / (1 - product), abs=1e-5)


def test_a_new_item_can_be_recommended_at_once(shop: Shop) -> None:
    before = shop.documents(NAME)
    shop.update(NAME, {"op": "upsert", "id": "new", "title": "black lamp", "price": 3})
    after = shop.documents(NAME)
    assert after["new"][fields.TAKEN] == 0
    assert after["new"][fields.sid(2)] == after["black-2"][fields.sid(2)]
    assert after["new"][fields.sid(1)] == after["new"][fields.sid(2)].split("-")[0]
    np.testing.assert_allclose(
        after["new"][fields.ITEM_VECTOR], shop.expected(after)["new"], atol=ALIKE, err_msg="of one encoder"
    )
    knn = {"vector": [0.0] * ROUTER_DIMS + before["black-2"][fields.ITEM_VECTOR][ROUTER_DIMS:], "k": 2}
    found = shop.client.search(index=NAME, body={"size": 2, "query": {"knn": {fields.ITEM_VECTOR: knn}}})
    assert {hit["_id"] for hit in found["hits"]["hits"]} == {"black-2", "new"}
    asked = aisle.open_recommendations(NAME, cluster=shop.client, store=shop.store)
    page = asked.recommend(["black-2", "red-0"], size=30, filters=aisle.Filters(price_max=3))
    assert "ann" in {item.id: item.channels for item in page.items}["new"]
    shop.update(NAME, {"op": "delete", "id": "new"})
    assert shop.documents(NAME) == before


def test_a_price_leaves_the_fields_and_a_title_makes_them_anew(shop: Shop) -> None:
    before = shop.documents(NAME)
    report = shop.update(
        NAME,
        {"op": "update", "id": "red-1", "price": 99, "stock": 0},
        {"op": "update", "id": "red-2", "title": "green tap"},
    )
    after = shop.documents(NAME)
    assert (report.indexed, report.encoded) == (2, 1)
    made = (fields.ITEM_VECTOR, fields.TAKEN, fields.DENSE, fields.sid(1), fields.sid(2))
    assert after["red-1"]["price"] == 99
    assert {field: after["red-1"][field] for field in made} == {
        field: before["red-1"][field] for field in made
    }
    renamed, was, twin = map(text_part, (after["red-2"], before["red-2"], after["green-5"]))
    assert np.linalg.norm(renamed - twin) < ALIKE < np.linalg.norm(renamed - was)
    np.testing.assert_allclose(after["red-2"][fields.ITEM_VECTOR], shop.expected(after)["red-2"], atol=ALIKE)
    assert after["red-2"][fields.TAKEN] == before["red-2"][fields.TAKEN]
    shop.update(NAME, *({"op": "upsert", "id": id_, "title": TITLES[id_]} for id_ in ("red-1", "red-2")))


def test_dead_letters_come_back_with_every_field(shop: Shop) -> None:
    before = shop.documents(NAME)
    shop.replay(NAME, {"id": "late", "title": "blue saw"})
    after = shop.documents(NAME)
    assert after["late"].keys() == before["blue-1"].keys() - {"price", "price_max"}
    np.testing.assert_allclose(after["late"][fields.ITEM_VECTOR], shop.expected(after)["late"], atol=ALIKE)
    np.testing.assert_allclose(text_part(after["late"]), text_part(before["blue-1"]), atol=ALIKE)
    shop.update(NAME, {"op": "delete", "id": "late"})


@pytest.mark.parametrize(
    ("kind", "name"), [("recommender", "shop"), ("codes", "of shop"), ("router", "of shop")]
)
def test_what_is_not_on_this_machine_is_named(shop: Shop, tmp_path: Path, kind: str, name: str) -> None:
    shutil.copytree(shop.store.home, tmp_path / "store")
    shutil.rmtree(tmp_path / "store" / kind)
    before = shop.documents(NAME)
    change = {"op": "update", "id": "red-1", "price": 1}
    with pytest.raises(
        ArtifactNotFound, match=rf"{NAME}-v0001 was built with {kind} {name} \([0-9a-f]{{12}}\)"
    ):
        shop.update(NAME, change, store=ArtifactStore(tmp_path / "store"))
    assert shop.documents(NAME) == before


def test_texts_are_read_for_item_vectors_alone_where_there_are_no_others(
    shop: Shop, node_url: str, name: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(shop.folder)
    env = {"AISLE_URL": node_url, "AISLE_HOME": str(shop.folder)}

    def run(*options: str) -> str:
        words = ("products.csv", "--name", name, "--encoder", "none", "--recommender", "shop", *options)
        done = here(monkeypatch, capfd, "index", *words, **env)
        assert done.code == 0, done
        return done.out

    said = run("--dry-run")
    whole = shop.fields.space
    assert f"recommends by shop: item vectors of {whole.dims} dimensions (router and texts)" in said
    assert "semantic IDs of 2 codes" in said
    report = json.loads(run("--codes", "none", "--router", "none", "--no-suggest", "--json"))
    assert report["recommends"]["recommender"] == whole.recommender
    assert (report["recommends"]["dims"], report["recommends"]["levels"]) == (whole.text_dims, 0)
    documents = shop.documents(name)
    for id_, vector in shop.expected(documents).items():
        np.testing.assert_allclose(documents[id_][fields.ITEM_VECTOR], vector[ROUTER_DIMS:], atol=1e-6)
        assert not {fields.DENSE, fields.sid(1)} & set(documents[id_])


def test_a_recommender_of_other_ids_is_noticed(shop: Shop, name: str) -> None:
    columns = {"id": "title", "title": "title"}
    with pytest.warns(UserWarning, match="nobody took any item of this catalogue, as recommender shop"):
        shop.index(name, encoder=None, dims=None, columns=columns, skip_check=True)


def test_a_release_without_a_recommender_cannot_recommend(shop: Shop, name: str) -> None:
    shop.index(name, recommender=None, codes=None)
    found = read_live(shop.client, name).meta
    with pytest.raises(ForeignIndex, match=f"{name}-v0001 cannot recommend"):
        found.recommending()
    assert not {fields.ITEM_VECTOR, fields.TAKEN} & set(shop.documents(name)["red-0"])


def test_artifacts_that_were_not_made_for_each_other_are_refused(shop: Shop, tmp_path: Path) -> None:
    store = ArtifactStore(tmp_path / "store")
    shutil.copytree(shop.store.home, store.home)
    (tmp_path / "orders.txt").write_text("u1 red-1 red-2\n")
    shutil.copyfile(shop.folder / "products.csv", tmp_path / "products.csv")
    put_recommender(tmp_path, store)
    with pytest.warns(RouterNotice, match="trained for another recommender and is left out"):
        without = recommendation_fields(RecommenderRefs("shop"), store)
    assert (without.sequences, without.space.router) == (None, "") and without.space.levels == 2
    with pytest.raises(ArtifactMismatch, match="router shop was trained for another recommender"):
        recommendation_fields(RecommenderRefs("shop", router="shop"), store)
    put_codes(store, "other", levels=1)
    first = shop.fields.space.recommender
    with pytest.raises(ArtifactMismatch, match="router shop was trained with other codes than other"):
        recommendation_fields(RecommenderRefs(first, codes="other"), store)
    assert recommendation_fields(RecommenderRefs(first), store).space == shop.fields.space
    alone = recommendation_fields(RecommenderRefs(first, "other", "none"), store).space
    assert (alone.levels, alone.router, alone.dims) == (1, "", alone.text_dims)


def test_another_encoder_reads_the_texts_once_more_and_says_so(shop: Shop) -> None:
    export(DenseExport(str(shop.folder / "model"), name="narrow", dims=8), shop.store)
    with pytest.warns(UserWarning, match="with another encoder than narrow: every text is encoded twice"):
        both = item_encoder(shop.store, "narrow", makers=[shop.fields])
    items = [Item(id_, title) for id_, title in TITLES.items()]
    made = both.encode(items)
    assert np.asarray(made[fields.DENSE]).shape == (len(items), 8)
    whole = DenseEncoder.load("tiny", store=shop.store).encode_items(list(TITLES.values()))
    expected = shop.fields.columns(items, whole)
    np.testing.assert_array_equal(made[fields.ITEM_VECTOR], expected[fields.ITEM_VECTOR])
    assert both.item_spaces.recommends == shop.fields.space


def test_a_record_binds_all_that_it_recommends_by_and_a_gate_counts_its_codes(
    shop: Shop, name: str, tmp_path: Path
) -> None:
    shop.index(name)
    new = shop.index(name, stage=True).release
    registry = str(tmp_path / "registry")
    manifest = aisle.push_release(name, registry, cluster=shop.client, store=shop.store).manifest
    assert [one.role for one in manifest.artifacts] == [
        *("encoder", "recommender", "encoder of the recommender", "codes", "router")
    ]
    assert len(manifest.lineage.data) == 64 and manifest.lineage.parent == ""
    elsewhere = ArtifactStore(tmp_path / "elsewhere")
    aisle.pull_release(name, registry, store=elsewhere)
    found = [
        aisle.open_recommendations(name, cluster=shop.client, store=store).recommend(["red-0"], size=5)
        for store in (shop.store, elsewhere)
    ]
    assert found[0].items and [one.id for one in found[1].items] == [one.id for one in found[0].items]
    report = aisle.gate_release(new, name, sample=0, cluster=shop.client, store=elsewhere)
    used = [one for one in report.checks if one.gate.value == "code utilisation"]
    assert len(used) == read_live(shop.client, name).meta.recommending().levels > 0
    firsts = {source[fields.sid(1)] for source in shop.documents(name).values() if fields.sid(1) in source}
    size = len(firsts) / used[0].check.value
    assert used[0].live == used[0].check.value and size == pytest.approx(round(size))
