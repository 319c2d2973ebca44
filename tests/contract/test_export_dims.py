"""Vectors that are cut in the graph are those that are cut after it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from aisle.encoder import ArtifactStore, DenseEncoder
from aisle.encoder.dense import cut
from aisle.encoder.export import DenseExport, export
from aisle.errors import InputError
from aisle.evaluation.encoders.samples import sample_texts
from tests.support.encoder_artifact import minilm


@pytest.mark.parametrize("dims", [64, 1])
def test_a_graph_of_fewer_dimensions_equals_the_cut(tmp_path: Path, dims: int) -> None:
    report = export(DenseExport(dims=dims), ArtifactStore(tmp_path))
    short, full = DenseEncoder.load(report.path), DenseEncoder.load(minilm())
    assert short.dims == short.manifest.dims == dims
    assert short.fingerprint != full.fingerprint
    texts = [*sample_texts(40), "", "a"]
    for encode in ("encode_items", "encode_queries", "encode_raw"):
        vectors = getattr(short, encode)(texts)
        assert vectors.shape == (len(texts), dims)
        np.testing.assert_allclose(vectors, cut(getattr(full, encode)(texts), dims), atol=1e-5)
    if dims > 32:
        np.testing.assert_allclose(short.encode_items(texts, 32), full.encode_items(texts, 32), atol=1e-5)


def test_widths_that_no_longer_fit_are_dropped(tmp_path: Path) -> None:
    widths = (384, 256, 64, 32)
    for dims, expected in ((None, widths), (256, (256, 64, 32)), (100, (100, 64, 32)), (32, (32,))):
        options = DenseExport(dims=dims, widths=widths)
        assert export(options, ArtifactStore(tmp_path)).manifest.widths == expected


@pytest.mark.parametrize("dims", [0, -1, 385])
def test_impossible_dimensions_are_refused(tmp_path: Path, dims: int) -> None:
    with pytest.raises(InputError, match=rf"{dims} dimensions asked of a model of 384"):
        export(DenseExport(dims=dims), ArtifactStore(tmp_path))
