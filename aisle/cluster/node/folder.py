"""The folder of one node: config/, data/, logs/ and tmp/, owned by the user who runs it."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from pathlib import Path

from filelock import FileLock

from aisle._environment import cache, home
from aisle.cluster.node.user import NodeUser, can_reach, give
from aisle.errors import InputError, NodeStartFailed


def open_folder(path: Path) -> None:
    """Make the folder readable to all, whatever the umask: another user may run the node."""
    for folder in reversed((path, *path.parents)):
        if not folder.exists():
            folder.mkdir(exist_ok=True)
            folder.chmod(0o755)


def lock_at(path: Path) -> FileLock:
    """A lock between processes, to hold with ``with``; the system lets go of it when the holder dies."""
    open_folder(path.parent)
    return FileLock(path)


MARKER = ".aisle-node"
SUBFOLDERS = ("config", "data", "logs", "tmp")


def prepare_folder(folder: Path | None) -> Path:
    """Make the folder and its subfolders; a temporary one for None.

    Raises:
        InputError: the folder holds something else than a node.
    """
    if folder is None:
        made = Path(tempfile.mkdtemp(prefix="aisle-node-"))
    else:
        made = folder.expanduser().resolve()
        _check_own(made)
        open_folder(made)
    (made / MARKER).touch()
    for name in SUBFOLDERS:
        (made / name).mkdir(exist_ok=True)
    return made


def hand_over(folder: Path, user: NodeUser | None) -> None:
    """Give the folder and all in it to the user who runs the node.

    Raises:
        NodeStartFailed: that user cannot enter the folder.
    """
    give(folder, user)
    if user is not None and not can_reach(folder, user):
        raise NodeStartFailed(
            f"user {user.name}, who runs the node for root, cannot enter {folder}",
            fix="choose a data folder outside root's home, for example under /var/lib",
        )


def remove_folder(folder: Path) -> None:
    """Delete a temporary folder; the node may still hold some of it open."""
    shutil.rmtree(folder, ignore_errors=True)


def _check_own(folder: Path) -> None:
    if folder.is_dir() and any(folder.iterdir()) and not (folder / MARKER).exists():
        raise InputError(
            f"{folder} is not empty and not a node's folder", fix="name an empty or a new folder for its data"
        )
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder} is not a folder", fix="name an empty or a new folder for the node's data")


ROOT_CACHE = Path("/var/cache/aisle")
ROOT_STATE = Path("/var/lib/aisle")


def distributions(user: NodeUser | None) -> Path:
    """Assembled distributions: ``cache()``, or a system folder where that is closed to ``user``."""
    return cache() if can_reach(cache(), user) else ROOT_CACHE


def node_folder(name: str, user: NodeUser | None) -> Path:
    """Data, logs and configuration of the detached node ``name``."""
    own = home() / "nodes" / name
    if can_reach(own, user):
        return own
    # Two homes may each have a node of this name; they must not share data.
    digest = hashlib.sha256(str(home().resolve()).encode()).hexdigest()[:8]
    return ROOT_STATE / f"nodes-{digest}" / name
