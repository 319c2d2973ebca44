"""What a ``_bulk`` response says about each document. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from indexer.bulk_bodies import Body, Refusal
from indexer.retries import BUSY_STATUSES, check_fatal, describe
from records import IndexingFailed

# Of each item only what is needed: a response of the default shape is many times larger.
FILTER_PATH: Final = "took,errors,items.*.status,items.*.error"
_CONFLICT: Final = 409
# Pressure on the node that may be reported under another status.
_BUSY_TYPES: Final = ("rejected_execution_exception", "circuit_breaking_exception")


@dataclass(frozen=True, slots=True)
class Outcome:
    """Attributes:
    accepted: how many documents are stored, the superseded ones among them.
    retry: positions of those that the node was too busy for.
    busy: why, of the last of these.
    refused: those that no repeat can help.
    superseded: how many the index had already, under a larger version: it keeps those.
    """

    accepted: int
    retry: tuple[int, ...]
    busy: str
    refused: tuple[Refusal, ...]
    superseded: int = 0


def settle(body: Body, response: Mapping[str, Any]) -> Outcome:
    """Sort the documents of one request by what became of them.

    Raises:
        DiskFull: the node has closed the index for writing.
        IndexingFailed: the release is gone, or the response answers another request.
    """
    if not response.get("errors"):
        return Outcome(len(body), (), "", ())
    items = [next(iter(item.values())) for item in response.get("items", ())]
    if len(items) != len(body):
        raise IndexingFailed(
            f"the node answered for {len(items)} documents, {len(body)} were sent",
            fix="look for a proxy that rewrites bodies between Aisle and OpenSearch",
        )
    retry: list[int] = []
    refused: list[Refusal] = []
    busy = ""
    superseded = 0
    for position, item in enumerate(items):
        error = item.get("error")
        if error is None:
            continue
        if item.get("status") == _CONFLICT:
            superseded += 1
            continue
        reason = describe(error)
        check_fatal(error)
        if item.get("status") in BUSY_STATUSES or _busy(error):
            retry.append(position)
            busy = reason
        else:
            refused.append(Refusal(body.lines[position].id, reason))
    return Outcome(len(body) - len(retry) - len(refused), tuple(retry), busy, tuple(refused), superseded)


def _busy(error: Any) -> bool:
    return isinstance(error, Mapping) and str(error.get("type")).endswith(_BUSY_TYPES)
