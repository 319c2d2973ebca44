"""Which release a run loads: a new one, or the unfinished one that its ledger tells of."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import opensearchpy

from indexer.ledger import Ledger, Run, State
from indexer.ledger_parts import check_same
from indexer.positions import NOTHING, Before
from indexer.releases import Standing, drop_unfinished, standing


@dataclass(frozen=True, slots=True)
class Books:
    """Where a run keeps what it needs to be resumed.

    Attributes:
        ledger: of this name on this cluster.
        source: see ``catalogue.fingerprint``.
        resume: go on with the ledger's unfinished run, if there is one.
    """

    ledger: Ledger = field(default_factory=Ledger)
    source: Mapping[str, str] = field(default_factory=dict)
    resume: bool = False


@dataclass(frozen=True, slots=True)
class Start:
    """Attributes:
    release: to load.
    before: what is settled in it.
    live: it is live already: only the ledger's last mark was missing.
    """

    release: str
    before: Before = NOTHING
    live: bool = False


def start(
    client: opensearchpy.OpenSearch,
    name: str,
    books: Books,
    parts: Mapping[str, str],
    create: Callable[[], str],
) -> Start:
    """Look at the ledger and the cluster, and decide. The lease of the name must be held.

    Args:
        client: for a look at the releases.
        name: of the catalogue.
        books: the ledger; a new run is begun in it if there is nothing to go on with.
        parts: see `run_parts`.
        create: makes a new release and returns its index.

    Raises:
        InputError: the unfinished run was begun with something else.
        Whatever ``create`` raises.
    """
    if books.resume:
        found = _unfinished(books.ledger.run(), name, standing(client, name), parts)
        if found is not None:
            return Start(found.release, books.ledger.before(), live=found.state is State.LIVE)
    release = create()
    try:
        books.ledger.begin(release, parts)
    except BaseException:
        drop_unfinished(client, release)
        raise
    return Start(release)


def _unfinished(run: Run | None, name: str, now: Standing, parts: Mapping[str, str]) -> Run | None:
    """The run to go on with; its state is LIVE if it ended after the swap, without a word of it."""
    if run is None or run.state is State.LIVE:
        _say(f"no run of {name} was interrupted: beginning anew")
        return None
    if run.release in now.live:
        # With other input than that run's, this is the next run and no repeat of it.
        return Run(run.release, parts, State.LIVE) if dict(run.parts) == dict(parts) else None
    if run.release not in now.unfinished or run.release in now.abandoned:
        _say(f"{run.release}, which was not finished, is no longer there to go on with: beginning anew")
        return None
    check_same(name, run.release, run.parts, parts)
    return run


def _say(what: str) -> None:
    warnings.warn(what, stacklevel=4)
