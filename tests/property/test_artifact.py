"""Artifacts: what is written is what is read, and nothing else is accepted."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aisle.encoder import ArtifactStore, Manifest, load_artifact
from aisle.encoder.artifact import MANIFEST, read_manifest, sha256_of
from aisle.errors import ArtifactCorrupt, ArtifactNotFound

NAMES = st.from_regex(r"\A[A-Za-z0-9][A-Za-z0-9._-]{0,20}\Z")
FILES = st.dictionaries(
    NAMES.filter(lambda name: name != MANIFEST), st.binary(max_size=100), min_size=1, max_size=4
)
MANIFESTS = st.builds(
    Manifest,
    kind=NAMES,
    name=NAMES,
    base_model=st.text(max_size=20),
    dims=st.integers(1, 4096),
    widths=st.lists(st.integers(1, 4096), max_size=3).map(tuple),
    max_length=st.integers(3, 8192),
    text_version=st.text(max_size=3),
    metrics=st.dictionaries(
        st.text(max_size=5), st.floats(allow_nan=False, allow_infinity=False), max_size=2
    ),
    files=st.just({}),
)


def write(folder: Path, manifest: Manifest, files: dict[str, bytes]) -> Manifest:
    for name, content in files.items():
        (folder / name).write_bytes(content)
    complete = manifest.model_copy(update={"files": {name: sha256_of(folder / name) for name in files}})
    (folder / MANIFEST).write_bytes(complete.to_bytes())
    return complete


@settings(max_examples=40, deadline=None)
@given(MANIFESTS, FILES)
def test_round_trip_by_every_kind_of_reference(manifest: Manifest, files: dict[str, bytes]) -> None:
    if len({name.lower() for name in files}) < len(files):
        return
    with tempfile.TemporaryDirectory() as home:
        store = ArtifactStore(Path(home))
        with store.staging() as staged:
            written = write(staged, manifest, files)
            place = store.add(staged)
        assert load_artifact(place).manifest == written
        assert place == store.home / written.kind / f"{written.name}-{written.fingerprint[:12]}"
        refs = (place, written.name, f"{written.kind}/{written.name}", written.fingerprint)
        assert [store.resolve(ref) for ref in refs] == [place] * len(refs)
        assert [path.name for path in store.home.iterdir()] == [written.kind]
        # The same model under another name is still one model.
        with store.staging() as staged:
            write(staged, manifest.model_copy(update={"name": f"{manifest.name}-twin"}), files)
            twin = store.add(staged)
        assert store.resolve(written.fingerprint) in (place, twin)
        assert store.resolve(f"{written.name}-twin") == twin != place


@settings(max_examples=40, deadline=None)
@given(MANIFESTS, FILES, st.data())
def test_any_changed_byte_is_named(manifest: Manifest, files: dict[str, bytes], data: st.DataObject) -> None:
    victim = data.draw(st.sampled_from(sorted(files)))
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home)
        write(folder, manifest, files)
        (folder / victim).write_bytes(files[victim] + b"x")
        with pytest.raises(ArtifactCorrupt, match="was changed") as caught:
            load_artifact(folder)
        assert str(folder / victim) in caught.value.message


@given(MANIFESTS, st.integers(1, 4096), st.text(max_size=5))
def test_the_fingerprint_follows_the_vector_space_only(manifest: Manifest, dims: int, note: str) -> None:
    facts = {"git_commit": note, "created": note, "metrics": {"x": 1.0}}
    run = {"training": {"epochs": dims, "seed": note}, "instruction_set": "avx2"}
    same = manifest.model_copy(update=facts | run)
    assert same.fingerprint == manifest.fingerprint
    other = manifest.model_copy(update={"dims": dims})
    assert (other.fingerprint == manifest.fingerprint) == (dims == manifest.dims)


# Written before training settings, instruction sets and model cards came.
OLD = """{
  "schema_version": 1, "kind": "dense", "name": "all-MiniLM-L6-v2",
  "base_model": "sentence-transformers/all-MiniLM-L6-v2",
  "revision": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
  "dims": 384, "widths": [384], "pooling": "mean", "normalisation": "l2",
  "prefixes": {"query": "", "item": ""},
  "max_length": 256, "text_version": "1", "precision": "int8", "data_hash": "",
  "git_commit": "2daa8db58c13b60f47985d0e7ee6341d78aabbac", "created": "2026-11-21T11:51:38.367+00:00",
  "metrics": {},
  "files": {
    "golden.npz": "3b0827e45fd6fd0875afce8bb81e8d1cc5d4a8eac4d2f1688d217d2174eb16fd",
    "model.onnx": "734e821f2623a5432939513bab2c1687696b85746270ef992564b6b7e6f44843",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"
  }
}"""


def test_an_artifact_of_before_keeps_its_fingerprint(tmp_path: Path) -> None:
    (tmp_path / MANIFEST).write_text(OLD)
    manifest = read_manifest(tmp_path)
    assert manifest.fingerprint == "0e8c32c836c538f17e66ad2b91f4466bba5df6fbab1a91e60a7d35f0d7183ede"


def test_a_card_and_golden_outputs_are_no_part_of_the_fingerprint_and_the_model_is() -> None:
    manifest = Manifest.model_validate_json(OLD)
    for name in ("README.md", "golden.npz"):
        assert with_file(manifest, name).fingerprint == manifest.fingerprint
    for name in ("model.onnx", "tokenizer.json", "other.bin"):
        assert with_file(manifest, name).fingerprint != manifest.fingerprint


def with_file(manifest: Manifest, name: str) -> Manifest:
    return manifest.model_copy(update={"files": {**manifest.files, name: "0" * 64}})


def test_a_fingerprint_of_no_artifact_is_refused(tmp_path: Path) -> None:
    store = ArtifactStore(tmp_path)
    with pytest.raises(ArtifactNotFound, match="none"):
        store.resolve("0123456789ab")
