"""Load native libraries as another user, to see whether that user's process could.

Run as a script, standard library only. It reads one JSON line from standard input, names each library on
standard output before it loads it, and ends with 1 and the loader's reason on standard error at the first
that fails. The loader takes ``LD_LIBRARY_PATH`` from the environment that the script was started with. The
script changes its user by itself, since that user may not be able to reach this Python.
"""

from __future__ import annotations

import ctypes
import json
import os
import sys
from typing import Any


def main() -> int:
    """Become the user, then load."""
    order: dict[str, Any] = json.loads(sys.stdin.readline())
    if order["user"]:
        user, group = order["user"]
        os.setgroups([])
        os.setgid(group)
        os.setuid(user)
    for path in order["libraries"]:
        print(path, flush=True)  # noqa: T201
        try:
            ctypes.CDLL(path)
        except OSError as error:
            print(error, file=sys.stderr)  # noqa: T201
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
