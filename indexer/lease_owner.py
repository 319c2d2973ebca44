"""Which process this is, and whether another one is certainly gone."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Final

import psutil

from indexer.state import Owner

_BOOT: Final = Path("/proc/sys/kernel/random/boot_id")
_PROCESSES: Final = Path("/proc/self/ns/pid")


def this_process(what: str) -> Owner:
    """The calling process, doing ``what``."""
    return Owner(host=socket.gethostname(), realm=process_realm(), pid=os.getpid(), what=what)


def process_realm() -> str:
    """Within it a process number means one process: this start of the kernel and this PID namespace.

    A host's name is not enough: two containers may share it, and in both the process is number 1.
    Empty where the system does not tell (no Linux); then nobody is ever taken for dead at once.
    """
    try:
        return f"{_BOOT.read_text().strip()}/{_PROCESSES.readlink()}"
    except OSError:
        return ""


def is_gone(owner: Owner) -> bool:
    """True only if the owner ran where this process runs and no live process has its number any more."""
    if not owner.realm or owner.realm != process_realm():
        return False
    try:
        os.kill(owner.pid, 0)
    except ProcessLookupError:
        return True
    except (PermissionError, OverflowError):
        return False
    try:
        # Killed, and not yet noticed by its parent (in a container often nobody ever does).
        return psutil.Process(owner.pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        # Gone a moment later, or hidden from this user.
        return False
