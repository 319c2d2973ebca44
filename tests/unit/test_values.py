"""Cells as texts, lists, objects, identifiers and addresses."""

from __future__ import annotations

import datetime

import pytest

from aisle.catalogue.rejects import BadRow, Unreadable
from aisle.catalogue.values import (
    MAX_FACET_CHARS,
    attribute_values,
    identifiers,
    identity,
    images,
    json_cell,
    language,
    line,
    link,
    name_values,
    split_list,
    unescaped,
    unwrap,
    words,
)


@pytest.mark.parametrize(
    ("cell", "values"),
    [
        (["Red", "Blue"], ("Red", "Blue")),
        ([8, 9], ("8", "9")),
        ([8.0, 8.5, 8], ("8", "8.5")),
        ("Red, Blue", ("Red, Blue",)),
        ('["Red", "Blue"]', ("Red", "Blue")),
        ("['Red', 'Blue']", ("Red", "Blue")),
        ("[New] Shirt", ("[New] Shirt",)),
        ("[1,2", ("[1,2",)),
        (True, ("true",)),
        ([True, False], ("true", "false")),
        (6.0, ("6",)),
        (datetime.date(2024, 1, 5), ("2024-01-05",)),
        ({"value": "Grey"}, ("Grey",)),
        ({"name": "Colour", "value": "Grey"}, ("Grey",)),
        ({"label": "Grey", "value": 49}, ("Grey",)),
        ([{"name": "Red"}, {"label": "Blue"}], ("Red", "Blue")),
        ({"name": "Colour", "values": ["Red", "Blue"]}, ("Red", "Blue")),
        ({"value": 5, "unit": "kg"}, ("5 kg",)),
        ({"amount": "5.0", "unit": "KILOGRAM"}, ("5.0 KILOGRAM",)),
        ({"en": "Grey", "de": "Grau"}, ("Grey",)),
        ([[1, 2], [3]], ("1", "2", "3")),
        (["Red", " Red ", "Re\u0301d", "R\u00e9d"], ("Red", "R\u00e9d")),
        ("<b>Grey</b> &amp; white\nfelt", ("Grey & white felt",)),
        (["Red", {"x": 1}], ("Red",)),
        (["a" * (MAX_FACET_CHARS + 1), "b"], ("b",)),
        (None, ()),
        ("", ()),
        (" \u200b ", ()),
        ([], ()),
        ([None, ""], ()),
        ({}, ()),
        (float("nan"), ()),
    ],
)
def test_every_element_is_a_value(cell: object, values: tuple[str, ...]) -> None:
    assert attribute_values(cell) == values


@pytest.mark.parametrize("cell", [{"w": 1, "h": 2}, [{"w": 1}], object(), [[[[[[["deep"]]]]]]]])
def test_no_values(cell: object) -> None:
    with pytest.raises(Unreadable, match="cannot be read"):
        attribute_values(cell)


@pytest.mark.parametrize(
    "cell",
    [
        {"Colour": "Grey", "Size": ["S", "M"]},
        [{"name": "Colour", "value": "Grey"}, {"name": "Size", "value": "S"}, {"name": "Size", "value": "M"}],
        [{"name": "Colour", "options": ["Grey"]}, {"name": "Size", "options": ["S", "M"]}],
        [{"key": "Colour", "label": "Grey"}, {"k": "Size", "v": ["S", "M"]}],
        [{"attribute_code": "Colour", "value": "Grey"}, {"title": "Size", "values": ["S", "M"]}],
        [{"code": "c", "label": "Colour", "value": {"label": "Grey", "id": 4}}, {"Size": ["S", "M"]}],
        [{"Colour": "Grey"}, {"Size": ["S", "M"]}],
        ["Colour: Grey", "Size: S", "Size = M"],
        [
            {"name": "Grey", "group": {"name": "Colour"}},
            {"name": "S", "group": {"name": "Size"}},
            {"name": "M", "group": {"name": "Size"}},
        ],
        '[{"name":"Colour","value":"Grey"},{"name":"Size","values":["S","M"]}]',
        "{'Colour': 'Grey', 'Size': ('S', 'M')}",
        {" Colour ": "<b>Grey</b>", "Size": ["S", "M"], "Empty": "", "Nested": {"w": 1}},
    ],
)
def test_names_and_values(cell: object) -> None:
    assert name_values(cell) == {"Colour": ("Grey",), "Size": ("S", "M")}


def test_a_product_is_no_pair_of_name_and_value() -> None:
    assert name_values({"name": "Mug", "brand": "Norvik"}) == {"name": ("Mug",), "brand": ("Norvik",)}
    assert name_values(None) == name_values("") == name_values([]) == name_values({}) == {}


@pytest.mark.parametrize("cell", ["text", 5, [1, 2], ["text"], "[1]"])
def test_no_names_and_values(cell: object) -> None:
    with pytest.raises(Unreadable):
        name_values(cell)


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("Norvik", "Norvik"),
        ({"name": "Norvik"}, "Norvik"),
        ('{"name": "Norvik"}', "Norvik"),
        ([{"name": "Norvik"}, "Arvid"], "Norvik, Arvid"),
        ({"rendered": "<b>Norvik</b>"}, "Norvik"),
        ({"name": {"en": "Norvik"}}, "Norvik"),
        (7, "7"),
        (None, ""),
        ({}, ""),
    ],
)
def test_one_line_of_a_cell(cell: object, text: str) -> None:
    assert line(cell) == text


def test_an_object_without_a_known_name_is_unreadable() -> None:
    for cell in ({"x": 1}, {"src": "a"}, "a" * 10_001):
        with pytest.raises(Unreadable):
            line(cell)
    assert unwrap({"src": "a", "url": "b"}, ("url", "src")) == "b"
    assert unwrap({"url": "", "src": "a"}, ("url", "src")) == "a"
    assert unwrap({"url": None}, ("url",)) is None
    with pytest.raises(Unreadable):
        unwrap({"name": {"name": {"name": {"name": {"name": "deep"}}}}})
    with pytest.raises(BadRow, match="title is not text"):
        words({"x": 1}, "title")


def test_ids_stay_as_they_are_written() -> None:
    assert identity(" A-1 ") == "A-1"
    assert identity("e\u0301") == "e\u0301"
    for bad in ("a\ud800", "a\u2028b", "a\tb", "\x00"):
        with pytest.raises(BadRow, match="id holds control characters"):
            identity(bad)


@pytest.mark.parametrize(
    ("cell", "found"),
    [
        ("TM-030", ("TM-030",)),
        (["1", 2, None, "1"], ("1", "2")),
        ("123|456, 789", ("123", "456", "789")),
        ('="00123"', ("00123",)),
        ("'7350177880121", ("7350177880121",)),
        (4006381333931.0, ("4006381333931",)),
        ([{"type": "EAN", "value": "401"}], ("401",)),
        ('["401", "402"]', ("401", "402")),
        ("Does not apply", ()),
        ("N/A", ()),
        ("0", ()),
        ("0000000000000", ()),
        ("-", ()),
        (None, ()),
        ("none, 12", ("12",)),
        ("RS 25 48", ("RS 25 48",)),
    ],
)
def test_identifiers(cell: object, found: tuple[str, ...]) -> None:
    assert identifiers(cell) == found


@pytest.mark.parametrize("cell", ["4.00638E+12", "4,00638E+12", {"x": 1}])
def test_no_identifiers(cell: object) -> None:
    with pytest.raises(Unreadable):
        identifiers(cell)


@pytest.mark.parametrize(
    ("cell", "found"),
    [
        ("https://x/a.jpg", ("https://x/a.jpg",)),
        ("https://x/a.jpg, https://x/b.jpg", ("https://x/a.jpg", "https://x/b.jpg")),
        ("https://x/a|https://x/b;http://x/c", ("https://x/a", "https://x/b", "http://x/c")),
        ("https://x/a.jpg\nhttps://x/b.jpg", ("https://x/a.jpg", "https://x/b.jpg")),
        ("//x/a.jpg,//x/b.jpg", ("//x/a.jpg", "//x/b.jpg")),
        ("https://x/w_200,h_300/a.jpg", ("https://x/w_200,h_300/a.jpg",)),
        ("https://x/a,b.jpg,https://x/c.jpg", ("https://x/a,b.jpg", "https://x/c.jpg")),
        ("https://x/my picture.jpg", ("https://x/my picture.jpg",)),
        ("https://x/a.jpg 1x, https://x/b.jpg 2x", ("https://x/a.jpg", "https://x/b.jpg")),
        ("https://x/?a=1&amp;b=2", ("https://x/?a=1&b=2",)),
        ("https://x/?a=1&copy=2", ("https://x/?a=1&copy=2",)),
        ("/m/a/x.jpg,/m/a/y.jpg", ("/m/a/x.jpg", "/m/a/y.jpg")),
        ("a.jpg;b.PNG?v=1;", ("a.jpg", "b.PNG?v=1")),
        ("my, picture.jpg", ("my, picture.jpg",)),
        ('["a.jpg","b.jpg"]', ("a.jpg", "b.jpg")),
        ("['a.jpg', 'b.jpg']", ("a.jpg", "b.jpg")),
        ('{"src":"s.jpg"}', ("s.jpg",)),
        ({"src": "s.jpg"}, ("s.jpg",)),
        ({"images": [{"url": "a"}, {"url": "b"}]}, ("a", "b")),
        ([{"url": "b", "position": 2}, {"url": "a", "position": 1}], ("a", "b")),
        ([{"src": "b"}, {"src": "a", "main": True}], ("a", "b")),
        (["a", "a", None, ""], ("a",)),
        ('<img src="a.jpg"><img alt="x" src=\'b.jpg\'/>', ("a.jpg", "b.jpg")),
        ("none", ()),
        ("", ()),
        (None, ()),
    ],
)  # fmt: skip
def test_images(cell: object, found: tuple[str, ...]) -> None:
    assert images(cell) == found


@pytest.mark.parametrize(
    "cell", ["javascript:alert(1)", "data:text/html,x", "a\x1b[2Jb", True, {"x": 1}, "a" * 9000]
)
def test_no_addresses(cell: object) -> None:
    with pytest.raises(Unreadable):
        images(cell)
    with pytest.raises(Unreadable):
        link(cell)


def test_an_address_may_have_a_port() -> None:
    assert link("example.com:8080/a") == "example.com:8080/a"
    assert link({"href": " https://x/ "}) == "https://x/"


@pytest.mark.parametrize(
    ("cell", "tag"),
    [
        *(
            ("en", "en"),
            ("EN_us", "en-US"),
            ("pt_br", "pt-BR"),
            ("zh-hans-cn", "zh-Hans-CN"),
            ("English", "en"),
        ),
        *(("de_DE.UTF-8", "de-DE"), ("german", "de"), ({"code": "fr"}, "fr"), (None, ""), ("", "")),
    ],
)
def test_languages(cell: object, tag: str) -> None:
    assert language(cell) == tag


@pytest.mark.parametrize("cell", ["us", "xx", "English (UK), French", 5, True])
def test_no_languages(cell: object) -> None:
    with pytest.raises(Unreadable):
        language(cell)


def test_lists_in_one_cell() -> None:
    assert split_list("Red, Blue;Green|Red") == ("Red", "Blue", "Green")
    assert split_list(r"1\,5 l, 2 l", ",") == ("1,5 l", "2 l")
    assert split_list("a|b, c", "|") == ("a", "b, c")
    assert split_list(" , ") == ()


def test_guards_of_spreadsheets() -> None:
    assert [unescaped(text) for text in ("'-1", '="01"', "'s", "'", "7")] == ["-1", "01", "'s", "'", "7"]


@pytest.mark.parametrize(
    "text", ["[" * 100_000 + "]" * 100_000, "{" + "'a': [" * 5_000 + "}", "['a'" + ", 'a'" * 9_000]
)
def test_hostile_json_is_text(text: str) -> None:
    assert json_cell(text) is None
