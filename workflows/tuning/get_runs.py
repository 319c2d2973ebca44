"""The leg runs of a tuning: those that are saved, else asked of the index now and saved."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from opensearchpy import OpenSearch

from encoder import ArtifactStore
from evaluation import JudgedSet
from records import InputError
from search import read_live
from workflows.open_search import open_search
from workflows.tuning.ask_legs import ask_legs
from workflows.tuning.leg_runs import LegRuns
from workflows.tuning.leg_runs_files import has_leg_runs, read_leg_runs, write_leg_runs


@dataclass(frozen=True, slots=True)
class RunSource:
    """Attributes:
    folder: where the runs are, or go.
    name: alias of the index to ask; None asks none.
    window: candidates per leg.
    encoder, sparse: references to use instead of the index's own.
    again: ask even if runs are saved.
    offline: never ask.

    Raises:
        InputError: settings that contradict each other.
    """

    folder: Path
    name: str | None = None
    window: int = 200
    encoder: str | Path | None = None
    sparse: str | Path | None = None
    again: bool = False
    offline: bool = False

    def __post_init__(self) -> None:
        if self.again and (self.offline or self.name is None):
            raise InputError("asking again needs an index to ask", fix="add --name NAME, without --offline")


def get_runs(
    source: RunSource,
    judged: JudgedSet,
    connect: Callable[[], OpenSearch],
    store: ArtifactStore,
    progress: Callable[[str, int, int], None] = lambda *_: None,
) -> LegRuns:
    """Read or ask.

    Args:
        source: see there.
        judged: queries and judgments.
        connect: opens the connection, only if it is needed.
        store: where the index's encoders are looked up.
        progress: see `ask_legs`.

    Raises:
        InputError: no saved runs and nothing to ask, or runs that cannot be read.
        Others: see `ask_legs` and ``open_search``.
    """
    if source.offline or (has_leg_runs(source.folder) and not source.again):
        return read_leg_runs(source.folder)
    if source.name is None:
        raise InputError(
            f"{source.folder} holds no saved runs",
            fix="name the index to ask: aisle tune run DATA --name NAME",
        )
    client = connect()
    meta = read_live(client, source.name).meta
    # An item that a query names by its id is on top whatever the fusion.
    search = open_search(
        client, source.name, store, source.encoder, source.window, source.sparse, exact=False
    )
    runs = ask_legs(search, meta, judged, source.window, progress)
    write_leg_runs(runs, source.folder)
    return runs
