"""What all requests to OpenSearch that answer one request of a shopper have in common."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Any, Final

from aisle.errors import AisleError, DeadlinePassed

# A timeout of nothing would be none at all.
_LEAST_S: Final = 0.001
_SEARCHES: Final = ("_search", "_msearch")


@dataclass(frozen=True, slots=True)
class RequestScope:
    """Under which id requests are made, and until when they may take.

    Attributes:
        opaque_id: sent as ``X-Opaque-Id``: OpenSearch names it in slow logs and in its list of tasks.
        ends: reading of ``time.monotonic`` at which nobody waits for the answer any more; None: no limit.
    """

    opaque_id: str
    ends: float | None = None

    @property
    def headers(self) -> Mapping[str, str]:
        """Of every request."""
        return {"x-opaque-id": self.opaque_id}

    def limited(self, url: str, params: Mapping[str, Any]) -> dict[str, Any]:
        """Parameters of a request that is given up, and a search that OpenSearch gives up, at the end.

        Raises:
            DeadlinePassed: that was before.
        """
        if self.ends is None:
            return dict(params)
        left = self.ends - time.monotonic()
        if left < _LEAST_S:
            raise DeadlinePassed(
                "the time for this request was over before OpenSearch was asked",
                fix="allow it more time, or ask for less",
            )
        limits: dict[str, Any] = {"request_timeout": min(left, float(params.get("request_timeout", left)))}
        if url.endswith(_SEARCHES):
            limits["cancel_after_time_interval"] = f"{max(1, round(left * 1000))}ms"
        return {**params, **limits}


_SCOPE: Final[ContextVar[RequestScope | None]] = ContextVar("aisle_request_scope", default=None)


def current_scope() -> RequestScope | None:
    """The scope of what runs now; None outside of any."""
    return _SCOPE.get()


@contextmanager
def request_scope(scope: RequestScope) -> Iterator[None]:
    """Within it requests are made under this scope, also in threads that are given a copy of the context."""
    token = _SCOPE.set(scope)
    try:
        yield
    finally:
        _SCOPE.reset(token)


@contextmanager
def share_of_the_time(share: float) -> Iterator[None]:
    """Within it requests may take a share of the time that is left to the scope; no limit stays none.

    Args:
        share: 0 to 1.

    Raises:
        DeadlinePassed: its time was over; a request that had begun ended with whatever error.
    """
    scope = current_scope()
    if scope is None or scope.ends is None:
        yield
        return
    now = time.monotonic()
    ends = now + share * (scope.ends - now)
    try:
        with request_scope(replace(scope, ends=ends)):
            yield
    except AisleError as error:
        if time.monotonic() < ends - _LEAST_S:
            raise
        raise DeadlinePassed(
            "a part of the time for this request was over", fix="allow it more time, or ask for less"
        ) from error
