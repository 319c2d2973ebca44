"""Where the header stands in files that begin with something else."""

from __future__ import annotations

import pytest

from aisle.catalogue.exports.preamble import header_row, joined_headings

SETTINGS = ["TemplateType=fptcustom", "Version=2021.1014", "The top 3 rows are for Amazon.com use only."]
LABELS = ["Seller SKU", "Product Name", "Standard Price"]
NAMES = ["item_sku", "item_name", "standard_price"]
NEW_NAMES = [
    "contribution_sku#1.value",
    "item_name[marketplace_id=A1PA6795UKMFR9][language_tag=de_DE]#1.value",
    "",
]


@pytest.mark.parametrize(
    ("rows", "header"),
    [
        ([["id", "title"], ["1", "Mug"]], 0),
        ([["#", "Name"], ["1", "Mug"]], 0),
        ([["# of pieces", "name"], ["1", "Mug"]], 0),
        ([SETTINGS, LABELS, NAMES, ["A", "Mug", "9"]], 2),
        ([["settings=attributeRow=5"], [], ["Offer"], LABELS, NEW_NAMES, ["A", "Mug", ""]], 4),
        ([["# Required | Its id", "# Required | Its title"], ["id", "title"], ["1", "Mug"]], 1),
        ([["# Required | Its id"], ["# Optional | more"], ["id", "title"]], 2),
        ([["# Required | only a comment"]], 0),
        ([], 0),
        ([[], ["id"]], 0),
    ],
)
def test_header_row(rows: list[list[str]], header: int) -> None:
    assert header_row(rows) == header


@pytest.mark.parametrize(
    ("cells", "headings"),
    [
        (["ID", "Categories (x", "y", "z...)", "Price"], ["ID", "Categories (x,y,z...)", "Price"]),
        (["Available (0 = No", " 1 = Yes)"], ["Available (0 = No, 1 = Yes)"]),
        (["Weight (kg)", "Name"], ["Weight (kg)", "Name"]),
        (["Name (open", "a", "b", "c", "d)"], ["Name (open", "a", "b", "c", "d)"]),
        (["Name ("], ["Name ("]),
        ([], []),
    ],
)
def test_headings_that_were_split_within_brackets(cells: list[str], headings: list[str]) -> None:
    assert joined_headings(cells) == headings
