"""Whose turn it is: many may push to a registry at a time, or one may remove from it."""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Final

import orjson

from aisle.errors import RegistryError
from aisle.registry.objects import Objects

TURNS: Final = "turns"
_REMOVING: Final = f"{TURNS}/removing.json"
# Whoever holds a turn for longer was killed: no push takes so long.
STALE: Final = timedelta(hours=6)


@contextmanager
def pushing(objects: Objects) -> Iterator[None]:
    """A turn for writing, beside others that write.

    What is there already is not written again, so nothing may be removed meanwhile.

    Raises:
        RegistryError: somebody removes from it; or see `Objects`.
    """
    mine = f"{TURNS}/pushing-{secrets.token_hex(8)}.json"
    # Each says first that it is there, then looks for the other: of two at the same time one sees the other.
    objects.write(mine, _who())
    try:
        _check(objects, mine, _REMOVING, "is being cleaned up")
        yield
    finally:
        objects.delete([mine])


@contextmanager
def removing(objects: Objects) -> Iterator[None]:
    """The turn for removing, alone.

    Raises:
        RegistryError: somebody writes to it or removes from it; or see `Objects`.
    """
    if not objects.create(_REMOVING, _who()):
        _check(objects, "", _REMOVING, "is being cleaned up")
        # Whoever made it was killed long ago.
        objects.write(_REMOVING, _who())
    try:
        _check(objects, _REMOVING, f"{TURNS}/pushing-", "is being written to")
        yield
    finally:
        objects.delete([_REMOVING])


def _check(objects: Objects, mine: str, other: str, doing: str) -> None:
    """Refuse if somebody else has such a turn, which is not left over.

    Ages are compared by the clock of the store, which wrote all of them.
    """
    there = objects.list(TURNS)
    now = max((one.modified for one in there), default=datetime.now(UTC))
    for one in there:
        if one.key != mine and one.key.startswith(other) and now - one.modified < STALE:
            raise RegistryError(
                f"the registry {objects.location} {doing} by {_said(objects.read(one.key))}",
                fix=f"wait until that has ended; if it was killed, delete {one.key} there",
            )


def _who() -> bytes:
    return orjson.dumps({"host": socket.gethostname(), "process": os.getpid()})


def _said(content: bytes | None) -> str:
    try:
        who = orjson.loads(content or b"{}")
        return f"process {who['process']} on {who['host']}"
    except (ValueError, KeyError, TypeError):
        return "somebody"
