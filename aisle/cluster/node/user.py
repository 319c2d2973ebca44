"""Which user runs the node. OpenSearch refuses to run as root, so root starts it as somebody else."""

from __future__ import annotations

import os
import pwd
from dataclasses import dataclass
from pathlib import Path

from aisle.errors import NodeStartFailed

CANDIDATES = ("opensearch", "nobody", "daemon")
VARIABLE = "AISLE_NODE_USER"


@dataclass(frozen=True, slots=True)
class NodeUser:
    """An unprivileged user of this machine."""

    name: str
    uid: int
    gid: int


def node_user() -> NodeUser | None:
    """Another user if this process is root (``AISLE_NODE_USER``, else a usual one), else None.

    Raises:
        NodeStartFailed: root, and there is no such user.
    """
    if os.geteuid() != 0:
        return None
    chosen = os.environ.get(VARIABLE)
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    for name in (chosen,) if chosen else CANDIDATES:
        entry = known.get(name)
        if entry is not None and entry.pw_uid != 0:
            return NodeUser(entry.pw_name, entry.pw_uid, entry.pw_gid)
    raise NodeStartFailed(
        "OpenSearch does not run as root and no other user was found to run it",
        fix=f"run as a normal user, or name an existing one in {VARIABLE}",
    )


def can_reach(path: Path, user: NodeUser | None) -> bool:
    """May the user enter every existing folder on the way to ``path``? (True for None: ourselves.)"""
    if user is None:
        return True
    resolved = path.resolve()
    ways = [folder for folder in (resolved, *resolved.parents) if folder.is_dir()]
    return all(_may_enter(folder, user) for folder in ways)


def _may_enter(folder: Path, user: NodeUser) -> bool:
    status = folder.stat()
    if status.st_uid == user.uid:
        return bool(status.st_mode & 0o100)
    if status.st_gid == user.gid:
        return bool(status.st_mode & 0o010)
    return bool(status.st_mode & 0o001)


def give(folder: Path, user: NodeUser | None) -> None:
    """Hand a folder and all below it to the user (nothing to do for None)."""
    if user is None:
        return
    for path in (folder, *folder.rglob("*")):
        os.chown(path, user.uid, user.gid, follow_symlinks=False)
