"""Numbers, and what stands before their decimals."""

# ruff: noqa: RUF001 - other scripts

from __future__ import annotations

from decimal import Decimal

import pytest

from aisle.catalogue.numerals import DecimalMark, decimal_mark, number
from aisle.catalogue.rejects import Unreadable

COMMA, POINT = DecimalMark.COMMA, DecimalMark.POINT


@pytest.mark.parametrize(
    ("samples", "mark"),
    [
        (["12,50", "1.299"], COMMA),
        (["12.50", "1,299"], POINT),
        (["1.299,00 €"], COMMA),
        (["$1,299.00"], POINT),
        (["1.299.000"], COMMA),
        (["1,299,000"], POINT),
        (["0,999"], COMMA),
        (["12,50", "13,50", "1.5"], COMMA),
        (["899", "1.299", "2.450", "3.999"], COMMA),
        (["899", "1.299", "2.450", "1299"], None),
        (["12.990", "8.500", "9.750"], None),
        (["1.299"], None),
        (["1,5", "2.5"], None),
        ([1, 2.5, None, ["1,5"]], None),
        ([], None),
    ],
)
def test_the_decimal_mark_of_a_column(samples: list[object], mark: DecimalMark | None) -> None:
    assert decimal_mark(samples) is mark


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        (5, 5), (4.5, 4.5), (Decimal("4.5"), 4.5), ("4.5", 4.5), ("4,5", 4.5), ("1 200", 1200), ("87 %", 87),
        ("4.5/5", 4.5), ("10+", 10), (">10", 10), ("-3", -3), ("'-1", -1), ("1e3", 1000), ("٤٫٥", 4.5),
        ({"rate": 4.5, "count": 12}, 4.5), ({"$numberDecimal": "9.50"}, 9.5),
        ("", None), (None, None), ("n/a", None), (float("nan"), None),
    ],
)  # fmt: skip
def test_numbers(cell: object, value: float | None) -> None:
    assert number(cell) == value


def test_a_number_follows_its_column() -> None:
    assert number("1.200", COMMA) == 1200
    assert number("1.200", POINT) == number("1.200") == 1.2


@pytest.mark.parametrize(
    "cell", ["x", "5 pieces", "1.2.3", True, [1], {"x": 1}, "inf", float("inf"), "2024-01-05"]
)
def test_no_numbers(cell: object) -> None:
    with pytest.raises(Unreadable):
        number(cell)
