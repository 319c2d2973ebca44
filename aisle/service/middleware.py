"""What every request passes: an id, a deadline, limits of its body, and a line in the log."""

from __future__ import annotations

import logging
import re
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from anyio import fail_after
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from aisle.cluster.request_scope import RequestScope, request_scope
from aisle.service.metrics import Metrics
from aisle.service.settings import ServiceSettings

access = logging.getLogger("aisle.service.access")

_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
_NO_ROUTE: Final = "(none)"
_HEADERS: Final[Mapping[str, str]] = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}


@dataclass(frozen=True, slots=True)
class RequestMiddleware:
    """Gives each request its id and deadline; counts, times and logs its answer. Pure ASGI.

    The id is that of the header ``X-Request-Id`` if it is a plain one, else a new one; the answer has it, and
    OpenSearch is told it as ``X-Opaque-Id``. What shoppers typed is not logged unless the settings say so.

    Attributes:
        app: what answers.
        settings: of the service.
        metrics: that count the answer.
    """

    app: ASGIApp
    settings: ServiceSettings
    metrics: Metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.monotonic()
        given = Headers(scope=scope).get("x-request-id", "")
        request_id = given if _ID.fullmatch(given) else uuid.uuid4().hex
        timings: dict[str, float] = {}
        scope["state"] = {**scope.get("state", {}), "request_id": request_id, "timings": timings}
        status = HTTPStatus.INTERNAL_SERVER_ERROR.value

        async def send_named(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["X-Request-Id"] = request_id
                parts = {**timings, "total": (time.monotonic() - started) * 1000}
                headers["Server-Timing"] = ", ".join(f"{name};dur={ms:.1f}" for name, ms in parts.items())
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            with request_scope(RequestScope(request_id, started + self.settings.deadline_ms / 1000)):
                await self.app(scope, self._bounded(scope, receive), send_named)
        finally:
            seconds = time.monotonic() - started
            route = getattr(scope.get("route"), "path", _NO_ROUTE)
            self.metrics.answered(route, scope["method"], status, seconds)
            self.metrics.stages(timings)
            fields = {
                "id": request_id,
                "method": scope["method"],
                "route": route,
                "status": status,
                "ms": round(seconds * 1000, 1),
                **{f"{name}_ms": round(ms, 1) for name, ms in timings.items()},
                **scope["state"].get("log", {}),
            }
            access.info("answered", extra={"fields": fields})

    def _bounded(self, scope: Scope, receive: Receive) -> Receive:
        """The body, as long as it is not too long and does not take too long.

        FastAPI's own limit answers before it knows of a request's id, and without a fix.
        """
        left = self.settings.body_bytes
        announced = Headers(scope=scope).get("content-length", "")
        ends = time.monotonic() + self.settings.body_timeout_s
        complete = False

        async def receive_bounded() -> Message:
            nonlocal left, complete
            if announced.isdecimal() and int(announced) > self.settings.body_bytes:
                raise _too_large(self.settings)
            if complete:
                # What comes after the body is the end of the connection, whenever that is.
                return await receive()
            try:
                with fail_after(max(0.0, ends - time.monotonic())):
                    message = await receive()
            except TimeoutError:
                raise HTTPException(
                    HTTPStatus.REQUEST_TIMEOUT, f"the body took over {self.settings.body_timeout_s:g} s"
                ) from None
            left -= len(message.get("body", b""))
            if left < 0:
                raise _too_large(self.settings)
            complete = not message.get("more_body", False)
            return message

        return receive_bounded


def _too_large(settings: ServiceSettings) -> HTTPException:
    return HTTPException(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"the body is larger than {settings.body_bytes:,} bytes"
    )
