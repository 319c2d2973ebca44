"""INT8 with scales fixed at export: as near to fp32 as a scale per token, and of the text alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from aisle.encoder import ArtifactStore, DenseEncoder
from aisle.encoder.export import DenseExport, Fp32, export, find_weights
from aisle.encoder.export.dense import BertWeights
from aisle.encoder.export.static_int8 import Span, calibrate, smoothing
from aisle.encoder.tokenizer import Texts
from aisle.evaluation.encoders.samples import sample_texts

OTHERS = [*sample_texts(80, seed=11), "a", "Ø 19 mm — für Wasser", "toilet seat", "word " * 60]


@pytest.fixture(scope="module")
def static(tmp_path_factory: pytest.TempPathFactory) -> DenseEncoder:
    options = DenseExport(calibration=tuple(sample_texts(200)))
    return DenseEncoder.load(export(options, ArtifactStore(tmp_path_factory.mktemp("store"))).path)


def test_texts_that_it_was_not_calibrated_on_stay_close_to_fp32(static: DenseEncoder, tmp_path: Path) -> None:
    assert static.manifest.precision == "int8-static"
    reference = export(DenseExport(precision=Fp32()), ArtifactStore(tmp_path))
    exact = DenseEncoder.load(reference.path).encode_items(OTHERS)
    cosines = (static.encode_items(OTHERS) * exact).sum(axis=1)
    assert cosines.mean() > 0.995
    assert cosines.min() > 0.98


def test_a_vector_does_not_depend_on_its_neighbours(static: DenseEncoder) -> None:
    alone = np.concatenate([static.encode_items([text]) for text in OTHERS])
    assert ((static.encode_items(OTHERS) * alone).sum(axis=1) > 0.9999).all()


def test_spans_hold_zero_and_every_value(tmp_path: Path) -> None:
    weights = DenseExport().read(find_weights("all-MiniLM-L6-v2"))
    assert isinstance(weights, BertWeights)
    inputs = Texts([[101, 2417, 102], [101, 102]])
    spans = calibrate(weights, [inputs.feed([0]), inputs.feed([1])], tmp_path)
    assert len(spans) == 4 * weights.checkpoint.layers
    assert {span.low.shape for span in spans.values()} == {(384,), (1536,)}
    assert all((span.low <= 0).all() and (span.high >= 0).all() for span in spans.values())
    narrower = calibrate(weights, [inputs.feed([0])], tmp_path)
    assert all((spans[name].high >= narrower[name].high - 1e-4).all() for name in spans)
    assert not any(tmp_path.iterdir())


def test_smoothing_takes_the_range_from_wide_channels() -> None:
    span = Span(np.array([-1, -100], dtype=np.float32), np.array([2, 50], dtype=np.float32))
    factors = smoothing(span, np.ones((2, 3), dtype=np.float32))
    assert factors[1] / factors[0] == pytest.approx(50**0.7, rel=1e-4)
    assert factors.prod() == pytest.approx(1, rel=1e-4)
