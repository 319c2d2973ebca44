"""The one release that changes go to, made ready for versioned writes and deletes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import opensearchpy

from indexer.item_encoder import ItemEncoder
from indexer.retries import RetryPolicy, until_done
from indexer.standing import standing
from mappings import IndexMeta, VectorSpace
from records import ArtifactMismatch, IndexNotFound, InputError

# So long a deleted document's version is remembered, and keeps a write that was sent before from bringing the
# document back. OpenSearch's default is a minute, which is no longer than one of our requests may take.
GC_DELETES: Final = "1h"


@dataclass(frozen=True, slots=True)
class LiveRelease:
    """Attributes:
    release: index name.
    target: an alias of it alone. A write that arrives after the release was deleted or replaced can neither
        make an index anew nor land in another release.
    meta: what it says of itself.
    """

    release: str
    target: str
    meta: IndexMeta


def update_alias(release: str) -> str:
    """The alias that changes of one release are written through."""
    return f"{release}-updates"


class LiveReleases:
    """Finds the live release, again for each batch."""

    def __init__(self, client: opensearchpy.OpenSearch, name: str, policy: RetryPolicy) -> None:
        self._client = client
        self._name = name
        self._policy = policy
        self._known: LiveRelease | None = None

    def now(self) -> LiveRelease:
        """The one index behind the name.

        Raises:
            IndexNotFound: nothing is live under that name.
            InputError: several are.
            ForeignIndex: Aisle did not make it.
        """
        live = self._ask(partial(standing, self._client, self._name)).live
        if not live:
            raise IndexNotFound(
                f"no release of {self._name} is live",
                fix=f"index a catalogue first: aisle index DATA --name {self._name}",
            )
        if len(live) > 1:
            raise InputError(
                f"{self._name} stands for {len(live)} releases ({', '.join(live)}), not one",
                fix="remove the alias from all but one",
            )
        if self._known is None or self._known.release != live[0]:
            self._known = self._opened(live[0])
        return self._known

    def _opened(self, release: str) -> LiveRelease:
        indices = self._client.indices
        found = self._ask(partial(indices.get, index=release))[release]
        meta = IndexMeta.from_mapping(release, found["mappings"])
        target = update_alias(release)
        if target not in found["aliases"]:
            self._ask(partial(indices.put_alias, index=release, name=target))
        if found["settings"]["index"].get("gc_deletes") != GC_DELETES:
            body = {"index": {"gc_deletes": GC_DELETES}}
            self._ask(partial(indices.put_settings, index=release, body=body))
        return LiveRelease(release, target, meta)

    def _ask(self, request: Callable[[], Any]) -> Any:
        return until_done(request, self._policy, threading.Event())


def check_spaces(meta: IndexMeta, encoder: ItemEncoder) -> None:
    """Two vector spaces must never meet in one index.

    Raises:
        ArtifactMismatch: the encoder fills other fields than the index has, or with another model or width.
    """
    for field in sorted(meta.spaces.keys() | encoder.spaces.keys()):
        index, ours = meta.spaces.get(field), encoder.spaces.get(field)
        if index is None or ours is None:
            have = f"the index has no {field!r}" if index is None else f"this encoder makes no {field!r}"
            raise ArtifactMismatch(
                f"{meta.release} and the encoder fill different vector fields: {have}",
                fix="use the encoder that the catalogue was indexed with",
            )
        if (index.fingerprint, index.dims) != (ours.fingerprint, ours.dims):
            raise ArtifactMismatch(
                f"{meta.release} was built with encoder {_named(index)}, not with {_named(ours)}",
                fix="leave --encoder out to use the index's own, or index the catalogue again",
            )


def _named(space: VectorSpace) -> str:
    return f"{space.name} ({space.fingerprint[:12]}, {space.dims} wide)"
