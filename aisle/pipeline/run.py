"""Runs the steps of a pipeline with doit, which knows what has changed since each was finished."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import orjson
from doit.control import TaskControl
from doit.dependency import DatabaseException, Dependency, DependencyStatus, JSONCodec, JsonDB
from doit.runner import Runner
from doit.task import Task

from aisle._files import whole_file
from aisle._version import __version__
from aisle.encoder.artifact import git_commit
from aisle.errors import InputError
from aisle.pipeline.report import PipelineReport, StepReport, StepState
from aisle.pipeline.step import PREPARE, STOPPED, Step, Workplace, rolled_back
from aisle.pipeline.steps import steps_of
from aisle.pipeline.work import write_record

_SETTINGS = "settings"
_CODE = "the version of Aisle"


class _StateFile(JsonDB):  # type: ignore[misc]
    """doit's memory: written whole, so that no kill leaves half of it."""

    def dump(self) -> None:
        """Write it."""
        with whole_file(Path(self.name)) as file:
            file.write(self.codec.encode(self._db).encode())


class _Decided:
    """doit's question whether a step's options, Aisle's version, or what its result rests on, has changed."""

    def __init__(self, step: Step, code: str) -> None:
        self._step = step
        self._code = code
        self._now: Mapping[str, Any] = {}
        self.reasons: tuple[str, ...] = ()

    def configure_task(self, task: Task) -> None:
        """As doit calls it: what is kept of a step that is finished."""
        task.value_savers.append(self._kept)

    def _kept(self) -> dict[str, Any]:
        return {_SETTINGS: self._now}

    def __call__(self, task: Task, values: Mapping[str, Any]) -> bool:  # noqa: ARG002
        """Whether all is as it was."""
        decided = {**self._step.decided(), _CODE: self._code}
        self._now = orjson.loads(orjson.dumps(decided, default=str))
        then = values.get(_SETTINGS)
        if then is None:
            self.reasons = ()
            return False
        # A rollback holds until what a release is made of changes; other code alone would undo it.
        ignored = {_CODE} if self._step.at.held else set()
        changed = [
            f"{name} changed"
            for name in {**then, **self._now}
            if name not in ignored and then.get(name) != self._now.get(name)
        ]
        stale = self._step.stale()
        self.reasons = (*changed, *([stale] if stale else []))
        return not self.reasons


@dataclass(slots=True)
class _Work:
    """What a task of doit does: the step, its result on disk, and the error if there is one."""

    step: Step
    error: BaseException | None = None
    stopped: str = ""
    seconds: float = 0.0

    def do(self) -> bool | None:
        """Run the step; False, for doit, if the pipeline ends there."""
        began = time.perf_counter()
        with self._watched():
            result = self.step.run()
        self.seconds = time.perf_counter() - began
        self.stopped = str(result.get(STOPPED, ""))
        write_record(self.step.at.work.result(self.step.name), result)
        return False if self.stopped else None

    @contextmanager
    def _watched(self) -> Iterator[None]:
        # doit makes text of an error; this keeps the error.
        try:
            yield
        except BaseException as error:
            self.error = error
            raise


@dataclass(slots=True)
class _Plan:
    """All steps as tasks of doit, with what it remembers of them."""

    steps: tuple[Step, ...]
    memory: Dependency
    tasks: dict[str, Task]
    decided: dict[str, _Decided]
    work: dict[str, _Work]

    @classmethod
    def of(cls, at: Workplace) -> _Plan:
        at = replace(at, held=rolled_back(at))
        if at.held:
            at.progress.note(
                f"{at.held}, and that holds: until something that a release is made of changes,"
                " nothing is made anew, also not by another version of Aisle"
            )
        steps = steps_of(at)
        code = f"{__version__} {git_commit()[:12]}".strip()
        decided = {step.name: _Decided(step, code) for step in steps}
        work = {step.name: _Work(step) for step in steps}
        tasks = {
            step.name: Task(
                step.name,
                [work[step.name].do],
                file_dep=[str(file) for file in step.files()],
                targets=[str(at.work.result(step.name))],
                task_dep=[steps[number - 1].name] if number else [],
                uptodate=[decided[step.name]],
                # Its progress is Aisle's.
                io={"capture": False},
            )
            for number, step in enumerate(steps)
        }
        try:
            memory = Dependency(_StateFile, str(at.work.state), codec_cls=JSONCodec)
        except DatabaseException as error:
            raise InputError(
                f"{at.work.state} cannot be read: {error}", fix="remove it; every step is done anew then"
            ) from None
        return cls(steps, memory, tasks, decided, work)

    def why(self, step: Step) -> tuple[str, ...]:
        """Why a step is not up to date; empty if it is."""
        task = self.tasks[step.name]
        status: DependencyStatus = self.memory.get_status(task, self.tasks, get_log=True)
        if status.status == "up-to-date":
            return ()
        if not self.memory.get_values(step.name):
            return ("it has not been finished yet",)
        files = sorted({Path(file).name for file in _changed(status)})
        changed = [f"{', '.join(_titled(name) for name in files)} changed"] if files else []
        gone = ["its result is gone"] if status.reasons.get("missing_target") else []
        return (*self.decided[step.name].reasons, *changed, *gone) or ("it has changed",)

    def results(self, step: Step) -> set[Path]:
        """The records that a step would write anew, as far as can be told before."""
        at = step.at
        if step.name != PREPARE:
            return {at.work.result(step.name)}
        files = _changed(self.memory.get_status(self.tasks[step.name], self.tasks, get_log=True))
        known = bool(self.memory.get_values(step.name)) and not self.decided[step.name].reasons
        return {
            at.work.source(role)
            for role, address in at.settings.sources.items()
            if not known or any(file == address or file.startswith(f"{address}/") for file in files)
        }


def _changed(status: DependencyStatus) -> list[str]:
    """The files that are not as they were."""
    kinds = ("changed_file_dep", "added_file_dep", "removed_file_dep", "missing_file_dep")
    return [file for kind in kinds for file in status.reasons.get(kind, [])]


def _titled(name: str) -> str:
    """A record of the work folder by its step or source; other files by their names."""
    return name.removesuffix(".json")


@dataclass(slots=True)
class _Diary:
    """doit's reporter: says what begins and why, and keeps what became of each step."""

    plan: _Plan
    at: Workplace
    why: dict[str, str] = field(default_factory=dict)
    states: dict[str, StepState] = field(default_factory=dict)

    def get_status(self, task: Task) -> None:
        """Before a step is looked at."""
        step = next(one for one in self.plan.steps if one.name == task.name)
        self.why[task.name] = "; ".join(self.plan.why(step))

    def execute_task(self, task: Task) -> None:
        """A step begins: what is remembered of it does not hold any more."""
        names = [one.name for one in self.plan.steps]
        self.plan.memory.remove_success(task)
        self.plan.memory.backend.dump()
        self.at.progress.note(
            f"step {names.index(task.name) + 1} of {len(names)}: {task.name} ({self.why[task.name]})"
        )

    def add_success(self, task: Task) -> None:
        """A step is finished: that is kept, whatever comes."""
        self.states[task.name] = StepState.DONE
        self.plan.memory.backend.dump()

    def skip_uptodate(self, task: Task) -> None:
        """A step need not be done."""
        self.states[task.name] = StepState.KEPT

    def add_failure(self, task: Task, fail: object) -> None:
        """A step fails, or ends the pipeline."""
        stopped = self.plan.work[task.name].stopped
        self.states[task.name] = StepState.STOPPED if stopped else StepState.FAILED
        self.why[task.name] = stopped or str(fail)

    def complete_run(self) -> None:
        """At the end: nothing."""

    def report(self) -> PipelineReport:
        """Of all steps."""
        steps = tuple(
            StepReport(
                step.name,
                state := self.states.get(step.name, StepState.LEFT),
                "" if state in (StepState.KEPT, StepState.LEFT) else self.why.get(step.name, ""),
                self.plan.work[step.name].seconds,
                {} if state is StepState.LEFT else self.at.result(step.name),
            )
            for step in self.plan.steps
        )
        return PipelineReport(self.at.settings.name, self.at.work.path, steps)


def run_steps(at: Workplace, again: Sequence[str] = ()) -> PipelineReport:
    """Do every step that is not up to date, up to the first that fails or ends the pipeline.

    Args:
        at: what to work with.
        again: steps to do in any case.

    Raises:
        InputError: there is no such step, or another run is under way.
        AisleError: as the step that failed; what was finished is kept.
    """
    with at.work.turn():
        plan = _Plan.of(at)
        _forget(plan, again)
        diary = _Diary(plan, at)
        control = TaskControl(list(plan.tasks.values()))
        control.process(None)
        Runner(plan.memory, diary).run_all(control.task_dispatcher())
        failed = [one.error for one in plan.work.values() if one.error is not None]
        if failed:
            kept = [name for name, state in diary.states.items() if state in (StepState.DONE, StepState.KEPT)]
            if kept:
                at.progress.note(f"kept: {', '.join(kept)}; the same command goes on from there")
            raise failed[0]
        report = diary.report()
        unable = next((one for one in report.steps if one.state is StepState.FAILED), None)
        if unable is not None:
            raise InputError(f"{unable.step}: {unable.why}", fix="run the pipeline again")
        return report


def plan_steps(at: Workplace, again: Sequence[str] = ()) -> PipelineReport:
    """What `run_steps` would do, and why. Nothing is written.

    Raises:
        InputError: there is no such step.
        ClusterError: the cluster does not answer.
    """
    plan = _Plan.of(at)
    _forget(plan, again)
    steps: list[StepReport] = []
    made: dict[Path, str] = {}
    for step in plan.steps:
        why = "; ".join(plan.why(step))
        earlier = sorted({made[file] for file in step.files() if file in made})
        state = StepState.WOULD if why else StepState.PERHAPS if earlier else StepState.KEPT
        if state is StepState.PERHAPS:
            why = f"runs if {', '.join(earlier)} makes something else"
        if state is not StepState.KEPT:
            made |= dict.fromkeys(plan.results(step), step.name)
        steps.append(StepReport(step.name, state, why, result=at.result(step.name)))
    return PipelineReport(at.settings.name, at.work.path, tuple(steps), dry_run=True)


def _forget(plan: _Plan, again: Sequence[str]) -> None:
    for name in again:
        if name not in plan.tasks:
            raise InputError(f"there is no step {name!r}", fix=f"choose from {', '.join(plan.tasks)}")
        plan.memory.remove_success(plan.tasks[name])
