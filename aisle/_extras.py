"""Optional dependencies, imported only when something needs them."""

from __future__ import annotations

import importlib
from types import ModuleType

from aisle.errors import MissingExtra


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
