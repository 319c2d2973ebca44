"""The process between an owner and its node: it ends the node when the owner is gone, however it went.

Run as a script, standard library only. It reads one JSON line from standard input, starts the command,
answers ``{"pid": ...}`` on standard output, and then watches standard input: end of file means that the
owner closed it or died (kill -9 included). It also watches its parent's id, since a fork of the owner may
hold the pipe open. PR_SET_PDEATHSIG is no way: Linux only, bound to the thread that started the node.
"""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import subprocess
import sys
from typing import Any

POLL_S = 0.5


def main() -> int:
    """Start, watch, end, clean up."""
    owner = os.getppid()
    order: dict[str, Any] = json.loads(sys.stdin.readline())
    # The owner decides when the node ends; a Ctrl-C or a closed terminal reaches it, not us.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, leave)
    child = subprocess.Popen(
        order["command"],
        env=order["env"],
        cwd=order["cwd"],
        stdin=subprocess.DEVNULL,
        # Our own standard error is the node's log.
        stdout=sys.stderr,
        stderr=sys.stderr,
        user=order["user"],
        group=order["group"],
        extra_groups=None if order["user"] is None else [],
    )
    try:
        tell({"pid": child.pid})
        while not owner_gone(owner):
            # Takes the exit status of a node that ended by itself, so that it does not stay a zombie.
            child.poll()
    finally:
        end(child, order["grace_s"])
        if order["remove"]:
            shutil.rmtree(order["remove"], ignore_errors=True)
    return 0


def leave(_signal: int, _frame: object) -> None:
    """Asked to end (a machine that shuts down): unwind, which ends the node."""
    sys.exit(0)


def tell(message: dict[str, int]) -> None:
    """One line to the owner, who may be gone."""
    try:
        print(json.dumps(message), flush=True)  # noqa: T201
    except BrokenPipeError:
        return


def owner_gone(owner: int) -> bool:
    """Wait up to POLL_S for end of file on standard input, then look who the parent is."""
    ready, _, _ = select.select([0], [], [], POLL_S)
    if ready and not os.read(0, 1024):
        return True
    return os.getppid() != owner


def end(child: subprocess.Popen[bytes], grace_s: float) -> None:
    """Send SIGTERM, and SIGKILL after the grace time."""
    if child.poll() is not None:
        return
    child.terminate()
    try:
        child.wait(grace_s)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


if __name__ == "__main__":
    sys.exit(main())
