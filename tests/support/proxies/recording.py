"""A proxy on loopback that changes nothing and remembers which documents were acknowledged to the client."""

from __future__ import annotations

import http.client
import threading
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

import orjson

from tests.support.proxies.base import QuietHandler, QuietServer

_HOP = frozenset({"connection", "transfer-encoding", "content-length", "host", "accept-encoding"})
_SUPERSEDED = 409


@dataclass(slots=True)
class Witness:
    """Stands nearest to the client, as a context manager, before faulty proxies if there are any.

    Attributes:
        target: URL of what stands behind it.
        acknowledged: ids for which a success was sent to the client.
        written: documents that the client sent, repeats included.
        bodies: bulk requests that were answered with success.
    """

    target: str
    acknowledged: set[str] = field(default_factory=set)
    written: int = 0
    bodies: int = 0
    changed: threading.Condition = field(default_factory=threading.Condition)
    _server: QuietServer | None = None

    @property
    def url(self) -> str:
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def await_bodies(self, number: int, timeout_s: float) -> bool:
        """Until so many bulk requests were acknowledged; False when the time is over."""
        with self.changed:
            return self.changed.wait_for(lambda: self.bodies >= number, timeout_s)

    def note(self, body: bytes, status: int, answer: bytes) -> None:
        """One bulk request and what the client was told about it."""
        ids = [action_id(line) for line in body.splitlines()[::2]]
        good: list[str] = []
        told = _json(answer) if status == 200 else None
        if told is not None:
            results = [next(iter(item.values())) for item in told.get("items", ())]
            good = [i for i, r in zip(ids, results, strict=False) if taken(r)] if told.get("errors") else ids
        with self.changed:
            self.written += len(ids)
            self.acknowledged.update(good)
            self.bodies += told is not None
            self.changed.notify_all()

    def __enter__(self) -> Witness:
        self._server = QuietServer(("127.0.0.1", 0), _handler(self))
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.shutdown()
        self._server.server_close()


def action_id(line: bytes) -> str:
    """The ``_id`` of a bulk action, whichever it is."""
    (action,) = orjson.loads(line).values()
    return str(action["_id"])


def taken(result: dict[str, object]) -> bool:
    """Is the document, or a newer one of its id, in the index?"""
    return "error" not in result or result.get("status") == _SUPERSEDED


def _whole_or_half(response: http.client.HTTPResponse) -> bytes:
    try:
        return response.read()
    except http.client.IncompleteRead as broken:
        return broken.partial


def _json(answer: bytes) -> dict[str, Any] | None:
    """None for one that breaks off: it tells the client nothing."""
    try:
        told: dict[str, Any] = orjson.loads(answer)
    except orjson.JSONDecodeError:
        return None
    return told


def _handler(witness: Witness) -> type[QuietHandler]:
    behind = urlsplit(witness.target)

    class Handler(QuietHandler):
        def handle_one(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            headers = {k: v for k, v in self.headers.items() if k.lower() not in _HOP}
            connection = http.client.HTTPConnection(str(behind.hostname), behind.port, timeout=60)
            try:
                connection.request(self.command, self.path, body or None, headers)
                response = connection.getresponse()
                answer = _whole_or_half(response)
            except (OSError, http.client.HTTPException):
                # Whatever happened behind happens to the client as well.
                self.close_connection = True
                return
            finally:
                connection.close()
            self.send_response(response.status)
            self.send_header("content-type", response.getheader("content-type") or "text/plain")
            promised = response.getheader("content-length") or str(len(answer))
            self.send_header("content-length", promised)
            self.end_headers()
            self.wfile.write(answer)
            if self.command != "HEAD" and len(answer) < int(promised):
                self.close_connection = True
                return
            if "/_bulk" in self.path:
                witness.note(body, response.status, answer)

        do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = handle_one  # noqa: N815

    return Handler
