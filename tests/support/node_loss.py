"""Loading while a node is killed: a catalogue whose encoder pulls the plug."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from aisle.cluster import Cluster
from aisle.cluster.failures import RetryPolicy
from aisle.indexer import ItemEncoder
from aisle.indexer.vectors import Vectors
from aisle.types import Item
from tests.support.indexing import ENCODER, vectors

# Long enough for a node that starts on a machine that is busy with other things.
PATIENT = RetryPolicy(deadline_s=500, first_wait_s=0.05, longest_wait_s=1, request_timeout_s=15)


@dataclass(slots=True)
class Outage:
    """An encoder that lets something happen in the middle of a run, beside it.

    Attributes:
        at: before this item (its number) is encoded.
        act: runs once, in a thread of its own.
    """

    at: int
    act: Callable[[], None]
    _seen: int = 0
    _thread: threading.Thread | None = None
    _errors: list[BaseException] = field(default_factory=list)

    @property
    def encoder(self) -> ItemEncoder:
        return ItemEncoder(ENCODER.spaces, self._encode)

    def finish(self) -> None:
        """Wait for it; raises what it raised, and if it never happened."""
        assert self._thread is not None, "the run was over before anything happened"
        self._thread.join()
        if self._errors:
            raise self._errors[0]

    def _encode(self, batch: Sequence[Item]) -> Vectors:
        self._seen += len(batch)
        if self._thread is None and self._seen > self.at:
            self._thread = threading.Thread(target=self._guarded, daemon=True)
            self._thread.start()
        return vectors(batch)

    def _guarded(self) -> None:
        try:
            self.act()
        except BaseException as error:  # noqa: BLE001 - raised by `finish` in the test's own thread
            self._errors.append(error)


def present(client: Cluster, name: str, number: int) -> set[str]:
    """Which of the ids of so many items can be read, each asked for by its id."""
    found: set[str] = set()
    for start in range(0, number, 500):
        ids = [f"id-{n}" for n in range(start, min(number, start + 500))]
        answer = client.mget(index=name, body={"ids": ids}, params={"_source": "false"})
        found |= {doc["_id"] for doc in answer["docs"] if doc.get("found")}
    return found
