"""Names that an artifact can have, found out before training and not after."""

from __future__ import annotations

import re

from records import InputError

# What a manifest takes for a name.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def check_name(name: str) -> None:
    """Raises InputError for a name that no artifact can have."""
    if not _NAME.fullmatch(name):
        raise InputError(f"{name!r} is no name for an artifact", fix="use letters, digits, '.', '_', '-'")
