"""What becomes of a release that did not go live: kept for ``--resume``, or dropped with its ledger."""

from __future__ import annotations

from typing import Final

import opensearchpy

from indexer.lease import Lease
from indexer.ledger import Ledger
from indexer.releases import drop_unfinished
from indexer.retries import RetryPolicy
from records import AisleError, IndexingFailed, InputError

# The release or its input is wrong: going on would end the same way. Everything else passes: a node that is
# away, a full disk, a password that expired, Ctrl-C.
_FINAL: Final = (IndexingFailed, InputError)
# Whoever gives up waits for nobody.
_SOON: Final = RetryPolicy(deadline_s=3, first_wait_s=0.1, longest_wait_s=0.5, request_timeout_s=3)


def is_final(error: BaseException) -> bool:
    """Whether the same run would end the same way if it were gone on with."""
    return isinstance(error, _FINAL)


def give_up(
    client: opensearchpy.OpenSearch, ledger: Ledger, release: str, lease: Lease, error: BaseException
) -> None:
    """Keep what can be gone on with, drop what cannot.

    Args:
        client: connection.
        ledger: of the run; one that does not last is dropped in any case.
        release: the run's, not live.
        lease: of the name. If it was lost, somebody else may be loading this very release.
        error: why the run ends.
    """
    if ledger.lasting and (not is_final(error) or not _held(lease)):
        return
    drop_unfinished(client, release)
    ledger.forget()


def _held(lease: Lease) -> bool:
    try:
        lease.check(_SOON)
    except AisleError:
        return False
    return True
