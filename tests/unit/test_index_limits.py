"""When a run gives up because too many documents are refused."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aisle.errors import IndexingFailed
from aisle.indexer.progress import ProgressCounter
from aisle.indexer.run import EARLY, check_early, check_final

START = ProgressCounter().progress()


def test_a_share_of_refusals_is_allowed() -> None:
    check_final(replace(START, read=100, accepted=99, refused=1), 0.01)
    with pytest.raises(IndexingFailed, match="2 of 100"):
        check_final(replace(START, read=100, accepted=98, refused=2), 0.01)


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_nothing_accepted_never_goes_live(share: float) -> None:
    with pytest.raises(IndexingFailed):
        check_final(replace(START, read=5, refused=5), share)
    with pytest.raises(IndexingFailed):
        check_final(START, share)


def test_a_hopeless_run_is_cut_short_but_not_for_its_first_bad_rows() -> None:
    check_early(replace(START, read=EARLY, refused=EARLY), 0.01)
    with pytest.raises(IndexingFailed):
        check_early(replace(START, read=EARLY + 1, refused=EARLY + 1), 0.01)
