"""How many documents may be refused before a release is given up. Pure."""

from __future__ import annotations

from typing import Final

from indexer.tally import Progress
from records import IndexingFailed

# A share of a handful says nothing yet: so many are refused before a run is cut short.
EARLY: Final = 1000


def check_early(progress: Progress, share: float) -> None:
    """Stop a run that cannot end well.

    Raises:
        IndexingFailed: far more refusals than ``share`` allows.
    """
    if progress.refused > EARLY:
        _check_share(progress, share)


def check_final(progress: Progress, share: float) -> None:
    """Is this a release that may go live?

    Raises:
        IndexingFailed: no document at all, or more refusals than ``share`` of them (0 to 1).
    """
    if progress.read == 0:
        raise IndexingFailed(
            "the catalogue has no items that can be indexed",
            fix="look at the dead letters, and at --format and --map",
        )
    _check_share(progress, share)
    if progress.accepted == 0:
        raise IndexingFailed("no document could be indexed", fix="look at the dead letters")


def _check_share(progress: Progress, share: float) -> None:
    settled = progress.accepted + progress.refused
    if progress.refused > share * settled:
        raise IndexingFailed(
            f"{progress.refused} of {settled} documents were refused, the last: {progress.last_refusal}",
            fix="look at the dead letters; if that is as it should be, allow more with --max-refused",
        )
