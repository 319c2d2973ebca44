"""HTTP over a bare socket: what asking costs at least, so that a load takes little of the machine."""

from __future__ import annotations

import re
import socket
from dataclasses import dataclass
from typing import Final, Self
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it is sent: an HTTP method, a target, and a body of JSON."""

    method: str
    target: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer, its body as it came."""

    status: int
    body: bytes


class BareSocket:
    """One kept connection: a request goes out in one piece, and the answer is read to its end, unparsed."""

    _STATUS: Final = re.compile(rb"HTTP/1\.1 (\d{3})")
    _LENGTH: Final = re.compile(rb"content-length: (\d+)", re.IGNORECASE)

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._host = f"{parts.hostname}:{parts.port}"
        self._socket = socket.create_connection((parts.hostname, parts.port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, request: Request) -> Answer:
        """The answer to a request."""
        head = (
            f"{request.method} {request.target} HTTP/1.1\r\nhost: {self._host}\r\n"
            f"content-type: application/json\r\ncontent-length: {len(request.body)}\r\n\r\n"
        )
        self._socket.sendall(head.encode() + request.body)
        received = b""
        while (at := received.find(b"\r\n\r\n")) < 0:
            piece = self._socket.recv(1 << 16)
            if not piece:
                raise ConnectionError("the connection was closed before the answer")
            received += piece
        found = self._LENGTH.search(received[:at])
        if found is None:
            raise ValueError("the answer does not say how long it is")
        pieces = [received[at + 4 :]]
        missing = int(found[1]) - len(pieces[0])
        while missing > 0:
            pieces.append(self._socket.recv(1 << 18))
            missing -= len(pieces[-1])
        status = self._STATUS.match(received)
        return Answer(int(status[1]) if status else 0, b"".join(pieces))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()
