"""``training.json`` in the work folder: which stages are done, and of which run."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import takewhile
from pathlib import Path
from typing import Any, Self

import orjson

from aisle import _paths as paths
from aisle._files import whole_file
from aisle.errors import InputError

LEDGER = "training.json"
_FIX = "name another work folder with --work, or remove this one"


@dataclass(frozen=True, slots=True)
class StageRecord:
    """A finished stage.

    Attributes:
        key: of all that decided it: data, settings, and every stage up to this one.
        name: of the stage; folder: the model as it stood then, within the work folder.
        rows: examples; steps: of the optimizer; seconds: of all, examples and training.
        losses: (step, mean loss since the last entry).
        truncated: texts that were longer than the model reads, and were cut.
        evaluation: what the caller measured then.
    """

    key: str
    name: str
    folder: str
    rows: int
    steps: int
    seconds: float
    losses: tuple[tuple[int, float], ...]
    truncated: int = 0
    evaluation: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StageRecords:
    """Finished stages, in order, of the run that ``key`` names."""

    folder: Path
    key: str
    stages: tuple[StageRecord, ...] = ()

    @classmethod
    def open(cls, folder: Path, key: str, stages: Sequence[str], *, resume: bool) -> Self:
        """Begin a run, or go on with one, after the last finished stage that is as it is wanted now.

        Args:
            folder: the work folder.
            key: of the run: data, base and settings, but for the stages.
            stages: a key for each stage that is wanted, see ``stage_keys``.
            resume: whether a run that is there may be gone on with.

        Raises:
            InputError: the folder holds a run that was not to be resumed, or another one than ``key`` names.
        """
        path = folder / LEDGER
        if not path.exists():
            fresh = cls(folder, key)
            fresh.write()
            return fresh
        if not resume:
            raise InputError(f"{folder} holds a training run", fix=f"go on with it by --resume; or {_FIX}")
        try:
            content = orjson.loads(path.read_bytes())
            found, done = content["key"], tuple(_record(entry) for entry in content["stages"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(f"{path} cannot be read: {error}", fix=_FIX) from error
        if found != key:
            raise InputError(
                f"{folder} holds a run with other settings, other data or another base model",
                fix=f"resume with what it was begun with; or {_FIX}",
            )
        common = sum(
            1 for _ in takewhile(lambda pair: pair[0].key == pair[1], zip(done, stages, strict=False))
        )
        return cls(folder, key, done[:common])

    def with_stage(self, position: int, record: StageRecord) -> StageRecords:
        """The same with stage ``position``, from 1, written to the disk before it is returned."""
        stages = (*self.stages[: position - 1], record, *self.stages[position:])
        changed = replace(self, stages=stages)
        changed.write()
        return changed

    def write(self) -> None:
        """Whole or not at all. Raises InputError when the folder cannot be written."""
        content = {"key": self.key, "stages": [asdict(stage) for stage in self.stages]}
        with whole_file(self.folder / LEDGER) as file:
            file.write(orjson.dumps(content, option=orjson.OPT_INDENT_2))


def run_key(parts: Mapping[str, Any]) -> str:
    """sha256 of plain JSON."""
    return hashlib.sha256(orjson.dumps(parts, option=orjson.OPT_SORT_KEYS)).hexdigest()


def stage_keys(key: str, stages: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """A key for each stage, of the run and all stages up to it: a change is one of all later keys too."""
    return tuple(run_key({"run": key, "stages": stages[:count]}) for count in range(1, len(stages) + 1))


def _record(entry: Mapping[str, Any]) -> StageRecord:
    return StageRecord(
        **{**entry, "losses": tuple((int(step), float(loss)) for step, loss in entry["losses"])}
    )


_COPIES = 7
"""Of the weights: two checkpoints for a moment, each with AdamW's two moments, and the finished model."""


def require_room(folder: Path, model: Path) -> None:
    """Refuse to begin a stage that cannot be saved.

    Raises:
        InputError: ``folder``'s disk has no room for checkpoints of the weights in ``model``.
    """
    wanted = _COPIES * (model / "model.safetensors").stat().st_size
    free = shutil.disk_usage(folder).free
    if free < wanted:
        raise InputError(
            f"{folder} has {free / 1e6:,.0f} MB free, a stage of training needs {wanted / 1e6:,.0f} MB",
            fix="make room, or name a work folder on another disk",
        )


def unwritable(folder: Path, error: Exception) -> InputError:
    """The error for a folder that could not be written to its end."""
    reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
    return InputError(
        f"{folder} cannot be written: {reason}",
        fix="make room on the disk, then run the command again with --resume",
    )


def starting_point(base: str) -> str:
    """A folder of weights for ``find_weights``.

    Args:
        base: a folder, a hub id, the name of a packaged model; or the name of a training run under
            ``<home>/training``, whose last finished stage is taken: its encoder knows the domain's words.

    Raises:
        InputError: a run of that name has no finished stage.
    """
    run = paths.home() / "training" / base
    if Path(base).expanduser().is_dir() or not (run / LEDGER).is_file():
        return base
    try:
        stages = orjson.loads((run / LEDGER).read_bytes())["stages"]
        return str(run / stages[-1]["folder"])
    except (OSError, ValueError, KeyError, IndexError, TypeError) as error:
        raise InputError(
            f"the training run {base} has no finished stage",
            fix=f"finish it with `aisle train encoder --name {base} --resume`, or name another --base",
        ) from error
