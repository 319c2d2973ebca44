"""One body → the index: send, read the answer, repeat what may be repeated, name what may not."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import opensearchpy

from indexer.bulk_bodies import Body, Refusal
from indexer.outcomes import FILTER_PATH, Outcome, describe, settle
from indexer.retries import NodeBusy, RetryPolicy, TryAgain, until_done

# The whole request is refused for one document in it: too large together, or one of them malformed.
_SPLIT_STATUSES = frozenset({400, 413})


@dataclass(frozen=True, slots=True)
class Written:
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

    def plus(self, other: Written) -> Written:
        """Both together."""
        return Written(
            self.accepted + other.accepted,
            self.refused + other.refused,
            self.retries + other.retries,
            self.took_ms + other.took_ms,
            self.superseded + other.superseded,
            self.busy + other.busy,
        )


def write_body(
    client: opensearchpy.OpenSearch, target: str, policy: RetryPolicy, body: Body, stop: threading.Event
) -> Written:
    """Write every document of ``body``, or say why not.

    Args:
        client: used from several threads at once, which opensearch-py allows.
        target: an alias; OpenSearch would make a missing index by guessing field types.
        policy: for whole requests and for single documents that met a busy node.
        body: sent as it is: opensearch-py passes bytes through.
        stop: ends waiting between attempts.

    Raises:
        ClusterUnavailable: the node did not take the body before the policy's deadline.
        DiskFull, IndexingFailed: see `outcomes.settle`.
        Stopped: ``stop`` was set.
        opensearchpy.TransportError: anything else, such as a refused password.
    """
    state = _Writing(client, target, policy.request_timeout_s, body)
    try:
        until_done(state.attempt, policy, stop, state.failed)
    except opensearchpy.TransportError as error:
        if error.status_code not in _SPLIT_STATUSES:
            raise
        if len(state.left) == 1:
            reason = describe(error.info["error"]) if isinstance(error.info, dict) else str(error.error)
            refusal = Refusal(state.left.lines[0].id, f"HTTP {error.status_code}: {reason}")
            return state.written().plus(Written(refused=(refusal,)))
        halves = map(partial(write_body, client, target, policy, stop=stop), state.left.halves())
        return sum_written(state.written(), *halves)
    return state.written()


def sum_written(*parts: Written) -> Written:
    """All together."""
    total = Written()
    for part in parts:
        total = total.plus(part)
    return total


class _Writing:
    """A body on its way; ``left`` shrinks to the documents that still have to go."""

    def __init__(self, client: opensearchpy.OpenSearch, target: str, timeout_s: float, body: Body) -> None:
        self.left = body
        self._client = client
        self._target = target
        self._timeout_s = timeout_s
        self._failures = 0
        self._busy = 0
        self._done = Written()

    def attempt(self) -> None:
        response = self._client.bulk(
            index=self._target,
            body=self.left.payload,
            params={
                "filter_path": FILTER_PATH,
                "require_alias": "true",
                "request_timeout": self._timeout_s,
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

    def failed(self, why: TryAgain) -> None:
        self._failures += 1
        self._busy += isinstance(why, NodeBusy)

    def written(self) -> Written:
        return replace(self._done, retries=self._failures, busy=self._busy)


def _as_written(outcome: Outcome, response: Mapping[str, Any]) -> Written:
    return Written(
        accepted=outcome.accepted,
        refused=outcome.refused,
        took_ms=int(response.get("took", 0)),
        superseded=outcome.superseded,
    )
