"""Bounded DPO: pools, pairs, the loss, the bound, and the artifact."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from aisle.encoder import ArtifactStore
from aisle.encoder.cpu import open_session
from aisle.errors import ArtifactCorrupt, ArtifactNotFound, InputError
from aisle.recommendation.artifact import save_recommender
from aisle.recommendation.counts import count_items
from aisle.recommendation.known_items import find_recommender
from aisle.recommendation.pool import Candidates, deviation, feature_names, features
from aisle.recommendation.preferences import Preferences, PreferencesNotice, bounded, preferences_of
from aisle.recommendation.recommender import Recommender
from aisle.recommendation.settings import COUNTS, Learned, RecommenderSettings
from aisle.recommendation.train import train
from aisle.sequences import Sequences, sequences_of
from aisle.training.common.progress import Silent
from aisle.training.preferences.fit import DeltaModel, PreferenceTraining, best_bound, dpo_loss, value
from aisle.training.preferences.job import last_taken, learn, make_pairs, surely_better, train_preferences
from aisle.training.preferences.negatives import PoolNegatives, RandomNegatives, TopNegatives
from aisle.training.preferences.pairs import OTHERS, Preferred
from aisle.training.recommendation.job import RouterJob
from aisle.training.recommendation.settings import SequenceSettings


def candidates(base: list[float]) -> Candidates:
    scores = np.array(base, dtype=np.float32)
    return Candidates({COUNTS: scores}, {COUNTS: scores / np.float32(2)}, np.abs(scores), 3.0, 2)


def shop() -> Sequences:
    """Everybody takes a bag somewhere; what comes last is never a bag, and follows from the item before."""
    rng = np.random.default_rng(1)
    bags = range(60, 66)
    histories = []
    for user in range(600):
        first = 3 * (user % 20)
        turn = int(rng.integers(3))
        steps = [first + (turn + step) % 3 for step in range(3)]
        for bag in rng.choice(np.array(bags), 3, replace=False).tolist():
            steps.insert(int(rng.integers(0, 2)), bag)
        histories.append(steps)
    return sequences_of(tuple(f"i{n}" for n in range(66)), histories)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Recommender, ArtifactStore, Preferences]:
    store = ArtifactStore(tmp_path_factory.mktemp("store"))
    sequences = shop()
    recommender = train(sequences, [""] * 66).recommender
    artifact = save_recommender(recommender, "shop", store, learned_from=sequences)
    trained = train_preferences(
        recommender, artifact, sequences, "shop", store, PreferenceTraining(epochs=3), Silent(), pool=20
    )
    assert trained.metrics["N@10"] > trained.metrics["N@10 base"]
    return recommender, store, Preferences.load("shop", store)


@given(st.floats(0.01, 10), st.integers(0, 1000))
def test_no_score_moves_beyond_the_bound(bound: float, seed: int) -> None:
    deltas = np.random.default_rng(seed).normal(0, 100, 50).astype(np.float32)
    assert np.abs(bounded(deltas, bound)).max() <= np.float32(bound)


@given(st.integers(0, 10_000), st.integers(2, 60))
def test_an_artifact_keeps_its_bound(
    made: tuple[Recommender, ArtifactStore, Preferences], seed: int, size: int
) -> None:
    _, _, preferences = made
    offered = candidates(np.random.default_rng(seed).gamma(0.5, 10, size).tolist())
    added = preferences.added(offered)
    pool = np.sort(offered.base)[::-1][: preferences.settings.pool]
    limit = preferences.settings.bound * deviation(pool)
    assert np.abs(added).max() <= limit * np.float32(1.001)
    assert np.count_nonzero(added) <= preferences.settings.pool


def test_preferences_rank_what_users_take_above_what_many_take(
    made: tuple[Recommender, ArtifactStore, Preferences],
) -> None:
    recommender, _, preferences = made
    ranked = recommender.with_preferences(preferences)
    before = [item.id for item in recommender.recommend(["i60", "i0", "i1"]).items]
    after = ranked.recommend(["i60", "i0", "i1"])
    assert [item.id for item in after.items].index("i2") <= before.index("i2")
    for item in after.items:
        assert item.score == pytest.approx(sum(item.signals.values()), abs=1e-4)
    assert [item.score for item in after.items] == sorted((i.score for i in after.items), reverse=True)
    assert {item.id for item in ranked.recommend([], size=66).items} == {f"i{n}" for n in range(66)}


def test_a_session_says_what_the_model_says(
    made: tuple[Recommender, ArtifactStore, Preferences], tmp_path: Path
) -> None:
    rng = np.random.default_rng(0)
    columns = len(feature_names((COUNTS,)))
    model = DeltaModel(
        rng.normal(size=columns).astype(np.float32),
        rng.uniform(0.1, 9, columns).astype(np.float32),
        (rng.normal(size=(columns, 5)).astype(np.float32), rng.normal(size=5).astype(np.float32)),
        (rng.normal(size=5).astype(np.float32), np.float32(0.3)),
    )
    path = tmp_path / "model.onnx"
    model.graph().write(path)
    rows = rng.normal(size=(40, columns)).astype(np.float32)
    found = open_session(path).run(None, {"features": rows})[0]
    np.testing.assert_allclose(found, model.deltas(rows), rtol=1e-4, atol=1e-4)


def test_features_of_a_pool_do_not_depend_on_who_else_is_asked() -> None:
    offered = candidates([3.0, 2.0, 2.0, 0.5, -1.0])
    pool = offered.at(np.arange(3))
    alone = features(offered.at(np.array([4])), pool, (COUNTS, "text"))
    together = features(offered, pool, (COUNTS, "text"))
    np.testing.assert_array_equal(together[4:], alone)
    assert together.shape == (5, len(feature_names((COUNTS, "text"))))
    ranks = np.expm1(together[:, feature_names((COUNTS,)).index("log rank")])
    np.testing.assert_allclose(ranks, [1, 3, 3, 3, 3], rtol=1e-5)


@pytest.fixture(scope="module")
def pairs() -> Preferred:
    data = last_taken(shop(), 0)
    counts = count_items(data.train)
    blend = RecommenderSettings().channel(Learned(counts))
    return make_pairs(blend, counts.takers, data, Silent(), pool=20)


def test_pairs_are_the_pools_of_users_whose_item_was_in_them(pairs: Preferred) -> None:
    assert pairs.asked == 600
    assert 0 < len(pairs) <= 600
    assert np.diff(pairs.offsets).max() <= 20
    assert np.all((pairs.targets >= pairs.offsets[:-1]) & (pairs.targets < pairs.offsets[1:]))
    assert pairs.others.shape == (len(pairs), OTHERS, pairs.rows.shape[1])
    ranks = [
        np.count_nonzero(pairs.base[begin:end] >= pairs.base[target])
        for begin, end, target in zip(pairs.offsets[:-1], pairs.offsets[1:], pairs.targets, strict=True)
    ]
    np.testing.assert_array_equal(pairs.ranks(pairs.base), ranks)
    part = pairs.where(np.arange(len(pairs)) % 2 == 1, 300)
    np.testing.assert_array_equal(part.rows[part.targets], pairs.rows[pairs.targets[1::2]])


@pytest.mark.parametrize("negatives", [PoolNegatives(), TopNegatives(5), RandomNegatives()])
def test_what_was_taken_is_never_its_own_negative(
    pairs: Preferred, negatives: PoolNegatives | TopNegatives | RandomNegatives
) -> None:
    users = np.arange(len(pairs))
    # Rows by themselves tell which candidate they are.
    marked = np.arange(len(pairs.rows), dtype=np.float32)[:, None]
    others = np.full((*pairs.others.shape[:2], 1), -1, dtype=np.float32)
    data = Preferred(users, marked, pairs.offsets, pairs.targets, pairs.base, others, pairs.asked)
    drawn = negatives.draw(data, users, data.base, 200, np.random.default_rng(0))[..., 0]
    assert drawn.shape == (len(pairs), 200)
    assert not np.any(drawn == pairs.targets[:, None])
    own = (drawn >= pairs.offsets[:-1, None]) & (drawn < pairs.offsets[1:, None])
    assert np.all(own | (drawn == -1))


def test_the_loss_is_that_of_the_paper() -> None:
    moves = torch.tensor([[0.5, -0.25, 0.1], [0.0, 0.0, 0.0]])
    found = float(dpo_loss(moves, 2.0))
    one = -np.log(1 / (1 + np.exp(2 * (-0.25 - 0.5)) + np.exp(2 * (0.1 - 0.5))))
    assert found == pytest.approx((one + np.log(3)) / 2, rel=1e-5)


def test_no_bound_is_chosen_where_none_helps(pairs: Preferred) -> None:
    wrong = np.zeros(len(pairs.rows), dtype=np.float32)
    wrong[pairs.targets] = -5
    assert best_bound(pairs, wrong) == 0.0
    assert best_bound(pairs, -wrong) > 0


def test_a_gain_of_few_users_is_luck(pairs: Preferred) -> None:
    lowest = pairs.targets[np.argmax(pairs.ranks(pairs.base))]
    scores = pairs.base.copy()
    scores[lowest] += 100
    assert value(pairs, scores) > value(pairs, pairs.base)
    assert not surely_better(pairs, scores)
    scores[pairs.targets] += 100
    assert surely_better(pairs, scores)


def test_too_few_users_teach_nothing(pairs: Preferred) -> None:
    few = pairs.where(np.arange(len(pairs)) < 20, 20)
    with pytest.raises(InputError, match="only 20 of 20 users"):
        learn(few, PreferenceTraining(), Silent())


def test_an_altered_artifact_is_refused(
    made: tuple[Recommender, ArtifactStore, Preferences], tmp_path: Path
) -> None:
    _, store, preferences = made
    with pytest.raises(ArtifactNotFound, match="no preferences 'nope'"):
        Preferences.load("nope", store)
    copied = tmp_path / "preferences" / "broken"
    copied.mkdir(parents=True)
    for name in (*preferences.artifact.manifest.files, "manifest.json"):
        (copied / name).write_bytes((preferences.artifact.path / name).read_bytes())
    (copied / "settings.json").write_text('{"bound": 99, "pool": 20, "channels": ["counts"]}')
    with pytest.raises(ArtifactCorrupt):
        Preferences.load(copied, store)


def test_preferences_of_other_channels_are_refused(
    made: tuple[Recommender, ArtifactStore, Preferences],
) -> None:
    _, _, preferences = made
    texts: NDArray[np.float32] = np.eye(66, dtype=np.float32)
    with_texts = train(shop(), [""] * 66, texts).recommender
    with pytest.raises(InputError, match="learned with counts, not with counts, text"):
        with_texts.with_preferences(preferences)


def test_preferences_of_a_name_are_found_if_their_channels_are_there(
    made: tuple[Recommender, ArtifactStore, Preferences],
) -> None:
    _, store, preferences = made
    artifact = find_recommender("shop", store)
    found = preferences_of(artifact, (COUNTS,), store)
    assert found is not None
    assert found.fingerprint == preferences.fingerprint
    with pytest.warns(PreferencesNotice, match="learned with counts, not with counts, sequence"):
        assert preferences_of(artifact, (COUNTS, "sequence"), store) is None


def test_beside_a_router_its_sequences_are_read_too(
    made: tuple[Recommender, ArtifactStore, Preferences], tmp_path: Path
) -> None:
    recommender, store, _ = made
    artifact = find_recommender("shop", store)
    small = RouterJob(name="small", settings=SequenceSettings(dims=16, epochs=1, positions=4096))
    router = small.run(shop(), recommender, artifact, ArtifactStore(tmp_path), Silent()).trained
    beside = recommender.with_router(replace(router, weight=0.01))
    trained = train_preferences(
        beside,
        artifact,
        shop(),
        "both",
        ArtifactStore(tmp_path),
        PreferenceTraining(epochs=3),
        Silent(),
        pool=20,
    )
    assert trained.settings.channels == (COUNTS, "sequence")
    ranked = beside.with_preferences(Preferences.load("both", ArtifactStore(tmp_path)))
    item = ranked.recommend(["i60", "i0", "i1"], size=1).items[0]
    assert item.id == "i2"
    assert set(item.signals) == {COUNTS, "popularity", "sequence", "preference"}
