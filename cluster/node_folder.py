"""The folder of one node: config/, data/, logs/ and tmp/, owned by the user who runs it."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from cluster.exclusive import open_folder
from cluster.user import NodeUser, can_reach, give
from records import InputError, NodeStartFailed

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
