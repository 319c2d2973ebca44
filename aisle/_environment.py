"""Where Aisle keeps state and caches on this machine."""

from __future__ import annotations

import importlib
import os
from pathlib import Path
from types import ModuleType

from aisle.errors import MissingExtra


def home() -> Path:
    """State: artifacts and running nodes. ``AISLE_HOME``, else ``~/.local/share/aisle``."""
    return _folder("AISLE_HOME", "~/.local/share/aisle")


def cache() -> Path:
    """What can be made again: jars and generated data. ``AISLE_CACHE``, else ``~/.cache/aisle``."""
    return _folder("AISLE_CACHE", "~/.cache/aisle")


def _folder(variable: str, default: str) -> Path:
    return Path(os.environ.get(variable) or default).expanduser()


def optional(module: str, *, extra: str) -> ModuleType:
    """Import ``module``.

    Raises:
        MissingExtra: it is not installed; names the extra that brings it.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        # Something that the module itself imports is missing: no extra of ours would help.
        if error.name != module.partition(".")[0]:
            raise
        raise MissingExtra(module, extra=extra) from error
