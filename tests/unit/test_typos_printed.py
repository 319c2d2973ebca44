"""What a person is told about corrected words and named items."""

from __future__ import annotations

from dataclasses import replace

from aisle.search import Correction, MatchType
from tests.unit.test_cli_results import PAGE, printed

CORRECTED = replace(
    PAGE, path=MatchType.CORRECTED, corrected=Correction("cordless drill", {"cordles": "cordless"})
)


def test_a_correction_is_said_before_the_results() -> None:
    shown = printed(CORRECTED, "cordles drill")
    assert shown.startswith("no item has 'cordles': searched 'cordless drill'")
    assert "Oak [chair]" in shown
    assert "no item has" not in printed(PAGE)


def test_it_is_said_of_an_empty_page_too_and_never_steers_a_terminal() -> None:
    page = replace(
        CORRECTED, hits=(), reachable=0, corrected=Correction("[red]\x1b drill", {"[red]\x1b": "x"})
    )
    shown = printed(page)
    assert "[red]\\x1b" in shown
    assert "\x1b" not in shown


def test_named_items_are_pointed_out() -> None:
    assert "items that the query names come first" in printed(replace(PAGE, path=MatchType.EXACT))
    assert "query names" not in printed(PAGE)
