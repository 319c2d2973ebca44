"""The work folder of a training: which stages are finished, of which run, and how it is resumed."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from itertools import takewhile
from pathlib import Path
from typing import Any, Self

import orjson

from aisle import _environment as paths
from aisle._environment import optional
from aisle._files import whole_file
from aisle.errors import InputError

LEDGER = "training.json"
_ELSEWHERE = "name another work folder with --work, or remove this one"


class TrainingKind(StrEnum):
    """What is trained, as ``aisle train`` calls it."""

    ENCODER = "encoder"
    SPARSE = "sparse"
    RERANKER = "reranker"


@dataclass(frozen=True, slots=True)
class StageRecord:
    """A finished stage.

    Attributes:
        key: of all that decided it: data, settings, and every stage up to this one.
        name: of the stage.
        folder: the model as it stood then, within the work folder.
        rows: examples.
        steps: of the optimizer.
        seconds: of all: examples and training.
        losses: (step, mean loss since the last entry).
        truncated: texts that were longer than the model reads, and were cut.
        evaluation: figures that were measured then.
        ran_on: device and processor, for the seconds.
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
    ran_on: str = ""


@dataclass(frozen=True, slots=True)
class TrainingRun:
    """A training and its finished stages, kept as ``training.json`` in its work folder.

    Attributes:
        folder: the work folder. It holds a folder per finished stage and, while a stage is trained, its
            checkpoints.
        kind: what is trained.
        decided: all that decides the outcome but for the stages, as plain JSON: settings, base, data.
        keys: a key for each stage that is wanted.
        stages: records of those that are finished, in order.
    """

    folder: Path
    kind: TrainingKind
    decided: Mapping[str, Any]
    keys: tuple[str, ...]
    stages: tuple[StageRecord, ...] = ()

    @classmethod
    def open(
        cls,
        folder: Path,
        kind: TrainingKind,
        decided: Mapping[str, Any],
        stages: Sequence[Mapping[str, Any]],
        *,
        resume: bool,
    ) -> Self:
        """Begin a run, or continue one after its last finished stage that is still wanted as it is.

        Args:
            folder: the work folder.
            kind: what is trained.
            decided: see the class.
            stages: what decides each stage, as plain JSON, in order. Stages may differ from those that the
                run was begun with: all from the first difference on are trained again.
            resume: whether a run that ``folder`` holds may be continued.

        Raises:
            InputError: the folder holds a run and ``resume`` is not given; or a run of another kind, with
                other settings or of other data, which are named; or one of an older version of Aisle that
                cannot be continued.
        """
        key = run_key(decided)
        keys = tuple(run_key({"run": key, "stages": stages[:count]}) for count in range(1, len(stages) + 1))
        fresh = cls(folder, kind, decided, keys)
        path = folder / LEDGER
        if not path.exists():
            _refuse_older(folder, kind, resume=resume)
            fresh._write()
            return fresh
        content = _read(path)
        found = content.get("kind", TrainingKind.ENCODER)
        if found != kind:
            raise InputError(
                f"{folder} holds a training of the kind {found}, not {kind}",
                fix="give another --name, or another work folder with --work",
            )
        if not resume:
            raise _begun(folder)
        if content["key"] != key:
            raise _another_run(folder, content.get("decided"), decided)
        done = content["stages"]
        common = sum(1 for _ in takewhile(lambda pair: pair[0].key == pair[1], zip(done, keys, strict=False)))
        return replace(fresh, stages=done[:common])

    def finished(self, position: int) -> StageRecord | None:
        """The record of stage ``position``, from 1, if it is finished."""
        return self.stages[position - 1] if position <= len(self.stages) else None

    def place(self, position: int, name: str) -> str:
        """Folder name of a stage. Its key is in it: what other settings left is never mistaken for it."""
        return f"{position}-{name}-{self.keys[position - 1][:8]}"

    def emptied(self, place: str) -> Path:
        """The folder of a stage that is not finished, without what a run that died there left."""
        shutil.rmtree(self.folder / place, ignore_errors=True)
        return self.folder / place

    def checkpoints(self, place: str) -> Path:
        """Where a stage that is being trained keeps what it can be resumed from."""
        return self.folder / "checkpoints" / place

    def with_stage(self, position: int, record: StageRecord) -> TrainingRun:
        """The same run with stage ``position``, from 1, on the disk before it is returned.

        The stage's checkpoints are removed.
        """
        stages = (*self.stages[: position - 1], record, *self.stages[position:])
        changed = replace(self, stages=stages)
        changed._write()
        shutil.rmtree(self.checkpoints(record.folder), ignore_errors=True)
        return changed

    def _write(self) -> None:
        content = {
            "kind": self.kind,
            "key": run_key(self.decided),
            "decided": self.decided,
            "stages": [asdict(stage) for stage in self.stages],
        }
        with whole_file(self.folder / LEDGER) as file:
            file.write(orjson.dumps(content, option=orjson.OPT_INDENT_2))


def require_no_run(folder: Path) -> None:
    """Refuse a work folder that holds a run, or is a file. Raises InputError."""
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder} is a file", fix="name a folder with --work")
    if (folder / LEDGER).exists():
        raise _begun(folder)


def _begun(folder: Path) -> InputError:
    return InputError(f"{folder} holds a training run", fix=f"continue it with --resume; or {_ELSEWHERE}")


def run_key(decided: Mapping[str, Any]) -> str:
    """sha256 of plain JSON."""
    return hashlib.sha256(orjson.dumps(decided, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _read(path: Path) -> dict[str, Any]:
    try:
        content = orjson.loads(path.read_bytes())
        return {**content, "key": content["key"], "stages": tuple(map(_record, content["stages"]))}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path} cannot be read: {error}", fix=_ELSEWHERE) from error


def _record(entry: Mapping[str, Any]) -> StageRecord:
    losses = tuple((int(step), float(loss)) for step, loss in entry["losses"])
    return StageRecord(**{**entry, "losses": losses})


_NAMES = {"data": "the training data", "base": "the base model", "text": "how Aisle makes texts of items"}


def _another_run(folder: Path, before: Mapping[str, Any] | None, now: Mapping[str, Any]) -> InputError:
    fix = f"resume with what it was begun with; or {_ELSEWHERE}"
    if before is None:
        # Versions before 0.1 wrote the key alone.
        return InputError(
            f"{folder} holds a training of an older version of Aisle with other settings, other data, another"
            " base model or texts made another way",
            fix=fix,
        )
    old, new = _leaves(before), _leaves(now)
    changed = [_change(name, old.get(name), new.get(name)) for name in sorted({*old, *new})]
    return InputError(f"{folder} holds another training: {', '.join(filter(None, changed))}", fix=fix)


def _leaves(value: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Dotted names of what a mapping holds, at any depth; ``plan`` is no part of a name."""
    found: dict[str, Any] = {}
    for name, held in value.items():
        if isinstance(held, Mapping):
            found |= _leaves(held, prefix if name == "plan" else f"{prefix}{name}.")
        else:
            found[f"{prefix}{name}"] = held
    return found


def _change(name: str, before: object, now: object) -> str:
    if before == now:
        return ""
    known = _NAMES.get(name.rpartition(".")[2])
    return f"{known} changed" if known else f"{name} was {before} and is {now} now"


_OLD_RERANKER = re.compile(r"(teacher|reranker)-[0-9a-f]{8}")
_OLD_SPARSE = ".new.checkpoint"


def _refuse_older(folder: Path, kind: TrainingKind, *, resume: bool) -> None:
    """Name what a version wrote that kept no ``training.json`` for this kind. It is left as it is."""
    if kind is TrainingKind.RERANKER and folder.is_dir():
        models = sorted(path.name for path in folder.iterdir() if _OLD_RERANKER.fullmatch(path.name))
        if models:
            teacher = next((f"--teacher {folder / name}, or " for name in models if name[0] == "t"), "")
            raise InputError(
                f"{folder} holds models of an older version of Aisle ({', '.join(models)}), whose training"
                " cannot be continued",
                fix=f"give {teacher}another --name or --work; these models are left as they are",
            )
    if kind is TrainingKind.SPARSE and resume:
        places = [
            *folder.glob(f"*{_OLD_SPARSE}"),
            folder.parent / "sparse" / f"{folder.name}{_OLD_SPARSE}",
        ]
        for path in places:
            if path.is_file():
                raise InputError(
                    f"{path} is of an interrupted training by an older version of Aisle, which cannot be"
                    " continued",
                    fix="train anew, without --resume; the file may be removed",
                )


_COPIES = 7
"""Of the weights: two checkpoints for a moment, each with AdamW's two moments, and the finished model."""


def require_room(folder: Path, model: Path) -> None:
    """Refuse to begin a stage that could not be saved.

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


@contextmanager
def folder_in_one_step(folder: Path) -> Iterator[Path]:
    """A neighbouring folder that takes the name ``folder`` at the end, in place of what was there before.

    Raises:
        InputError: it cannot be written. After any failure ``folder`` is as it was.
    """
    staged = folder.with_name(f".{folder.name}.{os.getpid()}.tmp")
    try:
        staged.mkdir(parents=True)
        yield staged
        shutil.rmtree(folder, ignore_errors=True)
        staged.rename(folder)
    # safetensors has an error of its own for a disk that is full.
    except (OSError, optional("safetensors", extra="train").SafetensorError) as error:
        raise unwritable(folder, error) from error
    finally:
        shutil.rmtree(staged, ignore_errors=True)


def require_new(folder: Path) -> None:
    """Refuse a folder that is there. Raises InputError."""
    if folder.exists():
        raise InputError(f"{folder} exists already", fix="name a new folder, or remove it")


def unwritable(folder: Path, error: Exception) -> InputError:
    """The error for a folder that could not be written to its end."""
    reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
    return InputError(
        f"{folder} cannot be written: {reason}",
        fix="make room on the disk, then run the command again with --resume",
    )


def work_folder(name: str) -> Path:
    """Where the training of an artifact called ``name`` is kept unless told otherwise."""
    return paths.home() / "training" / name


def starting_point(base: str) -> str:
    """A folder of weights for ``find_weights``.

    Args:
        base: a folder, a hub id, the name of a packaged model; or the name of a training of an encoder or a
            sparse encoder under ``<home>/training``, whose last finished stage is taken: it knows the words
            of the domain.

    Raises:
        InputError: a training of that name has no finished stage, or is a reranker's.
    """
    run = work_folder(base)
    if Path(base).expanduser().is_dir():
        return base
    if (run / LEDGER).is_file():
        return str(_last_stage(base, run))
    # Where sparse trainings were kept before all kinds had one place.
    older = work_folder("sparse") / base
    return str(older) if (older / "config.json").is_file() else base


def _last_stage(base: str, run: Path) -> Path:
    kind = TrainingKind.ENCODER
    try:
        content = orjson.loads((run / LEDGER).read_bytes())
        kind = TrainingKind(content.get("kind", kind))
        last = run / str(content["stages"][-1]["folder"])
    except (OSError, ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        raise InputError(
            f"the training run {base} has no finished stage",
            fix=f"finish it with `aisle train {kind} --name {base} --resume`, or name another --base",
        ) from error
    if kind is TrainingKind.RERANKER:
        raise InputError(
            f"the training run {base} is of a reranker, which reads pairs and not texts",
            fix="name the training of an encoder, or another --base",
        )
    return last
