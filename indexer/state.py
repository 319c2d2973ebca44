"""What one document of the index ``aisle-state`` says of one catalogue: who may change it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

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
class State:
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

    def freed(self) -> State:
        """Without a holder; the numbers go on where they were."""
        return State(sequence=self.sequence, release=self.release)

    def renewed(self) -> State:
        """The holder's next sign of life."""
        return replace(self, beat=self.beat + 1)

    def reserved(self, count: int, above: int) -> State:
        """The ``count`` numbers just below the new ``sequence`` are taken; all are larger than ``above``."""
        return replace(self.renewed(), sequence=max(self.sequence, above + 1) + count)

    def numbered(self, least: int) -> State:
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
    def from_json(cls, source: Mapping[str, Any]) -> State:
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
