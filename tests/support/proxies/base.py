"""What the tests' proxies share: a server and a handler that keep quiet."""

from __future__ import annotations

import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class QuietServer(ThreadingHTTPServer):
    """Does not print a traceback when a client hangs up or refuses the certificate: that is its right."""

    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Everything else is a bug of the proxy and is printed."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class QuietHandler(BaseHTTPRequestHandler):
    """Answers with a whole body; what it answers to is the proxy's affair."""

    protocol_version = "HTTP/1.1"

    def answer(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Tests need no access log."""
