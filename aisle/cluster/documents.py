"""Small documents that are read and written by id alone, in a hidden index of Aisle's own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from aisle.cluster.client import Cluster
from aisle.errors import AisleError

Place = tuple[int, int]
"""OpenSearch's sequence number and primary term of a document, which change with every write."""

# Not the document that was seen, or none at all.
_CHANGED: Final = (404, 409)
# Read by id alone, so nothing needs an index; hidden, so that no "*" of a user finds or deletes it.
_BODY: Final = {
    "settings": {"index": {"number_of_shards": 1, "auto_expand_replicas": "0-1", "hidden": True}},
    "mappings": {"dynamic": False, "properties": {}},
}


@dataclass(frozen=True, slots=True)
class Stored:
    """A document as it was read.

    Attributes:
        source: what it says; None if there is none.
        place: None likewise.
    """

    source: Mapping[str, Any] | None
    place: Place | None


class Documents:
    """The documents of one index, which is made when the first one is written.

    Args:
        cluster: one that repeats its requests, or not.
        index: its name.
        timeout_s: of one request; None: the client's own.
    """

    def __init__(self, cluster: Cluster, index: str, timeout_s: float | None = None) -> None:
        self._cluster = cluster
        self._index = index
        self._timeout = {} if timeout_s is None else {"request_timeout": timeout_s}

    def read(self, id_: str) -> Stored:
        """What it says now, unrefreshed writes included."""
        # A document that is missing and an index that is missing are both a 404.
        found = self._cluster.get(index=self._index, id=id_, params={**self._timeout, "ignore": 404})
        if not found.get("found"):
            return Stored(None, None)
        return Stored(found["_source"], (found["_seq_no"], found["_primary_term"]))

    def swap(self, id_: str, seen: Place | None, source: Mapping[str, Any]) -> Place | None:
        """Write a document if it still is as it was seen; None if somebody was faster.

        A write whose answer was lost looks like somebody else's: compare what is there then.

        Args:
            id_: of the document.
            seen: its place; None: there was no such document.
            source: what it is to say.
        """
        params: dict[str, Any] = dict(self._timeout)
        if seen is None:
            self._make()
            params["op_type"] = "create"
        else:
            params["if_seq_no"], params["if_primary_term"] = seen
        try:
            done = self._cluster.index(index=self._index, id=id_, body=source, params=params)
        except AisleError as error:
            if error.status not in _CHANGED:
                raise
            return None
        return done["_seq_no"], done["_primary_term"]

    def write(self, id_: str, source: Mapping[str, Any]) -> None:
        """Write a document, whatever it said before."""
        self._make()
        self._cluster.index(index=self._index, id=id_, body=source, params=dict(self._timeout))

    def delete(self, id_: str) -> None:
        """Delete a document, if there is one."""
        self._cluster.delete(index=self._index, id=id_, params={**self._timeout, "ignore": 404})

    def _make(self) -> None:
        make_index(self._cluster, self._index, _BODY)


def make_index(cluster: Cluster, index: str, body: Mapping[str, Any]) -> None:
    """Make an index that is not there yet.

    Args:
        cluster: a client.
        index: its name.
        body: its settings and mappings.
    """
    indices = cluster.indices
    if indices.exists(index=index):
        return
    try:
        indices.create(index=index, body=body)
    except AisleError as error:
        # Somebody else was faster.
        if error.status != 400 or not indices.exists(index=index):
            raise
