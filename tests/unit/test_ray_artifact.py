"""A worker without the artifact gets the driver's; one with another model says so."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from aisle.encoder import DenseEncoder
from aisle.errors import ArtifactCorrupt
from aisle.indexer.ray.task import ShippedArtifact, WordsOnly, artifact_files
from aisle.mappings import fields
from aisle.types import Item
from tests.support.encoder_artifact import minilm

SHOE = Item(id="1", title="red running shoe")


def never() -> dict[str, bytes]:
    raise AssertionError("the files were asked for")


@pytest.fixture(scope="module")
def model() -> DenseEncoder:
    return DenseEncoder.load(minilm(), threads=1)


def test_the_local_artifact_is_used_where_it_stands(model: DenseEncoder) -> None:
    source = ShippedArtifact(minilm(), model.fingerprint, 64, never)
    encoder = source.open(1)
    assert encoder.spaces[fields.DENSE].dims == 64
    assert encoder.spaces[fields.DENSE].fingerprint == model.fingerprint
    assert np.asarray(encoder.encode([SHOE])[fields.DENSE]).shape == (1, 64)


def test_an_artifact_that_is_not_there_is_sent(model: DenseEncoder, tmp_path: Path) -> None:
    here = ShippedArtifact(minilm(), model.fingerprint, 64, never)
    elsewhere = replace(here, path=tmp_path / "elsewhere", files=lambda: artifact_files(minilm()))
    vectors = [source.open(1).encode([SHOE])[fields.DENSE] for source in (here, elsewhere)]
    np.testing.assert_array_equal(vectors[0], vectors[1])
    assert not (tmp_path / "elsewhere").exists()


def test_files_that_changed_on_the_way_are_noticed(model: DenseEncoder, tmp_path: Path) -> None:
    files = artifact_files(minilm())
    files["model.onnx"] = files["model.onnx"][:-1] + b"\x00"
    with pytest.raises(ArtifactCorrupt, match=r"model\.onnx was changed"):
        ShippedArtifact(tmp_path / "no", model.fingerprint, 64, lambda: files).open(1)


def test_another_model_at_the_same_place_is_noticed() -> None:
    with pytest.raises(ArtifactCorrupt, match="another model"):
        ShippedArtifact(minilm(), "0" * 64, 64, never).open(1)


def test_words_alone() -> None:
    encoder = WordsOnly().open(1)
    assert dict(encoder.spaces) == {} and dict(encoder.encode([SHOE])) == {}
