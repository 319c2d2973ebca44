"""Torch is the judge of what is exported."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from aisle.encoder import ArtifactStore, DenseEncoder
from aisle.encoder.export import DenseExport, Fp32, export, find_weights
from aisle.evaluation.encoders.samples import sample_texts
from tests.support.encoder_artifact import minilm

pytestmark = pytest.mark.slow

TEXTS = [*sample_texts(60), "", "a", "Ø 日本 naïve", "word " * 600]


@pytest.fixture(scope="module")
def judge() -> np.ndarray:
    import sentence_transformers

    model = sentence_transformers.SentenceTransformer(
        str(find_weights("all-MiniLM-L6-v2").folder), device="cpu"
    )
    vectors: np.ndarray = model.encode(TEXTS, normalize_embeddings=True, show_progress_bar=False)
    return vectors


def test_the_fp32_graph_equals_torch(judge: np.ndarray, tmp_path: Path) -> None:
    report = export(DenseExport(precision=Fp32()), ArtifactStore(tmp_path))
    encoder = DenseEncoder.load(report.path)
    np.testing.assert_allclose(encoder.encode_items(TEXTS), judge, atol=1e-4)
    np.testing.assert_allclose(encoder.encode_queries(TEXTS[:3]), judge[:3], atol=1e-4)


def test_the_int8_graph_stays_close_to_torch(judge: np.ndarray) -> None:
    encoder = DenseEncoder.load(minilm())
    cosines = (encoder.encode_items(TEXTS) * judge).sum(axis=1)
    assert cosines.mean() > 0.995
    # Measured: least .9945 over texts with a word, .9847 for the empty text, which is [CLS] [SEP] alone.
    assert cosines[[bool(text) for text in TEXTS]].min() > 0.99
    assert cosines.min() > 0.98
