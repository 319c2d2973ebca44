"""One batch → the live release, while the lease is held."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import opensearchpy

from indexer.bulk_bodies import Line, Refusal, pack
from indexer.lease import Lease
from indexer.retries import until_done
from indexer.updates.actions import action
from indexer.updates.dead_lines import DeadLine
from indexer.updates.encoding import Encoding, encoded
from indexer.updates.input_lines import InputLine
from indexer.updates.live_release import LiveReleases, check_spaces
from indexer.updates.options import UpdateOptions
from indexer.updates.parsed_lines import parsed
from indexer.updates.plan import Stored, Write, by_id, plan
from indexer.updates.read_stored import read_stored
from indexer.writer import Written, sum_written, write_body

_MAX_BODY_BYTES: Final = 6_000_000
_MAX_BODY_DOCS: Final = 500


@dataclass(frozen=True, slots=True)
class Applied:
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
    dead: tuple[DeadLine, ...]
    written: Written


class Applier:
    """Applies batches to whatever is live."""

    def __init__(self, client: opensearchpy.OpenSearch, encoding: Encoding, options: UpdateOptions) -> None:
        self._client = client
        self._encoding = encoding
        self._options = options
        self._releases = LiveReleases(client, options.name, options.retry)

    def check(self) -> str:
        """The live release, if changes can go there.

        Raises:
            IndexNotFound, InputError, ForeignIndex, ArtifactMismatch: see `LiveReleases.now`, `check_spaces`.
        """
        live = self._releases.now()
        check_spaces(live.meta, self._encoding.encoder_of(live.meta))
        return live.release

    def apply(self, lines: Sequence[InputLine], lease: Lease) -> Applied:
        """Write what the lines say. When this returns, the cluster has acknowledged all of it.

        Raises:
            As `check`; as `writer.write_body`; IndexingFailed: the lease was lost.
        """
        entries, dead = parsed(lines)
        live = self._releases.now()
        encoder = self._encoding.encoder_of(live.meta)
        check_spaces(live.meta, encoder)
        groups = by_id(entries)
        stored = read_stored(self._client, live.target, self._options.retry, list(groups))
        planned = plan(groups, stored, self._encoding.text, encoder.spaces)
        made = encoded(encoder, planned.writes)
        first = self._reserve(lease, len(planned.writes), stored)
        actions = [
            action(write, made.get(write.id, write.derived or {}), first + number)
            for number, write in enumerate(planned.writes)
        ]
        written = self._write(live.target, [line for line in actions if isinstance(line, Line)])
        lease.check()
        if self._options.refresh:
            self._ask(partial(self._client.indices.refresh, index=live.target))
        refusals = (*(line for line in actions if isinstance(line, Refusal)), *written.refused)
        refused = {refusal.id: refusal.reason for refusal in refusals}
        done = [write for write in planned.writes if write.id not in refused]
        return Applied(
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

    def _write(self, target: str, lines: Sequence[Line]) -> Written:
        never = threading.Event()
        bodies = pack(lines, max_bytes=_MAX_BODY_BYTES, max_docs=_MAX_BODY_DOCS)
        return sum_written(
            *(write_body(self._client, target, self._options.retry, body, never) for body in bodies)
        )

    def _ask(self, request: Callable[[], Any]) -> Any:
        return until_done(request, self._options.retry, threading.Event())


def _refused(writes: Sequence[Write], refused: Mapping[str, str]) -> list[DeadLine]:
    return [
        DeadLine(entry.line, write.id, refused[write.id])
        for write in writes
        if write.id in refused
        for entry in write.entries
    ]
