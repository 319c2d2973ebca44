"""What a release says of itself under ``_meta.aisle``, changed where it stands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from opensearchpy import OpenSearch

from aisle.errors import SearchError


def rewrite_meta(client: OpenSearch, release: str, changed: Mapping[str, Any]) -> None:
    """Write some keys of it; to be repeated safely.

    A mapping's ``_meta`` is replaced as a whole, so all that stands there is written again. Whoever else
    could write it holds the catalogue's lease.

    Args:
        client: connection.
        release: index.
        changed: key to plain JSON; None takes the key away.

    Raises:
        SearchError: it does not read back.
        ClusterError: the cluster does not answer.
    """
    before = read_meta(client, release)
    aisle = {key: value for key, value in before["aisle"].items() if changed.get(key, value) is not None}
    aisle |= {key: value for key, value in changed.items() if value is not None}
    wanted = {**before, "aisle": aisle}
    client.indices.put_mapping(index=release, body={"_meta": wanted})
    if read_meta(client, release) != wanted:
        raise SearchError(
            f"{', '.join(changed)} was written to {release} and does not read back",
            fix="see `aisle status`, then run the same command again",
        )


def read_meta(client: OpenSearch, release: str) -> dict[str, Any]:
    """The mapping's ``_meta`` as it is, of which ``aisle`` is ours."""
    found: dict[str, Any] = client.indices.get(index=release)[release]["mappings"]["_meta"]
    return found
