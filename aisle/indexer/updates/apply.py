"""One batch → the live release, while the lease is held."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from opensearchpy import OpenSearch

from aisle.cluster import Cluster
from aisle.cluster.capabilities import require_engine
from aisle.cluster.failures import Attempts, RetryPolicy, TryAgain, describe
from aisle.errors import ArtifactMismatch, ForeignIndex, IndexNotFound, InputError
from aisle.indexer.bulk import BulkResult, BulkWriter, Line, Refusal, check_fatal, pack, sum_results
from aisle.indexer.dead_letters import DeadLetter
from aisle.indexer.lease.lease import Lease
from aisle.indexer.releases.inventory import read_inventory
from aisle.indexer.releases.names import check_name
from aisle.indexer.updates.input import BatchLimits, InputLine
from aisle.indexer.updates.writes import (
    Encoding,
    Stored,
    Write,
    action,
    by_id,
    encoded,
    parsed,
    plan_writes,
    unapplied,
)
from aisle.indexer.vectors import ItemEncoder, written_to
from aisle.mappings import IndexMeta, VectorSpace

# So long a deleted document's version is remembered, and keeps a write that was sent before from bringing the
# document back. OpenSearch's default is a minute, which is no longer than one of our requests may take.
GC_DELETES: Final = "1h"


@dataclass(frozen=True, slots=True)
class LiveRelease:
    """The release that updates are written to.

    Attributes:
        release: index name.
        target: an alias of it alone. A write that arrives after the release was deleted or replaced can
            neither make an index anew nor land in another release.
        meta: what it says of itself.
    """

    release: str
    target: str
    meta: IndexMeta


def update_alias(release: str) -> str:
    """The alias that changes of one release are written through."""
    return f"{release}-updates"


class LiveReleases:
    """Finds the live release, again for each batch.

    Args:
        cluster: one that repeats its requests.
        name: of the catalogue.
    """

    def __init__(self, cluster: Cluster, name: str) -> None:
        self._cluster = cluster
        self._name = name
        self._known: LiveRelease | None = None

    def now(self) -> LiveRelease:
        """The one release that is live now.

        Raises:
            IndexNotFound: nothing is live under that name.
            InputError: several are.
            ForeignIndex: Aisle did not make it, or an older one did.
            CapabilityMissing: see `require_engine`.
        """
        live = read_inventory(self._cluster, self._name).live
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
        indices = self._cluster.indices
        found = indices.get(index=release)[release]
        meta = IndexMeta.from_mapping(release, found["mappings"])
        if meta.outdated:
            raise ForeignIndex(
                f"{release} was made by an older Aisle (schema version {meta.schema_version}):"
                " it can be searched but not changed",
                fix=f"index the catalogue again, then change that: aisle index DATA --name {self._name}",
            )
        if meta.searches_vectors:
            require_engine(self._cluster, meta.engine, release, simd=meta.layout.simd)
        target = update_alias(release)
        if target not in found["aliases"]:
            indices.put_alias(index=release, name=target)
        if found["settings"]["index"].get("gc_deletes") != GC_DELETES:
            body = {"index": {"gc_deletes": GC_DELETES}}
            indices.put_settings(index=release, body=body)
        return LiveRelease(release, target, meta)


def check_spaces(meta: IndexMeta, encoder: ItemEncoder) -> None:
    """Refuse an encoder whose vectors are not those of the index.

    Raises:
        ArtifactMismatch: the encoder fills other fields than the index has, or with another model or width.
    """
    for vector_field in sorted(meta.spaces.keys() | encoder.spaces.keys()):
        index, ours = meta.spaces.get(vector_field), encoder.spaces.get(vector_field)
        if index is None or ours is None:
            have = (
                f"the index has no {vector_field!r}"
                if index is None
                else f"this encoder makes no {vector_field!r}"
            )
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


@dataclass(frozen=True, slots=True)
class UpdateOptions:
    """Which catalogue is updated, and how.

    Attributes:
        name: of the catalogue; its live release is written to.
        limits: when a batch closes.
        refresh: make each batch visible to searches at once, and not at the index's own interval.
        wait_s: how long to wait for another process that changes the catalogue, in seconds.
        retry: per request.

    Raises:
        InputError: a name that is none, or a negative time.
    """

    name: str
    limits: BatchLimits = field(default_factory=BatchLimits)
    refresh: bool = False
    wait_s: float = 10.0
    retry: RetryPolicy = field(default_factory=RetryPolicy)

    def __post_init__(self) -> None:
        check_name(self.name)
        if self.wait_s < 0:
            raise InputError(f"nobody waits {self.wait_s:g} seconds", fix="give 0 or more with --wait")


# Documents of an ordinary catalogue have about 2 kB each; of none more than 1 MB.
_IDS: Final = 100


def read_stored(cluster: Cluster, target: str, policy: RetryPolicy, ids: Sequence[str]) -> dict[str, Stored]:
    """The stored documents with these ids; ids that are not in the index are left out.

    Args:
        cluster: one that repeats nothing by itself.
        target: alias of the release.
        policy: for whole requests and for single documents that could not be read.
        ids: any number of them.

    Raises:
        ClusterUnavailable: some could not be read before the policy's deadline.
    """
    found: dict[str, Stored] = {}
    params = {"request_timeout": policy.request_timeout_s}
    for start in range(0, len(ids), _IDS):
        body = {"ids": list(ids[start : start + _IDS])}
        for attempt in Attempts(policy):
            with attempt:
                found.update(_stored(cluster.mget(index=target, body=body, params=params)["docs"]))
    return found


def _stored(documents: Sequence[dict[str, Any]]) -> Iterator[tuple[str, Stored]]:
    for document in documents:
        if error := document.get("error"):
            check_fatal(error)
            raise TryAgain(describe(error))
        if document["found"]:
            yield document["_id"], Stored(document["_version"], document["_source"])


_MAX_BODY_BYTES: Final = 6_000_000
_MAX_BODY_DOCS: Final = 500


@dataclass(frozen=True, slots=True)
class AppliedBatch:
    """What became of one batch.

    Attributes:
        release: it was written to this one.
        indexed, deleted, encoded: documents.
        dead: lines that were not applied.
        written: the requests.
    """

    release: str
    indexed: int
    deleted: int
    encoded: int
    dead: tuple[DeadLetter, ...]
    written: BulkResult


class BatchApplier:
    """Applies batches to whatever is live."""

    def __init__(self, client: OpenSearch, encoding: Encoding, options: UpdateOptions) -> None:
        self._cluster = Cluster.of(client)
        self._retrying = self._cluster.retrying(options.retry)
        self._encoding = encoding
        self._options = options
        self._releases = LiveReleases(self._retrying, options.name)

    def check(self) -> str:
        """The live release, if changes can go there.

        Raises:
            IndexNotFound, InputError, ForeignIndex, ArtifactMismatch: see `LiveReleases.now`, `check_spaces`.
        """
        live = self._releases.now()
        check_spaces(live.meta, self._encoding.encoders.of_release(live.meta))
        return live.release

    def apply(self, lines: Sequence[InputLine], lease: Lease) -> AppliedBatch:
        """Write what the lines say. When this returns, the cluster has acknowledged all of it.

        Raises:
            As `check`; as `BulkWriter.write`; IndexingFailed: the lease was lost.
        """
        entries, dead = parsed(lines)
        live = self._releases.now()
        encoder = written_to(self._encoding.encoders.of_release(live.meta), live.meta)
        check_spaces(live.meta, encoder)
        groups = by_id(entries)
        stored = read_stored(self._cluster, live.target, self._options.retry, list(groups))
        planned = plan_writes(groups, stored, self._encoding.text, encoder)
        made = encoded(encoder, planned.writes)
        first = self._reserve(lease, len(planned.writes), stored)
        actions = [
            action(write, made.get(write.id, write.derived or {}), first + number)
            for number, write in enumerate(planned.writes)
        ]
        written = self._write(live.target, [line for line in actions if isinstance(line, Line)])
        lease.check()
        if self._options.refresh:
            self._retrying.indices.refresh(index=live.target)
        refusals = (*(line for line in actions if isinstance(line, Refusal)), *written.refused)
        refused = {refusal.id: refusal.reason for refusal in refusals}
        done = [write for write in planned.writes if write.id not in refused]
        return AppliedBatch(
            release=live.release,
            indexed=sum(write.item is not None for write in done),
            deleted=sum(write.item is None for write in done),
            encoded=len(made),
            dead=(*dead, *planned.dead, *_refused(planned.writes, refused)),
            written=written,
        )

    def _reserve(self, lease: Lease, count: int, stored: Mapping[str, Stored]) -> int:
        # Above what is stored, also where the state index was lost and began anew.
        highest = max((one.version for one in stored.values()), default=0)
        return lease.reserve(count, above=highest) if count else 0

    def _write(self, target: str, lines: Sequence[Line]) -> BulkResult:
        never = threading.Event()
        writer = BulkWriter(self._cluster, target, self._options.retry)
        bodies = pack(lines, max_bytes=_MAX_BODY_BYTES, max_docs=_MAX_BODY_DOCS)
        return sum_results(*(writer.write(body, never) for body in bodies))


def _refused(writes: Sequence[Write], refused: Mapping[str, str]) -> list[DeadLetter]:
    return [
        unapplied(entry.line, write.id, refused[write.id])
        for write in writes
        if write.id in refused
        for entry in write.entries
    ]
