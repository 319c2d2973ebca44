"""What a ledger tells the user of a run that broke off, and the checks of a release."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest

from aisle.errors import ClusterUnavailable, DiskFull, IndexingFailed, InputError
from aisle.indexer import Ledger
from aisle.indexer.dead_letters import DeadLetter
from aisle.indexer.ledger.resume import refused_share, say_what_is_kept
from aisle.indexer.ledger.store import RunPhase


def refused(*positions: int) -> list[DeadLetter]:
    return [DeadLetter(None, position, f"id-{position}", "odd", 1, b"{}") for position in positions]


def test_refusals_of_all_runs_count_together(tmp_path: Path) -> None:
    with Ledger(tmp_path / "shop.sqlite") as first:
        assert refused_share(first) == 0
        first.begin("shop-v0001", {})
        first.settle(range(30), refused(3, 4, 5))
    with Ledger(tmp_path / "shop.sqlite") as resumed:
        resumed.before()
        assert refused_share(resumed) == 0.1
        resumed.settle(range(30, 40), refused(39))
        assert refused_share(resumed) == 0.1
        resumed.settle(range(40, 80), [])
        assert refused_share(resumed) == 0.05


@pytest.mark.parametrize(
    "error", [ClusterUnavailable("gone", fix="look at it"), DiskFull("full", fix="free some")]
)
def test_an_error_that_passes_says_how_to_go_on(tmp_path: Path, error: ClusterUnavailable | DiskFull) -> None:
    before = error.fix
    with Ledger(tmp_path / "shop.sqlite") as ledger:
        ledger.begin("shop-v0002", {})
        ledger.settle(range(1_234), [])
        with pytest.warns(UserWarning, match="1,234 items are done in shop-v0002, which is not live"):
            say_what_is_kept(ledger, error)
    assert error.fix == f"{before}; with --resume it goes on where it broke off"


def test_a_final_error_promises_nothing(tmp_path: Path) -> None:
    with Ledger(tmp_path / "shop.sqlite") as ledger:
        ledger.begin("shop-v0002", {})
        for error in (InputError("changed", fix="as it was"), IndexingFailed("lost", fix="as it was")):
            with pytest.warns(UserWarning, match="go on with --resume"):
                say_what_is_kept(ledger, error)
            assert error.fix == "as it was"


def test_nothing_is_said_of_a_run_that_is_live_or_cannot_be_resumed(tmp_path: Path) -> None:
    error = DiskFull("full", fix="free some")
    with Ledger(tmp_path / "shop.sqlite") as lasting, Ledger() as passing, warnings.catch_warnings():
        warnings.simplefilter("error")
        say_what_is_kept(lasting, error)
        passing.begin("shop-v0001", {})
        say_what_is_kept(passing, error)
        lasting.begin("shop-v0001", {})
        lasting.mark(RunPhase.LIVE)
        say_what_is_kept(lasting, error)
    assert error.fix == "free some"
