"""What an item is related to others by in an index: the same for a load, a change and a reference."""

from __future__ import annotations

import json
import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from aisle._item_fields import text_encoders
from aisle.encoder import ArtifactStore
from aisle.encoder.jitter import JITTER
from aisle.encoder.whitening import fit_whitening
from aisle.errors import ForeignIndex, InputError
from aisle.indexer.ledger.resume import check_same, run_parts
from aisle.indexer.options import IndexOptions
from aisle.indexer.releases.diff import learned_fields
from aisle.indexer.vectors import ItemFields, dense_item_encoder, item_fields_encoder, together
from aisle.mappings import (
    IndexMeta,
    IndexSettings,
    ItemSpaces,
    ItemToItemSpace,
    RecommendationSpace,
    VectorSpace,
    fields,
    index_body,
)
from aisle.mappings.document import document
from aisle.recommendation.item_fields import RecommendationFields
from aisle.recommendation.item_to_item.item_fields import HeadFields
from aisle.recommendation.known_items import KnownItems
from aisle.types import Item
from tests.support.drawn_texts import WIDTH, DrawnTexts
from tests.support.item_to_item import DIMS, drawn_model_of


def title(item: Item) -> str:
    return item.title


KNOWN = (
    Item("k0", "red drill", categories=(("Tools", "Drills"), ("Gifts",)), brand="Bosch"),
    Item("k1", "blue drill", categories=(("Tools",),)),
    Item("k2", "saw"),
)
NEW = (
    Item("n0", "green drill", categories=(("Tools", "Drills"),), brand="Bosch"),
    Item("n1", "green drill", categories=(("Tools", "Drills"),), brand="Bosch"),
    Item("n2", "lamp"),
    Item("n3", "lamp", brand="Nobody's"),
)
SPACE = ItemToItemSpace("cd" * 32, "shop", DIMS, DrawnTexts.fingerprint)
TEXTS = DrawnTexts().encode_items(list(map(title, KNOWN)))
MODEL = drawn_model_of(KNOWN, TEXTS, DrawnTexts.fingerprint)
WHITENING = fit_whitening(TEXTS)
FIELDS = HeadFields(SPACE, MODEL.towers, MODEL.whitening)
UNREAD = HeadFields(replace(SPACE, encoder=""), drawn_model_of(KNOWN).towers, None)
"""Of a model that reads no texts."""


def test_both_vectors_are_what_the_towers_make_of_id_text_category_and_brand() -> None:
    items = (*KNOWN, *NEW)
    whole = DrawnTexts().encode_items(list(map(title, items)))
    made = FIELDS.columns(items, whole)
    paths = ["Tools > Drills", "Tools", "", "Tools > Drills", "Tools > Drills", "", ""]
    brands = [item.brand for item in items]
    expected = MODEL.towers.vectors([item.id for item in items], WHITENING.apply(whole), paths, brands)
    for field, rows in ((fields.ENGAGEMENT, expected.engagement), (fields.RELEVANCE, expected.relevance)):
        moved = np.linalg.norm(np.array(list(made[field])) - rows, axis=1) / np.linalg.norm(rows, axis=1)
        assert moved.min() > 0 and moved.max() < 1.1 * JITTER
    np.testing.assert_allclose(np.linalg.norm(list(made[fields.RELEVANCE]), axis=1), 1, atol=1e-6)
    # Whatever else is in the batch.
    for row, item in enumerate(items):
        alone = FIELDS.columns([item], whole[row : row + 1])
        for field in fields.HEADS:
            np.testing.assert_allclose(alone[field][0], made[field][row], atol=1e-5)


def test_copies_among_new_items_are_moved_apart() -> None:
    made = FIELDS.columns(NEW[:2], DrawnTexts().encode_items([item.title for item in NEW[:2]]))
    for field in fields.HEADS:
        assert (
            0 < np.linalg.norm(made[field][0] - made[field][1]) < 3 * JITTER * np.linalg.norm(made[field][0])
        )


def test_an_item_of_which_nothing_is_known_has_neither_field() -> None:
    none = np.zeros((7, 0), dtype=np.float32)
    made = UNREAD.columns((*KNOWN, *NEW), none)
    for field in fields.HEADS:
        assert [row is None for row in made[field]] == [False] * 5 + [True] * 2
        assert field not in document(NEW[2], {field: made[field][5]})
    unread = FIELDS.columns(NEW[2:3], np.zeros((1, WIDTH), dtype=np.float32))
    assert all(unread[field][0] is None for field in fields.HEADS)


def test_texts_are_read_once_for_all_that_one_encoder_serves() -> None:
    recommends = RecommendationSpace("ef" * 32, "shop", DrawnTexts.fingerprint, dims=WIDTH, text_dims=WIDTH)
    makers: list[ItemFields] = [RecommendationFields(recommends, KnownItems({"k0": 1.0}, WHITENING)), FIELDS]
    model = DrawnTexts()
    for encoder in (
        dense_item_encoder(model, title, name="m", dims=2, also=makers),
        item_fields_encoder(makers, model, title),
    ):
        model.asked.clear()
        made = encoder.encode(KNOWN)
        assert model.asked == [item.title for item in KNOWN]
        assert encoder.item_spaces == ItemSpaces(recommends, SPACE)
        assert {*fields.HEADS, fields.ITEM_VECTOR} <= encoder.spaces.keys() <= made.keys()
        assert encoder.spaces[fields.RELEVANCE] == VectorSpace("cd" * 32, "shop", DIMS)
    apart = together(*(item_fields_encoder([maker], model, title) for maker in makers))
    assert apart.item_spaces == ItemSpaces(recommends, SPACE)
    for field in fields.HEADS:
        np.testing.assert_array_equal(list(apart.encode(KNOWN)[field]), list(made[field]))


def test_makers_without_texts_need_no_encoder(tmp_path: Path) -> None:
    (encoder,) = text_encoders(None, 0, [UNREAD], ArtifactStore(tmp_path))
    assert encoder.spaces.keys() == set(fields.HEADS)
    assert [row is None for row in encoder.encode(NEW)[fields.ENGAGEMENT]] == [False, False, True, True]


def test_workers_get_the_same_fields() -> None:
    whole = DrawnTexts().encode_items([item.title for item in NEW])
    sent, here = pickle.loads(pickle.dumps(FIELDS)).columns(NEW, whole), FIELDS.columns(NEW, whole)
    for field in fields.HEADS:
        np.testing.assert_array_equal(list(sent[field]), list(here[field]))


@pytest.mark.parametrize("engine", ["lucene", "faiss"])
def test_every_field_is_mapped(engine: str) -> None:
    settings = IndexSettings(engine=engine, item_spaces=ItemSpaces(relates=SPACE))
    meta = IndexMeta("shop-v0001", {}, engine, (), item_spaces=settings.item_spaces)
    mapping = index_body(settings, meta)["mappings"]
    for field in fields.HEADS:
        found = mapping["properties"][field]
        assert (found["type"], found["dimension"]) == ("knn_vector", DIMS)
        assert (found["method"]["space_type"], found["method"]["engine"]) == ("innerproduct", engine)
    assert not {fields.ITEM_VECTOR, fields.TAKEN} & mapping["properties"].keys()
    assert set(fields.HEADS) <= learned_fields(mapping)
    read = IndexMeta.from_mapping("shop-v0001", json.loads(json.dumps(mapping)))
    assert read == meta and read.relating() == SPACE
    assert replace(read, spaces=SPACE.vectors).searches_vectors


def test_a_release_without_a_model_is_refused_by_name() -> None:
    meta = IndexMeta("shop-v0001", {}, "lucene", ())
    assert "relates" not in meta.to_json()
    with pytest.raises(
        ForeignIndex, match=r"shop-v0001 relates no items: .* without an item-to-item"
    ) as said:
        meta.relating()
    assert "--item-to-item" in said.value.fix
    broken = {**meta.to_json(), "relates": {"model": "x"}}
    with pytest.raises(ForeignIndex, match=r"unreadable _meta.aisle .*missing"):
        IndexMeta.from_mapping("shop-v0001", {"_meta": {"aisle": broken}})


def test_a_run_goes_on_with_the_model_that_it_was_begun_with() -> None:
    def parts(space: ItemToItemSpace | None) -> dict[str, str]:
        return run_parts({}, IndexSettings(item_spaces=ItemSpaces(relates=space)), {}, IndexOptions("shop"))

    check_same("shop", "shop-v0001", parts(SPACE), parts(SPACE))
    for other in (None, replace(SPACE, model="00" * 32)):
        with pytest.raises(
            InputError, match=r"changed since then: the item-to-item model \(--item-to-item\)\. Fix"
        ):
            check_same("shop", "shop-v0001", parts(SPACE), parts(other))
