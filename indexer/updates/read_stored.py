"""What is live of some items, read by id: newer than any search, refreshed or not."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, Final

import opensearchpy

from indexer.outcomes import check_fatal, describe
from indexer.retries import RetryPolicy, TryAgain, until_done
from indexer.updates.plan import Stored

# Documents of an ordinary catalogue have about 2 kB each; of none more than 1 MB.
_IDS: Final = 100


def read_stored(
    client: opensearchpy.OpenSearch, target: str, policy: RetryPolicy, ids: Sequence[str]
) -> dict[str, Stored]:
    """The documents of these ids; those that are not there are left out.

    Raises:
        ClusterUnavailable: see `until_done`.
    """
    found: dict[str, Stored] = {}
    for start in range(0, len(ids), _IDS):
        ask = partial(_read, client, target, policy.request_timeout_s, ids[start : start + _IDS])
        found.update(until_done(ask, policy, threading.Event()))
    return found


def _read(
    client: opensearchpy.OpenSearch, target: str, timeout_s: float, ids: Sequence[str]
) -> dict[str, Stored]:
    answer = client.mget(index=target, body={"ids": list(ids)}, params={"request_timeout": timeout_s})
    return dict(_stored(answer["docs"]))


def _stored(documents: Sequence[dict[str, Any]]) -> Iterator[tuple[str, Stored]]:
    for document in documents:
        if error := document.get("error"):
            check_fatal(error)
            raise TryAgain(describe(error))
        if document["found"]:
            yield document["_id"], Stored(document["_version"], document["_source"])
