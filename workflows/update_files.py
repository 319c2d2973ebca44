"""Which files a run of updates reads and writes, and whether they go together."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from opensearchpy import OpenSearch

from indexer.updates import Checkpoint, is_stream, load_checkpoint
from records import InputError
from records.paths import home


@dataclass(frozen=True, slots=True)
class UpdateFiles:
    """Attributes:
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


def last_checkpoint(path: Path | None, files: UpdateFiles) -> Checkpoint | None:
    """Where this run goes on; None: at the start.

    Raises:
        InputError: see `load_checkpoint`.
    """
    if path is None or files.from_start or (is_stream(files.source) and not files.skip_consumed):
        return None
    return load_checkpoint(path)
