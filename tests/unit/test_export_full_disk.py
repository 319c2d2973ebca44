"""A disk that fills up in mid-export: a clear error, and the store as it was."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

from aisle.encoder import ArtifactStore
from aisle.encoder.export import DenseExport, export
from tests.support.tiny_bert import tiny_bert

# A limit on the size of a file stands for the full disk: the write fails in the middle, with an OSError.
EXPORT = """
import resource, signal, sys
from pathlib import Path
from aisle.cli import main
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), resource.RLIM_INFINITY))
sys.argv[1:] = ["encoder", "export", "--model", sys.argv[2], "--out", sys.argv[3], "--max-length", "32"]
main.main()
"""


def contents(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.mark.skipif(sys.platform == "win32", reason="resource limits are POSIX")
@pytest.mark.parametrize("room", [0, 3_000, 20_000])
def test_an_export_that_finds_no_room_leaves_the_store_as_it_was(tmp_path: Path, room: int) -> None:
    store = ArtifactStore(tmp_path / "store")
    first, second = (tiny_bert(tmp_path / f"model-{seed}", seed=seed) for seed in (1, 2))
    export(DenseExport(model=str(first), max_length=32), store)
    before = contents(store.home)
    done = subprocess.run(
        [sys.executable, "-c", EXPORT, str(room), str(second), str(store.home)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 1
    assert "error: " in done.stderr
    assert "has room" in done.stderr
    assert "Traceback" not in done.stderr
    assert contents(store.home) == before
    assert [path.name for path in store.home.iterdir()] == ["dense"]
    assert len(store.list()) == 1
