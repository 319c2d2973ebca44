"""The folder of a pipeline: a copy of what it reads, a result of each step, and whose turn it is."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from filelock import FileLock, Timeout

from aisle._files import whole_file
from aisle.errors import InputError


@dataclass(frozen=True, slots=True)
class WorkFolder:
    """Where a pipeline keeps things between its runs.

    Attributes:
        path: the folder.
    """

    path: Path

    @property
    def state(self) -> Path:
        """What doit knows of each step: its inputs when it was finished last."""
        return self.path / "steps.json"

    @property
    def data(self) -> Path:
        """The copy of what is read."""
        return self.path / "data"

    def source(self, role: str) -> Path:
        """Which files there are of a source, with their sha256."""
        return self.path / "sources" / f"{role}.json"

    def result(self, step: str) -> Path:
        """What a finished step made."""
        return self.path / "results" / f"{step}.json"

    def training(self, kind: str, inputs: str) -> Path:
        """The work folder of a training, emptied of trainings of other inputs.

        Args:
            kind: what is trained.
            inputs: digest of all that decides it.
        """
        chosen = self.path / "training" / kind / inputs[:16]
        if chosen.parent.is_dir():
            for other in chosen.parent.iterdir():
                if other != chosen:
                    shutil.rmtree(other)
        return chosen

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Hold the folder; it is let go of also by a process that is killed.

        Raises:
            InputError: another run holds it, or it cannot be written.
        """
        lock = FileLock(self.path / "lock")
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            lock.acquire(timeout=0)
        except Timeout:
            raise InputError(
                f"another run of this pipeline is under way in {self.path}", fix="wait until it has ended"
            ) from None
        except OSError as error:
            raise InputError(
                f"cannot write {self.path}: {error.strerror}", fix="name another folder: work = ..."
            ) from None
        try:
            yield
        finally:
            lock.release()


def read_record(path: Path) -> dict[str, Any]:
    """A record of the folder; empty if there is none, or none that can be read: it is made again then."""
    try:
        held = orjson.loads(path.read_bytes())
    except (FileNotFoundError, orjson.JSONDecodeError):
        return {}
    return held if isinstance(held, dict) else {}


def write_record(path: Path, record: Mapping[str, Any]) -> None:
    """Write a record whole. The same content is the same bytes."""
    with whole_file(path) as file:
        file.write(orjson.dumps(record, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS, default=str))
