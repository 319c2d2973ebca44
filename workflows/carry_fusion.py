"""The fusion that the live release was tuned to, for the release that will replace it."""

from __future__ import annotations

import warnings
from collections.abc import Mapping

from opensearchpy import OpenSearch

from mappings import FusionSpec, IndexMeta, VectorSpace
from records import ForeignIndex, IndexNotFound
from search import read_live


def carried_fusion(client: OpenSearch, name: str, spaces: Mapping[str, VectorSpace]) -> FusionSpec | None:
    """The live release's tuned fusion if the new release has the same legs and encoders; else a note says so.

    Args:
        client: connection.
        name: of the catalogue.
        spaces: vector field to space, of the new release.

    Returns:
        None if nothing is live, it was never tuned, or what it was tuned to does not fit.
    """
    try:
        live = read_live(client, name).meta
    except (IndexNotFound, ForeignIndex):
        # The first release; or nothing that a fusion could be read from.
        return None
    if live.fusion is not None and not fits(live, spaces):
        warnings.warn(
            f"{live.release} was tuned with other legs or encoders: the new release begins with the default"
            " fusion; tune it anew with `aisle tune run`",
            stacklevel=2,
        )
        return None
    return live.fusion


def fits(live: IndexMeta, spaces: Mapping[str, VectorSpace]) -> bool:
    """Whether raw scores of the new release mean what they mean in the live one."""
    return dict(live.spaces) == dict(spaces)
