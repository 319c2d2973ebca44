"""What an item is recommended by in an index: the same for a load, a change and a reference."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from aisle._item_fields import text_encoders
from aisle.encoder import ArtifactStore
from aisle.encoder.code_artifact import ItemCodes
from aisle.encoder.codes import Codebooks, Modality, Quantizer
from aisle.encoder.jitter import JITTER
from aisle.encoder.whitening import fit_whitening
from aisle.errors import ArtifactNotFound, ForeignIndex, InputError
from aisle.indexer.ledger.resume import check_same, run_parts
from aisle.indexer.options import IndexOptions
from aisle.indexer.releases.diff import learned_fields
from aisle.indexer.releases.inherit import fits
from aisle.indexer.vectors import (
    dense_item_encoder,
    item_fields_encoder,
    stored_as,
    together,
    written_to,
)
from aisle.mappings import (
    IndexMeta,
    IndexSettings,
    ItemSpaces,
    RecommendationSpace,
    VectorSpace,
    fields,
    index_body,
)
from aisle.mappings.document import document
from aisle.recommendation.history_encoder import ItemEmbeddings
from aisle.recommendation.item_fields import CodedItems, RecommendationFields
from aisle.recommendation.known_items import KnownItems
from aisle.types import Item
from tests.support.drawn_texts import WIDTH, DrawnTexts

CUT = 4
TITLES = ("red drill", "blue drill", "work light", "saw")
ITEMS = tuple(Item(f"i{n}", title) for n, title in enumerate(TITLES))
IDS = tuple(item.id for item in ITEMS)


def title(item: Item) -> str:
    return item.title


WHITENING = fit_whitening(DrawnTexts().encode_items([f"text {n}" for n in range(40)]))
KNOWN = KnownItems({"i0": 1.0, "i1": 0.25}, WHITENING)
SPACE = RecommendationSpace("cd" * 32, "shop", encoder=DrawnTexts.fingerprint, dims=WIDTH, text_dims=WIDTH)
FIELDS = RecommendationFields(SPACE, KNOWN)


def mapped(space: RecommendationSpace | None, engine: str = "lucene") -> dict[str, object]:
    settings = IndexSettings(dims=CUT, engine=engine, item_spaces=ItemSpaces(recommends=space))
    body = index_body(
        settings, IndexMeta("shop-v0001", {}, engine, (), item_spaces=ItemSpaces(recommends=space))
    )
    properties: dict[str, object] = body["mappings"]["properties"]
    return properties


def test_an_item_vector_is_the_whitened_text_of_full_width() -> None:
    encoder = dense_item_encoder(DrawnTexts(), title, name="m", dims=CUT, also=[FIELDS])
    made = encoder.encode(ITEMS)
    assert np.asarray(made[fields.DENSE]).shape == (4, CUT)
    vectors = np.asarray(made[fields.ITEM_VECTOR])
    assert vectors.shape == (4, WIDTH) and vectors.dtype == np.float32
    placed = WHITENING.apply(DrawnTexts().encode_items(list(TITLES)))
    np.testing.assert_array_less(np.linalg.norm(vectors - placed, axis=1), JITTER)
    assert list(made[fields.TAKEN]) == [1.0, 0.25, 0.0, 0.0]
    assert encoder.item_spaces == ItemSpaces(SPACE)
    assert encoder.spaces == {
        fields.DENSE: VectorSpace(DrawnTexts.fingerprint, "m", CUT),
        fields.ITEM_VECTOR: VectorSpace("cd" * 32, "shop", WIDTH),
    }


def test_all_ways_come_to_the_same_values() -> None:
    whole = DrawnTexts().encode_items(list(TITLES))
    expected = FIELDS.columns(ITEMS, whole)
    shared = dense_item_encoder(DrawnTexts(), title, name="m", dims=CUT, also=[FIELDS])
    apart = together(item_fields_encoder([FIELDS], DrawnTexts(), title))
    meta = IndexMeta("shop-v0001", shared.spaces, "lucene", (), item_spaces=ItemSpaces(SPACE))
    for encoder in (shared, apart, stored_as(shared, meta.vectors), written_to(shared, meta)):
        assert encoder.item_spaces == ItemSpaces(SPACE)
        made = encoder.encode(ITEMS)
        np.testing.assert_array_equal(np.asarray(made[fields.ITEM_VECTOR]), expected[fields.ITEM_VECTOR])
        assert list(made[fields.TAKEN]) == expected[fields.TAKEN]
    one = FIELDS.columns(ITEMS[2:3], whole[2:3])
    np.testing.assert_allclose(one[fields.ITEM_VECTOR][0], expected[fields.ITEM_VECTOR][2], atol=1e-6)


def test_texts_are_read_once_where_one_encoder_serves_both() -> None:
    model = DrawnTexts()
    dense_item_encoder(model, title, name="m", dims=CUT, also=[FIELDS]).encode(ITEMS)
    assert model.asked == list(TITLES)


def test_copies_are_moved_apart_and_an_item_without_a_text_is_like_nothing() -> None:
    items = [Item("a", "drill"), Item("b", "drill"), Item("c", "")]
    made = np.asarray(item_fields_encoder([FIELDS], DrawnTexts(), title).encode(items)["item_vector"])
    assert 0 < np.linalg.norm(made[0] - made[1]) < 3 * JITTER
    assert np.linalg.norm(made[2]) < 5 * JITTER


def test_a_recommender_without_texts_makes_no_vectors() -> None:
    space = RecommendationSpace("cd" * 32, "shop")
    counted = RecommendationFields(space, KnownItems({"i0": 1.0}, None))
    encoder = item_fields_encoder([counted], None, title)
    assert dict(encoder.encode(ITEMS)) == {fields.TAKEN: [1.0, 0.0, 0.0, 0.0]}
    assert encoder.spaces == {} and encoder.item_spaces == ItemSpaces(space)
    assert fields.TAKEN in mapped(space) and fields.ITEM_VECTOR not in mapped(space)


@pytest.mark.parametrize("engine", ["lucene", "faiss"])
def test_every_field_is_mapped(engine: str) -> None:
    properties = mapped(replace(SPACE, levels=3), engine)
    assert properties[fields.ITEM_VECTOR] == {
        "type": "knn_vector",
        "dimension": WIDTH,
        "method": {
            "name": "hnsw",
            "space_type": "innerproduct",
            "engine": engine,
            "parameters": {"m": 16, "ef_construction": 100},
        },
    }
    assert properties[fields.TAKEN] == {"type": "double"}
    assert [properties[fields.sid(level)] for level in (1, 2, 3)] == [{"type": "keyword"}] * 3
    assert fields.sid(4) not in properties
    made = dense_item_encoder(DrawnTexts(), title, name="m", dims=CUT, also=[FIELDS]).encode(ITEMS)
    built = document(ITEMS[0], {field: rows[0] for field, rows in made.items()})
    assert set(built) <= set(properties)
    assert not {fields.ITEM_VECTOR, fields.TAKEN, fields.sid(1)} & set(mapped(None))
    assert fields.sid_prefix((5, 42)) == "5-42"
    sids = {fields.sid(level) for level in (1, 2, 3)}
    vectors = {fields.DENSE, fields.SPARSE, fields.ITEM_VECTOR}
    assert learned_fields({"properties": properties}) == {*vectors, *sids, fields.TAKEN, fields.TEXT_HASH}


def test_a_release_says_by_what_it_recommends() -> None:
    space = replace(SPACE, codes="ef" * 32, levels=4)
    meta = IndexMeta("shop-v0001", {}, "lucene", (), item_spaces=ItemSpaces(recommends=space))
    read = IndexMeta.from_mapping("shop-v0001", {"_meta": {"aisle": json.loads(json.dumps(meta.to_json()))}})
    assert read == meta and read.recommending() == space
    assert not read.searches_vectors
    assert replace(read, spaces=SPACE.vectors).searches_vectors


def test_a_release_without_a_recommender_is_refused_by_name() -> None:
    meta = IndexMeta("shop-v0001", {}, "lucene", ())
    assert "recommends" not in meta.to_json()
    with pytest.raises(ForeignIndex, match=r"shop-v0001 cannot recommend: .* without a recommender") as said:
        meta.recommending()
    assert "--recommender" in said.value.fix


def test_a_new_recommender_leaves_the_tuned_fusion() -> None:
    dense = {fields.DENSE: VectorSpace("ab" * 32, "m", CUT)}
    live = IndexMeta("shop-v0001", {**dense, **SPACE.vectors}, "lucene", ())
    assert fits(live, {**dense, fields.ITEM_VECTOR: VectorSpace("00" * 32, "shop", 9)})
    assert fits(live, dense)
    assert not fits(live, SPACE.vectors)


SPLIT = Quantizer(
    (
        Modality.fitted(
            "text", DrawnTexts.fingerprint, 1.0, DrawnTexts().encode_items([f"text {n}" for n in range(40)])
        ),
    ),
    (),
    Codebooks(tuple(np.random.default_rng(n).normal(size=(3, WIDTH)).astype(np.float32) for n in range(2))),
)
CODED = CodedItems.of(
    ItemCodes(SPLIT, IDS[:2], np.array([[2, 0], [1, 2]], dtype=np.int32)), DrawnTexts.fingerprint
)


def test_known_items_keep_their_codes_and_new_ones_get_the_nearest_whatever_else_is_in_the_batch() -> None:
    coded = RecommendationFields(replace(SPACE, codes="ef" * 32, levels=2), KNOWN, CODED)
    whole = DrawnTexts().encode_items(list(TITLES))
    made = {name: list(rows) for name, rows in coded.columns(ITEMS, whole).items()}
    assert made[fields.sid(1)][:2] == ["2", "1"] and made[fields.sid(2)][:2] == ["2-0", "1-2"]
    nearest = SPLIT.encode({"text": whole[2:]}).tolist()
    assert made[fields.sid(2)][2:] == [fields.sid_prefix(codes) for codes in nearest]
    assert made[fields.sid(1)][2:] == [fields.sid_prefix(codes[:1]) for codes in nearest]
    for row in range(4):
        alone = coded.columns(ITEMS[row : row + 1], whole[row : row + 1])
        assert alone[fields.sid(2)] == [made[fields.sid(2)][row]]
    assert coded.columns([Item("new", "x")], 0 * whole[:1])[fields.sid(2)] == [None]
    assert fields.sid(2) not in document(Item("new", "x"), {fields.sid(2): None})


def test_codes_of_purchases_alone_are_those_of_known_items() -> None:
    bought = CodedItems.of(ItemCodes(SPLIT, IDS[:1], np.array([[2, 0]], dtype=np.int32)), "00" * 32)
    made = bought.columns(IDS, DrawnTexts().encode_items(list(TITLES)))
    assert made[fields.sid(2)] == ["2-0", None, None, None]


def test_the_sequence_part_comes_before_the_text_part() -> None:
    draw = np.random.default_rng(3)
    embeddings, text_map = draw.normal(size=(2, 5)).astype("f4"), draw.normal(size=(WIDTH, 5)).astype("f4")
    sequences = ItemEmbeddings(IDS[:2], embeddings, text_map)
    space = replace(SPACE, router="ef" * 32, dims=5 + WIDTH)
    whole = DrawnTexts().encode_items(list(TITLES))
    made = np.asarray(
        RecommendationFields(space, KNOWN, None, sequences).columns(ITEMS, whole)["item_vector"]
    )
    assert made.shape == (4, 5 + WIDTH) and made.dtype == np.float32
    np.testing.assert_array_equal(made[:, 5:], FIELDS.columns(ITEMS, whole)["item_vector"])
    projected = WHITENING.apply(whole) @ text_map
    np.testing.assert_allclose(made[2:, :5], projected[2:], atol=1e-6)
    np.testing.assert_allclose(made[:2, :5], projected[:2] + embeddings, atol=1e-6)


def test_sequences_without_texts_keep_new_items_apart() -> None:
    sequences = ItemEmbeddings(IDS[:1], np.ones((1, 5), dtype=np.float32), None)
    space = RecommendationSpace("cd" * 32, "shop", router="ef" * 32, dims=5)
    counted = RecommendationFields(space, KnownItems({}, None), None, sequences)
    made = np.asarray(counted.columns(ITEMS, np.zeros((4, 0), dtype=np.float32))["item_vector"])
    np.testing.assert_array_equal(made[0], 1)
    assert len(np.unique(made, axis=0)) == 4 and np.abs(made[1:]).max() < 0.01


def test_a_run_goes_on_with_the_recommender_that_it_was_begun_with() -> None:
    def parts(space: RecommendationSpace | None) -> dict[str, str]:
        return run_parts(
            {}, IndexSettings(item_spaces=ItemSpaces(recommends=space)), {}, IndexOptions("shop")
        )

    check_same("shop", "shop-v0001", parts(SPACE), parts(SPACE))
    for other in (None, replace(SPACE, codes="ef" * 32), replace(SPACE, recommender="00" * 32)):
        with pytest.raises(InputError, match=r"changed since then: the recommender \(--recommender, "):
            check_same("shop", "shop-v0001", parts(SPACE), parts(other))


def test_an_encoder_that_is_not_here_is_named(tmp_path: Path) -> None:
    with pytest.raises(
        ArtifactNotFound, match=r"shop reads texts with an encoder \(abababababab\) that is not on"
    ):
        text_encoders(None, 0, [FIELDS], ArtifactStore(tmp_path))
