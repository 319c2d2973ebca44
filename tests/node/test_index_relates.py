"""A release that relates items to one another: both vectors stand, whatever way a document came to be."""

from __future__ import annotations

import csv
import json
import shutil
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import aisle
from aisle._item_fields import head_fields
from aisle.cluster import Cluster
from aisle.encoder import ArtifactStore, DenseEncoder, item_text
from aisle.encoder.export import DenseExport, export
from aisle.errors import ArtifactNotFound, ForeignIndex
from aisle.mappings import fields
from aisle.mappings.document import item_of
from aisle.recommendation.item_to_item.artifact import find_two_heads, save_two_heads
from aisle.recommendation.item_to_item.item_fields import item_category
from aisle.search import read_live
from aisle.types import Item
from tests.support.changing_shop import ChangingShop
from tests.support.command import here
from tests.support.fixed_models import fixed_dense
from tests.support.item_to_item import DIMS, drawn_model_of
from tests.support.tiny_recommendation import TITLES

NAME = "test-relates"
# Of texts that were encoded in other company: INT8 scales are those of a batch.
ALIKE = 0.1
ORDERED = 20
"""Items that the model knows; the others, which are black, have neither category nor brand."""


def items() -> list[Item]:
    """Of each colour but black a category, and red ones have a brand."""
    made = []
    for id_, title in TITLES.items():
        colour, kind = title.split(" ", 1)
        categories = () if colour == "black" else (("Tools", kind.title()),)
        made.append(Item(id_, title, categories=categories, brand="Rubra" if colour == "red" else ""))
    return made


class Shop(ChangingShop):
    """With a model that relates its items."""

    def heads(self, documents: Mapping[str, Any], ref: str = "shop") -> dict[str, dict[str, Any]]:
        """What the reference makes of what is stored, by id."""
        made = head_fields(find_two_heads(ref, self.store))
        found = [item_of(id_, source) for id_, source in documents.items()]
        whole = DenseEncoder.load("tiny", store=self.store).encode_items(list(map(item_text, found)))
        columns = made.columns(found, whole)
        return {
            item.id: {field: rows[row] for field, rows in columns.items()} for row, item in enumerate(found)
        }


def check(documents: Mapping[str, Any], expected: Mapping[str, Any], *ids: str, close: float) -> None:
    """Documents have the vectors that they should have."""
    for id_ in ids:
        for field in fields.HEADS:
            np.testing.assert_allclose(documents[id_][field], expected[id_][field], atol=close, err_msg=id_)


@pytest.fixture(scope="module")
def shop(client: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    folder = tmp_path_factory.mktemp("relates")
    store = ArtifactStore(folder / "artifacts")
    with (folder / "products.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["id", "title", "category", "brand", "price"])
        rows.writerows([one.id, one.title, item_category(one), one.brand, 5] for one in items())
    export(DenseExport(str(fixed_dense(folder / "model")), name="tiny"), store)
    encoder = DenseEncoder.load("tiny", store=store)
    known = items()[:ORDERED]
    read = drawn_model_of(known, encoder.encode_items(list(map(item_text, known))), encoder.fingerprint)
    save_two_heads(read, "shop", store, encoder=encoder.artifact)
    save_two_heads(drawn_model_of(known), "unread", store)
    made = Shop(client, store, folder, {"encoder": "tiny", "dims": 8, "item_to_item": "shop"})
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message="nobody took")
        made.index(NAME)
    yield made
    made.delete(NAME)


def test_every_document_has_what_the_reference_makes_of_it(shop: Shop) -> None:
    documents = shop.documents(NAME)
    assert set(documents) == set(TITLES)
    check(documents, shop.heads(documents), *TITLES, close=1e-5)
    meta = read_live(shop.client, NAME).meta
    assert meta.relating().model == find_two_heads("shop", shop.store).fingerprint
    assert {meta.spaces[field].dims for field in fields.HEADS} == {DIMS}
    # The server multiplies as numpy does, whatever is filtered.
    asked = np.asarray(documents["red-0"][fields.ENGAGEMENT])
    knn = {"vector": asked.tolist(), "k": 30, "filter": {"term": {fields.BRAND: "Rubra"}}}
    body = {"size": 30, "query": {"knn": {fields.ENGAGEMENT: knn}}}
    hits = shop.client.search(index=NAME, body=body)["hits"]["hits"]
    assert {hit["_id"] for hit in hits} == {one.id for one in items() if one.brand}
    for hit in hits:
        product = float(asked @ np.asarray(documents[hit["_id"]][fields.ENGAGEMENT]))
        assert hit["_score"] == pytest.approx(1 + product if product >= 0 else 1 / (1 - product), abs=1e-4)


def test_price_and_stock_leave_both_vectors_and_what_they_are_made_of_makes_them_anew(shop: Shop) -> None:
    before = shop.documents(NAME)
    report = shop.update(
        NAME,
        {"op": "update", "id": "red-1", "price": 99, "stock": 0},
        {"op": "update", "id": "red-2", "title": "green tap"},
        {"op": "update", "id": "red-3", "brand": None},
        {"op": "update", "id": "blue-1", "category": "Tools > Tap"},
    )
    after = shop.documents(NAME)
    assert (report.indexed, report.encoded) == (4, 3)
    assert {field: after["red-1"][field] for field in fields.HEADS} == {
        field: before["red-1"][field] for field in fields.HEADS
    }
    check(after, shop.heads(after), "red-2", "red-3", "blue-1", close=ALIKE)
    for id_ in ("red-2", "red-3", "blue-1"):
        for field in fields.HEADS:
            moved = np.subtract(after[id_][field], before[id_][field])
            assert np.linalg.norm(moved) > 0.2 * np.linalg.norm(before[id_][field]), (id_, field)
    changed = {one.id: one for one in items() if one.id in ("red-1", "red-2", "red-3", "blue-1")}
    shop.update(NAME, *({"op": "upsert", **_row(one)} for one in changed.values()))
    check(shop.documents(NAME), before, *changed, close=ALIKE)


def _row(item: Item) -> dict[str, Any]:
    return {
        "id": item.id,
        "title": item.title,
        "category": item_category(item),
        "brand": item.brand,
        "price": 5,
    }


def test_a_new_item_has_both_vectors_of_its_content_at_once(shop: Shop) -> None:
    new = {"id": "new", "title": "red drill", "category": "Tools > Drill", "brand": "Rubra"}
    shop.update(NAME, {"op": "upsert", **new})
    shop.replay(NAME, {**new, "id": "late"})
    after = shop.documents(NAME)
    check(after, shop.heads(after), "new", "late", close=ALIKE)
    relevance = np.asarray(after["new"][fields.RELEVANCE])
    # The same content, moved apart: one is found by the other.
    assert 0 < np.linalg.norm(relevance - after["late"][fields.RELEVANCE]) < 0.01
    knn = {"vector": relevance.tolist(), "k": 2}
    found = shop.client.search(index=NAME, body={"size": 2, "query": {"knn": {fields.RELEVANCE: knn}}})
    assert {hit["_id"] for hit in found["hits"]["hits"]} == {"new", "late"}
    shop.update(NAME, *({"op": "delete", "id": id_} for id_ in ("new", "late")))


def test_items_of_which_nothing_is_known_and_a_release_that_is_gone_back_to(shop: Shop, name: str) -> None:
    """No vectors until something is known; a release is changed by its own model."""
    report = shop.index(name, encoder=None, dims=None, item_to_item="unread")
    assert (report.documents, report.refused) == (len(TITLES), 0)
    documents = shop.documents(name)
    strangers = list(TITLES)[ORDERED:]
    for id_, source in documents.items():
        assert (fields.ENGAGEMENT in source, fields.RELEVANCE in source) == (id_ not in strangers,) * 2
    check(documents, shop.heads(documents, "unread"), *list(TITLES)[:ORDERED], close=1e-5)
    done = shop.update(
        name,
        {"op": "update", "id": strangers[0], "price": 7},
        {"op": "update", "id": strangers[1], "category": "Tools > Saw"},
    )
    assert (done.indexed, done.encoded) == (2, 1)
    after = shop.documents(name)
    assert not set(fields.HEADS) & after[strangers[0]].keys()
    check(after, shop.heads(after, "unread"), strangers[1], close=1e-5)

    shop.index(name, encoder=None, dims=None, item_to_item=None)
    with pytest.raises(ForeignIndex, match=f"{name}-v0002 relates no items"):
        read_live(shop.client, name).meta.relating()
    assert not set(fields.HEADS) & shop.documents(name)["red-0"].keys()
    aisle.rollback(name, cluster=shop.client)
    assert read_live(shop.client, name).meta.release == report.release
    before = shop.documents(name)["red-0"]
    shop.update(name, {"op": "update", "id": "red-0", "category": "Tools > Saw"})
    after = shop.documents(name)
    check(after, shop.heads(after, "unread"), "red-0", close=1e-5)
    assert after["red-0"][fields.ENGAGEMENT] != before[fields.ENGAGEMENT]


def test_a_model_that_is_not_on_this_machine_is_named(shop: Shop, tmp_path: Path) -> None:
    shutil.copytree(shop.store.home, tmp_path / "store")
    shutil.rmtree(tmp_path / "store" / "item-to-item")
    before = shop.documents(NAME)
    with pytest.raises(ArtifactNotFound, match=rf"{NAME}-v\d+ was built with item-to-item shop \("):
        shop.update(
            NAME, {"op": "update", "id": "red-1", "price": 1}, store=ArtifactStore(tmp_path / "store")
        )
    assert shop.documents(NAME) == before


def test_the_command_says_what_a_release_relates_items_by(
    shop: Shop, node_url: str, name: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(shop.folder)
    env = {"AISLE_URL": node_url, "AISLE_HOME": str(shop.folder)}

    def run(*options: str) -> Any:
        words = ("products.csv", "--name", name, "--encoder", "tiny", "--no-suggest", *options)
        return here(monkeypatch, capfd, "index", *words, **env)

    assert (
        f"relates items by shop: two vectors of {DIMS} dimensions"
        in run("--item-to-item", "shop", "--dry-run").out
    )
    # Under ids that nobody ordered, which is noticed.
    done = run(
        "--item-to-item", "shop", "--map", "id=title", "--map", "title=title", "--skip-check", "--json"
    )
    report = json.loads(done.out)
    assert (report["relates"]["name"], report["relates"]["dims"]) == ("shop", DIMS)
    assert "nobody took any item of this catalogue, as item-to-item model shop" in done.err
    missing = run("--item-to-item", "nothing")
    assert missing.code != 0 and "aisle train item-to-item" in missing.err
