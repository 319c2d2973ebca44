"""A real HTTP proxy on loopback that fails on purpose: between a test's client and a real node."""

from __future__ import annotations

import http.client
import itertools
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from urllib.parse import urlsplit

from tests.node.quiet_server import QuietHandler, QuietServer

_DROPPED_HEADERS = frozenset({"connection", "transfer-encoding", "content-length", "host", "accept-encoding"})


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it came in; ``number`` counts all requests of the proxy from 0."""

    number: int
    method: str
    path: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """Answer with this instead of asking the node."""

    status: int
    body: bytes = b"{}"


@dataclass(frozen=True, slots=True)
class LoseAnswer:
    """Let the node do it, then close the connection: the client cannot know that it was done."""


@dataclass(frozen=True, slots=True)
class Delay:
    """Wait, then let the node do it."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Down:
    """Close the connection without an answer."""


Fault = Answer | LoseAnswer | Delay | Down
Plan = Callable[[Request], Fault | None]


def first(count: int, path_part: str, fault: Fault) -> Plan:
    """The fault for the first ``count`` requests whose path holds ``path_part``; None: as it should be."""
    numbers = itertools.count()
    return lambda request: fault if path_part in request.path and next(numbers) < count else None


@dataclass(slots=True)
class FaultyProxy:
    """As a context manager: ``url`` goes to the client, ``plan`` may change at any time.

    Attributes:
        target: URL of the node.
        plan: decides over each request.
        requests: what came in, in order.
    """

    target: str
    plan: Plan = lambda _: None
    requests: list[Request] = field(default_factory=list)
    _server: QuietServer | None = None

    @property
    def url(self) -> str:
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def count(self, path_part: str) -> int:
        """How many requests went to paths that hold ``path_part``."""
        return sum(path_part in request.path for request in self.requests)

    def __enter__(self) -> FaultyProxy:
        self._server = QuietServer(("127.0.0.1", 0), _handler(self))
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.shutdown()
        self._server.server_close()


def _handler(proxy: FaultyProxy) -> type[QuietHandler]:
    node = urlsplit(proxy.target)
    numbers = itertools.count()

    class Handler(QuietHandler):
        def handle_one(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            request = Request(next(numbers), self.command, self.path, body)
            proxy.requests.append(request)
            fault = proxy.plan(request)
            if isinstance(fault, Delay):
                time.sleep(fault.seconds)
            if isinstance(fault, Answer):
                return self.answer(fault.status, fault.body, "application/json")
            if isinstance(fault, Down):
                return self.hang_up()
            status, answer, kind = self.forward(body)
            if isinstance(fault, LoseAnswer):
                return self.hang_up()
            return self.answer(status, answer, kind)

        def forward(self, body: bytes) -> tuple[int, bytes, str]:
            headers = {k: v for k, v in self.headers.items() if k.lower() not in _DROPPED_HEADERS}
            connection = http.client.HTTPConnection(str(node.hostname), node.port, timeout=60)
            try:
                connection.request(self.command, self.path, body or None, headers)
                response = connection.getresponse()
                return response.status, response.read(), response.getheader("content-type") or "text/plain"
            finally:
                connection.close()

        def hang_up(self) -> None:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)

        do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = handle_one  # noqa: N815

    return Handler
