"""The ledger of a name on one cluster, and what it means for a user whose run broke off."""

from __future__ import annotations

import warnings
from pathlib import Path

from opensearchpy import OpenSearch

from cluster import translated_errors
from indexer import Ledger
from indexer.ledger import State
from indexer.ledger_end import is_final
from records import AisleError
from records.paths import home


def ledger_path(client: OpenSearch, name: str) -> Path:
    """Where it lies."""
    with translated_errors():
        cluster = str(client.info()["cluster_uuid"])
    return home() / "indexing" / cluster / f"{name}.sqlite"


def refused_share(ledger: Ledger) -> float:
    """Of the items settled so far, by this run and those that it resumed, how many were refused: 0 to 1."""
    before = ledger.before()
    return before.refused / max(1, len(before.settled))


def say_what_is_kept(ledger: Ledger, error: BaseException) -> None:
    """If the run that ``error`` ended can be gone on with, a note says so, and so does the error's fix."""
    run = ledger.run()
    if not ledger.lasting or run is None or run.state is State.LIVE:
        return
    settled = len(ledger.before().settled)
    warnings.warn(
        f"{settled:,} items are done in {run.release}, which is not live; go on with --resume", stacklevel=3
    )
    if isinstance(error, AisleError) and not is_final(error):
        error.fix = f"{error.fix}; with --resume it goes on where it broke off"
