"""A server of feeds on this machine, which can misbehave."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Page:
    """What is sent for a path.

    Attributes:
        body: as it is sent.
        headers: besides the length.
        length: that is promised; None promises that of the body, -1 none.
        chunked: whether the body is sent in chunks; if ``cut``, without the last one.
        drip_s: waits so long before each byte.
    """

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    length: int | None = None
    chunked: bool = False
    cut: bool = False
    drip_s: float = 0.0


@dataclass(frozen=True)
class FeedServer:
    """A running server: its address, its pages, and the requests so far."""

    address: str
    pages: dict[str, Page]
    asked: list[tuple[str, dict[str, str]]]


@contextmanager
def feed_server(**pages: Page) -> Iterator[FeedServer]:
    """Serve pages under their names on a free port of 127.0.0.1."""
    stop = threading.Event()
    asked: list[tuple[str, dict[str, str]]] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            asked.append((self.path, dict(self.headers)))
            page = pages.get(self.path.partition("?")[0].lstrip("/"), Page(status=404))
            self.send_response(page.status)
            for name, value in page.headers.items():
                self.send_header(name, value)
            length = len(page.body) if page.length is None else page.length
            if page.chunked:
                self.send_header("Transfer-Encoding", "chunked")
            elif length >= 0:
                self.send_header("Content-Length", str(length))
            self.send_header("Connection", "close")
            self.end_headers()
            self.close_connection = True
            if page.chunked:
                for at in range(0, len(page.body), 1000):
                    part = page.body[at : at + 1000]
                    self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
                if not page.cut:
                    self.wfile.write(b"0\r\n\r\n")
            elif page.drip_s:
                for byte in page.body:
                    if stop.wait(page.drip_s):
                        return
                    try:
                        self.wfile.write(bytes((byte,)))
                    except OSError:
                        return
            else:
                self.wfile.write(page.body)

        def log_message(self, format: str, *arguments: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield FeedServer(f"http://127.0.0.1:{server.server_port}", pages, asked)
    finally:
        stop.set()
        server.shutdown()
        server.server_close()
        thread.join()


def closed_port() -> int:
    """A port of 127.0.0.1 on which nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
