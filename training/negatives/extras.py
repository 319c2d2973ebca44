"""Imports of the extra ``train``, with an error that names it."""

from __future__ import annotations

import importlib
from types import ModuleType

from records import MissingExtra


def needed(module: str) -> ModuleType:
    """Import a module of the extra ``train``.

    Raises:
        MissingExtra: it is not installed.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name != module.partition(".")[0]:
            raise
        raise MissingExtra(module, extra="train") from error
