"""The dense encoder on a real INT8 artifact."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from aisle.encoder import ArtifactStore, DenseEncoder
from aisle.encoder.text import clean
from aisle.errors import ArtifactNotFound, InputError
from aisle.evaluation.encoders.samples import sample_texts
from tests.support.encoder_artifact import minilm

# Activations have a scale per token: neighbours change a level only where float rounding flips one.
MIN_BATCH_COSINE = 0.9999


@pytest.fixture(scope="module")
def encoder() -> DenseEncoder:
    return DenseEncoder.load(minilm())


def test_rows_are_unit_float32_of_the_width_asked_for(encoder: DenseEncoder) -> None:
    for dims in (None, 64, 1, 384):
        vectors = encoder.encode_items(["red drill", "blue hose"], dims)
        assert vectors.shape == (2, dims or 384)
        assert vectors.dtype == np.float32
        assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_nothing_in_nothing_out(encoder: DenseEncoder) -> None:
    assert encoder.encode_items([]).shape == (0, 384)
    assert encoder.encode_queries([], 64).shape == (0, 64)


@pytest.mark.parametrize("dims", [0, -1, 385])
def test_impossible_widths_are_refused(encoder: DenseEncoder, dims: int) -> None:
    with pytest.raises(InputError, match="dimensions"):
        encoder.encode_queries(["drill"], dims)


def test_order_is_the_callers(encoder: DenseEncoder) -> None:
    texts = sample_texts(300)
    alone = np.concatenate([encoder.encode_items([text]) for text in texts])
    assert len(set(texts)) == len(texts)
    similar = encoder.encode_items(texts) @ alone.T
    assert (similar.argmax(axis=1) == np.arange(len(texts))).all()


def test_a_vector_does_not_depend_on_its_neighbours(encoder: DenseEncoder) -> None:
    texts = [*sample_texts(200), "a", "drill " * 300, "!" * 100]
    alone = np.concatenate([encoder.encode_items([text]) for text in texts])
    assert ((encoder.encode_items(texts) * alone).sum(axis=1) > MIN_BATCH_COSINE).all()
    assert ((encoder.encode_items(texts[::-1])[::-1] * alone).sum(axis=1) > MIN_BATCH_COSINE).all()
    assert ((encoder.encode_queries(texts) * alone).sum(axis=1) > MIN_BATCH_COSINE).all()


def test_several_windows_make_one_result(encoder: DenseEncoder, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = sample_texts(50)
    whole = encoder.encode_items(texts)
    monkeypatch.setattr("aisle.encoder.base.WINDOW", 7)
    assert ((encoder.encode_items(texts) * whole).sum(axis=1) > MIN_BATCH_COSINE).all()


def test_threads_may_share_one_encoder(encoder: DenseEncoder) -> None:
    texts = sample_texts(40)
    expected = np.concatenate([encoder.encode_queries([text]) for text in texts])
    with ThreadPoolExecutor(8) as pool:
        found = np.concatenate(list(pool.map(lambda text: encoder.encode_queries([text]), texts)))
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_dirty_and_huge_texts_are_encoded_as_far_as_the_model_reads(encoder: DenseEncoder) -> None:
    texts = ["", "\x00\x01", "bad \ud800 half", "drill " * 200_000, "x" * 1_000_000]
    assert max(map(len, encoder.tokenize(list(map(clean, texts))))) <= encoder.manifest.max_length
    vectors = encoder.encode_items(texts)
    assert np.isfinite(vectors).all()
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_text_beyond_the_models_length_is_cut(encoder: DenseEncoder) -> None:
    assert max(map(len, encoder.tokenize(["drill " * 2000]))) == encoder.manifest.max_length
    head, tail = encoder.encode_items(["drill " * 1000, "drill " * 2000])
    assert head @ tail > 0.999


def test_meaning_survives_quantization(encoder: DenseEncoder) -> None:
    query = encoder.encode_queries(["sofa"])[0]
    couch, drill = encoder.encode_items(["three seat couch", "cordless drill"])
    assert query @ couch > query @ drill + 0.2


def test_unknown_artifacts_are_not_found(tmp_path: object) -> None:
    with pytest.raises(ArtifactNotFound, match="no single artifact 'nothing'") as caught:
        DenseEncoder.load("nothing", store=ArtifactStore(minilm().parent / "empty"))
    assert "aisle encoder export" in caught.value.fix
    # Nothing is there at all, as on the first day.
    assert "--encoder none" in caught.value.fix


def test_the_package_loads_no_training_stack() -> None:
    heavy = {"torch", "transformers", "onnx", "aisle.training"}
    code = f"import aisle.encoder, sys; print(sorted({heavy!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
