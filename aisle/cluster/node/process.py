"""Start the node's process: supervised (dies with this process) or detached (stays up)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aisle.cluster.node.registry import GRACE_S, birth_time, same_process, stop_process
from aisle.cluster.node.user import NodeUser
from aisle.errors import NodeStartFailed

SUPERVISOR = Path(__file__).with_name("supervisor.py")


@dataclass(frozen=True, slots=True)
class Launch:
    """What to run and as whom.

    Attributes:
        command: program and arguments.
        env: the whole environment.
        cwd: working folder.
        log: file that takes standard output and error.
        user: run as this user, None for our own.
        remove: folder to delete once the process has ended (supervised only).
    """

    command: list[str]
    env: Mapping[str, str]
    cwd: Path
    log: Path
    user: NodeUser | None = None
    remove: Path | None = None


@dataclass(slots=True)
class Child:
    """A started process. ``supervisor`` is None when it is detached."""

    pid: int
    created: float
    supervisor: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def alive(self) -> bool:
        """Is this very process still running (not another one that got its id)?"""
        return same_process(self.pid, self.created) is not None

    def stop(self, grace_s: float = GRACE_S) -> None:
        """End it and wait until it is gone; harmless when it is gone already."""
        if self.supervisor is not None:
            # Closes the pipe, on which the supervisor ends the node and then itself.
            try:
                self.supervisor.communicate(timeout=grace_s + GRACE_S)
            except subprocess.TimeoutExpired:
                self.supervisor.kill()
                self.supervisor.communicate()
        # Whatever became of the supervisor.
        stop_process(self.pid, self.created, grace_s)


def start_supervised(launch: Launch) -> Child:
    """Start it under a supervisor that ends it when this process closes the pipe or dies.

    Raises:
        NodeStartFailed: the command could not be run at all.
    """
    with _open_log(launch.log) as log:
        supervisor = subprocess.Popen(
            [sys.executable, "-I", "-S", str(SUPERVISOR)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            # Own session: a kill of the owner's whole group must leave somebody to end the node.
            start_new_session=True,
        )
    answer = _order(supervisor, launch)
    if "pid" not in answer:
        supervisor.communicate()
        raise _cannot_run(launch)
    pid = int(answer["pid"])
    return Child(pid, birth_time(pid), supervisor)


def start_detached(launch: Launch) -> Child:
    """Start it in a session of its own, to outlive this process.

    Raises:
        NodeStartFailed: the command could not be run at all.
    """
    with _open_log(launch.log) as log:
        try:
            process = subprocess.Popen(
                launch.command,
                env=dict(launch.env),
                cwd=launch.cwd,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                user=launch.user.uid if launch.user else None,
                group=launch.user.gid if launch.user else None,
                extra_groups=[] if launch.user else None,
            )
        except OSError as error:
            raise _cannot_run(launch) from error
    return Child(process.pid, birth_time(process.pid))


def _open_log(path: Path) -> Any:
    # The folder belongs to another user when we are root: follow no link that it may have left there.
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW
    return os.fdopen(os.open(path, flags, 0o644), "ab")


def _order(supervisor: subprocess.Popen[bytes], launch: Launch) -> dict[str, Any]:
    order = {
        "command": launch.command,
        "env": dict(launch.env),
        "cwd": str(launch.cwd),
        "user": launch.user.uid if launch.user else None,
        "group": launch.user.gid if launch.user else None,
        "remove": str(launch.remove) if launch.remove else None,
        "grace_s": GRACE_S,
    }
    if supervisor.stdin is None or supervisor.stdout is None:
        return {}
    supervisor.stdin.write(json.dumps(order).encode() + b"\n")
    supervisor.stdin.flush()
    line = supervisor.stdout.readline()
    return dict(json.loads(line)) if line else {}


def _cannot_run(launch: Launch) -> NodeStartFailed:
    return NodeStartFailed(
        f"{launch.command[0]} could not be run", fix="check that JAVA_HOME names a working JDK"
    )
