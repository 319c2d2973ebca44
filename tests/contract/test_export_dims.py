"""Vectors that are cut in the graph are those that are cut after it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import orjson
import pytest
from typer.testing import CliRunner

from aisle._artifacts import export_encoder
from aisle.catalogue.judged import read_judged
from aisle.cli.encoder import app
from aisle.encoder import ArtifactStore, DenseEncoder
from aisle.encoder.dense import cut
from aisle.encoder.export import DenseExport, export
from aisle.errors import InputError
from aisle.evaluation.encoders.samples import sample_texts
from aisle.evaluation.encoders.vector_table import choose_vectors
from aisle.mappings.vector_types import SAMPLE
from tests.support.encoder_artifact import minilm
from tests.support.judge_parts import judged_folder, weights


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


def test_a_budget_chooses_the_width_by_the_items_of_a_folder(tmp_path: Path) -> None:
    judged = judged_folder(tmp_path / "judged")
    places = ["--model", str(weights()), "--data", str(judged), "--out", str(tmp_path / "store")]
    done = CliRunner().invoke(app, ["export", *places, "--bytes", "8", "--json"])
    assert done.exit_code == 0, done.output
    made = orjson.loads(done.stdout)
    full = export(DenseExport(model=str(weights())), ArtifactStore(tmp_path / "full"))
    texts = read_judged(judged).sample(SAMPLE)
    expected = choose_vectors(DenseEncoder.load(full.path), texts, 8, "faiss")
    assert made["choices"] == [{"kept_as": "byte", "dims": 8, "bytes": 8, "recall": expected[0].recall}]
    assert DenseEncoder.load(made["path"]).dims == made["manifest"]["dims"] == 8
    assert [path.name for path, _ in ArtifactStore(tmp_path / "store").list()] == [Path(made["path"]).name]


def test_a_budget_that_cannot_be_kept_is_refused(tmp_path: Path) -> None:
    judged = judged_folder(tmp_path / "judged")
    few = judged_folder(tmp_path / "few", items=5, queries=2)
    store = ArtifactStore(tmp_path / "store")
    for options, message in (
        ({"vector_bytes": 8}, "without items nobody knows"),
        ({"vector_bytes": 8, "dims": 8, "data": judged}, "cannot both be held"),
        ({"vector_bytes": 0, "data": judged}, "cannot take 0 bytes"),
        ({"vector_bytes": 7, "data": judged}, "no vector fits into 7 bytes"),
        ({"vector_bytes": 8, "data": few}, "5 items are too few"),
    ):
        with pytest.raises(InputError, match=message):
            export_encoder(weights(), store=store, **options)
    assert not store.list()
