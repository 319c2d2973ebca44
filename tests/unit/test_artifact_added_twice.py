"""One artifact added by two processes at once: both have it, whole, and whoever reads it never sees less."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from aisle.encoder import ArtifactStore, Manifest, load_artifact
from aisle.encoder.artifact import MANIFEST, write_manifest
from aisle.errors import ArtifactCorrupt

# Both begin together, when the file is there that the test writes last.
ADDER = """
import sys, time
from pathlib import Path
from aisle.encoder import ArtifactStore, load_artifact
from tests.unit.test_artifact_added_twice import stage
home, begin, own = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
store = ArtifactStore(home)
print("ready", flush=True)
while not begin.exists():
    time.sleep(0.001)
for turn in range(60):
    with store.staging() as staged:
        stage(staged, created=f"{own}{turn:03d}")
        place = store.add(staged)
        load_artifact(place)
print(place)
"""


def stage(folder: Path, *, created: str, content: bytes = b"weights", golden: bytes = b"golden") -> Manifest:
    for name, written in (("model.onnx", content), ("golden.npz", golden)):
        (folder / name).write_bytes(written)
    manifest = Manifest(
        kind="recommender", name="shop", base_model="", dims=2, text_version="1", created=created, files={}
    )
    return write_manifest(folder, manifest)


def test_two_processes_that_add_one_artifact_both_have_it_whole(tmp_path: Path) -> None:
    home, begin = tmp_path / "store", tmp_path / "begin"
    running = [
        subprocess.Popen(
            [sys.executable, "-c", ADDER, str(home), str(begin), own],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for own in "ab"
    ]
    for process in running:
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
    begin.touch()
    ended = [process.communicate(timeout=60) for process in running]
    assert [process.returncode for process in running] == [0, 0], [error for _, error in ended]
    (place,) = {out.strip() for out, _ in ended}
    assert load_artifact(Path(place)).manifest.created in ("a059", "b059")
    assert [path.name for path in home.iterdir()] == ["recommender"], "nothing half-written is left"


def test_what_is_added_again_is_the_newest_of_its_name(tmp_path: Path) -> None:
    store = ArtifactStore(tmp_path)
    places = []
    for created, content in (("1", b"one"), ("2", b"two"), ("3", b"one")):
        with store.staging() as staged:
            stage(staged, created=created, content=content)
            places.append(store.add(staged))
    assert places[0] == places[2] != places[1]
    assert store.resolve("shop") == places[0]
    assert len(store.list()) == 2


@pytest.mark.parametrize("name", ["model.onnx", MANIFEST])
def test_a_damaged_one_is_replaced(tmp_path: Path, name: str) -> None:
    store = ArtifactStore(tmp_path)
    with store.staging() as staged:
        stage(staged, created="1")
        place = store.add(staged)
    (place / name).write_bytes(b"{")
    with pytest.raises(ArtifactCorrupt):
        load_artifact(place)
    with store.staging() as staged:
        stage(staged, created="2")
        assert store.add(staged) == place
    assert load_artifact(place).manifest.created == "2"


def test_outputs_recorded_on_another_machine_are_the_last_ones(tmp_path: Path) -> None:
    store = ArtifactStore(tmp_path)
    for golden in (b"theirs", b"ours"):
        with store.staging() as staged:
            stage(staged, created="1", golden=golden)
            place = store.add(staged)
    assert load_artifact(place).file("golden.npz").read_bytes() == b"ours"
