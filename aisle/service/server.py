"""Runs the application until it is told to stop."""

from __future__ import annotations

import gc
import math
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import uvicorn
from fastapi import FastAPI

from aisle.errors import InputError
from aisle.service.settings import ServiceSettings
from aisle.types import Say

# Longer than load balancers keep a connection that nobody uses (60 s, most of them): one that closes first
# does so while a request is on its way, which the shopper then sees as 502.
_KEEP_ALIVE_S: Final = 75


class _Server(uvicorn.Server):
    """Says where it listens once it does."""

    def __init__(self, config: uvicorn.Config, say: Say, address: str) -> None:
        super().__init__(config)
        self._say, self._address = say, address

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._say(self._address)


def run(app: FastAPI, settings: ServiceSettings, say: Say) -> None:
    """Serve an application until SIGTERM or Ctrl-C; requests that are being answered are finished first.

    Args:
        app: the application.
        settings: of the service.
        say: is told the address once it is listened at.

    Raises:
        InputError: nobody can listen there.
    """
    with bound(settings.host, settings.port) as listening, _stopping_is_no_failure():
        # Models, routes and schemas stay: the collector need not look at them again with each collection.
        gc.collect()
        gc.freeze()
        _Server(_config(app, settings), say, _address(listening)).run(sockets=[listening])


@contextmanager
def running(app: FastAPI, settings: ServiceSettings) -> Iterator[str]:
    """Serve an application beside what is done in the block.

    Args:
        app: the application.
        settings: of the service.

    Yields:
        Its address, once it is listened at.

    Raises:
        InputError: nobody can listen there.
    """
    ready = threading.Event()
    with bound(settings.host, settings.port) as listening:
        server = _Server(_config(app, settings), lambda _: ready.set(), "")
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        try:
            while not ready.wait(0.1) and thread.is_alive():
                pass
            yield _address(listening)
        finally:
            server.should_exit = True
            thread.join()


def _config(app: FastAPI, settings: ServiceSettings) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http="httptools",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(settings.proxies),
        forwarded_allow_ips=settings.proxies,
        limit_concurrency=settings.connections,
        timeout_keep_alive=_KEEP_ALIVE_S,
        timeout_graceful_shutdown=math.ceil(settings.grace_s),
    )


def _address(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


@contextmanager
def _stopping_is_no_failure() -> Iterator[None]:
    """Uvicorn raises the signal that stopped it once more when all is done: that is not to kill us."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def bound(host: str, port: int) -> socket.socket:
    """A socket that has the address and does not listen yet: until all is ready nobody is kept waiting.

    Raises:
        InputError: it cannot have it.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        made = socket.socket(family, kind, protocol)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind(address)
    except OSError as error:
        raise InputError(
            f"nobody can listen at {host}:{port}: {error.strerror}", fix="use another --host or --port"
        ) from error
    return made
