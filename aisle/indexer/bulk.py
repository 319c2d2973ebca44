"""Bulk requests: write documents, read the answer, repeat what may be repeated, name what may not."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol

import orjson

from aisle.cluster.client import Cluster
from aisle.cluster.failures import (
    BUSY_STATUSES,
    Attempts,
    NodeBusy,
    RetryPolicy,
    TryAgain,
    blocked,
    describe,
    is_block,
    is_disk_block,
    own_words,
)
from aisle.errors import AisleError, DiskFull, IndexingFailed, IndexNotFound

# OpenSearch refuses a whole request for one longer _id.
MAX_ID_BYTES: Final = 512
# Of every document of a full load. Live updates have larger ones, so that a load's request that arrives late
# cannot undo them; "gte", so that a repeat of the same document is no conflict.
LOAD_VERSION: Final = 1
_OPTIONS: Final = orjson.OPT_SERIALIZE_NUMPY


@dataclass(frozen=True, slots=True)
class Refusal:
    """A document that is not in the index, and why (one line)."""

    id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Line:
    """One document, ready to send: ``data`` is its action and its source, each ending in a newline."""

    id: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Body:
    """The documents of one request."""

    lines: tuple[Line, ...]

    def __len__(self) -> int:
        return len(self.lines)

    @property
    def payload(self) -> bytes:
        """What is sent."""
        return b"".join(line.data for line in self.lines)

    def at(self, positions: Sequence[int]) -> Body:
        """The documents at these positions alone."""
        return Body(tuple(self.lines[position] for position in positions))

    def halves(self) -> tuple[Body, Body]:
        """Two bodies for a request that is refused as a whole; needs two documents or more."""
        middle = len(self.lines) // 2
        return Body(self.lines[:middle]), Body(self.lines[middle:])


def serialise(item_id: str, source: Mapping[str, Any], version: int = LOAD_VERSION) -> Line | Refusal:
    """One document as bytes, or why it cannot be one.

    Args:
        item_id: becomes ``_id``: the same item always overwrites itself, which makes every repeat safe.
        source: JSON values, and float32 ``[dims]`` arrays, which are written with the fewest digits that
            read back as the same float32.
        version: external; the server keeps what it has under a larger one.
    """
    try:
        if not 0 < len(item_id.encode()) <= MAX_ID_BYTES:
            return Refusal(item_id[:64], f"the id must have 1 to {MAX_ID_BYTES} bytes")
        action = orjson.dumps({"index": {"_id": item_id, "version": version, "version_type": "external_gte"}})
        return Line(item_id, b"%b\n%b\n" % (action, orjson.dumps(source, option=_OPTIONS)))
    except (orjson.JSONEncodeError, UnicodeEncodeError) as error:
        return Refusal(item_id.encode(errors="replace").decode(), f"cannot be written as JSON: {error}")


def pack(lines: Iterable[Line], *, max_bytes: int, max_docs: int) -> Iterator[Body]:
    """Group documents, in order, into bodies within both limits; one larger document travels alone."""
    waiting: list[Line] = []
    size = 0
    for line in lines:
        if waiting and (size + len(line.data) > max_bytes or len(waiting) >= max_docs):
            yield Body(tuple(waiting))
            waiting, size = [], 0
        waiting.append(line)
        size += len(line.data)
    if waiting:
        yield Body(tuple(waiting))


# Of each item only what is needed: a response of the default shape is many times larger.
FILTER_PATH: Final = "took,errors,items.*.status,items.*.error"
_CONFLICT: Final = 409
# Pressure on the node that may be reported under another status.
_BUSY_TYPES: Final = ("rejected_execution_exception", "circuit_breaking_exception")


@dataclass(frozen=True, slots=True)
class BulkOutcome:
    """What one answer says of the documents of one request.

    Attributes:
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


def settle(body: Body, response: Mapping[str, Any]) -> BulkOutcome:
    """What became of each document of one request.

    Raises:
        DiskFull: the node has closed the index for writing.
        IndexBlocked: somebody has; every document may be sent again.
        IndexingFailed: the release is gone, or the response answers another request.
    """
    if not response.get("errors"):
        return BulkOutcome(len(body), (), "", ())
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
    return BulkOutcome(len(body) - len(retry) - len(refused), tuple(retry), busy, tuple(refused), superseded)


def check_fatal(error: Any) -> None:
    """Raise for an error of one document that no other document would escape either.

    Raises:
        DiskFull, IndexBlocked, IndexingFailed: see `settle`.
    """
    if is_disk_block(error):
        raise DiskFull(
            f"OpenSearch takes no more documents because its disk is almost full ({describe(error)})",
            fix="free disk space on the node or delete old releases, then index again",
        )
    if is_block(error):
        raise blocked(str(error["reason"]))
    if isinstance(error, Mapping) and error.get("type") == "index_not_found_exception":
        raise release_gone()


def release_gone() -> IndexingFailed:
    """The release that a run loads was deleted under it."""
    return IndexingFailed(
        "the unfinished release was deleted while it was being loaded",
        fix="check that no other `aisle index` runs for this name, then index again",
    )


def _busy(error: Any) -> bool:
    return isinstance(error, Mapping) and str(error.get("type")).endswith(_BUSY_TYPES)


# The whole request is refused for one document in it: too large together, or one of them malformed.
_SPLIT_STATUSES = frozenset({400, 413})


@dataclass(frozen=True, slots=True)
class BulkResult:
    """What became of one body.

    Attributes:
        accepted: documents acknowledged, the superseded ones among them: those are in the index as well.
        refused: documents that OpenSearch will never take.
        retries: requests sent beyond the first.
        took_ms: the server's own time over all of them.
        superseded: documents of which the index keeps a newer version.
        busy: requests that met a busy node (429, 502-504, circuit breaker), wholly or in part.
    """

    accepted: int = 0
    refused: tuple[Refusal, ...] = ()
    retries: int = 0
    took_ms: int = 0
    superseded: int = 0
    busy: int = 0

    def plus(self, other: BulkResult) -> BulkResult:
        """The sum of two results."""
        return BulkResult(
            self.accepted + other.accepted,
            self.refused + other.refused,
            self.retries + other.retries,
            self.took_ms + other.took_ms,
            self.superseded + other.superseded,
            self.busy + other.busy,
        )


class Writer(Protocol):
    """Where bodies go."""

    def write(self, body: Body, stop: threading.Event, /) -> BulkResult:
        """Write every document of ``body``, or say why not.

        Args:
            body: documents.
            stop: ends waiting between attempts.

        Raises:
            Stopped: ``stop`` was set.
        """


@dataclass(frozen=True, slots=True)
class BulkWriter:
    """Writes bodies through one alias; used from several threads at once.

    Attributes:
        cluster: one that repeats nothing by itself.
        target: an alias; OpenSearch would make a missing index by guessing field types.
        policy: for whole requests and for single documents that met a busy node.
    """

    cluster: Cluster
    target: str
    policy: RetryPolicy

    def write(self, body: Body, stop: threading.Event) -> BulkResult:
        """Write every document of ``body``, or say why not.

        Args:
            body: sent as it is: opensearch-py passes bytes through.
            stop: ends waiting between attempts.

        Raises:
            ClusterUnavailable: the node did not take the body before the policy's deadline.
            IndexBlocked: the index was blocked all that time.
            DiskFull, IndexingFailed: see `settle`.
            Stopped: ``stop`` was set.
            ClusterError: anything else, such as a refused password.
        """
        writing = _Writing(self, body, Attempts(self.policy, stop))
        try:
            writing.finish()
        except IndexNotFound as error:
            raise release_gone() from error
        except AisleError as error:
            if error.status not in _SPLIT_STATUSES:
                raise
            if len(writing.left) == 1:
                refusal = Refusal(writing.left.lines[0].id, f"HTTP {error.status}: {own_words(error)}")
                return writing.written().plus(BulkResult(refused=(refusal,)))
            return sum_results(writing.written(), *(self.write(half, stop) for half in writing.left.halves()))
        return writing.written()


def sum_results(*parts: BulkResult) -> BulkResult:
    """The sum of several results."""
    total = BulkResult()
    for part in parts:
        total = total.plus(part)
    return total


class _Writing:
    """A body on its way; ``left`` shrinks to the documents that still have to go."""

    def __init__(self, writer: BulkWriter, body: Body, attempts: Attempts) -> None:
        self.left = body
        self._writer = writer
        self._attempts = attempts
        self._done = BulkResult()

    def finish(self) -> None:
        for attempt in self._attempts:
            with attempt:
                self._attempt()

    def _attempt(self) -> None:
        response = self._writer.cluster.bulk(
            index=self._writer.target,
            body=self.left.payload,
            params={
                "filter_path": FILTER_PATH,
                "require_alias": "true",
                "request_timeout": self._writer.policy.request_timeout_s,
            },
        )
        if not isinstance(response, Mapping) or not isinstance(response.get("errors"), bool):
            # Whatever answered, with status 200, it was not OpenSearch: nothing says that anything is stored.
            raise TryAgain("the answer is none to a bulk request")
        outcome = settle(self.left, response)
        self._done = self._done.plus(_as_written(outcome, response))
        self.left = self.left.at(outcome.retry)
        if outcome.retry:
            raise NodeBusy(outcome.busy)

    def written(self) -> BulkResult:
        return replace(self._done, retries=self._attempts.failed, busy=self._attempts.busy)


def _as_written(outcome: BulkOutcome, response: Mapping[str, Any]) -> BulkResult:
    return BulkResult(
        accepted=outcome.accepted,
        refused=outcome.refused,
        took_ms=int(response.get("took", 0)),
        superseded=outcome.superseded,
    )
