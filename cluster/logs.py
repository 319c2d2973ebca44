"""Read a node's log."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path

POLL_S = 0.3


def last_lines(path: Path, count: int, *, frames: bool = True) -> list[str]:
    """The last lines; without ``frames`` Java's stack frames are left out, for they bury the message."""
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", errors="replace") as stream:
        lines = (line.rstrip("\n") for line in stream)
        kept = (line for line in lines if frames or not line.lstrip().startswith(("at ", "... ")))
        return list(deque(kept, maxlen=count))


def follow(path: Path, alive: Callable[[], bool]) -> Iterator[str]:
    """Lines as they are written, from the end of the log on, while the node is alive."""
    with path.open(encoding="utf-8", errors="replace") as stream:
        stream.seek(0, 2)
        while True:
            line = stream.readline()
            if line:
                yield line.rstrip("\n")
            elif alive():
                time.sleep(POLL_S)
            else:
                return
