"""A real HTTP proxy on loopback that fails on purpose: between a test's client and a real node."""

from __future__ import annotations

import http.client
import itertools
import socket
import struct
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType, TracebackType
from urllib.parse import urlsplit

from tests.support.proxies.base import QuietHandler, QuietServer
from tests.support.proxies.faults import (
    Answer,
    CutAnswer,
    Delay,
    Down,
    Drip,
    Fault,
    HalfAnswer,
    LoseAnswer,
    Plan,
    Request,
    ResetInBody,
    first,
)

__all__ = [
    "Answer",
    "CutAnswer",
    "Delay",
    "Down",
    "Drip",
    "Fault",
    "FaultyProxy",
    "HalfAnswer",
    "LoseAnswer",
    "Plan",
    "Request",
    "ResetInBody",
    "first",
]

_NONE: Mapping[str, str] = MappingProxyType({})
# By which clients of object stores know what an object is.
_KEPT_HEADERS = ("etag", "last-modified")
_DROPPED_HEADERS = frozenset({"connection", "transfer-encoding", "content-length", "host", "accept-encoding"})


@dataclass(slots=True)
class FaultyProxy:
    """As a context manager: ``url`` goes to the client, ``plan`` may change at any time.

    Attributes:
        target: URL of the node.
        plan: decides over each request.
        before_body: decides before the body is read (it is empty there); `ResetInBody` is for it alone.
        requests: what came in, in order.
    """

    target: str
    plan: Plan = lambda _: None
    before_body: Plan = lambda _: None
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
            headers = {name.lower(): value for name, value in self.headers.items()}
            length = int(headers.get("content-length") or 0)
            request = Request(next(numbers), self.command, self.path, b"", headers)
            early = proxy.before_body(request)
            if isinstance(early, ResetInBody):
                proxy.requests.append(replace(request, body=self.rfile.read(int(length * early.part))))
                self.reset()
                return
            request = replace(request, body=self.rfile.read(length))
            proxy.requests.append(request)
            fault = proxy.plan(request)
            if isinstance(fault, Answer):
                self.send(fault.status, fault.body, "application/json", fault.headers)
            elif isinstance(fault, Down):
                self.hang_up()
            else:
                if isinstance(fault, Delay):
                    time.sleep(fault.seconds)
                self.pass_on(*self.forward(request.body), fault)

        def pass_on(
            self, status: int, answer: bytes, kind: str, kept: Mapping[str, str], fault: Fault | None
        ) -> None:
            whole = {"content-length": str(len(answer))}
            half = answer[: len(answer) // 2]
            if isinstance(fault, LoseAnswer):
                self.hang_up()
            elif isinstance(fault, CutAnswer):
                self.send(status, half, kind)
            elif isinstance(fault, HalfAnswer):
                self.send(status, half, kind, whole)
                self.hang_up()
            elif isinstance(fault, Drip):
                self.send(status, b"", kind, whole)
                self.drip(answer, fault.seconds)
            else:
                self.send(status, answer, kind, kept)

        def send(self, status: int, body: bytes, kind: str, headers: Mapping[str, str] = _NONE) -> None:
            self.send_response(status)
            for name, value in {"content-type": kind, "content-length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def drip(self, answer: bytes, seconds: float) -> None:
            for byte in answer:
                time.sleep(seconds / len(answer))
                self.wfile.write(bytes([byte]))

        def reset(self) -> None:
            # With a linger time of 0, closing sends RST and not FIN.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True

        def forward(self, body: bytes) -> tuple[int, bytes, str, Mapping[str, str]]:
            headers = {k: v for k, v in self.headers.items() if k.lower() not in _DROPPED_HEADERS}
            connection = http.client.HTTPConnection(str(node.hostname), node.port, timeout=60)
            try:
                connection.request(self.command, self.path, body or None, headers)
                response = connection.getresponse()
                kept = {name: value for name in _KEPT_HEADERS if (value := response.getheader(name))}
                kind = response.getheader("content-type") or "text/plain"
                return response.status, response.read(), kind, kept
            finally:
                connection.close()

        def hang_up(self) -> None:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)

        do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = handle_one  # noqa: N815

    return Handler
