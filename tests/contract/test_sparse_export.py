"""Torch is the judge of an exported sparse encoder; and an artifact that was changed is refused."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import BertConfig, BertForMaskedLM

from aisle.encoder import ArtifactStore, DenseEncoder, Pruning, SparseEncoder
from aisle.encoder.artifact import CARD, MODEL
from aisle.encoder.export import Fp32, SparseExport, export
from aisle.encoder.export.sparse import SparseHead
from aisle.encoder.sparse import QUERY_WEIGHTS, VOCABULARY, read_vocabulary
from aisle.errors import ArtifactCorrupt, InputError
from aisle.evaluation.encoders.fidelity import SparseFidelity
from aisle.training.common.base_model import open_model
from aisle.training.sparse.model import Splade
from tests.support.encoder_artifact import minilm
from tests.support.tiny_bert import tiny_tokenizer
from tests.support.tiny_catalogue import catalogue, item_words, query_words, tiny_training_set
from tests.support.tiny_sparse import shared_artifact, shared_tiny
from tests.support.tiny_training import tiny_model

TEXTS = [*list(catalogue().values())[:40], "", "a", "Ø 日本 naïve", "thinga . ... markb", "word " * 100]


def torch_weights(folder: Path, encoder: SparseEncoder) -> np.ndarray:
    model = Splade(open_model(folder, "cpu")[0].auto_model, SparseHead.load(folder), bf16=False).eval()
    with torch.no_grad():
        found: np.ndarray = model(encoder.tokenize(TEXTS)).numpy()
    return found


@pytest.fixture(scope="module")
def fp32(tmp_path_factory: pytest.TempPathFactory) -> SparseEncoder:
    options = shared_tiny().export_options("tiny", tiny_training_set(), precision=Fp32())
    return SparseEncoder.load(export(options, ArtifactStore(tmp_path_factory.mktemp("store"))).path)


def test_the_fp32_graph_equals_torch(fp32: SparseEncoder) -> None:
    expected = torch_weights(shared_tiny().folder, fp32)
    assert (expected > 0).sum(axis=1).mean() > 2
    np.testing.assert_allclose(fp32.encode_raw(TEXTS), expected, atol=2e-4)


def test_the_int8_graph_stays_close(fp32: SparseEncoder) -> None:
    ours, theirs = SparseEncoder.load(shared_artifact()).encode_raw(TEXTS), fp32.encode_raw(TEXTS)
    norms = np.linalg.norm(ours, axis=1) * np.linalg.norm(theirs, axis=1)
    cosines = (ours * theirs).sum(axis=1)[norms > 0] / norms[norms > 0]
    assert len(cosines) > 40
    assert cosines.mean() > 0.99


def test_a_texts_weights_do_not_depend_on_its_company(fp32: SparseEncoder) -> None:
    for encoder in (fp32, SparseEncoder.load(shared_artifact(), pruning=Pruning(max_tokens_item=1000))):
        together = encoder.encode_items(TEXTS)
        assert len(together) == len(TEXTS)
        for text, row in zip(TEXTS, together, strict=True):
            alone = encoder.encode_items([text])[0]
            assert row == pytest.approx(alone, abs=2e-3)
    assert len(fp32.encode_items([])) == 0


def test_pruning_keeps_the_heaviest(fp32: SparseEncoder) -> None:
    few = SparseEncoder(fp32.artifact, pruning=Pruning(max_tokens_item=3, max_tokens_query=1))
    for text in TEXTS[:10]:
        whole = list(fp32.encode_items([text])[0].items())
        assert list(few.encode_items([text])[0].items()) == whole[:3]
    assert len(fp32.encode_query("thinga styleb")) == 2
    assert len(few.encode_query("thinga styleb")) == 1


def test_queries_are_looked_up(fp32: SparseEncoder) -> None:
    weights = np.load(fp32.artifact.file(QUERY_WEIGHTS))
    asked = fp32.encode_query("THINGA styleb thinga")
    assert asked["thinga"] == pytest.approx(weights[fp32.vocabulary.index("thinga")], rel=1e-3)
    assert fp32.encode_query("日本 .") == {} == fp32.encode_query("")
    assert fp32.encode_query(" \x00thinga") == fp32.encode_query("thinga")


def test_no_token_holds_a_dot_or_is_special(fp32: SparseEncoder) -> None:
    assert len(fp32.vocabulary) == fp32.dims
    for row in fp32.encode_items(TEXTS):
        assert not [token for token in row if "." in token or (token.startswith("[") and len(token) > 1)]
        assert all(weight > 0 for weight in row.values())


def test_a_masked_language_models_own_head_is_exported(tmp_path: Path) -> None:
    folder = tmp_path / "mlm"
    folder.mkdir()
    size = tiny_tokenizer(folder, [*item_words(), *query_words()])
    config = BertConfig(
        vocab_size=size,
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=64,
    )
    torch.manual_seed(5)
    judge: Any = BertForMaskedLM(config)
    judge.eval()
    judge.save_pretrained(folder)
    options = SparseExport(model=str(folder), precision=Fp32())
    encoder = SparseEncoder.load(export(options, ArtifactStore(tmp_path / "store")).path)
    assert not encoder.inference_free
    row = encoder.tokenize(["kinda markb the"])[0]
    with torch.no_grad():
        peaks = judge(torch.tensor([row])).logits[0].amax(dim=0)
    expected = torch.log1p(torch.relu(peaks)).numpy()
    found = encoder.encode_raw(["kinda markb the"])[0]
    ids = read_vocabulary(encoder.artifact.file(VOCABULARY), encoder.dims).ids
    np.testing.assert_allclose(found, expected[ids], atol=1e-5)
    assert found.max() > 0


def test_a_model_without_a_head_is_refused(tmp_path: Path) -> None:
    base = tiny_model(tmp_path / "base")
    with pytest.raises(InputError, match="no head"):
        export(SparseExport(model=str(base)), ArtifactStore(tmp_path / "store"))


def test_the_export_tells_what_it_measured(tmp_path: Path) -> None:
    options = shared_tiny().export_options("told", tiny_training_set())
    exported = export(options, ArtifactStore(tmp_path), fidelity=SparseFidelity(options.calibration))
    assert exported.manifest.kind == "sparse"
    assert exported.manifest.metrics["cosine_mean"] > 0.99
    assert exported.manifest.metrics["size_ratio"] < 1
    card = (exported.path / CARD).read_text()
    assert exported.manifest.fingerprint in card and "aisle index --sparse told" in card


def _longer(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"x")


@pytest.mark.parametrize("name", [MODEL, VOCABULARY, QUERY_WEIGHTS])
@pytest.mark.parametrize("harm", [_longer, Path.unlink])
def test_a_changed_artifact_is_refused(tmp_path: Path, name: str, harm: Callable[[Path], None]) -> None:
    copy = shutil.copytree(shared_artifact(), tmp_path / "copy")
    harm(copy / name)
    with pytest.raises(ArtifactCorrupt, match=name):
        SparseEncoder.load(copy)


def test_one_kind_is_not_taken_for_another() -> None:
    with pytest.raises(ArtifactCorrupt, match="not a sparse encoder"):
        SparseEncoder.load(minilm())
    with pytest.raises(ArtifactCorrupt, match="not a dense encoder"):
        DenseEncoder.load(shared_artifact())
