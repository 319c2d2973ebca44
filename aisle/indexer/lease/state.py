"""What one document of the index ``aisle-state`` says of one catalogue: who may change it. Pure."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from aisle.cluster import Cluster
from aisle.cluster.documents import Documents, Place
from aisle.cluster.failures import RetryPolicy
from aisle.errors import IndexingFailed

# Versions below are those of full loads, so that a live update always wins over a load that arrives late.
FIRST_SEQUENCE: Final = 1_000


@dataclass(frozen=True, slots=True)
class Owner:
    """Who holds the lease.

    Attributes:
        host: name of the machine, for people.
        realm: within it process numbers mean the same; empty where that cannot be known.
        pid: process number.
        what: the command, for people.
    """

    host: str
    realm: str
    pid: int
    what: str

    def __str__(self) -> str:
        return f"{self.what} (process {self.pid} on {self.host})"


@dataclass(frozen=True, slots=True)
class LeaseDocument:
    """One catalogue's state.

    Attributes:
        sequence: the next version number that nobody was given yet.
        release: the highest number that a release was given, also one that was deleted since.
        token: drawn anew by each holder; empty when nobody holds the lease.
        beat: grows with every write of a holder: a sign of life, and what tells its writes apart.
        lease_s: so long may the holder be silent, in seconds.
        owner: None when nobody holds the lease.
    """

    sequence: int = FIRST_SEQUENCE
    release: int = 0
    token: str = ""
    beat: int = 0
    lease_s: float = 0.0
    owner: Owner | None = None

    def freed(self) -> LeaseDocument:
        """Without a holder; the numbers go on where they were."""
        return LeaseDocument(sequence=self.sequence, release=self.release)

    def renewed(self) -> LeaseDocument:
        """The holder's next sign of life."""
        return replace(self, beat=self.beat + 1)

    def reserved(self, count: int, above: int) -> LeaseDocument:
        """The ``count`` numbers just below the new ``sequence`` are taken; all are larger than ``above``."""
        return replace(self.renewed(), sequence=max(self.sequence, above + 1) + count)

    def numbered(self, least: int) -> LeaseDocument:
        """The new ``release`` is taken, see `next_release`."""
        return replace(self.renewed(), release=self.next_release(least))

    def next_release(self, least: int) -> int:
        """A number that no release ever had, ``least`` or more.

        A release that is given up is deleted; a bulk request to it that is still on its way must not find
        another one of that name.
        """
        return max(self.release + 1, least)

    def to_json(self) -> dict[str, Any]:
        """The document."""
        owner = self.owner
        return {
            "sequence": self.sequence,
            "release": self.release,
            "token": self.token,
            "beat": self.beat,
            "lease_s": self.lease_s,
            "owner": owner
            and {"host": owner.host, "realm": owner.realm, "pid": owner.pid, "what": owner.what},
        }

    @classmethod
    def from_json(cls, source: Mapping[str, Any]) -> LeaseDocument:
        """Read it back.

        Raises:
            KeyError, TypeError, ValueError: it is no such document.
        """
        owner = source["owner"]
        return cls(
            sequence=int(source["sequence"]),
            # Absent from documents that an older version wrote.
            release=int(source.get("release", 0)),
            token=str(source["token"]),
            beat=int(source["beat"]),
            lease_s=float(source["lease_s"]),
            owner=owner
            and Owner(str(owner["host"]), str(owner["realm"]), int(owner["pid"]), str(owner["what"])),
        )


STATE_INDEX: Final = "aisle-state"


@dataclass(frozen=True, slots=True)
class Seen:
    """A state as it was read or written.

    Attributes:
        state: what the document says.
        place: which write that was; None while there is no document.
    """

    state: LeaseDocument
    place: Place | None


class StateIndex:
    """One catalogue's document. Every request is repeated while the node is away.

    Args:
        cluster: used from several threads.
        name: of the catalogue.
        stop: ends waiting for a node that is away.
    """

    def __init__(self, cluster: Cluster, name: str, stop: threading.Event | None = None) -> None:
        self._cluster = cluster
        self._name = name
        self._stop = stop

    def read(self, policy: RetryPolicy) -> Seen:
        """What it says now, unrefreshed writes included.

        Raises:
            IndexingFailed: somebody else wrote it.
        """
        found = self._documents(policy).read(self._name)
        if found.source is None:
            return Seen(LeaseDocument(), None)
        try:
            return Seen(LeaseDocument.from_json(found.source), found.place)
        except (KeyError, TypeError, ValueError) as error:
            raise IndexingFailed(
                f"the document {self._name} of the index {STATE_INDEX} cannot be read ({error!r})",
                fix="delete that document when no run for that name is on, then try again",
            ) from error

    def swap(self, seen: Seen, state: LeaseDocument, policy: RetryPolicy) -> Seen | None:
        """Write ``state`` if the document still is as ``seen``; None if somebody was faster.

        A write whose answer was lost looks like somebody else's: compare the state then.
        """
        place = self._documents(policy).swap(self._name, seen.place, state.to_json())
        return None if place is None else Seen(state, place)

    def forget(self, policy: RetryPolicy) -> None:
        """Delete the document. Only for a name that nobody ever uses again: its numbers would begin anew."""
        self._documents(policy).delete(self._name)

    def _documents(self, policy: RetryPolicy) -> Documents:
        asking = self._cluster.retrying(policy, self._stop)
        return Documents(asking, STATE_INDEX, policy.request_timeout_s)
