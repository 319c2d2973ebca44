"""Files that a person writes are small: what never ends, or is no file, is refused before it is in memory."""

from __future__ import annotations

import os
import resource
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from aisle._keys import read_keys
from aisle._watch import read_watch_policy, read_watch_state
from aisle.errors import InputError
from aisle.evaluation.experiments.design import read_experiment
from aisle.evaluation.gates.policy import read_policy
from aisle.pipeline.settings import read_settings
from aisle.search.rules.reading import read_rules
from aisle.search.tuning.fusion_file import read_fusion

READERS: dict[str, Callable[[Path], object]] = {
    "gate": read_policy,
    "watch": read_watch_policy,
    "experiment": read_experiment,
    "pipeline": read_settings,
    "keys": read_keys,
    "rules": read_rules,
    "fusion": read_fusion,
    "state": lambda path: read_watch_state(path.stem, path.parent),
}


def refused(read: Callable[[Path], object], path: Path) -> str:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(InputError) as error:
        read(path)
    assert error.value.fix and "Traceback" not in str(error.value)
    # Kilobytes; a document may have 256 MiB.
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 900_000
    return error.value.message


@pytest.mark.parametrize("reader", READERS)
def test_what_never_ends_is_refused(reader: str, tmp_path: Path) -> None:
    endless = tmp_path / "shop.json"
    endless.symlink_to("/dev/zero")
    said = refused(READERS[reader], endless)
    assert "is over " in said or "is no file of keys" in said


@pytest.mark.parametrize("reader", READERS)
def test_a_folder_and_a_huge_file_are_refused(reader: str, tmp_path: Path) -> None:
    folder = tmp_path / "shop.json"
    folder.mkdir()
    assert "folder" in refused(READERS[reader], folder) or reader == "keys"
    folder.rmdir()
    with folder.open("wb") as sparse:
        sparse.truncate(1 << 30)
    assert "over" in refused(READERS[reader], folder) or reader == "keys"


def test_a_pipe_is_read_to_its_end(tmp_path: Path) -> None:
    pipe = tmp_path / "policy.toml"
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_text("shrink = 0.3\n"))
    writer.start()
    assert read_watch_policy(pipe).shrink == 0.3
    writer.join()
    pipe.unlink()
    pipe.write_bytes(b"\xef\xbb\xbfshrink = 0.4\n")
    assert read_watch_policy(pipe).shrink == 0.4
    pipe.write_bytes(b"metric = '\xff'")
    with pytest.raises(InputError, match="is not UTF-8"):
        read_watch_policy(pipe)
