"""A reverse proxy with TLS and credentials before a node: what a secured cluster looks like to a client."""

from __future__ import annotations

import http.client
import ssl
import subprocess
import threading
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from tests.support.proxies.base import QuietHandler, QuietServer


@dataclass(frozen=True, slots=True)
class Secured:
    """A running proxy.

    Attributes:
        url: where it answers, by https.
        ca: PEM file of the authority that signed its certificate.
        statuses: of its answers, in order.
    """

    url: str
    ca: Path
    statuses: list[int] = field(default_factory=list)


def basic(user: str, password: str) -> str:
    """Value of the authorization header (RFC 7617)."""
    return f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}"


def make_ca(folder: Path, name: str) -> Path:
    """A new authority: ``<name>.pem`` and ``<name>.key``."""
    _openssl(folder, *_NEW, "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.pem")
    return folder / f"{name}.pem"


@contextmanager
def secured(target: str, ca: Path, accepted: dict[str, set[str]]) -> Iterator[Secured]:
    """Run the proxy.

    Args:
        target: URL of the node.
        ca: see ``make_ca``; signs a certificate for 127.0.0.1.
        accepted: header to the values of which any one opens the door.
    """
    folder = ca.parent
    signed = ("-CA", ca.name, "-CAkey", f"{ca.stem}.key", "-addext", "subjectAltName=IP:127.0.0.1")
    own = ("-addext", "basicConstraints=critical,CA:FALSE")
    _openssl(folder, *_NEW, "-subj", "/CN=node", *signed, *own, "-keyout", "node.key", "-out", "node.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "node.pem", folder / "node.key")
    statuses: list[int] = []
    server = QuietServer(("127.0.0.1", 0), _handler(target, accepted, statuses))
    # The handshake belongs in the connection's own thread: a client that breaks it off must not block others.
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield Secured(f"https://127.0.0.1:{server.server_port}", ca, statuses)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


_NEW = ("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2")


def _openssl(folder: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)


def _handler(target: str, accepted: dict[str, set[str]], statuses: list[int]) -> type[QuietHandler]:
    node = urlsplit(target)

    class Handler(QuietHandler):
        def handle_one(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            if not any(self.headers.get(name) in values for name, values in accepted.items()):
                # As the security plugin and nginx answer: plain text.
                return self.answer(401, b"Unauthorized", "text/plain")
            kind = self.headers.get("content-type")
            connection = http.client.HTTPConnection(str(node.hostname), node.port, timeout=60)
            try:
                headers = {"content-type": kind} if kind else {}
                connection.request(self.command, self.path, body or None, headers)
                told = connection.getresponse()
                return self.answer(told.status, told.read(), told.getheader("content-type") or "text/plain")
            finally:
                connection.close()

        def answer(self, status: int, body: bytes, kind: str) -> None:
            statuses.append(status)
            super().answer(status, body, kind)

        do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = handle_one  # noqa: N815

    return Handler
