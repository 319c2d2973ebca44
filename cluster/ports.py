"""Free TCP ports on loopback."""

from __future__ import annotations

import socket
from contextlib import ExitStack

from cluster.node_files import LOOPBACK, Ports
from records import PortTaken


def choose_ports(http: int = 0, transport: int = 0) -> Ports:
    """Three distinct free ports; the ones asked for, or any where 0 is asked for.

    Raises:
        PortTaken: a port that was asked for is in use.
    """
    with ExitStack() as held:
        # All three are held open at once, so they differ.
        return Ports(*(_bind(held, port) for port in (http, transport, 0)))


def free_ports(count: int) -> list[int]:
    """So many distinct free ports, for nodes that must know one another before any of them starts."""
    with ExitStack() as held:
        return [_bind(held, 0) for _ in range(count)]


def _bind(held: ExitStack, port: int) -> int:
    listener = held.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
    # As the node does: a port in TIME_WAIT after a restart is free.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((LOOPBACK, port))
        listener.listen(1)
    except (OSError, OverflowError) as error:
        raise PortTaken(
            f"port {port} on {LOOPBACK} is in use or not allowed",
            fix="choose another port, or 0 for any free one",
        ) from error
    return int(listener.getsockname()[1])
