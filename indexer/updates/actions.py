"""Writes → lines of ``_bulk``. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from indexer.bulk_bodies import Line, Refusal, serialise
from indexer.document import document
from indexer.updates.plan import Write


def action(write: Write, derived: Mapping[str, Any], version: int) -> Line | Refusal:
    """One write as bytes.

    Args:
        write: see there.
        derived: vector fields and their like, kept or made anew.
        version: of the document; the server keeps what it has under a larger one.
    """
    if write.item is None:
        meta = {"_id": write.id, "version": version, "version_type": "external_gte"}
        return Line(write.id, orjson.dumps({"delete": meta}, option=orjson.OPT_APPEND_NEWLINE))
    return serialise(write.id, document(write.item, derived), version)
