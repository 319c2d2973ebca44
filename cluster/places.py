"""Where the embedded node's files lie. Root's own home is closed to the user who runs the node."""

from __future__ import annotations

import hashlib
from pathlib import Path

from cluster.user import NodeUser, can_reach
from records.paths import cache, home

ROOT_CACHE = Path("/var/cache/aisle")
ROOT_STATE = Path("/var/lib/aisle")


def distributions(user: NodeUser | None) -> Path:
    """Assembled distributions: ``cache()``, or a system folder where that is closed to ``user``."""
    return cache() if can_reach(cache(), user) else ROOT_CACHE


def node_folder(name: str, user: NodeUser | None) -> Path:
    """Data, logs and configuration of the kept node ``name``."""
    own = home() / "nodes" / name
    if can_reach(own, user):
        return own
    # Two homes may each have a node of this name; they must not share data.
    digest = hashlib.sha256(str(home().resolve()).encode()).hexdigest()[:8]
    return ROOT_STATE / f"nodes-{digest}" / name
