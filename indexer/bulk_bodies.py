"""Documents → the NDJSON bodies of ``_bulk``. Pure; a document is serialised once, retries included."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

# OpenSearch refuses a whole request for one longer _id.
MAX_ID_BYTES: Final = 512
# Of every document of a full load. Live updates have larger ones, so that a load's request that arrives late
# cannot undo them; "gte", so that a repeat of the same document is no conflict.
LOAD_VERSION: Final = 1
_OPTIONS: Final = orjson.OPT_SERIALIZE_NUMPY


@dataclass(frozen=True, slots=True)
class Refusal:
    """A document that is not in the index, and why (one line)."""

    id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Line:
    """One document, ready to send: ``data`` is its action and its source, each ending in a newline."""

    id: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Body:
    """The documents of one request."""

    lines: tuple[Line, ...]

    def __len__(self) -> int:
        return len(self.lines)

    @property
    def payload(self) -> bytes:
        """What is sent."""
        return b"".join(line.data for line in self.lines)

    def at(self, positions: Sequence[int]) -> Body:
        """The documents at these positions alone."""
        return Body(tuple(self.lines[position] for position in positions))

    def halves(self) -> tuple[Body, Body]:
        """Two bodies for a request that is refused as a whole; needs two documents or more."""
        middle = len(self.lines) // 2
        return Body(self.lines[:middle]), Body(self.lines[middle:])


def serialise(item_id: str, source: Mapping[str, Any], version: int = LOAD_VERSION) -> Line | Refusal:
    """One document as bytes, or why it cannot be one.

    Args:
        item_id: becomes ``_id``: the same item always overwrites itself, which makes every repeat safe.
        source: JSON values, and float32 ``[dims]`` arrays, which are written with the fewest digits that
            read back as the same float32.
        version: external; the server keeps what it has under a larger one.
    """
    try:
        if not 0 < len(item_id.encode()) <= MAX_ID_BYTES:
            return Refusal(item_id[:64], f"the id must have 1 to {MAX_ID_BYTES} bytes")
        action = orjson.dumps({"index": {"_id": item_id, "version": version, "version_type": "external_gte"}})
        return Line(item_id, b"%b\n%b\n" % (action, orjson.dumps(source, option=_OPTIONS)))
    except (orjson.JSONEncodeError, UnicodeEncodeError) as error:
        return Refusal(item_id.encode(errors="replace").decode(), f"cannot be written as JSON: {error}")


def pack(lines: Iterable[Line], *, max_bytes: int, max_docs: int) -> Iterator[Body]:
    """Group documents, in order, into bodies within both limits; one larger document travels alone."""
    waiting: list[Line] = []
    size = 0
    for line in lines:
        if waiting and (size + len(line.data) > max_bytes or len(waiting) >= max_docs):
            yield Body(tuple(waiting))
            waiting, size = [], 0
        waiting.append(line)
        size += len(line.data)
    if waiting:
        yield Body(tuple(waiting))
