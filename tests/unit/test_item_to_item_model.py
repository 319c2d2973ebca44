"""Two heads: vectors of known and new items, scores, and the artifact."""

from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from aisle.baskets import baskets_from
from aisle.encoder.artifact import ArtifactStore
from aisle.errors import ArtifactCorrupt, ArtifactNotFound, InputError
from aisle.recommendation.item_to_item.artifact import (
    TOWERS,
    find_two_heads,
    load_two_heads,
    read_two_heads,
    save_two_heads,
)
from aisle.recommendation.item_to_item.towers import Vocabulary, levels_of
from tests.support.item_to_item import drawn_model, drawn_towers


@pytest.fixture
def store(tmp_path: Path) -> ArtifactStore:
    return ArtifactStore(tmp_path / "artifacts")


VOCABULARY = Vocabulary(("a", "b"), ("Home", "Home > Kitchen"), ("Acme",))


def test_features_are_of_a_kind_and_an_unknown_name_has_none() -> None:
    found = VOCABULARY.features(
        ["b", "Acme", "x"], ["Home > Kitchen", "Home > Garden", ""], ["Acme", "", "Home"]
    ).toarray()
    assert found.tolist() == [[0, 1, 1, 1, 1], [0, 0, 1, 0, 0], [0, 0, 0, 0, 0]]
    assert levels_of("A > B > C") == ("A", "A > B", "A > B > C")
    with pytest.raises(InputError, match="twice"):
        Vocabulary(("a", "a"))


def test_items_have_vectors_of_what_is_known_of_them() -> None:
    towers = drawn_towers(VOCABULARY)
    texts = np.eye(3, dtype=np.float32)[[0, 0, 1, 2]]
    texts[3] = 0
    made = towers.vectors(["a", "new", "new2", "nothing"], texts, ["", "", "Home", "Unknown"], [""] * 4)
    assert not np.allclose(made.engagement[0], made.engagement[1])
    assert np.allclose(np.linalg.norm(made.relevance[:3], axis=1), 1, atol=1e-6)
    assert not made.engagement[3].any()
    assert not made.relevance[3].any()
    # Nothing of an item depends on the others beside it, and a new one needs no ID.
    alone = towers.vectors(["other name"], texts[1:2], [""], [""])
    assert np.allclose(alone.engagement[0], made.engagement[1], atol=1e-6)
    # An ID or a category is enough.
    without = towers.vectors(["a", "new"], None, ["", "Home"], ["", ""])
    assert without.engagement.any(axis=1).all()
    with pytest.raises(InputError, match="not 3 values"):
        towers.vectors(["a"], np.ones((1, 4), dtype=np.float32), [""], [""])


def test_popularity_is_of_candidates_alone_and_counts_add_to_the_score() -> None:
    model = drawn_model()
    scores = model.engagement_scores(np.arange(4))
    plain = model.engagement[:, :-1] @ model.engagement[:, :-1].T + model.engagement[:, -1]
    together = model.counts.together.toarray() / 2**20
    assert np.allclose(scores, plain + 0.5 * np.log1p(together), atol=1e-5)
    assert np.allclose(model.engagement_query(np.zeros((1, 4), dtype=np.float32)), 0)
    assert drawn_model(counts_weight=0).counted.nnz == 0
    assert np.allclose(model.relevance_scores(np.arange(4)).diagonal(), 1, atol=1e-6)


def test_a_day_of_orders_is_added_as_if_all_had_been_counted() -> None:
    baskets = ((0, 1), (0, 1, 2), (2, 3))
    whole = drawn_model(baskets=(*baskets, (0, 3), (1, 2)))
    day = baskets_from(("d", "x", "a", "c", "b"), [(0, 2), (4, 3), (1, 0)])
    added = drawn_model(baskets=baskets).with_orders(day)
    assert added.counts.together.toarray().tolist() == whole.counts.together.toarray().tolist()
    assert added.counts.taken.tolist() == [3, 3, 3, 3]
    assert np.array_equal(added.engagement_scores(np.arange(4)), whole.engagement_scores(np.arange(4)))


def test_what_is_saved_is_what_is_opened(store: ArtifactStore) -> None:
    model = drawn_model(categories=("Home > Kitchen", "", "Home", "Garden"))
    artifact = save_two_heads(model, "shop", store, metrics={"R@50": 0.5})
    opened = read_two_heads(find_two_heads("shop", store))
    assert opened.counts.equals(model.counts)
    assert (opened.items, opened.titles, opened.categories) == (model.items, model.titles, model.categories)
    assert np.array_equal(opened.engagement, model.engagement)
    assert np.array_equal(opened.relevance, model.relevance)
    assert np.array_equal(opened.engagement_scores(np.arange(4)), model.engagement_scores(np.arange(4)))
    texts = np.ones((1, model.towers.text_dims), dtype=np.float32)
    for one, other in ((opened, model), (pickle.loads(pickle.dumps(opened.towers)), model.towers)):
        made, then = (each.vectors(["new"], texts, ["Home"], [""]) for each in (one, other))
        assert np.array_equal(made.engagement, then.engagement)
    assert artifact.manifest.revision == opened.encoder == model.encoder
    assert save_two_heads(model, "shop", store).fingerprint == artifact.fingerprint


def test_a_model_without_texts_round_trips(store: ArtifactStore) -> None:
    known = drawn_model()
    towers = drawn_towers(Vocabulary(known.items), 0)
    made = towers.vectors(known.items, None, ("",) * 4, ("",) * 4)
    model = replace(
        known,
        towers=towers,
        engagement=made.engagement,
        relevance=made.relevance,
        whitening=None,
        encoder="",
    )
    save_two_heads(model, "shop", store)
    opened = load_two_heads("shop", store)
    assert opened.whitening is None
    assert not opened.vectors(["new"], None, [""], [""]).engagement.any()


def test_damage_is_named(store: ArtifactStore) -> None:
    with pytest.raises(ArtifactNotFound, match="no item-to-item model 'shop'"):
        load_two_heads("shop", store)
    artifact = save_two_heads(drawn_model(), "shop", store)
    other = save_two_heads(drawn_model(seed=1), "other", store)
    (artifact.path / TOWERS).write_bytes((other.path / TOWERS).read_bytes())
    with pytest.raises(ArtifactCorrupt, match="changed"):
        load_two_heads("shop", store)
    # Files that fit each other, on a machine that computes something else.
    with pytest.raises(ArtifactCorrupt, match="differ from those recorded"):
        read_two_heads(artifact)


def test_parts_that_do_not_fit_are_refused() -> None:
    model = drawn_model()
    with pytest.raises(InputError, match="do not fit"):
        replace(model, titles=model.titles[1:])
    with pytest.raises(InputError, match="do not fit"):
        replace(model, encoder="")
    with pytest.raises(InputError, match="do not fit"):
        replace(model.towers, text_map=np.ones((3, 2), dtype=np.float32))
    with pytest.raises(InputError, match=r"2 items have 1 categories and 2 brands.*'' for none"):
        model.vectors(["a", "new"], None, [""], ["", ""])
