"""A process named by its id and its birth time, so that a reused id is never taken for it."""

from __future__ import annotations

import psutil

GRACE_S = 20.0
"""How long a node may take to end by itself before it is killed."""


def same_process(pid: int, created: float) -> psutil.Process | None:
    """The running process with this id and this birth time (epoch seconds), else None."""
    try:
        process = psutil.Process(pid)
        # A zombie has ended; only its exit status is left to be read.
        if abs(process.create_time() - created) < 1.0 and process.status() != psutil.STATUS_ZOMBIE:
            return process
    except psutil.NoSuchProcess:
        return None
    return None


def stop_process(pid: int, created: float, grace_s: float = GRACE_S) -> None:
    """SIGTERM, then SIGKILL after the grace time, to this very process and no other."""
    process = same_process(pid, created)
    if process is None:
        return
    try:
        process.terminate()
        try:
            process.wait(grace_s)
        except psutil.TimeoutExpired:
            process.kill()
            process.wait(grace_s)
    except psutil.NoSuchProcess:
        return


def birth_time(pid: int) -> float:
    """When the process was born, epoch seconds; 0 if it has gone."""
    try:
        return psutil.Process(pid).create_time()
    except psutil.NoSuchProcess:
        return 0.0
