"""The HTTP server of the tests' proxies."""

from __future__ import annotations

import sys
from http.server import ThreadingHTTPServer


class QuietServer(ThreadingHTTPServer):
    """Does not print a traceback when a client hangs up or refuses the certificate: that is its right."""

    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Everything else is a bug of the proxy and is printed."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]
