"""Principal axes and the linear head: what they promise, in torch and in the artifact."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from aisle.encoder import ArtifactStore, DenseEncoder
from aisle.encoder.export import Fp32, export
from aisle.errors import InputError
from aisle.training.common.base_model import open_model
from aisle.training.dense.stages.contrastive import InBatchStage
from aisle.training.dense.stages.head import AxesStage, HeadSettings, HeadStage, principal_axes
from aisle.training.dense.train import TrainedEncoder, train_encoder
from aisle.training.dense.trainer import Schedule
from tests.support.tiny_catalogue import catalogue, tiny_training_set
from tests.support.tiny_training import WIDTHS, recall, tiny_model, tiny_settings

pytestmark = pytest.mark.slow

TEXTS = list(catalogue().values())
# Not long enough to learn all of it: the head has something left to do.
PAIRS = InBatchStage(Schedule(0.7, 5e-3, 32), titles=1)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_model(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("run") / "work"


@pytest.fixture(scope="module")
def trained(base: Path, work: Path) -> TrainedEncoder:
    head = HeadStage(HeadSettings(steps=60, learning_rate=1e-2, batch=64), pseudo=50)
    settings = tiny_settings(base, AxesStage(), PAIRS, head)
    return train_encoder(tiny_training_set(), settings, work, device="cpu")


def test_axes_turn_and_nothing_else() -> None:
    drawn = np.random.default_rng(1).normal(size=(50, 8)) * np.arange(1, 9)
    vectors = np.asarray(drawn, dtype=np.float32)
    turned = vectors @ principal_axes(vectors)
    np.testing.assert_allclose(turned @ turned.T, vectors @ vectors.T, rtol=1e-3, atol=1e-2)
    energy = (turned**2).sum(axis=0)
    assert (np.diff(energy) <= 1e-3 * energy[0]).all()


def test_axes_change_no_full_width_neighbour_and_better_a_prefix(
    base: Path, work: Path, trained: TrainedEncoder
) -> None:
    before, after = open_model(base, "cpu"), open_model(work / trained.history[0].folder, "cpu")
    first, second = (
        m.encode(TEXTS, normalize_embeddings=True, show_progress_bar=False) for m in (before, after)
    )
    np.testing.assert_allclose(first @ first.T, second @ second.T, atol=1e-4)
    least = WIDTHS[-1]
    assert (second[:, :least] ** 2).sum() > (first[:, :least] ** 2).sum()


def test_the_head_betters_the_narrowest_width(work: Path, trained: TrainedEncoder) -> None:
    before = recall(open_model(work / trained.history[1].folder, "cpu"), WIDTHS[-1])
    after = recall(open_model(trained.folder, "cpu"), WIDTHS[-1])
    losses = [loss for _, loss in trained.history[2].losses]
    assert losses[-1] < losses[0]
    assert after > before


@pytest.mark.parametrize("dims", [None, 8])
def test_the_artifact_has_the_head_in_its_graph(
    trained: TrainedEncoder, tmp_path: Path, dims: int | None
) -> None:
    model = open_model(trained.folder, "cpu")
    vectors = model.encode(TEXTS, truncate_dim=dims, normalize_embeddings=True, show_progress_bar=False)
    options = trained.export_options("tiny", tiny_training_set(), precision=Fp32(), dims=dims)
    artifact = DenseEncoder.load(export(options, ArtifactStore(tmp_path)).path)
    assert artifact.dims == (dims or WIDTHS[0])
    assert (artifact.encode_items(TEXTS) * vectors).sum(axis=1).min() > 0.9999


def test_another_last_stage_trains_nothing_before_it_again(
    base: Path, work: Path, trained: TrainedEncoder
) -> None:
    head = HeadStage(HeadSettings(steps=10, batch=64), pseudo=0)
    settings = tiny_settings(base, AxesStage(), PAIRS, head)
    again = train_encoder(tiny_training_set(), settings, work, device="cpu", resume=True)
    assert again.history[:2] == trained.history[:2]
    assert again.history[2].key != trained.history[2].key
    assert again.history[2].steps == 10


def test_a_head_that_cannot_be_trained_is_refused() -> None:
    with pytest.raises(InputError):
        HeadSettings(steps=0)
