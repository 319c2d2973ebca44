"""A tiny sparse encoder, really trained: its parts are what they say, it learns, and a seed decides it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest
import torch

from aisle.encoder import ArtifactStore, SparseEncoder
from aisle.encoder.export import export
from aisle.encoder.export.sparse import SparseHead, feature_tokens
from aisle.errors import InputError
from aisle.training.common.base_model import open_model
from aisle.training.data.examples import TokenTable
from aisle.training.sparse.fit import flops, ranking, warmed
from aisle.training.sparse.head import fitted_head, idf, plain_head
from aisle.training.sparse.model import COLUMNS, Splade, max_pooled, saturated
from aisle.training.sparse.settings import QuerySide, SparseSettings
from aisle.training.sparse.train import train_sparse
from tests.support.command import listing
from tests.support.tiny_catalogue import catalogue, query_words, tiny_training_set
from tests.support.tiny_sparse import SETTINGS, recall, shared_artifact, shared_tiny, trained_tiny
from tests.support.tiny_training import Diary, Stopped, tiny_model

pytestmark = pytest.mark.slow


def test_peaks_and_their_gradients_are_those_of_all_logits() -> None:
    torch.manual_seed(1)
    # More tokens than one slice of the vocabulary.
    hidden = torch.randn(3, 5, 8, requires_grad=True)
    decoder = torch.randn(COLUMNS + 7, 8, requires_grad=True)
    weight = torch.randn(3, COLUMNS + 7)
    expected = (hidden @ decoder.T).amax(dim=1)
    wanted = torch.autograd.grad((expected * weight).sum(), (hidden, decoder))
    found = max_pooled(hidden, decoder, bf16=False)
    got = torch.autograd.grad((found * weight).sum(), (hidden, decoder))
    torch.testing.assert_close(found, expected)
    torch.testing.assert_close(got, wanted, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(max_pooled(hidden, decoder, bf16=True), expected, rtol=0.02, atol=0.1)


def test_an_encoders_run_is_begun_with_and_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AISLE_HOME", str(tmp_path / "home"))
    run = tmp_path / "home" / "training" / "shop"
    tiny_model(run / "2-b")
    (run / "training.json").write_bytes(orjson.dumps({"key": "k", "stages": [{"folder": "2-b"}]}))
    settings = replace(SETTINGS, base="shop", epochs=1)
    trained = train_sparse(tiny_training_set(), None, settings, tmp_path / "sparse")
    assert trained.base.folder == run / "2-b"
    # No folder of this machine comes into the manifest.
    assert trained.as_dict()["base"] == "shop"
    assert str(tmp_path) not in str(trained.as_dict())


def test_a_token_that_is_off_feels_only_what_would_switch_it_on() -> None:
    logits = torch.tensor([2.0, -1.0, -1.0], requires_grad=True)
    weights = saturated(logits, leak=0.25)
    assert weights.tolist() == pytest.approx([np.log(3), 0, 0])
    (gradient,) = torch.autograd.grad((weights * torch.tensor([1.0, 1.0, -1.0])).sum(), logits)
    assert gradient.tolist() == pytest.approx([1 / 3, 0, -0.25])
    (relu,) = torch.autograd.grad((saturated(logits, leak=0) * torch.tensor([1.0, 1.0, -1.0])).sum(), logits)
    assert relu.tolist() == pytest.approx([1 / 3, 0, 0])


def test_the_losses_are_their_formulas() -> None:
    items = torch.tensor([[1.0, 0.0], [0.0, 2.0], [1.0, 1.0]])
    assert float(flops(items)) == pytest.approx((2 / 3) ** 2 + 1)
    queries = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    rows = torch.tensor([[1.0, 0.0, 1.0], [0.0, 2.0, 1.0]]) * 0.5
    expected = -(rows.log_softmax(dim=1)[0, 0] + rows.log_softmax(dim=1)[1, 1]) / 2
    assert float(ranking(queries, items, 0.5)) == pytest.approx(float(expected))
    assert [warmed(8.0, done, 0.2) for done in (0, 0.1, 0.2, 0.99)] == [0, 2, 8, 8]
    assert warmed(8.0, 0, 0.0) == 8


def test_idf_counts_texts_and_not_tokens() -> None:
    found = idf([[5, 7, 7], [7], [9]], np.array([5, 7, 8]))
    assert found.tolist() == pytest.approx(
        [np.log(1 + 2.5 / 1.5), np.log(1 + 1.5 / 2.5), np.log(1 + 3.5 / 0.5)]
    )


def test_a_head_begins_with_a_texts_own_tokens(tmp_path: Path) -> None:
    base = tiny_model(tmp_path / "base")
    bert: Any = open_model(base, "cpu")[0].auto_model
    words = bert.embeddings.word_embeddings.weight.detach().numpy()
    ids, tokens = feature_tokens(base / "tokenizer.json", len(words))
    assert not {"[CLS]", "[SEP]", "[UNK]", "."} & set(tokens) and {"kinda", "thinga", "a", "##b"} <= set(
        tokens
    )
    rows = TokenTable.of(list(catalogue().values()), base / "tokenizer.json", 24).ids
    plain = Splade(bert, plain_head(words, ids), bf16=False).eval()
    model = Splade(bert, fitted_head(plain, rows, 1.5), bf16=False).eval()
    with torch.no_grad():
        weights, own = model(rows), model.own_tokens(rows) > 0
    assert float((weights[own] > 0).float().mean()) > 0.95
    assert 0.5 < float(weights[own].mean()) < 2
    assert int((weights > 0).sum()) < 3 * int(own.sum())
    assert float(weights[own].mean()) > 2 * float(weights[~own].max(dim=-1).values)


def test_training_lowers_the_loss_and_finds_items_that_share_no_word_with_the_question() -> None:
    done = shared_tiny()
    assert len(done.losses) >= 20
    assert done.losses[-1] < 0.5 * done.losses[0]
    encoder = SparseEncoder.load(shared_artifact())
    assert recall(encoder) > 0.7
    assert encoder.inference_free
    assert set(encoder.encode_query("thinga styleb")) == {"thinga", "styleb"}
    said = set(query_words()) & set(encoder.encode_items(["the kinda markb"])[0])
    assert {"thinga", "styleb"} <= said
    assert 2 <= done.active_items < len(encoder.vocabulary) / 2
    assert done.as_dict()["query_side"] == "inference_free"


def test_untrained_it_finds_nothing(tmp_path: Path) -> None:
    started = trained_tiny(tmp_path, epochs=1, learning_rate=1e-9, matrix_rate=0.0, vector_rate=0.0)
    options = started.export_options("start", tiny_training_set())
    encoder = SparseEncoder.load(export(options, ArtifactStore(tmp_path / "store")).path)
    assert recall(encoder) < 0.3


def test_the_model_may_read_queries_too(tmp_path: Path) -> None:
    done = trained_tiny(tmp_path, query_side=QuerySide.MODEL, epochs=30)
    options = done.export_options("both", tiny_training_set())
    encoder = SparseEncoder.load(export(options, ArtifactStore(tmp_path / "store")).path)
    assert not encoder.inference_free
    assert recall(encoder) > 0.5


def test_a_seed_decides_the_model(tmp_path: Path) -> None:
    def weights(name: str, seed: int) -> np.ndarray:
        return SparseHead.load(trained_tiny(tmp_path / name, epochs=1, seed=seed).folder).decoder

    first = weights("first", 1)
    np.testing.assert_allclose(weights("twin", 1), first, atol=1e-5)
    assert np.abs(weights("other", 2) - first).max() > 1e-4


def test_a_run_that_was_interrupted_goes_on(tmp_path: Path) -> None:
    base = tiny_model(tmp_path / "base")
    settings = replace(SETTINGS, base=str(base), epochs=3)
    data = tiny_training_set()
    whole = train_sparse(data, None, settings, tmp_path / "whole")
    stop = Diary(stop=("sparse", round(0.7 * whole.steps)))
    with pytest.raises(Stopped):
        train_sparse(data, None, settings, tmp_path / "broken", progress=stop)
    before = listing(tmp_path / "broken")
    assert not list((tmp_path / "broken").glob("1-sparse-*"))
    with pytest.raises(InputError, match="holds a training run") as caught:
        train_sparse(data, None, settings, tmp_path / "broken")
    assert "--resume" in caught.value.fix
    for other, said in (({"seed": 1}, "seed was 13 and is 1 now"), ({"flops": 0.5}, "flops was 0.001")):
        with pytest.raises(InputError, match=said):
            train_sparse(data, None, replace(settings, **other), tmp_path / "broken", resume=True)
    assert listing(tmp_path / "broken") == before
    diary = Diary()
    again = train_sparse(data, None, settings, tmp_path / "broken", resume=True, progress=diary)
    assert diary.steps[0][1] > whole.steps / 3 and diary.steps[-1][1] == whole.steps
    first, second = (SparseHead.load(done.folder) for done in (whole, again))
    np.testing.assert_allclose(second.decoder, first.decoder, atol=1e-5)
    assert second.query is not None and first.query is not None
    np.testing.assert_allclose(second.query, first.query, rtol=1e-4)
    assert [step for step, _ in again.record.losses] == [step for step, _ in whole.record.losses]
    assert not any((tmp_path / "broken" / "checkpoints").iterdir())
    diary = Diary()
    third = train_sparse(data, None, settings, tmp_path / "broken", resume=True, progress=diary)
    assert (third, diary.steps) == (again, [])


def test_more_penalty_fewer_tokens(tmp_path: Path) -> None:
    few = trained_tiny(tmp_path / "few", epochs=10, flops=1.0).active_items
    many = trained_tiny(tmp_path / "many", epochs=10, flops=0.0).active_items
    assert few < 0.7 * many


def test_bad_settings_and_folders_are_refused(tmp_path: Path) -> None:
    for wrong in ({"epochs": 0}, {"scale": 0.0}, {"flops": -1.0}, {"leak": 2.0}, {"skip": 50}):
        with pytest.raises(InputError, match=next(iter(wrong)) if "skip" not in wrong else "depth"):
            SparseSettings(**wrong)
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(InputError):
        train_sparse(tiny_training_set(), None, replace(SETTINGS, base=str(empty)), tmp_path / "new")
    assert not (tmp_path / "new").exists()
