"""Categories as paths."""

# ruff: noqa: RUF001 - arrows

from __future__ import annotations

import pytest

from aisle.catalogue.categories import PathStyle, category_paths, path_style
from aisle.catalogue.rejects import Unreadable

KNIVES = (("Home", "Kitchen", "Knives"),)


@pytest.mark.parametrize(
    "cell",
    [
        *(
            "Home > Kitchen > Knives",
            "Home>Kitchen>Knives",
            "Home >> Kitchen >> Knives",
            "Home » Kitchen » Knives",
        ),
        *(
            "Home › Kitchen › Knives",
            "Home → Kitchen → Knives",
            "Home -> Kitchen -> Knives",
            "Home::Kitchen::Knives",
        ),
        *(
            "Home &gt; Kitchen &gt; Knives",
            "Home/Kitchen/Knives",
            "Home / Kitchen / Knives",
            r"Home\Kitchen\Knives",
        ),
        *(
            "Home|Kitchen|Knives",
            "> Home > > Kitchen > Knives >",
            "Root Catalog/Default Category/Home/Kitchen/Knives",
        ),
        "Home > Kitchen > Knives, Home > Kitchen",
        ["Home", "Home > Kitchen", "Home > Kitchen > Knives"],
        [["Home", "Kitchen", "Knives"]],
        '["Home > Kitchen > Knives"]',
        [{"name": "Kitchen", "level": 2}, {"name": "Home", "level": 1}, {"name": "Knives", "level": 3}],
        [
            {"id": 3, "name": "Knives", "parent": 2},
            {"id": 1, "name": "Home", "parent": 0},
            {"id": 2, "name": "Kitchen", "parent": 1},
        ],
        {"lvl0": "Home", "lvl1": "Home > Kitchen", "lvl2": "Home > Kitchen > Knives"},
        {"lvl0": ["Home"], "lvl1": ["Home > Kitchen"], "lvl2": ["Home > Kitchen > Knives"]},
        {"lvl0": "Home", "lvl1": "Kitchen", "lvl2": "Knives"},
        {"name": "Knives", "parent": {"name": "Kitchen", "parent": {"name": "Home"}}},
        {"name": "Knives", "path": ["Home", "Kitchen", "Knives"]},
        {"name": "Home > Kitchen > Knives"},
    ],
)
def test_one_path(cell: object) -> None:
    assert category_paths(cell) == KNIVES


@pytest.mark.parametrize(
    ("cell", "paths"),
    [
        ("A > B, C > D", (("A", "B"), ("C", "D"))),
        ("A > B; C", (("A", "B"), ("C",))),
        ("A > B | C > D", (("A", "B"), ("C", "D"))),
        ("A/B;A/C", (("A", "B"), ("A", "C"))),
        ("Default Category/Hats,Default Category/Hats/Sun", (("Hats", "Sun"),)),
        (["Home > Kitchen", "Sale"], (("Home", "Kitchen"), ("Sale",))),
        (["Home", "Kitchen"], (("Home",), ("Kitchen",))),
        ([["Hats", "Sun"], ["A/B > C"]], (("Hats", "Sun"), ("A/B > C",))),
        ([{"id": 15, "name": "Clothing"}, {"id": 16, "name": "Caps"}], (("Clothing",), ("Caps",))),
        ("TV/Video", (("TV/Video",),)),
        ("TV/Video > Televisions", (("TV/Video", "Televisions"),)),
        ("Bed, Bath & Beyond", (("Bed, Bath & Beyond",),)),
        ("Food, Beverages & Tobacco > Coffee", (("Food, Beverages & Tobacco", "Coffee"),)),
        ("R&amp;D", (("R&D",),)),
        ("Cafe\u0301 > <b>Cups</b>", (("Café", "Cups"),)),
        ("Default Category", ()),
        (23, (("23",),)),
        ("", ()),
        (None, ()),
        ([], ()),
    ],
)
def test_paths(cell: object, paths: tuple[tuple[str, ...], ...]) -> None:
    assert category_paths(cell) == paths


@pytest.mark.parametrize(
    ("samples", "style"),
    [
        (["Home > Kitchen", "TV/Video"], PathStyle(">")),
        (["Hats/Sun", "Hats/Rain", "TV"], PathStyle("/")),
        (["Hats", "Hats/Sun"], PathStyle("/")),
        (["TV/Video", "Audio", "Phones/Fax"], PathStyle()),
        (["Clothing > Caps", "Clothing > Caps, Sale", "Sale"], PathStyle(">", ",")),
        (["Clothing, Sale", "Clothing", "Sale"], PathStyle("", ",")),
        (["Bed, Bath", "Kitchen"], PathStyle()),
        (["Hats|Caps", "Hats", "Caps"], PathStyle("", "|")),
        (["Home|Kitchen", "Home|Garden"], PathStyle("|")),
        (["Default Category/A,Default Category/A/B", "Default Category/C"], PathStyle("/", ",")),
        (["Food, Beverages > Tea", "Home > Rugs, Mats > Wool", "A > B", "C > D", "E > F"], PathStyle(">")),
        ([["Home > Kitchen", "Sale"]], PathStyle(">")),
        ([None, 5, {"name": "A > B"}], PathStyle()),
        ([], PathStyle()),
    ],
)
def test_the_habit_of_a_column(samples: list[object], style: PathStyle) -> None:
    assert path_style(samples) == style


def test_a_column_decides_for_its_cells() -> None:
    assert category_paths("TV/Video", PathStyle("/")) == (("TV", "Video"),)
    assert category_paths("Home/Kitchen/Knives", PathStyle()) == (("Home/Kitchen/Knives",),)
    assert category_paths(r"A > B\, C, D", PathStyle(">", ",")) == (("A", "B, C"), ("D",))


@pytest.mark.parametrize("cell", [True, {"x": 1}, [[{"x": 1}]], object(), "a" * 9_000, [[[[["deep"]]]]]])
def test_no_paths(cell: object) -> None:
    with pytest.raises(Unreadable):
        category_paths(cell)


def test_a_circle_of_parents_ends() -> None:
    cell = [{"id": 1, "name": "A", "parent": 2}, {"id": 2, "name": "B", "parent": 1}]
    assert all(len(path) <= 30 for path in category_paths(cell))
