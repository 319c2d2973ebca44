"""Semantic IDs: codebooks fitted on vectors, figures of them, and what comes back from a disk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from numpy.typing import NDArray

from aisle._artifacts import verified_artifact
from aisle.encoder import ArtifactStore, DenseEncoder, Manifest
from aisle.encoder.code_artifact import CODEBOOKS, ItemCodes, load_codes, save_codes
from aisle.encoder.codes import Codebooks, Modality, nearest
from aisle.encoder.collisions import sharing
from aisle.errors import ArtifactCorrupt, ArtifactNotFound, EvaluationError, InputError
from aisle.evaluation.codes import code_report, codes_table, prefix_affinity, prefix_labels, prefix_purity
from aisle.sequences import sequences_of
from aisle.training.common.progress import Silent
from aisle.training.semantic_ids.co_purchases import co_purchase_vectors
from aisle.training.semantic_ids.fit import CodeSettings, FittedCodes, ModalityVectors, fit_codes
from aisle.training.semantic_ids.job import CodesJob
from aisle.training.semantic_ids.methods import method_of
from aisle.training.semantic_ids.residual_kmeans import ResidualKMeans
from aisle.training.semantic_ids.rq_vae import RqVae
from aisle.training.semantic_ids.rq_vae_settings import CodebookStart, CodebookUpdate, GradientPath

COUNT, KINDS = 160, 8
SIZES = (8, 8, 8)
ITEMS = tuple(f"i{number}" for number in range(COUNT))
KIND = np.arange(COUNT) % KINDS
"""What an item is: items of one kind have similar texts, and are bought together."""


def near_kinds(dims: int, seed: int, spread: float = 0.3) -> NDArray[np.float32]:
    draw = np.random.default_rng(seed)
    centres = draw.standard_normal((KINDS, dims))
    return (centres[KIND] + spread * draw.standard_normal((COUNT, dims))).astype(np.float32)


TEXTS = near_kinds(12, seed=1)
BOUGHT = near_kinds(6, seed=2)
GIVEN = (ModalityVectors("text", "encoder", TEXTS), ModalityVectors("bought", "orders", BOUGHT, 0.5))
SMALL_VAE = RqVae(hidden=(16,), dims=6, epochs=14, warmup=2, batch=40, learning_rate=0.01, decay=0.8)


@pytest.fixture(scope="module")
def fitted() -> FittedCodes:
    return fit_codes(ITEMS, GIVEN, CodeSettings(SIZES))


def test_every_level_leaves_less(fitted: FittedCodes) -> None:
    quantizer = fitted.known.quantizer
    placed = quantizer.place({"text": TEXTS, "bought": BOUGHT})
    left = (quantizer.codebooks.residuals(placed.vectors, fitted.first) ** 2).sum(axis=2).mean(axis=1)
    assert (np.diff(left) < 0).all()
    assert left[1] < 0.4 * left[0], "the kinds are found"
    assert len({(kind, code) for kind, code in zip(KIND, fitted.first[:, 0], strict=True)}) <= KINDS + 2


def test_fitted_codebooks_are_better_than_drawn_ones(fitted: FittedCodes) -> None:
    quantizer = fitted.known.quantizer
    placed = quantizer.place({"text": TEXTS, "bought": BOUGHT})
    draw = np.random.default_rng(0)
    spread = placed.vectors.std()
    drawn = Codebooks(
        tuple(
            (draw.standard_normal((size, placed.vectors.shape[1])) * spread).astype(np.float32)
            for size in SIZES
        )
    )
    other = drawn.encode(placed.vectors)
    error, worse = (
        ((placed.vectors - books.decode(codes)) ** 2).sum()
        for books, codes in ((quantizer.codebooks, fitted.first), (drawn, other))
    )
    assert error < 0.5 * worse
    ours, theirs = (code_report("", codes, SIZES) for codes in (fitted.first, other))
    assert [level.utilisation for level in ours.levels] == [1, 1, 1]
    assert sum(level.perplexity for level in ours.levels) > sum(level.perplexity for level in theirs.levels)


def test_a_seed_decides_everything(fitted: FittedCodes) -> None:
    again = fit_codes(ITEMS, GIVEN, CodeSettings(SIZES))
    assert np.array_equal(again.known.codes, fitted.known.codes)
    other = fit_codes(ITEMS, GIVEN, CodeSettings(SIZES, seed=8))
    assert not np.array_equal(other.known.codes, fitted.known.codes)


def test_new_items_get_codes_of_the_frozen_codebooks(fitted: FittedCodes) -> None:
    known = fitted.known
    assert sharing(known.codes) == 0
    twins = known.of_new({"text": TEXTS[:5], "bought": BOUGHT[:5]})
    assert sharing(np.concatenate([known.codes, twins])) == 0
    assert (twins[:, 0] == fitted.first[:5, 0]).mean() >= 0.8, "what is alike stays together"
    unbought = known.of_new({"text": TEXTS[:40]})
    assert (unbought[:, 0] == fitted.first[:40, 0]).mean() >= 0.8
    one_by_one = known.quantizer.encode({"text": TEXTS[:1]})
    assert np.array_equal(one_by_one, known.quantizer.encode({"text": TEXTS[:40]})[:1])


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ((replace(GIVEN[0], vectors=TEXTS[:9]),), "160 items have"),
        ((replace(GIVEN[0], vectors=np.where(TEXTS[3, 3] == TEXTS, np.nan, TEXTS)),), "row 3 .* no numbers"),
        ((replace(GIVEN[0], vectors=TEXTS * (np.arange(COUNT) != 7)[:, None]),), "row 7 has no vector"),
        ((replace(GIVEN[0], vectors=np.ones_like(TEXTS)),), "are the same"),
        ((replace(GIVEN[0], vectors=np.zeros_like(TEXTS)),), "no item has a vector"),
        ((replace(GIVEN[0], weight=0.0),), "weight 0"),
        ((GIVEN[0], GIVEN[0]), "give each a name, once"),
        ((), "cannot be concatenated"),
    ],
)
def test_vectors_that_make_no_codes_are_refused(given: tuple[ModalityVectors, ...], message: str) -> None:
    with pytest.raises(InputError, match=message):
        fit_codes(ITEMS, given, CodeSettings(SIZES))


@pytest.mark.parametrize("method", [ResidualKMeans(), SMALL_VAE])
@pytest.mark.parametrize(
    ("sizes", "message"),
    [((8, 161), "160 items cannot fill a level of 161"), ((), "no levels"), ((8, 0), "no levels")],
)
def test_more_codes_than_items_are_refused(method: RqVae, sizes: tuple[int, ...], message: str) -> None:
    with pytest.raises(InputError, match=message):
        fit_codes(ITEMS, GIVEN, CodeSettings(sizes, method))


@pytest.mark.parametrize(
    "method",
    [
        SMALL_VAE,
        replace(SMALL_VAE, update=CodebookUpdate.GRADIENT, path=GradientPath.ROTATION),
        replace(SMALL_VAE, start=CodebookStart.RANDOM, revive=0.5),
    ],
)
def test_an_rq_vae_is_served_without_torch_as_it_was_trained(method: RqVae) -> None:
    inputs = np.concatenate([TEXTS, BOUGHT], axis=1)
    losses: list[float] = []

    class Diary(Silent):
        def step(self, done: int, total: int, loss: float | None) -> None:
            losses.append(loss or 0.0)

    made = method.fit(inputs, SIZES, 3, Diary())
    assert len(losses) == method.epochs and losses[-1] < losses[0]
    assert [layer.matrix.shape for layer in made.layers] == [(18, 16), (16, 6)]
    fitted = fit_codes(ITEMS, GIVEN, CodeSettings(SIZES, method))
    report = code_report("", fitted.first, SIZES, separated=fitted.known.codes)
    assert report.levels[0].utilisation >= 0.5
    assert report.colliding_after == 0
    assert np.array_equal(fit_codes(ITEMS, GIVEN, CodeSettings(SIZES, method)).first, fitted.first)


def test_dead_codes_are_revived() -> None:
    """Codebooks that begin far from every vector: only one code a level would ever be taken."""
    begun = replace(SMALL_VAE, start=CodebookStart.RANDOM, epochs=20)
    used = {}
    for least in (0.0, 0.5):
        fitted = fit_codes(ITEMS, GIVEN, CodeSettings((64, 64), replace(begun, revive=least)))
        used[least] = np.mean([level.utilisation for level in code_report("", fitted.first, (64, 64)).levels])
    assert used[0.5] > used[0.0]


def test_what_is_bought_together_is_near() -> None:
    draw = np.random.default_rng(4)
    # Users who buy within one kind; the last item is bought by nobody.
    walks = [draw.permutation(np.flatnonzero(KIND[:-1] == user % KINDS))[:6].tolist() for user in range(300)]
    vectors = co_purchase_vectors(sequences_of(ITEMS, walks), dims=16)
    assert vectors.shape == (COUNT, 16)
    assert not vectors[-1].any() and vectors[:-1].any(axis=1).all()
    unit = vectors[:-1] / np.linalg.norm(vectors[:-1], axis=1, keepdims=True)
    cosines = unit @ unit.T
    same = KIND[:-1, None] == KIND[None, :-1]
    assert cosines[same].mean() > 0.8
    assert cosines[~same].mean() < 0.2
    with pytest.raises(InputError, match="no user has two different items"):
        co_purchase_vectors(sequences_of(ITEMS, [[1, 1], [2]]))


def test_figures_of_codes_that_are_known() -> None:
    codes = np.array([[0, 0], [0, 0], [0, 1], [1, 0]], dtype=np.int32)
    after = np.array([[0, 0], [0, 2], [0, 1], [1, 0]], dtype=np.int32)
    report = code_report(
        "known",
        codes,
        (2, 4),
        separated=after,
        pairs=np.array([[0, 1], [0, 3], [2, 2]]),
        categories=("a", "a", "b", ""),
    )
    first, second = report.levels
    assert (first.utilisation, first.prefixes, first.largest, first.sharing) == (1.0, 2, 3, 0.75)
    assert (second.utilisation, second.prefixes, second.largest, second.sharing) == (0.5, 3, 2, 0.5)
    assert first.perplexity == pytest.approx(np.exp(-0.75 * np.log(0.75) - 0.25 * np.log(0.25)) / 2)
    assert (report.colliding, report.colliding_after, report.moved) == (0.5, 0.0, 0.25)
    assert [(pair.share, pair.chance) for pair in report.affinity] == [(0.5, 0.5), (0.5, 0.5)]
    assert [level.purity for level in report.purity] == [pytest.approx(2 / 3), 1.0]
    table = codes_table([report])
    assert "| known | 2 x 4 | 1.00 0.50 |" in table and "50.0% | 0.0% | 25.0% |" in table
    assert report.figures()["colliding"] == 0.5
    with pytest.raises(EvaluationError, match="not of the same items"):
        codes_table([report, code_report("other", codes[:2], (2, 4))])
    with pytest.raises(EvaluationError, match="do not fit each other"):
        code_report("", codes, (2,))
    with pytest.raises(EvaluationError, match="no pair has two different items"):
        prefix_affinity(codes, np.array([[1, 1]]))
    with pytest.raises(EvaluationError, match="no item has a category"):
        prefix_purity(codes, ("", "", "", ""))


def test_a_prefix_is_labelled_with_the_words_that_tell_it_from_others() -> None:
    codes = np.array([[0, 1], [0, 2], [1, 0], [1, 1], [2, 0]], dtype=np.int32)
    texts = ("Red lip balm", "Lip balm, mint", "Nail polish red", "nail polish 12 ml", "brush")
    labels = prefix_labels(codes, texts, length=1, words=2)
    assert [(label.prefix, label.items) for label in labels] == [((0,), 2), ((1,), 2), ((2,), 1)]
    assert [set(label.words) for label in labels] == [{"balm", "lip"}, {"nail", "polish"}, {"brush"}]


@pytest.fixture
def store(tmp_path: Path) -> ArtifactStore:
    return ArtifactStore(tmp_path / "artifacts")


def test_what_is_saved_is_loaded(fitted: FittedCodes, store: ArtifactStore) -> None:
    vectors = {"text": TEXTS, "bought": BOUGHT}
    known = replace(fitted.known, labels={"5": ("lip", "balm")})
    artifact = save_codes(known, vectors, "shop", store, metrics={"colliding": 0.25})
    loaded, there = load_codes("shop", store)
    assert there.fingerprint == artifact.fingerprint and there.manifest.metrics["colliding"] == 0.25
    assert (loaded.items, loaded.labels) == (known.items, known.labels)
    assert np.array_equal(loaded.codes, known.codes)
    assert np.array_equal(loaded.quantizer.encode(vectors), fitted.first)
    assert verified_artifact("shop", store=store).fingerprint == artifact.fingerprint
    assert loaded.by_item()["i3"] == tuple(known.codes[3])
    again = save_codes(known, vectors, "twice", store)
    assert again.fingerprint == artifact.fingerprint, "the name is no part of it"


def test_an_rq_vae_is_saved_too(store: ArtifactStore) -> None:
    fitted = fit_codes(ITEMS, GIVEN, CodeSettings(SIZES, replace(SMALL_VAE, epochs=3)))
    vectors = {"text": TEXTS, "bought": BOUGHT}
    save_codes(fitted.known, vectors, "vae", store)
    assert np.array_equal(load_codes("vae", store)[0].quantizer.encode(vectors), fitted.first)


def test_files_that_are_not_what_was_built_are_refused(fitted: FittedCodes, store: ArtifactStore) -> None:
    artifact = save_codes(fitted.known, {"text": TEXTS, "bought": BOUGHT}, "shop", store)
    file = artifact.file(CODEBOOKS)
    content = file.read_bytes()
    file.write_bytes(content[:-9] + b"x" + content[-8:])
    with pytest.raises(ArtifactCorrupt, match=r"codebooks.npz was changed"):
        load_codes("shop", store)
    with pytest.raises(InputError, match="is no name"):
        save_codes(fitted.known, {"text": TEXTS}, "a/b", store)
    assert [manifest.name for _, manifest in store.list()] == ["shop"]
    with pytest.raises(ArtifactNotFound, match="no codes 'other' \\(there: shop\\)"):
        load_codes("other", store)


def test_codes_that_fit_no_items_are_refused(fitted: FittedCodes) -> None:
    known = fitted.known
    with pytest.raises(InputError, match="for each of"):
        ItemCodes(known.quantizer, known.items[:-1], known.codes)
    with pytest.raises(InputError, match="does not have"):
        ItemCodes(known.quantizer, known.items, known.codes + 8)
    with pytest.raises(InputError, match="quantise nothing"):
        Codebooks((TEXTS, BOUGHT))
    with pytest.raises(InputError, match="give as many of each, among: text, bought"):
        known.quantizer.encode({"image": TEXTS})
    with pytest.raises(InputError, match="vectors of 12 values"):
        known.quantizer.encode({"text": BOUGHT})
    with pytest.raises(InputError, match="codes 0 to 7"):
        known.quantizer.codebooks.decode(known.codes + 8)


def test_purchases_alone_make_codes_and_are_measured_on_steps_left_out(store: ArtifactStore) -> None:
    draw = np.random.default_rng(4)
    walks = [draw.permutation(np.flatnonzero(user % KINDS == KIND))[:8].tolist() for user in range(400)]
    job = CodesJob(name="bought", settings=CodeSettings((16, 16)), co_purchase_dims=8)
    trained = job.run(
        ITEMS, [f"kind{kind} item" for kind in KIND], sequences_of(ITEMS, walks), None, store, Silent()
    )
    first = trained.report.affinity[0]
    assert first.share > 0.3
    assert first.lift > 4
    assert {word for label in trained.labels for word in label.words} >= {
        f"kind{kind}" for kind in range(KINDS)
    }
    loaded, artifact = load_codes(trained.artifact.path, store)
    assert artifact.manifest.training["modalities"] == [
        {"name": "co-purchases", "weight": 0.5, "dims": 8, "directions": None}
    ]
    assert "kind0" in loaded.labels[str(loaded.codes[0, 0])]
    assert trained.to_json()["report"]["colliding_after"] == 0
    with pytest.raises(InputError, match="no vectors to make codes of"):
        job.run(ITEMS, ("",) * COUNT, None, None, store, Silent())


def test_a_failure_leaves_the_store_as_it_was(store: ArtifactStore) -> None:
    job = CodesJob(name="shop", settings=CodeSettings((999,)))
    with pytest.raises(InputError, match="cannot fill a level"):
        job.run(ITEMS, ("",) * COUNT, sequences_of(ITEMS, [[1, 2, 3, 4]] * 9), None, store, Silent())
    assert store.list() == () and not store.home.exists()


class _Unread:
    """An encoder that must not be asked."""

    manifest = Manifest(kind="dense", name="e", base_model="", dims=2, text_version="1", files={})

    def encode_items(self, texts: Sequence[str]) -> NDArray[np.float32]:
        raise AssertionError(texts)


def test_too_few_codes_are_refused_before_texts_are_read(store: ArtifactStore) -> None:
    for sizes, said in (((4, 4), f"{COUNT} items cannot have one of 16 tuples"), ((999,), "cannot fill")):
        job = CodesJob(name="shop", settings=CodeSettings(sizes))
        with pytest.raises(InputError, match=said):
            job.run(ITEMS, ("lip balm",) * COUNT, None, cast("DenseEncoder", _Unread()), store, Silent())


def test_settings_that_make_no_codes_are_refused() -> None:
    with pytest.raises(InputError, match="there is no method 'pq'"):
        method_of("pq", epochs=1, start="kmeans")
    with pytest.raises(InputError, match="there is no start 'zero'"):
        method_of("rqvae", epochs=1, start="zero")
    with pytest.raises(InputError, match="cannot be trained"):
        replace(SMALL_VAE, decay=1.0)
    with pytest.raises(InputError, match="cannot run"):
        ResidualKMeans(iterations=0)
    with pytest.raises(InputError, match="make no codes"):
        CodesJob(name="a", settings=CodeSettings(), text_weight=0, co_purchase_weight=0)


def test_a_vector_is_placed_by_direction_alone() -> None:
    modality = Modality.fitted("text", "", 2.0, TEXTS)
    np.testing.assert_allclose(modality.placed(TEXTS * 7), modality.placed(TEXTS), atol=1e-5)
    assert (modality.placed(TEXTS) ** 2).sum(axis=1).mean() == pytest.approx(4.0, rel=1e-4)
    few = Modality.fitted("text", "", 1.0, TEXTS, most=3)
    assert (few.inputs, few.dims, few.placed(TEXTS).shape) == (12, 3, (COUNT, 3))
    assert not modality.placed(np.zeros((1, 12), np.float32)).any()
    assert nearest(TEXTS[:1], TEXTS)[0] == 0
