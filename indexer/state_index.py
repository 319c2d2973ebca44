"""The index ``aisle-state``: one document per catalogue, changed by compare and swap alone."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import opensearchpy

from indexer.retries import RetryPolicy, until_done
from indexer.state import State
from records import IndexingFailed

STATE_INDEX: Final = "aisle-state"
# Read by id alone, so nothing needs an index; hidden, so that no "*" of a user finds or deletes it.
_BODY: Final = {
    "settings": {"index": {"number_of_shards": 1, "auto_expand_replicas": "0-1", "hidden": True}},
    "mappings": {"dynamic": False, "properties": {}},
}


@dataclass(frozen=True, slots=True)
class Seen:
    """A state as it was read or written.

    Attributes:
        state: what the document says.
        place: OpenSearch's sequence number and primary term, which change with every write; None while there
            is no document.
    """

    state: State
    place: tuple[int, int] | None


class StateIndex:
    """One catalogue's document. Every request is repeated while the node is away, see `until_done`.

    Args:
        client: used from several threads.
        name: of the catalogue.
        stop: ends waiting for a node that is away.
    """

    def __init__(
        self, client: opensearchpy.OpenSearch, name: str, stop: threading.Event | None = None
    ) -> None:
        self._client = client
        self._name = name
        self._stop = stop or threading.Event()

    def read(self, policy: RetryPolicy) -> Seen:
        """What it says now, unrefreshed writes included.

        Raises:
            IndexingFailed: somebody else wrote it.
        """
        # A document that is missing and an index that is missing are both a 404.
        params = {"ignore": 404, "request_timeout": policy.request_timeout_s}
        found = self._ask(partial(self._client.get, index=STATE_INDEX, id=self._name, params=params), policy)
        if not found.get("found"):
            return Seen(State(), None)
        try:
            state = State.from_json(found["_source"])
        except (KeyError, TypeError, ValueError) as error:
            raise IndexingFailed(
                f"the document {self._name} of the index {STATE_INDEX} cannot be read ({error!r})",
                fix="delete that document when no run for that name is on, then try again",
            ) from error
        return Seen(state, (found["_seq_no"], found["_primary_term"]))

    def swap(self, seen: Seen, state: State, policy: RetryPolicy) -> Seen | None:
        """Write ``state`` if the document still is as ``seen``; None if somebody was faster.

        A write whose answer was lost looks like somebody else's: compare the state then.
        """
        params: dict[str, Any] = {"request_timeout": policy.request_timeout_s}
        if seen.place is None:
            self._make(policy)
            params["op_type"] = "create"
        else:
            params["if_seq_no"], params["if_primary_term"] = seen.place
        write = partial(
            self._client.index, index=STATE_INDEX, id=self._name, body=state.to_json(), params=params
        )
        try:
            done = self._ask(write, policy)
        except (opensearchpy.ConflictError, opensearchpy.NotFoundError):
            return None
        return Seen(state, (done["_seq_no"], done["_primary_term"]))

    def forget(self, policy: RetryPolicy) -> None:
        """Delete the document. Only for a name that nobody ever uses again: its numbers would begin anew."""
        params = {"ignore": 404, "request_timeout": policy.request_timeout_s}
        self._ask(partial(self._client.delete, index=STATE_INDEX, id=self._name, params=params), policy)

    def _make(self, policy: RetryPolicy) -> None:
        if self._ask(partial(self._client.indices.exists, index=STATE_INDEX), policy):
            return
        try:
            self._ask(partial(self._client.indices.create, index=STATE_INDEX, body=_BODY), policy)
        except opensearchpy.RequestError as error:
            if error.error != "resource_already_exists_exception":
                raise

    def _ask(self, request: Callable[[], Any], policy: RetryPolicy) -> Any:
        return until_done(request, policy, self._stop)
