"""Changes from a file or a stream into the live release, with the encoder it was built with."""

from __future__ import annotations

import hashlib
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from opensearchpy import OpenSearch

from aisle._environment import home
from aisle._item_fields import release_item_fields, text_encoders
from aisle._search import load_release_encoder, load_release_sparse_encoder
from aisle.catalogue import ReadOptions
from aisle.cluster.client import connected
from aisle.cluster.failures import RetryPolicy
from aisle.encoder import ArtifactStore, item_text
from aisle.errors import ArtifactMismatch, InputError
from aisle.indexer import ItemEncoder, sparse_item_encoder, together, without_vectors
from aisle.indexer.updates import (
    BatchApplier,
    BatchLimits,
    DeadLetterLog,
    Encoding,
    InputCheckpoint,
    InputStart,
    Place,
    TableStart,
    UpdateOptions,
    UpdateReport,
    is_stream,
    is_table,
    load_checkpoint,
    run_updates,
    save_checkpoint,
    start_input,
    start_table,
)
from aisle.mappings import IndexMeta, ItemSpaces, VectorSpace, fields


class ArtifactEncoders:
    """Finds the artifacts by the fingerprints in the release's ``_meta``, and loads them once.

    Args:
        store: where they are looked up.
        ref: a reference to the dense one to use instead; it is still held to that fingerprint.
        sparse: the same for the sparse one.
    """

    def __init__(
        self, store: ArtifactStore, ref: str | Path | None = None, sparse: str | Path | None = None
    ) -> None:
        self._store = store
        self._ref = ref
        self._sparse = sparse
        self._known: tuple[Mapping[str, VectorSpace], ItemSpaces] | None = None
        self._encoder = without_vectors()

    def of_release(self, meta: IndexMeta) -> ItemEncoder:
        """The encoder of this release.

        Raises:
            ArtifactNotFound: it, or what makes fields of its items, is not on this machine.
            ArtifactCorrupt: see ``DenseEncoder.load``.
            ArtifactMismatch: another one was named, or the release has vectors of another kind.
        """
        asked = meta.spaces, meta.item_spaces
        if asked != self._known:
            self._encoder = self._made(meta)
            self._known = asked
        return self._encoder

    def _made(self, meta: IndexMeta) -> ItemEncoder:
        others = sorted(meta.spaces.keys() - fields.SEARCHED_VECTORS - meta.item_spaces.vectors.keys())
        if others:
            raise ArtifactMismatch(
                f"{meta.release} has vectors in {', '.join(others)}, which this Aisle cannot make anew",
                fix="index the catalogue again, or update it with the Aisle that made it",
            )
        space = meta.spaces.get(fields.DENSE)
        if space is None and self._ref is not None:
            raise ArtifactMismatch(f"{meta.release} has no vectors", fix="leave --encoder out")
        model = load_release_encoder(meta.release, space, self._store, self._ref) if space else None
        made = text_encoders(
            model, space.dims if space else 0, release_item_fields(meta, self._store), self._store
        )
        if space := meta.spaces.get(fields.SPARSE):
            made.append(self._tokens(meta.release, space))
        return together(*made) if made else without_vectors()

    def _tokens(self, release: str, space: VectorSpace) -> ItemEncoder:
        model = load_release_sparse_encoder(release, space, self._store, self._sparse)
        return sparse_item_encoder(model, item_text, name=model.manifest.name)


@dataclass(frozen=True, slots=True)
class UpdateFiles:
    """The files of an update: what is read, and what it writes beside the index.

    Attributes:
        source: a file, or ``-`` for standard input.
        dead_letters: where lines go that cannot be applied.
        checkpoint: None for the usual place: under the home folder for a file, nowhere for a stream.
        from_start: apply a file's lines again that were applied before.
        skip_consumed: a stream begins with the lines that the checkpoint counts.
    """

    source: str
    dead_letters: Path
    checkpoint: Path | None = None
    from_start: bool = False
    skip_consumed: bool = False


def check_files(files: UpdateFiles) -> None:
    """Raises InputError: one file is to be two things, or the options mean nothing together."""
    used = [path.resolve() for path in (files.dead_letters, files.checkpoint) if path is not None]
    if not is_stream(files.source):
        used.append(Path(files.source).resolve())
    if len(set(used)) < len(used):
        raise InputError(
            "the changes, the dead letters and the checkpoint must be different files",
            fix="rename the file of changes, or set --dead-letters or --checkpoint",
        )
    if files.skip_consumed and files.from_start:
        raise InputError("--skip-consumed and --from-start contradict each other", fix="leave one out")
    if files.skip_consumed and files.checkpoint is None:
        raise InputError("--skip-consumed needs to know what was consumed", fix="name it with --checkpoint")


def checkpoint_path(client: OpenSearch, name: str, files: UpdateFiles) -> Path | None:
    """The one named; else, of a file, one for each cluster, catalogue and path; of a stream none."""
    if files.checkpoint is not None or is_stream(files.source):
        return files.checkpoint
    digest = hashlib.sha256(str(Path(files.source).resolve()).encode()).hexdigest()[:12]
    return home() / "updates" / str(client.info()["cluster_uuid"]) / f"{name}-{digest}.json"


def last_checkpoint(path: Path | None, files: UpdateFiles) -> InputCheckpoint | None:
    """Where this run goes on; None: at the start.

    Raises:
        InputError: see `load_checkpoint`.
    """
    if path is None or files.from_start or (is_stream(files.source) and not files.skip_consumed):
        return None
    return load_checkpoint(path)


def update(
    name: str,
    changes: str | Path,
    *,
    columns: Mapping[str, str | Sequence[str]] | None = None,
    format: str = "auto",
    decimal: str = "",
    encoding: str = "",
    variants: str = "",
    allow_private: bool = False,
    encoder: str | Path | None = None,
    checkpoint: str | Path | None = None,
    from_start: bool = False,
    skip_consumed: bool = False,
    batch: int = 1000,
    flush_s: float = 1.0,
    refresh: bool = False,
    wait_s: float = 10.0,
    patience_s: float = 120.0,
    dead_letters: str | Path | None = None,
    cluster: OpenSearch | None = None,
    store: ArtifactStore | None = None,
    stop: threading.Event | None = None,
    progress: Callable[[UpdateReport], None] | None = None,
) -> UpdateReport:
    """Change single items of the live release: upsert, update some fields, delete.

    A line is ``{"op": "upsert" | "update" | "delete", "id": ..., fields of the item}``. Vectors are made anew
    only where an item's text changes. Lines that cannot be applied are added to the dead letters file. What
    was applied is noted in the checkpoint, so a run that was interrupted goes on where it stopped; a warning
    says so.

    Example:
        >>> aisle.update("shop", "prices.jsonl").indexed
        120

    Args:
        name: of the catalogue; its live release is changed.
        changes: file of JSON lines, plain or gzip; ``-`` reads standard input. Or a file of another format
            that `aisle.index` reads: each of its items is an upsert, or each row what its column ``op`` says.
        columns: item field to column of such a file, such as ``{"id": "Variant SKU"}``.
        format: of such a file; "auto" reads JSON lines as changes.
        decimal: decimal mark of its prices, "point" or "comma"; empty: each column's own.
        encoding: of such a file; empty: it is detected.
        variants: "separate" or "merged"; empty: what is usual for the kind of export.
        allow_private: fetch an address on the web also from this machine or a private network.
        encoder: reference to use instead of the live release's own; it is still held to its fingerprint.
        checkpoint: file that keeps how far the input was applied; None: for a file of changes one under
            ``AISLE_HOME``, for a stream none.
        from_start: apply a file's lines again that were applied before.
        skip_consumed: a stream begins with the lines that the checkpoint counts.
        batch: lines of one batch at most.
        flush_s: seconds that a line waits for others at most.
        refresh: make every batch searchable at once.
        wait_s: seconds to wait for another run that changes this catalogue.
        patience_s: seconds to wait for a node that does not answer.
        dead_letters: file for bad lines; None: ``NAME-update-dead-letters.jsonl`` in the current folder.
        cluster: connection; None: that of ``AISLE_URL``, else the node of `aisle up`.
        store: where artifacts are looked up; None: the one under ``AISLE_HOME``.
        stop: ends the reading when set; what was read is applied.
        progress: called after each batch.

    Raises:
        InputError: files or options that cannot be used together, an input without a single change, or
            another run changes the catalogue.
        IndexNotFound, ForeignIndex: nothing of Aisle is live under that name.
        ArtifactNotFound, ArtifactMismatch: the release's encoder is not here, or another one was named.
        ClusterUnavailable, IndexBlocked, DiskFull: on the way; the lines up to the checkpoint are applied.
    """
    options = UpdateOptions(
        name=name,
        limits=BatchLimits(lines=batch, flush_s=flush_s),
        refresh=refresh,
        wait_s=wait_s,
        retry=RetryPolicy(deadline_s=patience_s),
    )
    files = UpdateFiles(
        source=str(changes),
        dead_letters=Path(dead_letters or f"{name}-update-dead-letters.jsonl"),
        checkpoint=None if checkpoint is None else Path(checkpoint),
        from_start=from_start,
        skip_consumed=skip_consumed,
    )
    check_files(files)
    reading = ReadOptions(
        format=format,
        columns=columns or {},
        decimal=decimal,
        encoding=encoding,
        variants=variants,
        allow_private=allow_private,
    )
    client = connected(cluster)
    encoders = ArtifactEncoders(store or ArtifactStore.default(), encoder)
    applier = BatchApplier(client, Encoding(encoders, item_text), options)
    release = applier.check()
    path = checkpoint_path(client, name, files)
    last = last_checkpoint(path, files)
    behind = last.place if last else Place()
    with _started(files.source, reading, behind) as start:
        goes_on = last is not None and not start.other
        since = last.dead_bytes if last and goes_on else None
        dead = DeadLetterLog(files.dead_letters, since)
        for line in _notices(start, last, release):
            warnings.warn(line, stacklevel=2)

        if path is not None:
            # So that a run which dies in its first batch is one that can go on, and repeats no dead letter.
            size = dead.size if since is None else since
            save_checkpoint(path, InputCheckpoint(start.place, release, size))
        ended = stop or threading.Event()
        report = run_updates(
            client,
            start,
            applier,
            options,
            dead=dead,
            checkpoint=path,
            stop=ended,
            progress=progress,
        )
    if not (report.skipped or report.applied or report.dead or ended.is_set()):
        raise _nothing(start.name, report)
    return replace(report, dead_letters_file=files.dead_letters if report.dead else None)


@contextmanager
def _started(source: str, reading: ReadOptions, behind: Place) -> Iterator[InputStart | TableStart]:
    if is_table(source, reading):
        yield start_table(source, reading, behind)
        return
    with start_input(source, behind) as start:
        yield start


def _nothing(name: str, report: UpdateReport) -> InputError:
    what = "holds one line, which is not finished" if report.unfinished else "holds no changes"
    return InputError(
        f"{name} {what}", fix='write one change a line, such as {"op": "update", "id": "42", "price": 9.99}'
    )


def _notices(start: InputStart | TableStart, last: InputCheckpoint | None, release: str) -> list[str]:
    if last is None or last.place.line == 0:
        return []
    name = start.name
    if start.other:
        return [f"{name} is not what was applied before, or begins otherwise: starting at its first line"]
    found = [f"{name}: {last.place.line:,} lines were applied before; --from-start applies them again"]
    if last.release != release:
        found.append(
            f"those lines went to {last.release}, and {release} is live now; if it was made from older data,"
            " use --from-start"
        )
    return found
