"""The one shape of every result file: what ran, on what, its table, what was tried and which goals it met."""

from __future__ import annotations

import math
import platform
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import orjson

from aisle._files import whole_file
from aisle.encoder.cpu import cores
from aisle.errors import InputError

HIGHER: Final = "higher"
LOWER: Final = "lower"
CPU: Final = "cpu"
GPU: Final = "gpu"


@dataclass(frozen=True, slots=True)
class Goal:
    """A number that somebody asked for, met or not.

    Attributes:
        name: what is counted, with its unit.
        value: what was measured.
        goal: what was asked for.
        better: ``higher`` or ``lower``.

    Raises:
        InputError: a number that is none, or another word.
    """

    name: str
    value: float
    goal: float
    better: str

    def __post_init__(self) -> None:
        if self.better not in (HIGHER, LOWER):
            raise InputError(f"goal {self.name!r}: better is {self.better!r}", fix=f"use {HIGHER} or {LOWER}")
        if not (math.isfinite(self.value) and math.isfinite(self.goal)):
            raise InputError(f"goal {self.name!r} has a number that is none", fix="measure it again")

    @property
    def met(self) -> bool:
        """Whether the value is on the goal's right side, the goal itself included."""
        return self.value >= self.goal if self.better == HIGHER else self.value <= self.goal


@dataclass(frozen=True, slots=True)
class Source:
    """The run that figures come from.

    Attributes:
        command: what makes them again; cpu: model and cores. Both are empty where nobody kept them.
        commit: of the code that was measured, with ``-dirty`` if it was changed since; without a command, the
            one that brought the figures.
        date: UTC, ISO 8601; where: ``cpu`` or ``gpu``.
    """

    command: str
    commit: str
    cpu: str
    date: str
    where: str


@dataclass(frozen=True, slots=True)
class BenchmarkResult:
    """The contents of ``benchmarks/results/<topic>-<what>.json``.

    Attributes:
        benchmark: ``<topic>-<what>``, the file's own name.
        command: what makes the file again.
        commit: of the code that was measured, with ``-dirty`` if it was changed since.
        cpu: model and cores; date: UTC, ISO 8601; where: ``cpu`` or ``gpu``.
        rows: the table; attempts: what was tried, with its figure; goals: never empty.
        sources: topic to the run that measured it, in a file of several topics; the facts above are then
            those of the last run.

    Raises:
        InputError: no goals, no rows, or an unknown ``where``.
    """

    benchmark: str
    command: str
    commit: str
    cpu: str
    date: str
    where: str
    rows: Sequence[Mapping[str, Any]]
    attempts: Sequence[Mapping[str, Any]]
    goals: Sequence[Goal]
    sources: Mapping[str, Source] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.goals or not self.rows:
            raise InputError(
                f"result {self.benchmark!r} has no goals or no rows", fix="a result states both, met or not"
            )
        if self.where not in (CPU, GPU):
            raise InputError(f"result {self.benchmark!r}: where is {self.where!r}", fix=f"use {CPU} or {GPU}")

    @property
    def source(self) -> Source:
        """The last run."""
        return Source(self.command, self.commit, self.cpu, self.date, self.where)

    def write(self, path: Path) -> None:
        """Write indented JSON, whole or not at all. Raises InputError if the folder cannot be written."""
        with whole_file(path) as file:
            file.write(orjson.dumps(asdict(self), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))


def read_result(path: Path) -> BenchmarkResult:
    """Read a result file.

    Raises:
        InputError: it is missing, no JSON, or not of this shape.
    """
    again = f"run the benchmark that writes {path.name}, see `make help`"
    try:
        content = orjson.loads(path.read_bytes())
        goals = tuple(Goal(**goal) for goal in content.pop("goals"))
        sources = {topic: Source(**run) for topic, run in content.pop("sources", {}).items()}
        return BenchmarkResult(**content, goals=goals, sources=sources)
    except OSError as error:
        raise InputError(f"cannot read {path.name}: {error.strerror}", fix=again) from error
    except (orjson.JSONDecodeError, AttributeError, KeyError, TypeError) as error:
        raise InputError(f"{path.name} is not a result file: {error}", fix=again) from error


ROOT = Path(__file__).parents[2]
_CPUINFO = Path("/proc/cpuinfo")


def result_of_this_run(
    benchmark: str,
    module: str,
    *,
    rows: Sequence[Mapping[str, Any]],
    attempts: Sequence[Mapping[str, Any]],
    goals: Sequence[Goal],
) -> BenchmarkResult:
    """The record of a run on this machine's CPU that ends now.

    Args:
        benchmark: ``<topic>-<what>``.
        module: that was run with ``python -m``.
        rows: the table.
        attempts: what was tried.
        goals: what was asked for, see ``BenchmarkResult``.
    """
    return BenchmarkResult(
        benchmark=benchmark,
        command=" ".join(["python -m", module, *map(shlex.quote, sys.argv[1:])]),
        commit=commit(),
        cpu=f"{cpu_model()}, {cores()} cores",
        date=datetime.now(UTC).isoformat(timespec="seconds"),
        where=CPU,
        rows=rows,
        attempts=attempts,
        goals=goals,
    )


def commit() -> str:
    """The checked-out commit; ``-dirty`` if the tree differs, but for result files; else ``unknown``."""
    try:
        head = _git("rev-parse", "HEAD")
        # The benchmark before this one has just written its own result.
        changed = _git("status", "--porcelain", "--", ".", ":(exclude)benchmarks/results")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return f"{head}-dirty" if changed else head


def cpu_model() -> str:
    """The CPU's own name where the system tells it."""
    if _CPUINFO.is_file():
        for line in _CPUINFO.read_text(encoding="utf-8").splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return value.strip()
    return platform.processor() or platform.machine()


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.strip()


FOLDER = Path(__file__).parent.parent / "trials"


def trials(file: str, domain: str) -> list[dict[str, Any]]:
    """What was tried for a domain of ``trials/<file>.json``, with its figures, in the order of trying."""
    return [
        trial for trial in orjson.loads((FOLDER / f"{file}.json").read_bytes()) if trial["domain"] == domain
    ]
