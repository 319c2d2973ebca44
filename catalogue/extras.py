"""Optional dependencies, imported only when a file needs them."""

from __future__ import annotations

import importlib
from types import ModuleType

from records import MissingExtra


def optional(module: str, *, extra: str) -> ModuleType:
    """Import ``module``. Raises MissingExtra, which names the extra, if it is not installed."""
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError:
        raise MissingExtra(module, extra=extra) from None
