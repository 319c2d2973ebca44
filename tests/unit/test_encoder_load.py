"""What is refused at load, and how it is named."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import orjson
import pytest

from aisle.encoder import DenseEncoder
from aisle.encoder.artifact import MANIFEST, sha256_of
from aisle.encoder.self_test import TextSelfTest
from aisle.errors import ArtifactCorrupt
from tests.support.encoder_artifact import minilm


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    copy = tmp_path / "copy"
    shutil.copytree(minilm(), copy)
    return copy


def rewrite(folder: Path, **changes: object) -> None:
    """Change the manifest and make its hashes right again."""
    manifest = orjson.loads((folder / MANIFEST).read_bytes()) | changes
    manifest["files"] = {path.name: sha256_of(path) for path in folder.iterdir() if path.name != MANIFEST}
    (folder / MANIFEST).write_bytes(orjson.dumps(manifest))


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json", "golden.npz"])
def test_a_tampered_file_is_named(folder: Path, name: str) -> None:
    content = bytearray((folder / name).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / name).write_bytes(content)
    with pytest.raises(ArtifactCorrupt, match=f"{name} was changed"):
        DenseEncoder.load(folder)


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json", "golden.npz"])
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(ArtifactCorrupt, match=f"{name} cannot be read"):
        DenseEncoder.load(folder)
    rewrite(folder)
    with pytest.raises(ArtifactCorrupt, match=f"has no {name}"):
        DenseEncoder.load(folder)


def test_a_stray_file_is_named(folder: Path) -> None:
    (folder / "notes.txt").write_text("mine")
    with pytest.raises(ArtifactCorrupt, match=r"notes\.txt"):
        DenseEncoder.load(folder)


def test_other_golden_vectors_are_refused_though_hashes_agree(folder: Path) -> None:
    golden = TextSelfTest.read(folder / "golden.npz")
    turned = golden.vectors.copy()
    turned[1] = np.roll(turned[1], 1)
    TextSelfTest(golden.texts, golden.tokens, turned).write(folder / "golden.npz")
    rewrite(folder)
    with pytest.raises(ArtifactCorrupt, match="golden text 'Xerox"):
        DenseEncoder.load(folder)


def test_other_tokens_are_refused_though_hashes_agree(folder: Path) -> None:
    path = folder / "tokenizer.json"
    path.write_text(
        path.read_text()
        .replace('"lowercase": true', '"lowercase": false')
        .replace('"lowercase":true', '"lowercase":false')
    )
    rewrite(folder)
    with pytest.raises(ArtifactCorrupt, match="tokens of golden text 'Xerox"):
        DenseEncoder.load(folder)


def test_pickled_golden_objects_are_never_loaded(folder: Path) -> None:
    np.savez(folder / "golden.npz", texts=np.array([{"a": 1}], dtype=object))
    rewrite(folder)
    with pytest.raises(ArtifactCorrupt, match=r"golden\.npz cannot be read"):
        DenseEncoder.load(folder)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"schema_version": 2}, "schema_version 2; this Aisle reads 1"),
        ({"dims": -3}, "dims"),
        ({"surprise": 1}, "surprise"),
        ({"kind": "sparse"}, "is a sparse model"),
    ],
)
def test_foreign_manifests_are_refused(folder: Path, changes: dict[str, object], message: str) -> None:
    rewrite(folder, **changes)
    with pytest.raises(ArtifactCorrupt, match=message):
        DenseEncoder.load(folder)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'"text"'])
def test_a_manifest_that_is_none_is_refused(folder: Path, content: bytes) -> None:
    (folder / MANIFEST).write_bytes(content)
    with pytest.raises(ArtifactCorrupt, match=MANIFEST):
        DenseEncoder.load(folder)


@pytest.mark.parametrize(
    ("name", "message"), [("model.onnx", "cannot load"), ("tokenizer.json", "no tokenizer")]
)
def test_files_of_the_wrong_kind_are_refused(folder: Path, name: str, message: str) -> None:
    (folder / name).write_bytes(b"nonsense")
    rewrite(folder)
    with pytest.raises(ArtifactCorrupt, match=message):
        DenseEncoder.load(folder)
