"""Torch is the judge of an exported reranker; a score is of its pair alone; what is not one is refused."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import orjson
import pytest

from aisle.encoder import ArtifactStore, CrossEncoder, DenseEncoder
from aisle.encoder.artifact import GOLDEN
from aisle.encoder.export import Fp32, Pooling, RerankerExport, export, find_weights
from aisle.encoder.self_test import PairSelfTest
from aisle.errors import ArtifactCorrupt, InputError
from aisle.evaluation.encoders.fidelity import RerankerFidelity
from aisle.evaluation.encoders.samples import sample_texts
from aisle.training.common.machine import TrainingPrecision
from aisle.training.cross_encoder.model import load_cross_encoder
from tests.support.encoder_artifact import minilm
from tests.support.tiny_bert import tiny_bert
from tests.support.tiny_reranker import MAX_TOKENS, tiny_cross_encoder, tiny_reranker

WORDS = ("red", "blue", "drill", "lamp", "saw")
QUERIES = ("red drill", "lamp", "a", "blue saw " * 30)
TEXTS = [
    "blue saw",
    "red drill 18 v",
    "",
    "lamp",
    "drill " * 60,
    *(text.lower()[:40] for text in sample_texts(30)),
]


def exported(model: Path, store: Path, **options: object) -> CrossEncoder:
    wanted = RerankerExport(model=str(model), name="tiny", **options)  # type: ignore[arg-type]
    return CrossEncoder.load(export(wanted, ArtifactStore(store)).path)


def judged(model: Path, query: str) -> np.ndarray:
    scores: np.ndarray = load_cross_encoder(model, "cpu", TrainingPrecision.FP32).predict(
        [(query, text) for text in TEXTS], show_progress_bar=False
    )
    return scores


@pytest.mark.parametrize("layers", [1, 2, 3])
@pytest.mark.parametrize("pooling", Pooling)
def test_the_fp32_graph_equals_torch(tmp_path: Path, pooling: Pooling, layers: int) -> None:
    model = tiny_cross_encoder(tmp_path / "model", WORDS, pooling=pooling, layers=layers)
    encoder = exported(model, tmp_path, precision=Fp32())
    assert encoder.manifest.pooling == pooling.value
    assert encoder.manifest.max_length == MAX_TOKENS
    for query in QUERIES:
        scores, torch_scores = encoder.score(query, TEXTS), judged(model, query)
        assert scores.dtype == np.float32
        assert np.ptp(torch_scores) > 0.1
        np.testing.assert_allclose(scores, torch_scores, atol=1e-4 * np.ptp(torch_scores))


def test_a_classifier_of_transformers_equals_torch(tmp_path: Path) -> None:
    import torch
    from transformers import BertConfig, BertForSequenceClassification

    model = tiny_bert(tmp_path / "model", WORDS)
    config = BertConfig.from_pretrained(model, num_labels=1)
    with torch.random.fork_rng():
        torch.manual_seed(5)
        classifier = BertForSequenceClassification(config)
        with torch.no_grad():
            for parameter in classifier.parameters():
                if parameter.dim() > 1:
                    parameter.mul_(12)
    classifier.save_pretrained(model)
    for extra in ("modules.json", "sentence_bert_config.json"):
        (model / extra).unlink()
    shutil.rmtree(model / "1_Pooling")
    encoder = exported(model, tmp_path, precision=Fp32())
    assert encoder.manifest.pooling == "cls"
    scores, torch_scores = encoder.score("red drill", TEXTS), judged(model, "red drill")
    assert np.ptp(torch_scores) > 0.1
    np.testing.assert_allclose(scores, torch_scores, atol=1e-4 * np.ptp(torch_scores))


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> tuple[CrossEncoder, CrossEncoder]:
    """Packaged weights under a head of random weights: INT8, and fp32."""
    import torch

    from aisle.training.cross_encoder.model import new_cross_encoder

    folder = tmp_path_factory.mktemp("real")
    with torch.random.fork_rng():
        torch.manual_seed(2)
        model = new_cross_encoder(find_weights("all-MiniLM-L6-v2").folder, 96, "cpu", Pooling.CLS)
    model.save_pretrained(str(folder / "model"), create_model_card=False)
    return (
        exported(folder / "model", folder / "int8"),
        exported(folder / "model", folder / "fp32", precision=Fp32()),
    )


def test_int8_scores_stay_close_to_fp32(real: tuple[CrossEncoder, CrossEncoder]) -> None:
    served, exact = real
    assert served.manifest.precision == "int8"
    texts = sample_texts(100)
    assert (
        np.corrcoef(served.score("led flood light", texts), exact.score("led flood light", texts))[0, 1]
        > 0.97
    )


def test_fixed_scales_are_as_close_and_of_the_pair_alone(
    real: tuple[CrossEncoder, CrossEncoder], tmp_path: Path
) -> None:
    model = real[1].artifact.path.parents[2] / "model"
    pairs = [(query, text) for query in ("tap", "red 18 v drill") for text in sample_texts(100, seed=11)]
    options = RerankerExport(model=str(model), name="static", calibration=pairs)
    static = CrossEncoder.load(export(options, ArtifactStore(tmp_path)).path)
    assert static.manifest.precision == "int8-static"
    texts = [*sample_texts(60), "", "word " * 100]
    together = static.score("led flood light", texts)
    assert np.corrcoef(together, real[1].score("led flood light", texts))[0, 1] > 0.97
    alone = np.concatenate([static.score("led flood light", [text]) for text in texts])
    np.testing.assert_allclose(together, alone, atol=1e-3 * np.ptp(alone))


def test_a_score_does_not_depend_on_its_company(real: tuple[CrossEncoder, CrossEncoder]) -> None:
    served, _ = real
    texts = [*sample_texts(60), "", "word " * 100]
    together = served.score("cordless drill", texts)
    alone = np.concatenate([served.score("cordless drill", [text]) for text in texts])
    np.testing.assert_allclose(together, alone, atol=1e-3 * np.ptp(alone))
    one_thread = CrossEncoder.load(served.artifact.path, threads=1)
    np.testing.assert_allclose(one_thread.score("cordless drill", texts), alone, atol=1e-3 * np.ptp(alone))


def test_the_measured_figures_are_of_this_model(tmp_path: Path) -> None:
    model = tiny_cross_encoder(tmp_path / "model", WORDS)
    options = RerankerExport(model=str(model), name="tiny")
    report = export(options, ArtifactStore(tmp_path / "store"), fidelity=RerankerFidelity())
    assert report.manifest.metrics["score_correlation"] > 0.9
    assert {"pairs100_ms", "pairs100_fp32_ms", "pairs100_torch_ms"} <= set(report.manifest.metrics)
    card = (report.path / "README.md").read_text()
    assert 'CrossEncoder.load("tiny")' in card
    assert "median time of 100 pairs" in card


def test_no_items_have_no_scores(tmp_path: Path) -> None:
    encoder = CrossEncoder.load(tiny_reranker(tmp_path))
    assert encoder.score("red", []).shape == (0,)


def test_exporting_twice_makes_one_artifact(tmp_path: Path) -> None:
    model = tiny_cross_encoder(tmp_path / "model")
    options = RerankerExport(model=str(model), name="tiny")
    first, second = (export(options, ArtifactStore(tmp_path / "store")) for _ in range(2))
    assert first.path == second.path
    assert first.path.parent.name == "reranker"


def test_another_machines_scores_are_noticed(tmp_path: Path) -> None:
    path = tiny_reranker(tmp_path)
    golden = PairSelfTest.read(path / GOLDEN)
    wrong = golden.scores.copy()
    wrong[1] += 0.2 * np.ptp(wrong)
    changed = PairSelfTest(golden.query, golden.texts, golden.tokens, wrong)
    encoder = CrossEncoder.load(path)
    scores = encoder.score_pairs(golden.tokens)
    golden.check_outputs(scores, path)
    with pytest.raises(ArtifactCorrupt, match="scores the golden item"):
        changed.check_outputs(scores, path)


def test_the_kinds_are_not_mixed_up(tmp_path: Path) -> None:
    with pytest.raises(ArtifactCorrupt, match="is a dense model, not a reranker") as refused:
        CrossEncoder.load(minilm())
    assert "aisle train reranker" in refused.value.fix
    path = tiny_reranker(tmp_path)
    with pytest.raises(ArtifactCorrupt, match="is a reranker model, not a dense encoder"):
        DenseEncoder.load(path)


def test_of_two_artifacts_of_one_name_the_reranker_is_meant(tmp_path: Path) -> None:
    path = tiny_reranker(tmp_path)
    store = ArtifactStore(tmp_path / "store")
    twin = store.home / "dense" / f"tiny-3-{'0' * 12}"
    shutil.copytree(minilm(), twin)
    held = orjson.loads((twin / "manifest.json").read_bytes())
    (twin / "manifest.json").write_bytes(orjson.dumps(held | {"name": "tiny-3", "created": "9999"}))
    assert store.resolve("tiny-3") == twin
    assert store.resolve("tiny-3", "reranker") == path
    assert CrossEncoder.load("tiny-3", store=store).artifact.path == path


@pytest.mark.parametrize(
    "change", [{"out_features": 2}, {"activation_function": "torch.nn.modules.activation.Tanh"}]
)
def test_other_heads_are_refused(tmp_path: Path, change: dict[str, object]) -> None:
    model = tiny_cross_encoder(tmp_path / "model")
    config = model / "2_Dense" / "config.json"
    config.write_bytes(orjson.dumps(orjson.loads(config.read_bytes()) | change))
    with pytest.raises(InputError, match="one linear layer to one score"):
        export(RerankerExport(model=str(model)), ArtifactStore(tmp_path / "store"))


def test_an_encoder_is_no_cross_encoder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no cross-encoder with one score"):
        export(RerankerExport(), ArtifactStore(tmp_path / "store"))
    assert not any((tmp_path / "store").glob("**/manifest.json"))


@pytest.mark.parametrize("length", [4, 65])
def test_impossible_lengths_are_refused(tmp_path: Path, length: int) -> None:
    model = tiny_cross_encoder(tmp_path / "model")
    with pytest.raises(InputError, match=f"max_length {length} is not possible"):
        exported(model, tmp_path, max_length=length)
