"""Ask a node on loopback how it is, without a client: no logging, no retries, no proxies."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Callable

from cluster.node_files import LOOPBACK

POLL_S = 0.2


def cluster_status(port: int, timeout_s: float = 2.0) -> str:
    """ "green", "yellow" or "red", "up" if it answers otherwise, or "" if nothing answers."""
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=timeout_s)
    try:
        connection.request("GET", "/_cluster/health?local=true")
        answer = json.loads(connection.getresponse().read())
    except (OSError, http.client.HTTPException, ValueError):
        return ""
    finally:
        connection.close()
    return str(answer.get("status", "up")) if isinstance(answer, dict) else "up"


def await_health(port: int, wanted: str, timeout_s: float, alive: Callable[[], bool]) -> bool:
    """Wait for the wanted status or better; False when the time is over or the process has ended."""
    enough = {"green": {"green"}, "yellow": {"green", "yellow"}}.get(wanted)
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline and alive():
        status = cluster_status(port)
        if status and (enough is None or status in enough):
            return True
        time.sleep(POLL_S)
    return False
