"""Nodes that stay up: one JSON file each under ``home()/nodes``."""

from __future__ import annotations

import json
import os
import re
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from aisle._environment import home
from aisle._files import whole_file
from aisle.errors import InputError

GRACE_S = 20.0
"""How long a node may take to end by itself before it is killed."""

_SAME_S = 1.0


def same_process(pid: int, created: float) -> psutil.Process | None:
    """The running process with this id and this birth time, else None."""
    try:
        process = psutil.Process(pid)
        # Records of earlier versions of Aisle hold epoch seconds on Linux too.
        born = (birth_time(pid), process.create_time())
        same = any(abs(one - created) < _SAME_S for one in born)
        # A zombie has ended; only its exit status is left to be read.
        if same and process.status() != psutil.STATUS_ZOMBIE:
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
    """When the process was born: on Linux in seconds after the machine's start, elsewhere epoch seconds.

    Linux derives a process's epoch time from the clock of now, which is set while processes run: after a
    machine slept, or was told the time. What is counted from its start stays. 0 if the process has gone.
    """
    try:
        if sys.platform != "linux":
            return psutil.Process(pid).create_time()
        # The name in brackets may hold spaces and brackets; the 20th field after it is the birth, in ticks.
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2]
        return int(fields.split()[19]) / os.sysconf("SC_CLK_TCK")
    except (psutil.NoSuchProcess, FileNotFoundError, ProcessLookupError):
        return 0.0


NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")


@dataclass(frozen=True, slots=True)
class NodeRecord:
    """A node that ``aisle up`` started.

    Attributes:
        name: its name, unique on this machine.
        pid, created: process id and its birth time (`birth_time`), which together name one process.
        url: where it answers.
        folder: its data/, logs/ and config/.
        version: OpenSearch version.
    """

    name: str
    pid: int
    created: float
    url: str
    folder: str
    version: str

    @property
    def running(self) -> bool:
        return same_process(self.pid, self.created) is not None


def check_name(name: str) -> str:
    """The name, if it can name a node and its files.

    Raises:
        InputError: it cannot.
    """
    if NAME.fullmatch(name):
        return name
    raise InputError(
        f"{name!r} cannot name a node", fix="use lower-case letters, digits, '-' and '_', 63 at most"
    )


def record_path(name: str) -> Path:
    return home() / "nodes" / f"{check_name(name)}.json"


def register(record: NodeRecord) -> None:
    """Write the record; a reader never sees half of it."""
    with whole_file(record_path(record.name)) as file:
        file.write(json.dumps(asdict(record), indent=2).encode() + b"\n")


def find_node(name: str) -> NodeRecord | None:
    """The record of that name, running or not."""
    path = record_path(name)
    return _read(path) if path.is_file() else None


def running_nodes() -> list[NodeRecord]:
    """All nodes that run, by name."""
    records = (_read(path) for path in sorted((home() / "nodes").glob("*.json")))
    return [record for record in records if record is not None and record.running]


def stop_node(record: NodeRecord) -> bool:
    """Stop the node and forget it (its data stay). False if it did not run any more."""
    ran = record.running
    stop_process(record.pid, record.created)
    record_path(record.name).unlink(missing_ok=True)
    return ran


def _read(path: Path) -> NodeRecord | None:
    # A file cut short by a full disk names no node; `aisle up` writes it anew.
    try:
        return NodeRecord(**json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, TypeError):
        return None
