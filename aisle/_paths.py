"""Where Aisle keeps state and caches on this machine."""

from __future__ import annotations

import os
from pathlib import Path


def home() -> Path:
    """State: artifacts and running nodes. ``AISLE_HOME``, else ``~/.local/share/aisle``."""
    return _folder("AISLE_HOME", "~/.local/share/aisle")


def cache() -> Path:
    """What can be made again: jars and generated data. ``AISLE_CACHE``, else ``~/.cache/aisle``."""
    return _folder("AISLE_CACHE", "~/.cache/aisle")


def _folder(variable: str, default: str) -> Path:
    return Path(os.environ.get(variable) or default).expanduser()
