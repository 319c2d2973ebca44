"""A recommender: what it answers, and what of it comes back from a disk."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aisle._artifacts import verified_artifact
from aisle.encoder import ArtifactStore
from aisle.encoder.code_artifact import load_codes
from aisle.encoder.whitening import fit_whitening
from aisle.errors import ArtifactCorrupt, ArtifactNotFound, InputError, InvalidQuery
from aisle.evaluation.sequences.protocol import ColdItems, EvaluationProtocol
from aisle.evaluation.sequences.table import ProtocolTable
from aisle.recommendation.artifact import load_recommender, save_recommender
from aisle.recommendation.choose import measure_baselines
from aisle.recommendation.recommender import Recommender
from aisle.recommendation.texts import text_vectors
from aisle.recommendation.train import train
from aisle.sequences import Sequences, sequences_of

ITEMS = tuple(f"i{n}" for n in range(30))
TITLES = tuple(f"item {n}" for n in range(30))
VECTORS = np.random.default_rng(1).standard_normal((30, 8)).astype(np.float32)


def walks(users: int) -> Sequences:
    """Users who go from item to item by 1 or 2, in a circle."""
    draw = np.random.default_rng(5)
    starts, hops = draw.integers(0, 30, (users, 1)), draw.integers(1, 3, (users, 7))
    return sequences_of(ITEMS, ((starts + np.cumsum(hops, axis=1)) % 30).tolist())


WALKS = walks(200)


@pytest.fixture(scope="module")
def recommender() -> Recommender:
    whitening = fit_whitening(VECTORS)
    return train(WALKS, TITLES, whitening.apply(VECTORS), whitening=whitening).recommender


def test_settings_are_chosen_on_enough_users_only() -> None:
    trained = train(WALKS, TITLES)
    assert trained.chosen_on == 200
    assert trained.metrics["R@10"] > 0.9
    few = train(walks(20), TITLES)
    assert (few.chosen_on, few.metrics) == (0, {})
    first_day = train(sequences_of(ITEMS, [[1], [1, 2]]), TITLES)
    assert [item.id for item in first_day.recommender.recommend(["i1"], size=1).items] == ["i2"]


def test_a_history_is_answered_with_reasons(recommender: Recommender) -> None:
    found = recommender.recommend(["i3", "gone", "i4", "gone"], size=5)
    assert found.unknown == ("gone",)
    assert [item.rank for item in found.items] == [1, 2, 3, 4, 5]
    assert {found.items[0].id, found.items[1].id} == {"i5", "i6"}
    assert found.items[0].because == "i4"
    assert not {"i3", "i4"} & {item.id for item in found.items}
    for item in found.items:
        assert sum(item.signals.values()) == pytest.approx(item.score, abs=1e-5)
        assert item.title == f"item {item.id[1:]}"


def test_every_history_is_answered(recommender: Recommender) -> None:
    popular = np.argsort(-recommender.learned.counts.takers, kind="stable")
    for nothing in ([], ["unknown"]):
        found = recommender.recommend(nothing, size=3)
        assert [item.id for item in found.items] == [ITEMS[place] for place in popular[:3]]
        assert all(item.because is None for item in found.items)
    long = [ITEMS[n % 29] for n in range(1000)]
    assert [item.id for item in recommender.recommend(long).items] == ["i29"]
    assert len(recommender.recommend(long, exclude_bought=False).items) == 10
    assert len(recommender.recommend(["i7"], size=500).items) == 29


def test_what_is_excluded_makes_room(recommender: Recommender) -> None:
    first = [item.id for item in recommender.recommend(["i4"], size=3).items]
    others = [item.id for item in recommender.recommend(["i4"], size=3, exclude=[first[0], "gone"]).items]
    assert others[:2] == first[1:]
    assert len(others) == 3
    assert recommender.recommend(["i4"], size=3, exclude=iter([first[0]])).items[0].id == first[1]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"size": 0}, "asks for nothing"),
        ({"history": "i4"}, "history= is one text"),
        ({"exclude": "i4"}, "exclude= is one text"),
        ({"history": None}, "history= is a NoneType"),
        ({"history": [100002]}, "history= holds what is no text"),
        ({"exclude": [["i4"]]}, "exclude= holds what is no text"),
    ],
)
def test_what_is_no_list_of_ids_is_refused(
    recommender: Recommender, wrong: dict[str, Any], said: str
) -> None:
    with pytest.raises(InvalidQuery, match=said):
        recommender.recommend(**wrong)


def test_an_artifact_comes_back_as_it_was(recommender: Recommender, tmp_path: Path) -> None:
    store = ArtifactStore(tmp_path / "store")
    kept = save_recommender(recommender, "shop", store, learned_from=WALKS, metrics={"R@10": 0.5})
    again = save_recommender(recommender, "shop", store, learned_from=WALKS)
    assert kept.fingerprint == again.fingerprint
    loaded = load_recommender("shop", store)
    assert loaded.learned.counts.equals(recommender.learned.counts)
    assert loaded.settings == recommender.settings
    assert loaded.learned.whitening is not None and loaded.learned.texts is not None
    # Texts are kept in half precision.
    np.testing.assert_allclose(loaded.learned.whitening.apply(VECTORS), loaded.learned.texts, atol=1e-3)
    assert verified_artifact("recommender/shop", store=store).fingerprint == kept.fingerprint
    ours, theirs = recommender.recommend(["i3", "i9"]), loaded.recommend(["i3", "i9"])
    assert [item.id for item in theirs.items] == [item.id for item in ours.items]
    with pytest.raises(ArtifactNotFound, match=r"no recommender 'other' \(there: shop\)"):
        load_recommender("other", store)
    codes = r"no codes 'shop' \(there: none\); a recommender goes by it"
    for ref in ("shop", f"recommender/{again.path.name}", kept.fingerprint[:12]):
        with pytest.raises(ArtifactNotFound, match=codes.replace("shop", ref)) as refused:
            load_codes(ref, store)
        assert "aisle train codes" in refused.value.fix
    with pytest.raises(ArtifactCorrupt, match="is a recommender model, not codes"):
        load_codes(again.path, store)
    (again.path / "settings.json").write_text("{}")
    with pytest.raises(ArtifactCorrupt, match="was changed"):
        load_recommender("shop", store)


def test_texts_that_new_items_cannot_be_placed_beside_are_refused(
    recommender: Recommender, tmp_path: Path
) -> None:
    store = ArtifactStore(tmp_path / "store")
    other = Recommender(replace(recommender.learned, whitening=None), TITLES, recommender.settings)
    with pytest.raises(InputError, match="kept together"):
        save_recommender(other, "shop", store, learned_from=WALKS)
    kept = save_recommender(recommender, "shop", store, learned_from=WALKS)
    manifest = json.loads((kept.path / "manifest.json").read_text())
    (kept.path / "whitening.npz").unlink()
    del manifest["files"]["whitening.npz"]
    (kept.path / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(ArtifactCorrupt, match="cannot place new items") as refused:
        load_recommender("shop", store)
    assert "aisle train recommender" in str(refused.value.fix)


def test_no_user_is_in_an_artifact(tmp_path: Path) -> None:
    sequences = sequences_of(ITEMS, [[1, 2, 3]], ["someone@example.org"])
    trained = train(sequences, TITLES)
    kept = save_recommender(trained.recommender, "shop", ArtifactStore(tmp_path), learned_from=sequences)
    assert all(b"someone" not in path.read_bytes() for path in kept.path.iterdir())


def test_every_system_is_measured_by_one_protocol() -> None:
    protocol = EvaluationProtocol(cold=ColdItems(0.1, seed=2))
    outcomes = list(measure_baselines(WALKS, protocol, "walks", VECTORS))
    table = ProtocolTable("walks", protocol, outcomes[0].ranked.phase, len(outcomes[0].ranked.ranks), 30)
    for outcome in outcomes:
        table = table.with_ranked(outcome.ranked, outcome.choice.words())
    names = ["popularity", "text cosine", "counts, last item", "item kNN", "EASE", "counts", "counts + text"]
    assert list(table.systems) == names
    assert table.systems["counts"]["N@10"] > 2 * table.systems["popularity"]["N@10"]
    assert table.systems["counts"]["R@10 cold"] == 0, "counts know nothing of what nobody took"
    assert "decay" in table.notes["counts"]


class Encoder:
    fingerprint = "0" * 64

    def encode_items(self, texts: list[str], dims: int | None = None) -> np.ndarray:
        assert all(texts)
        return np.array([[len(text), 1.0] for text in texts], dtype=np.float32)


def test_an_item_without_a_text_is_like_nothing() -> None:
    raw = text_vectors(Encoder(), ["a", "", "bcd", "ef"])
    vectors = fit_whitening(raw).apply(raw)
    assert not vectors[1].any()
    np.testing.assert_allclose(np.linalg.norm(vectors[[0, 2]], axis=1), 1, rtol=1e-5)
    one = text_vectors(Encoder(), ["a", ""])
    assert np.allclose(
        fit_whitening(one).apply(one), one / np.maximum(1, np.linalg.norm(one, axis=1))[:, None]
    )
