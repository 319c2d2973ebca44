"""One round of a watch: measures what is live, raises alarms, acts on them, and remembers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
from filelock import FileLock, Timeout
from opensearchpy import OpenSearch

from aisle._environment import home
from aisle._files import read_json, whole_file
from aisle._watch_actions import actions
from aisle._watch_figures import Measured, WatchQuestions, measure_watched
from aisle.cluster.client import connected
from aisle.encoder import ArtifactStore
from aisle.errors import AisleError, InputError
from aisle.evaluation import read_judged_set
from aisle.evaluation.watch.alarms import Decision, acted, decide
from aisle.evaluation.watch.policy import WatchPolicy, read_watch_policy
from aisle.evaluation.watch.readings import Reading, readings, unreachable
from aisle.evaluation.watch.state import WatchState
from aisle.indexer.releases.names import check_name
from aisle.types import Say

__all__ = ["WatchPolicy", "WatchReport", "read_watch_policy", "read_watch_state", "watch"]


@dataclass(frozen=True, slots=True)
class WatchReport:
    """What a round found.

    Attributes:
        state: as it was written.
        readings: every deviation with its limit.
        decision: which alarms there are, are new, have ended, and were due.
        acted: triggers that were acted on, by one action at least.
        action_problems: what went wrong with that, a line each.
        began: whether this round's figures became the baseline.
    """

    state: WatchState
    readings: tuple[Reading, ...]
    decision: Decision
    acted: tuple[str, ...] = ()
    action_problems: tuple[str, ...] = ()
    began: bool = False

    @property
    def well(self) -> bool:
        """Whether all could be measured, no trigger is an alarm, and what was due was acted on."""
        return not (self.state.problem or self.decision.active or self.action_problems)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return {
            "well": self.well,
            **self.state.status(),
            "active": list(self.decision.active),
            "raised": list(self.decision.raised),
            "ended": list(self.decision.ended),
            "acted": list(self.acted),
            "action_problems": list(self.action_problems),
            "began": self.began,
        }


def watch_state_path(name: str, folder: Path | None = None) -> Path:
    """Where the state of a watch is kept unless another file is named; None: a folder of ``AISLE_HOME``."""
    return (folder or home() / "watch") / f"{check_name(name)}.json"


def read_watch_state(name: str, folder: Path | None = None) -> WatchState | None:
    """What the last round of a catalogue's watch left; None if there was none.

    Args:
        name: of the catalogue.
        folder: of the states; None: that of ``AISLE_HOME``.

    Raises:
        InputError: the file is not the state of a watch.
    """
    path = watch_state_path(name, folder)
    return WatchState.from_json(read_json(path), str(path)) if path.exists() else None


def watch(
    name: str,
    *,
    judged: str | Path | None = None,
    split: str = "dev",
    relevant: float = 2,
    policy: WatchPolicy | str | Path | None = None,
    state: str | Path | None = None,
    rebase: bool = False,
    command: str | Sequence[str] | None = None,
    webhook: str | None = None,
    cluster: OpenSearch | None = None,
    store: ArtifactStore | None = None,
    progress: Say | None = None,
) -> WatchReport:
    """Measure what is live once, hold it to the baseline, and act on alarms that are due.

    The first round's figures are the baseline; what they lack, such as enough searches, a later round's
    are. A round that fails, as when the cluster is away, is counted, and several in a row are an alarm.

    Example:
        >>> aisle.watch("shop", judged="judged").decision.active
        ()

    Args:
        name: of the catalogue.
        judged: BEIR folder with judgments of this catalogue; None: metrics are not looked at.
        split: which judgments.
        relevant: lowest grade that counts as relevant.
        policy: the triggers, or the TOML file of them; None: the usual ones.
        state: file that remembers the baseline and alarms; None: one under ``AISLE_HOME``.
        rebase: this round's figures become the baseline, and alarms are forgotten.
        command: is started when alarms are due, without a shell, and reads them as JSON.
        webhook: address that they are sent to; never shown.
        cluster: connection; None: that of ``AISLE_URL``, else the node of `aisle up`.
        store: where artifacts are looked up; None: the one under ``AISLE_HOME``.
        progress: takes a line before each step.

    Raises:
        InputError: a file or a limit that cannot be used, or another watch has this state.
    """
    limits = policy if isinstance(policy, WatchPolicy) else _policy(policy)
    todo = actions(command, webhook)
    path = Path(state) if state is not None else watch_state_path(name)
    judged_set = None if judged is None else read_judged_set(Path(judged), split)
    asked = WatchQuestions(limits, judged_set, relevant, store or ArtifactStore.default())
    say = progress or (lambda _: None)
    with _alone(path):
        before = _read(path, name)
        if rebase:
            before = WatchState(before.catalogue)
        say(f"measuring {name}")
        now = datetime.now(UTC)
        measured: Measured | None = None
        problem = ""
        try:
            measured = measure_watched(connected(cluster), name, asked, before.baseline)
        except InputError:
            raise
        except AisleError as error:
            problem = str(error)
        after, found, decision = round_of(before, measured, problem, limits, now, todo.names)
        if measured is None and before.baseline is None:
            # Nothing was ever measured: a name that was misspelt leaves no state behind.
            return WatchReport(after, found, decision)
        # What was decided is kept before it is acted on: a disk that is full must not repeat an action.
        _write(path, after)
        done: list[str] = []
        problems = []
        for action, due in decision.due.items():
            say(f"acting: {action}")
            failed = todo.act(action, _told(after, due, found))
            if failed:
                problems.append(failed)
            else:
                done += [name for name in due if name not in done]
            # After each of them: what was done must not be done again because the next one fails.
            after = replace(after, alarms=acted(after.alarms, due, action, limits, now, failed=bool(failed)))
            _write(path, after)
    return WatchReport(after, found, decision, tuple(done), tuple(problems), before.baseline is None)


def round_of(
    before: WatchState,
    measured: Measured | None,
    problem: str,
    policy: WatchPolicy,
    now: datetime,
    actions: Sequence[str] = (),
) -> tuple[WatchState, tuple[Reading, ...], Decision]:
    """What a round comes to. Pure.

    Args:
        before: what is remembered.
        measured: None if nothing could be.
        problem: why not.
        policy: the triggers.
        now: with its time zone.
        actions: names of those that there are.
    """
    at = now.isoformat(timespec="seconds")
    failures = before.failures + 1 if measured is None else 0
    if measured is None:
        found: tuple[Reading, ...] = (unreachable(failures, policy),)
        decision = decide(before.alarms, found, policy, now, actions)
        after = replace(before, at=at, problem=problem, failures=failures, alarms=decision.alarms)
        return after, found, decision
    baseline = before.baseline.filled(measured.figures) if before.baseline else measured.figures
    skipped = dict(measured.skipped)
    if measured.figures.queries != baseline.queries and measured.figures.queries:
        skipped["metric"] = (
            f"{measured.figures.queries:,} queries are judged, and {baseline.queries:,} were: begin anew"
        )
    found = (*readings(measured.figures, baseline, policy), unreachable(0, policy))
    decision = decide(before.alarms, found, policy, now, actions)
    after = WatchState(
        catalogue=before.catalogue,
        at=at,
        release=measured.figures.release,
        alarms=decision.alarms,
        readings=tuple(one.to_json() for one in found),
        skipped=skipped,
        baseline_at=before.baseline_at or at,
        baseline=baseline,
    )
    return after, found, decision


def _told(state: WatchState, names: Sequence[str], found: tuple[Reading, ...]) -> Mapping[str, Any]:
    """What an action is told of these triggers; ``text`` is what chat services show."""
    due = [one for one in found if one.name in names]
    lines = [f"{one.name}: {one.value:.4g}, at most {one.limit:.4g} ({one.note})" for one in due]
    return {
        "text": f"Aisle watch, {state.catalogue} ({state.release}): " + "; ".join(lines),
        "catalogue": state.catalogue,
        "release": state.release,
        "at": state.at,
        "problem": state.problem,
        "alarms": [{**one.to_json(), "since": state.alarms[one.name].since} for one in due],
    }


def _policy(path: str | Path | None) -> WatchPolicy:
    return WatchPolicy() if path is None else read_watch_policy(Path(path))


def _read(path: Path, name: str) -> WatchState:
    if not path.exists():
        return WatchState(check_name(name))
    found = WatchState.from_json(read_json(path), str(path))
    if found.catalogue != name:
        raise InputError(f"{path} is of the catalogue {found.catalogue!r}", fix="name another --state")
    return found


def _write(path: Path, state: WatchState) -> None:
    with whole_file(path) as file:
        file.write(orjson.dumps(state.to_json(), option=orjson.OPT_INDENT_2))


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Nobody else's round changes the state meanwhile."""
    held = FileLock(path.with_name(f".{path.name}.lock"), timeout=0)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        held.acquire()
    except Timeout:
        raise InputError(f"another watch has {path}", fix="wait for it, or name another --state") from None
    except OSError as error:
        raise InputError(
            f"cannot write beside {path}: {error.strerror}", fix="choose a folder that can be written"
        ) from None
    try:
        yield
    finally:
        held.release()
