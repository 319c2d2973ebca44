"""A sequence model: it learns an order, and what is served is what was trained."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import aisle
from aisle._artifacts import verified_artifact
from aisle.encoder import Artifact, ArtifactStore
from aisle.encoder.code_artifact import save_codes
from aisle.encoder.cpu import InstructionSet
from aisle.encoder.export.precision import Fp32
from aisle.encoder.whitening import fit_whitening
from aisle.errors import ArtifactCorrupt, ArtifactNotFound, InputError
from aisle.recommendation.artifact import load_recommender, save_recommender
from aisle.recommendation.history_encoder import HistoryEncoder, ItemEmbeddings
from aisle.recommendation.recommender import Recommender
from aisle.recommendation.router_artifact import RouterNotice, load_router, read_item_embeddings
from aisle.recommendation.train import train
from aisle.sequences import Sequences, sequences_of
from aisle.training.common.progress import Silent
from aisle.training.recommendation.export import history_graph
from aisle.training.recommendation.fit import fit
from aisle.training.recommendation.job import RouterJob, RouterReport, item_embeddings, served_channel
from aisle.training.recommendation.loop import encode
from aisle.training.recommendation.losses import BinaryCrossEntropy, FullSoftmax, SampledSoftmax, SequenceLoss
from aisle.training.recommendation.settings import SequenceSettings
from aisle.training.semantic_ids.fit import CodeSettings, ModalityVectors, fit_codes

ITEMS = tuple(f"i{n}" for n in range(30))
TITLES = tuple(f"item {n}" for n in range(30))
WHITENING = fit_whitening(np.random.default_rng(1).standard_normal((30, 8)).astype(np.float32))
TEXTS = WHITENING.apply(np.random.default_rng(1).standard_normal((30, 8)).astype(np.float32))
SMALL = SequenceSettings(
    dims=16, max_steps=8, dropout=0.1, loss=SampledSoftmax(16), positions=256, learning_rate=5e-3, epochs=8
)


def turns(users: int, ways: tuple[int, ...] = (-2, -1, 1, 2)) -> Sequences:
    """Users who go on as they went last: which item comes next is in their order."""
    draw = np.random.default_rng(5)
    starts, way = draw.integers(0, 30, (users, 1)), draw.choice(ways, (users, 1))
    return sequences_of(ITEMS, ((starts + way * np.arange(7)) % 30).tolist())


TURNS = turns(400)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[ArtifactStore, Artifact, RouterReport]:
    store = ArtifactStore(tmp_path_factory.mktemp("store"))
    known = train(TURNS, TITLES, TEXTS, whitening=WHITENING).recommender
    artifact = save_recommender(known, "shop", store, learned_from=TURNS)
    served = load_recommender(artifact.path, store)
    report = RouterJob(name="shop", settings=SMALL).run(TURNS, served, artifact, store, Silent())
    return store, artifact, report


@pytest.mark.parametrize("loss", [SampledSoftmax(16), FullSoftmax(), BinaryCrossEntropy()])
def test_every_loss_learns_what_is_next(loss: SequenceLoss) -> None:
    fitted = fit(turns(200, (-1, 1)), TEXTS, replace(SMALL, loss=loss, epochs=12), Silent())
    users = fitted.users(sequences_of(ITEMS, [[3, 4, 5], [7, 6, 5]]))
    scores = users @ fitted.vectors.T
    above = np.count_nonzero(scores > scores[[0, 1], [6, 4]][:, None], axis=1)
    assert (above < 5).all()
    assert fitted.losses[-1] < fitted.losses[0]


def test_one_seed_is_one_model() -> None:
    first, again, other = (
        fit(TURNS, None, replace(SMALL, epochs=1, seed=seed), Silent()).vectors for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, again)
    assert not np.allclose(first, other)


def test_items_may_be_their_texts_alone() -> None:
    fitted = fit(TURNS, TEXTS, replace(SMALL, epochs=1, id_embeddings=False), Silent())
    text_map = fitted.model.items.whole_text_map()
    assert text_map is not None
    np.testing.assert_allclose(fitted.vectors, TEXTS @ text_map, atol=1e-6)


def test_onnx_equals_torch_and_int8_ranks_alike(tmp_path: Path) -> None:
    fitted = fit(TURNS, TEXTS, replace(SMALL, epochs=4), Silent())
    histories = sequences_of(ITEMS, [[], [3], [3, 4, 5], [29, 28, 27, 26, 25, 24, 23, 22, 21, 20]])
    then = encode(fitted.model, fitted.vectors, histories)
    history_graph(fitted.model, Fp32()).write(tmp_path / "fp32.onnx")
    embeddings = ItemEmbeddings((), np.zeros((0, 16), np.float32), None)
    exact = HistoryEncoder(tmp_path / "fp32.onnx", embeddings, 8)
    found = exact.encode([fitted.vectors[histories.of(user)] for user in range(4)])
    np.testing.assert_allclose(found, then, atol=1e-5)
    assert not found[0].any()
    served = served_channel(fitted, ITEMS, TEXTS, InstructionSet.AVX2)
    np.testing.assert_allclose(served.vectors, fitted.vectors, atol=1e-6)
    scores, exactly = served.scores(TURNS), encode(fitted.model, fitted.vectors, TURNS) @ fitted.vectors.T
    assert np.mean(scores.argmax(axis=1) == exactly.argmax(axis=1)) > 0.95


def test_new_items_are_as_long_as_known_ones() -> None:
    fitted = fit(TURNS, TEXTS, replace(SMALL, epochs=4), Silent())
    made, new = item_embeddings(fitted, ITEMS), [f"new {item}" for item in ITEMS]
    np.testing.assert_allclose(made.vectors(ITEMS, TEXTS), fitted.vectors, atol=1e-6)
    text_map = fitted.model.items.whole_text_map()
    assert text_map is not None
    lengths, known, alone = (
        np.linalg.norm(vectors, axis=1).mean()
        for vectors in (made.vectors(new, TEXTS), fitted.vectors, TEXTS @ text_map)
    )
    assert lengths == pytest.approx(known, rel=1e-4)
    assert lengths > 1.05 * alone
    texts_alone = fit(TURNS, TEXTS, replace(SMALL, epochs=1, id_embeddings=False), Silent())
    np.testing.assert_allclose(
        item_embeddings(texts_alone, ITEMS).vectors(new, TEXTS), texts_alone.vectors, atol=1e-6
    )


def test_only_the_latest_steps_are_read(
    made: tuple[ArtifactStore, Artifact, RouterReport],
) -> None:
    encoder = made[2].trained.encoder
    steps = np.tile(encoder.item_vectors(ITEMS, TEXTS), (34, 1))[:1000]
    long, latest = encoder.encode([steps, steps[-8:]])
    np.testing.assert_allclose(long, latest, atol=1e-6)
    with pytest.raises(InputError, match="vectors of 16 values"):
        encoder.encode([steps[:, :3]])


def test_a_router_stands_beside_its_recommender(
    made: tuple[ArtifactStore, Artifact, RouterReport],
) -> None:
    store, artifact, report = made
    assert report.chosen_on == 400
    assert report.trained.recommender == artifact.fingerprint
    assert report.beside["N@10"] > report.without["N@10"]
    opened = aisle.open_recommender("shop", store=store)
    texts = opened.learned.texts
    assert opened.router is not None and texts is not None
    item = opened.recommend(["i7", "i6", "i5"], size=1).items[0]
    assert item.id == "i4" and item.because in ("i5", "i6", "i7")
    sequence = opened.router.encoder
    history = sequence.item_vectors(["i7", "i6", "i5"], texts[[7, 6, 5]])
    score = sequence.encode([history])[0] @ sequence.item_vectors(["i4"], texts[[4]])[0]
    assert item.signals["sequence"] == pytest.approx(report.trained.weight * float(score), rel=1e-4)
    assert verified_artifact("router/shop", store=store).path == report.trained.artifact.path


def test_new_items_have_a_vector_by_their_texts(
    made: tuple[ArtifactStore, Artifact, RouterReport],
) -> None:
    embeddings = read_item_embeddings(made[2].trained.artifact)
    old, new = embeddings.vectors(["i3", "new"], TEXTS[[3, 3]])
    assert new.any()
    np.testing.assert_allclose(old - new, embeddings.embeddings[3], atol=1e-6)
    assert not embeddings.vectors(["new"]).any()
    with pytest.raises(InputError, match="8 values for each of 1 items"):
        embeddings.vectors(["new"], TEXTS[:1, :5])


def test_a_router_for_another_recommender_is_left_out(
    made: tuple[ArtifactStore, Artifact, RouterReport], tmp_path: Path
) -> None:
    store = ArtifactStore(tmp_path)
    report = RouterJob(name="shop", settings=replace(SMALL, epochs=1)).run(
        TURNS, *_recommender(store, TEXTS), store, Silent()
    )
    assert report.trained.router is None
    _recommender(store, None)
    with pytest.warns(RouterNotice, match="'shop' was trained for another recommender"):
        assert aisle.open_recommender("shop", store=store).router is None


def _recommender(store: ArtifactStore, texts: NDArray[np.float32] | None) -> tuple[Recommender, Artifact]:
    known = train(TURNS, TITLES, texts, whitening=None if texts is None else WHITENING).recommender
    artifact = save_recommender(known, "shop", store, learned_from=TURNS)
    return load_recommender(artifact.path, store), artifact


def test_what_differs_is_named(made: tuple[ArtifactStore, Artifact, RouterReport], tmp_path: Path) -> None:
    store, artifact, _ = made
    with pytest.raises(ArtifactNotFound, match=r"no router 'other' \(there: shop\)"):
        load_router("other", store)
    with pytest.raises(ArtifactCorrupt, match="not a router"):
        load_router(artifact.path, store)


def test_codes_lead_to_prefixes(made: tuple[ArtifactStore, Artifact, RouterReport], tmp_path: Path) -> None:
    store, artifact, _ = made
    kind = ModalityVectors("text", "", TEXTS[:28])
    fitted = fit_codes(ITEMS[:28], [kind], CodeSettings(sizes=(4, 4, 4)))
    held = save_codes(fitted.known, {"text": kind.vectors}, "shop", store)
    served = load_recommender(artifact.path, store)
    job = RouterJob(name="led", settings=SMALL)
    report = job.run(TURNS, served, artifact, store, Silent(), (fitted.known, held))
    opened = load_router("led", store)
    assert opened.router is not None and opened.codes == held.fingerprint
    assert report.prefixes["prefixes of 1 among 50"] == pytest.approx(28 / 30, abs=0.05)
    users = opened.encoder.encode([opened.encoder.item_vectors(["i7", "i6", "i5"], TEXTS[[7, 6, 5]])])
    found, values = opened.router.best_prefixes(users, 2, 3)
    assert found.shape == (1, 3, 2)
    assert tuple(found[0, 0]) in {codes[:2] for codes in fitted.known.by_item().values()}
    assert 1 >= np.exp(values[0, 0]) >= np.exp(values[0, 2])


def test_too_few_users_are_refused(tmp_path: Path) -> None:
    store = ArtifactStore(tmp_path)
    recommender, artifact = _recommender(store, None)
    with pytest.raises(InputError, match="20 users took three items, and 50 are needed"):
        RouterJob(name="shop").run(turns(20), recommender, artifact, store, Silent())
    with pytest.raises(InputError, match="no user took three items"):
        RouterJob(name="shop").run(sequences_of(ITEMS, [[1, 2]]), recommender, artifact, store, Silent())
    assert not list(store.home.glob("router/*"))
