"""The log of a catalogue's releases: what became live or was staged, when, and by whom."""

from __future__ import annotations

import getpass
import logging
import socket
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Final

from aisle.cluster import Cluster
from aisle.cluster.documents import Documents
from aisle.errors import AisleError, InputError
from aisle.indexer.lease.state import STATE_INDEX

_log = logging.getLogger(__name__)
KEPT: Final = 500
"""Entries; the oldest go."""
_ATTEMPTS: Final = 5


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One change of what is live, or could be.

    Attributes:
        at: UTC, ISO 8601, by the clock of who did it.
        action: "index", "stage", "promote", "rollback", "bind" (models to it) or "rules" (that came
            back with it).
        release: that it was about.
        before: what was live before; empty for nothing.
        by: user and host.
        note: more about it: the models that the release is served with, or the version of its rules.
    """

    at: str
    action: str
    release: str
    before: str
    by: str
    note: str = ""

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return asdict(self)


def read_log(cluster: Cluster, name: str) -> tuple[LogEntry, ...]:
    """What was done to a catalogue's releases, oldest first.

    Raises:
        InputError: somebody else wrote the document.
        ClusterError: the cluster does not answer.
    """
    return _entries(_documents(cluster).read(_id(name)).source, name)


MOVES: Final = ("index", "promote", "rollback")
"""Actions after which another release is live."""


def live_last(cluster: Cluster, name: str) -> str:
    """The release that was live last, whether it is there or not; empty if the log does not say.

    Raises:
        InputError, ClusterError: see `read_log`.
    """
    moved = [entry.release for entry in read_log(cluster, name) if entry.action in MOVES]
    return moved[-1] if moved else ""


def write_log(cluster: Cluster, name: str, action: str, release: str, before: str, note: str = "") -> None:
    """Add an entry. What was done is done: a log that cannot be written is a warning."""
    entry = LogEntry(datetime.now(UTC).isoformat(timespec="seconds"), action, release, before, _who(), note)
    try:
        for _ in range(_ATTEMPTS):
            found = _documents(cluster).read(_id(name))
            kept = (*_entries(found.source, name), entry)[-KEPT:]
            source = {"entries": [one.to_json() for one in kept]}
            if _documents(cluster).swap(_id(name), found.place, source) is not None:
                return
        _log.warning("the log of %s is written by too many at a time; %s is not in it", name, release)
    except AisleError as error:
        _log.warning("%s of %s is not in the log: %s", action, release, error.message)


def forget_log(cluster: Cluster, name: str) -> None:
    """Delete it, with a name that nobody ever uses again.

    Raises:
        ClusterError: the cluster does not answer.
    """
    _documents(cluster).delete(_id(name))


def _documents(cluster: Cluster) -> Documents:
    return Documents(cluster, STATE_INDEX)


def _id(name: str) -> str:
    # No name of a catalogue has a colon.
    return f"{name}:log"


def _entries(source: Any, name: str) -> tuple[LogEntry, ...]:
    try:
        return tuple(LogEntry(**one) for one in (source or {"entries": ()})["entries"])
    except (KeyError, TypeError) as error:
        raise InputError(
            f"the document {_id(name)} of the index {STATE_INDEX} cannot be read ({error!r})",
            fix="delete that document: the log begins anew",
        ) from error


def _who() -> str:
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        # A container may run as a number that nobody has a name for.
        user = "somebody"
    return f"{user}@{socket.gethostname()}"
