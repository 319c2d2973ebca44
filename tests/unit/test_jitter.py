"""No two items have the same vector, whatever their texts are."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from aisle.encoder import item_text
from aisle.encoder.jitter import JITTER, jittered
from aisle.indexer.vectors import ItemEncoder, dense_item_encoder, stored_as, together
from aisle.mappings import fields
from aisle.mappings.document import document, long_hash
from aisle.mappings.vector_types import VectorStorage, VectorType
from aisle.types import Item
from tests.support.hash_vector_catalogue import DIMS, FINGERPRINT, direction

Floats = NDArray[np.float32]
COPIES = [Item(f"part-{n}", "Replacement part") for n in range(300)]


class Titles:
    """A dense model whose vectors depend on the text alone."""

    fingerprint = FINGERPRINT

    def encode_items(self, texts: list[str], dims: int | None = None) -> Floats:
        return np.stack([direction(text) for text in texts])[:, :dims]


ENCODER = dense_item_encoder(Titles(), item_text, name="titles", dims=DIMS)


def rows(ids: list[str], dims: int = 64) -> Floats:
    made = np.random.default_rng(7).standard_normal((len(ids), dims)).astype(np.float32)
    unit: Floats = made / np.linalg.norm(made, axis=1, keepdims=True)
    return unit


@settings(deadline=None)
@given(st.lists(st.text(max_size=20), min_size=1, max_size=20), st.sampled_from([16, 64, 384]))
def test_a_vector_keeps_its_length_and_nearly_its_direction(ids: list[str], dims: int) -> None:
    given_, moved = rows(ids, dims), jittered(rows(ids, dims), ids)
    assert moved.dtype == np.float32 and moved.shape == given_.shape
    assert np.linalg.norm(moved, axis=1) == pytest.approx(1.0, abs=1e-6)
    assert np.einsum("nd,nd->n", moved.astype(float), given_.astype(float)) == pytest.approx(1.0, abs=2e-6)


@given(st.lists(st.text(max_size=20), min_size=2, max_size=20, unique=True))
def test_copies_part_and_each_id_moves_alike_whatever_comes_with_it(ids: list[str]) -> None:
    copies = np.repeat(rows(["one"]), len(ids), axis=0)
    moved = jittered(copies, ids)
    apart = np.linalg.norm(moved[:, None] - moved[None], axis=2)[np.triu_indices(len(ids), 1)]
    assert (apart > JITTER / 2).all() and (apart < 2 * JITTER).all()
    for row, id_ in enumerate(ids):
        assert np.array_equal(jittered(copies[:1], [id_])[0], moved[row])


def test_a_text_without_a_known_word_stays_near_to_nothing() -> None:
    moved = jittered(np.zeros((2, 64), dtype=np.float32), ["1", "2"])
    assert np.linalg.norm(moved, axis=1) == pytest.approx(4 * JITTER)
    assert jittered(np.zeros((0, 64), dtype=np.float32), []).shape == (0, 64)


def test_items_of_one_text_have_its_hash_and_vectors_of_their_own() -> None:
    made = ENCODER.encode(COPIES)
    assert set(made[fields.TEXT_HASH]) == {long_hash("Replacement part")}
    assert len({row.tobytes() for row in made[fields.DENSE]}) == len(COPIES)
    kept = document(COPIES[3], {field: column[3] for field, column in made.items()})
    assert kept[fields.TEXT_HASH] == long_hash(item_text(COPIES[3]))
    assert together(ENCODER).encode(COPIES)[fields.TEXT_HASH] == made[fields.TEXT_HASH]


def test_bytes_of_copies_differ_as_well() -> None:
    kept = VectorStorage.fitted(VectorType.BYTE, rows([str(n) for n in range(100)]))
    for copies in (np.repeat(rows(["one"]), 300, axis=0), np.zeros((300, 64), dtype=np.float32)):

        def encode(_: object, made: NDArray[np.float32] = copies) -> dict[str, NDArray[np.float32]]:
            return {fields.DENSE: made}

        model = ItemEncoder({}, encode)
        codes = np.asarray(stored_as(model, kept).encode(COPIES)[fields.DENSE])
        assert codes.dtype == np.int8
        # A graph has 32 links; of what rounding alone leaves of a jitter, most would still be the same.
        assert max(Counter(row.tobytes() for row in codes).values()) < 10
