"""What keeps a bad file from emptying a shop, without a node."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisle.catalogue.rejects import Rejects
from aisle.catalogue.report import RowCounts
from aisle.errors import IndexingFailed, InputError
from aisle.indexer.releases.guards import (
    GuardLimits,
    ReleaseContent,
    early_stop,
    lost_coverage,
    lost_stop,
    raise_for,
    rejected_stop,
    shrink_stop,
)

USUAL = GuardLimits()


def counts(rows: int, rejected: int, left_out: int = 0, **present: int) -> RowCounts:
    found = RowCounts(rows=rows, items=rows - rejected - left_out, rejected=rejected)
    found.left_out["draft"] = left_out
    found.present.update(present, title=found.items)
    return found


def rejects(*reasons: str) -> Rejects:
    found = Rejects()
    for line, reason in enumerate(reasons, 2):
        found.add(line, reason, {"sku": f"p{line}", "name": "a\x1b[31mname" + "x" * 500})
    return found


def test_as_many_rows_as_the_limit_may_be_rejected_and_no_more() -> None:
    assert rejected_stop(counts(100, 5), rejects(*["no id"] * 5), USUAL) is None
    stop = rejected_stop(counts(100, 6), rejects(*["no id"] * 2, *["no title"] * 4), USUAL)
    assert stop is not None
    assert stop.why.startswith(
        "6 of 100 rows were rejected (6.0 %), and 5 % may be: 4 x no title (line 4: sku=p4,"
    )
    assert "2 x no id (line 2: sku=p2," in stop.why
    assert stop.override == "--max-rejected 0.06"


def test_an_example_is_short_and_steers_no_terminal() -> None:
    stop = rejected_stop(counts(1, 1), rejects("no id"), USUAL)
    assert stop is not None
    assert stop.why.isprintable() and r"a\x1b[31mname" in stop.why
    assert len(stop.why) < 300


def test_a_row_of_ten_thousand_columns_is_shown_by_its_beginning() -> None:
    found = Rejects()
    found.add(2, "no id", {f"column {n}": "x" * 100 for n in range(10_000)})
    found.add(3, "not JSON", b"\xff" * 10_000_000)
    found.add(4, "4 cells", ["a", None, "c"])
    assert all(len(str(row)) < 200 for row in found.examples.values())
    assert str(found.examples["4 cells"]) == "line 4: a, , c"


def test_rows_that_were_left_out_on_purpose_hide_no_bad_ones() -> None:
    assert rejected_stop(counts(1000, 40, left_out=900), rejects("no id"), USUAL) is not None


def test_a_run_is_cut_short_only_when_enough_was_read_and_most_of_it_is_bad() -> None:
    assert early_stop(counts(9_999, 9_999), rejects("no id"), USUAL) is None
    assert early_stop(counts(10_000, 5_001), rejects("no id"), USUAL) is not None
    assert early_stop(counts(10_000, 4_999), rejects("no id"), USUAL) is None
    assert early_stop(counts(10_000, 9_700), rejects("no id"), GuardLimits(max_rejected=0.97)) is None


@given(rejected=st.integers(1, 1000), more=st.integers(0, 1000))
def test_the_option_that_is_named_lets_the_same_file_pass(rejected: int, more: int) -> None:
    found = counts(rejected + more, rejected)
    stop = rejected_stop(found, rejects("no id"), USUAL)
    if stop is not None:
        limit = float(stop.override.removeprefix("--max-rejected "))
        assert rejected_stop(found, rejects("no id"), GuardLimits(max_rejected=limit)) is None
    live = ReleaseContent("shop-v0001", rejected + more, {})
    if (stop := shrink_stop(more, live, USUAL)) is not None:
        limit = float(stop.override.removeprefix("--max-shrink "))
        assert shrink_stop(more, live, GuardLimits(max_shrink=limit)) is None


def test_a_release_may_be_a_fifth_smaller_than_the_live_one() -> None:
    live = ReleaseContent("shop-v0001", 50, {})
    assert shrink_stop(40, live, USUAL) is None
    assert shrink_stop(500, live, USUAL) is None
    assert shrink_stop(0, ReleaseContent("shop-v0001", 0, {}), USUAL) is None
    stop = shrink_stop(39, live, USUAL)
    assert stop is not None
    assert "holds 39 documents, and the live shop-v0001 50: 22.0 % fewer, and 20 % may be" in stop.why


def test_prices_that_are_gone_are_told_and_rare_fields_are_not() -> None:
    live = ReleaseContent("shop-v0001", 1000, {"price": 980, "brand": 400, "images": 90, "text": 1000})
    lost = lost_coverage(counts(50, 0, price=39, brand=17, text=41), live)
    assert lost == ("price: 78% of the items have it, 98% in shop-v0001",)
    assert lost_coverage(counts(50, 0, price=40, brand=17, text=41), live) == ()
    assert lost_stop(lost, USUAL) is None
    strict = lost_stop(lost, GuardLimits(strict=True))
    assert strict is not None and "--strict" in strict.override


def test_everything_that_stops_a_release_is_said_at_once_with_every_option() -> None:
    live = ReleaseContent("shop-v0001", 50, {})
    raise_for([None, None])
    with pytest.raises(IndexingFailed) as raised:
        raise_for([rejected_stop(counts(50, 49), rejects("no id"), USUAL), shrink_stop(1, live, USUAL)])
    assert "49 of 50 rows" in raised.value.message and "the live shop-v0001 50" in raised.value.message
    assert raised.value.fix.endswith("--max-rejected 0.98 --max-shrink 0.98")


@pytest.mark.parametrize(("rejected", "shrink"), [(1.1, 0.2), (0.05, -0.1), (float("nan"), 0.2)])
def test_a_share_is_from_0_to_1(rejected: float, shrink: float) -> None:
    with pytest.raises(InputError, match="impossible"):
        GuardLimits(rejected, shrink)
