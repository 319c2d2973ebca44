"""Whether an answer is whole."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from records import SearchError


def check_complete(answer: Mapping[str, Any]) -> None:
    """Refuse an answer that some shards are missing from: it would look like a smaller catalogue.

    Raises:
        SearchError: how many failed.
    """
    if answer["timed_out"] or answer["_shards"]["failed"]:
        failed, shards = answer["_shards"]["failed"], answer["_shards"]["total"]
        raise SearchError(
            f"the answer is incomplete: {failed} of {shards} shards failed",
            fix="see the cluster's health with `aisle status`, then search again",
        )
