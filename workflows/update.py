"""Changes from a file or a stream into the live release, with the encoder it was built with."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from opensearchpy import OpenSearch

from cluster import translated_errors
from encoder import ArtifactStore, item_text
from indexer.updates import (
    Applier,
    Checkpoint,
    DeadLines,
    Encoding,
    Place,
    Start,
    UpdateOptions,
    UpdateReport,
    run_updates,
    save_checkpoint,
    start_input,
)
from workflows.update_encoder import ReleaseEncoder
from workflows.update_files import UpdateFiles, check_files, checkpoint_path, last_checkpoint


def update_catalogue(
    client: OpenSearch,
    store: ArtifactStore,
    files: UpdateFiles,
    options: UpdateOptions,
    *,
    encoder: str | Path | None = None,
    stop: threading.Event | None = None,
    progress: Callable[[UpdateReport], None] = lambda _: None,
    notice: Callable[[str], None] = lambda _: None,
) -> UpdateReport:
    """Apply the changes, see `indexer.updates.run_updates`.

    Args:
        client: connection.
        store: where the encoder is looked up.
        files: what is read and written.
        options: see there.
        encoder: a reference to use instead of the live release's own; it is held to its fingerprint.
        stop: ends the reading when set; what was read is applied.
        progress: called after each batch.
        notice: takes what the user should know of the input and its checkpoint.

    Raises:
        InputError: files that contradict each other, a checkpoint that is none, and as `run_updates`.
        ArtifactNotFound, ArtifactMismatch: see `ReleaseEncoder`.
    """
    check_files(files)
    applier = Applier(client, Encoding(ReleaseEncoder(store, encoder), item_text), options)
    with translated_errors():
        release = applier.check()
        path = checkpoint_path(client, options.name, files)
    last = last_checkpoint(path, files)
    with start_input(files.source, last.place if last else Place()) as start:
        goes_on = last is not None and not start.other
        since = last.dead_bytes if last and goes_on else None
        dead = DeadLines(files.dead_letters, since)
        for line in _notices(start, last, release):
            notice(line)

        def acknowledged(checkpoint: Checkpoint) -> None:
            if path is not None:
                save_checkpoint(path, checkpoint)

        # So that a run which dies in its first batch is one that can go on, and repeats no dead letter.
        acknowledged(Checkpoint(start.place, release, dead.size if since is None else since))
        return run_updates(
            client,
            start,
            applier,
            options,
            dead=dead,
            acknowledged=acknowledged,
            stop=stop or threading.Event(),
            progress=progress,
        )


def _notices(start: Start, last: Checkpoint | None, release: str) -> list[str]:
    if last is None or last.place.line == 0:
        return []
    name = start.source.name
    if start.other:
        return [f"{name} is not what was applied before, or begins otherwise: starting at its first line"]
    found = [f"{name}: {last.place.line:,} lines were applied before; --from-start applies them again"]
    if last.release != release:
        found.append(
            f"those lines went to {last.release}, and {release} is live now; if it was made from older data,"
            " use --from-start"
        )
    return found
