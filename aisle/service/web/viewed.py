"""What somebody looked at: ids of items in a cookie of this site, for recommendations. Pure."""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from typing import Final

import orjson

COOKIE: Final = "aisle_viewed"
_MOST: Final = 20
# Browsers keep cookies of 4,096 bytes, name and attributes included.
_MAX_BYTES: Final = 2_800


def read_viewed(cookie: str) -> tuple[str, ...]:
    """Ids, oldest first; none of a cookie that somebody changed."""
    try:
        found = orjson.loads(urlsafe_b64decode(cookie.encode()))
    except (binascii.Error, ValueError):
        return ()
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        return ()
    return tuple(found[-_MOST:])


def write_viewed(viewed: Sequence[str], id: str) -> str:
    """A cookie with one more, and without the oldest where they are too many or too long."""
    kept = [*(one for one in viewed if one != id), id][-_MOST:]
    while len(written := orjson.dumps(kept)) > _MAX_BYTES:
        kept = kept[1:]
    return urlsafe_b64encode(written).decode()
