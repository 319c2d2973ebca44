"""Training for seconds: it learns, it exports what it learned, and it can be repeated."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from sentence_transformers import SentenceTransformer

from aisle.encoder import ArtifactStore, DenseEncoder
from aisle.encoder.artifact import Prefixes
from aisle.encoder.export import Fp32, export
from aisle.errors import ArtifactCorrupt
from aisle.training.common.base_model import open_model
from aisle.training.common.machine import TrainingPrecision
from aisle.training.common.progress import Silent
from aisle.training.cross_encoder.teacher import TeacherSettings
from aisle.training.data.examples import Examples, TokenTable
from aisle.training.data.negatives import NegativeOptions
from aisle.training.dense.losses import TOKENS_AT_ONCE, rows_at_once, stage_loss
from aisle.training.dense.stages.contrastive import DistillationStage, HardNegativeStage, InBatchStage
from aisle.training.dense.train import TrainedEncoder, train_encoder
from aisle.training.dense.trainer import Collator, Schedule, row_lengths, train_stage
from tests.support.tiny_catalogue import catalogue, tiny_training_set
from tests.support.tiny_training import WIDTHS, Diary, recall, tiny_model, tiny_settings

pytestmark = pytest.mark.slow

TEXTS = list(catalogue().values())


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_model(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="module")
def trained(base: Path, tmp_path_factory: pytest.TempPathFactory) -> TrainedEncoder:
    """Titles, then pairs; recall@10 at full and least width after each."""

    def evaluate(model: SentenceTransformer, _: str) -> dict[str, float]:
        return {"full": recall(model), "least": recall(model, WIDTHS[-1])}

    work = tmp_path_factory.mktemp("run") / "work"
    return train_encoder(tiny_training_set(), tiny_settings(base), work, evaluate=evaluate, device="cpu")


@pytest.fixture(scope="module")
def model(trained: TrainedEncoder) -> SentenceTransformer:
    return open_model(trained.folder, "cpu")


def test_training_lowers_the_loss(trained: TrainedEncoder) -> None:
    for record in trained.history:
        losses = [loss for _, loss in record.losses]
        assert losses[-1] < losses[0], record.name
    pairs = [loss for _, loss in trained.history[1].losses]
    assert pairs[-1] < 0.2 * pairs[0]


def test_training_improves_recall_on_questions_held_out(base: Path, trained: TrainedEncoder) -> None:
    untrained = recall(open_model(base, "cpu"))
    assert untrained < 0.2
    assert trained.history[1].evaluation["full"] > untrained + 0.5
    assert trained.history[1].evaluation["least"] > untrained + 0.4


def test_the_fp32_artifact_equals_the_torch_model_and_int8_is_close(
    trained: TrainedEncoder, model: SentenceTransformer, tmp_path: Path
) -> None:
    vectors = model.encode(TEXTS, normalize_embeddings=True, show_progress_bar=False)
    store = ArtifactStore(tmp_path)
    for least, options in (
        (0.9999, trained.export_options("fp32", tiny_training_set(), precision=Fp32())),
        (0.98, trained.export_options("int8", tiny_training_set())),
    ):
        artifact = DenseEncoder.load(export(options, store).path)
        assert (artifact.encode_items(TEXTS) * vectors).sum(axis=1).min() > least


def test_the_artifact_tells_how_it_was_trained(trained: TrainedEncoder, tmp_path: Path) -> None:
    manifest = export(trained.export_options("tiny", tiny_training_set()), ArtifactStore(tmp_path)).manifest
    assert manifest.widths == WIDTHS
    assert manifest.data_hash == tiny_training_set().data_hash
    assert manifest.max_length == 64
    assert manifest.training["base"] == "tiny"
    assert [stage["stage"] for stage in manifest.training["stages"]] == ["titles", "in-batch-negatives"]
    assert manifest.training["ran"]["stages"][1]["steps"] == 50
    assert str(trained.folder.parent) not in manifest.to_bytes().decode()


def test_a_tampered_artifact_is_refused(trained: TrainedEncoder, tmp_path: Path) -> None:
    path = export(trained.export_options("tiny", tiny_training_set()), ArtifactStore(tmp_path)).path
    graph = bytearray((path / "model.onnx").read_bytes())
    graph[len(graph) // 2] ^= 1
    (path / "model.onnx").write_bytes(graph)
    with pytest.raises(ArtifactCorrupt, match=r"model\.onnx was changed"):
        DenseEncoder.load(path)


def weights(run: TrainedEncoder) -> dict[str, np.ndarray[tuple[int, ...], np.dtype[np.float32]]]:
    return {name: tensor.numpy() for name, tensor in open_model(run.folder, "cpu").state_dict().items()}


def test_the_same_seed_makes_the_same_weights_and_another_seed_others(base: Path, tmp_path: Path) -> None:
    stage = InBatchStage(Schedule(1, 5e-3, 32))
    runs = [
        train_encoder(
            tiny_training_set(), tiny_settings(base, stage, seed=seed), tmp_path / name, device="cpu"
        )
        for name, seed in (("a", 1), ("b", 1), ("c", 2))
    ]
    first, same, other = map(weights, runs)
    assert all((first[name] == same[name]).all() for name in first)
    assert any((first[name] != other[name]).any() for name in first)


def test_mined_negatives_and_a_teacher_carry_on_from_the_stage_before(
    trained: TrainedEncoder, tmp_path: Path
) -> None:
    options = NegativeOptions(depth=20)
    teacher = TeacherSettings(epochs=1, list_size=4, mined=2, precision=TrainingPrecision.FP32)
    settings = tiny_settings(
        trained.folder,
        HardNegativeStage(Schedule(2, 1e-3, 32), per_pair=2, options=options),
        DistillationStage(Schedule(1, 1e-3, 16), per_pair=2, options=options, teacher=teacher),
    )
    diary = Diary()
    run = train_encoder(tiny_training_set(), settings, tmp_path / "work", progress=diary, device="cpu")
    assert [record.name for record in run.history] == ["hard-negatives", "distillation"]
    assert [record.rows for record in run.history] == [160, 160]
    assert all(np.isfinite(loss) for record in run.history for _, loss in record.losses)
    assert "the teacher scores the candidates" in diary.notes
    assert recall(open_model(run.folder, "cpu")) > 0.8


def test_gradcache_gives_the_gradient_of_the_whole_batch(base: Path, tmp_path: Path) -> None:
    stage = InBatchStage(Schedule(1, 5e-3, 32))
    # Dropout draws other masks for other shapes: only a model without it can be compared.
    still = tiny_model(tmp_path / "still")
    config = still / "config.json"
    config.write_text(config.read_text().replace('_dropout_prob": 0.1', '_dropout_prob": 0.0'))
    assert config.read_text().count("0.0,") >= 2
    whole, cached = (
        train_encoder(
            tiny_training_set(),
            tiny_settings(still, stage, mini_batch=rows),
            tmp_path / str(rows),
            device="cpu",
        )
        for rows in (32, 8)
    )
    np.testing.assert_allclose(
        [loss for _, loss in whole.history[0].losses],
        [loss for _, loss in cached.history[0].losses],
        rtol=1e-3,
    )


def test_long_texts_go_through_the_model_in_smaller_pieces() -> None:
    assert rows_at_once(256, [7] * 900 + [40] * 100) == 256
    assert rows_at_once(256, [128] * 100) * 128 == TOKENS_AT_ONCE
    assert rows_at_once(8, [128] * 100) == 8
    assert rows_at_once(256, [2 * TOKENS_AT_ONCE] * 10) == 1


@pytest.mark.parametrize("asked", ["red", "red shoe blue shoe red shoe"])
def test_rows_are_sorted_by_their_longer_side(base: Path, asked: str) -> None:
    known = (frozenset[int](),) * 2
    examples = Examples((asked, "blue shoe"), ("red shoe", "blue"), (0, 1), ((0,), (1,)), known)
    queries, items = (
        TokenTable.of(texts, base / "tokenizer.json", 64) for texts in (examples.queries, examples.items)
    )
    side = items if asked == "red" else queries
    assert row_lengths(examples, Collator(queries, items)) == list(side.lengths)


@pytest.mark.parametrize("mini_batch", [32, 8], ids=["whole batch", "GradCache"])
def test_bfloat16_is_what_is_multiplied_and_float32_what_is_kept(
    base: Path, tmp_path: Path, mini_batch: int
) -> None:
    data = tiny_training_set()
    settings = replace(tiny_settings(base), precision=TrainingPrecision.BF16, mini_batch=mini_batch)
    model = open_model(base, "cpu")
    examples = Examples.of(data.pairs, data, Prefixes())
    queries, items = (
        TokenTable.of(t, base / "tokenizer.json", 64) for t in (examples.queries, examples.items)
    )
    seen: set[torch.dtype] = set()
    linear = next(layer for layer in model.modules() if isinstance(layer, torch.nn.Linear))
    linear.register_forward_hook(lambda _layer, _inputs, output: seen.add(output.dtype))
    texts = Collator(queries, items)
    loss = stage_loss(model, settings, 32, examples, texts)
    schedule = Schedule(0.2, 1e-3, 32)
    done = train_stage(model, loss, examples, texts, schedule, settings, tmp_path / "run", 1, Silent())
    assert done.steps == 1
    assert seen == {torch.bfloat16}
    assert {weight.dtype for weight in model.parameters()} == {torch.float32}
