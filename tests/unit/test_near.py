"""Places as catalogues write them, and what is near one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from aisle.catalogue import read_catalogue
from aisle.catalogue.item_fields import read_fields
from aisle.catalogue.options import ReadOptions
from aisle.catalogue.places import location, point
from aisle.catalogue.rejects import BadRow, Unreadable
from aisle.errors import ForeignIndex, InputError, InvalidQuery
from aisle.mappings import IndexMeta
from aisle.mappings.document import document, item_of
from aisle.mappings.meta import Features
from aisle.search import Filters, Near
from aisle.search.near import kilometres
from aisle.types import GeoPoint, Item

BERLIN, PARIS = GeoPoint(52.52, 13.405), GeoPoint(48.8566, 2.3522)


@pytest.mark.parametrize(
    "cell",
    [
        "52.52, 13.405",
        " +52.52 13.405 ",
        "52,52; 13,405",
        "52,52 13,405",
        "POINT (13.405 52.52)",
        "srid=4326;point(13.405 52.52)",
        {"lat": 52.52, "lon": 13.405},
        {"Latitude": "52,52°", "LNG": "13.405"},
        '{"lat": 52.52, "long": "13.405"}',
        {"type": "Point", "coordinates": [13.405, 52.52]},
    ],
)
def test_a_place_is_read_however_it_is_written(cell: object) -> None:
    assert location(cell) == BERLIN


@pytest.mark.parametrize(
    "cell", ["", "n/a", "-", None, {}, {"lat": "", "lon": None}, {"type": "Point", "coordinates": []}]
)
def test_an_empty_place_is_none(cell: object) -> None:
    assert location(cell) is None


@pytest.mark.parametrize(
    ("cell", "why"),
    [
        ("90.1,0", "is not on earth"),
        ({"lat": 1, "lon": -180.5}, "is not on earth"),
        ({"lat": 1}, "is half a place"),
        ({"lat": 1, "lon": float("nan")}, "is half a place"),
        # Which of them is the latitude?
        ([52.52, 13.405], "cannot be read"),
        ("52,52,13,405", "cannot be read"),
        ("Aisle 4, shelf 2", "cannot be read"),
        ("1e1,2", "cannot be read"),
        ({"lat": True, "lon": 1}, "cannot be read"),
        ({"lat": {}, "lon": 1}, "cannot be read"),
        ({"type": "Point", "coordinates": ["x", "y"]}, "cannot be read"),
        (5, "cannot be read"),
        (True, "cannot be read"),
        ("9" * 5_000, "cannot be read"),
    ],
)
def test_what_is_no_place_is_not_guessed(cell: object, why: str) -> None:
    with pytest.raises(Unreadable, match=why):
        location(cell)


def test_the_smallest_degrees_of_json_are_read() -> None:
    assert point(1e-07, -0.0) == GeoPoint(1e-07, 0.0)


@pytest.mark.parametrize(
    "header", ["lat,lng", "Latitude,Longitude", "geo_lat,geo_lon", "Breitengrad,Längengrad"]
)
def test_two_columns_are_a_place_and_a_bad_one_costs_the_place_alone(tmp_path: Path, header: str) -> None:
    rows = ["1,red lamp,52.52,13.405", "2,blue lamp,48.8566,2.3522", "3,green lamp,91,3", "4,old lamp,,"]
    items, lost = read(tmp_path, f"id,title,{header}", rows)
    assert [item.location for item in items] == [BERLIN, PARIS, None, None]
    assert lost == {f"location is not on earth in column '{header.partition(',')[0]}'": 1}
    assert all(not item.numbers and not item.attributes for item in items)


def test_one_column_is_a_place_unless_it_is_something_else(tmp_path: Path) -> None:
    items, _ = read(tmp_path, "id,title,location", ['1,red lamp,"52.52,13.405"', "2,blue lamp,"])
    assert items[0].location == BERLIN
    items, _ = read(tmp_path, "id,title,location", ["1,red lamp,Aisle 4", "2,blue lamp,Aisle 5"])
    assert [item.location for item in items] == [None, None]
    assert items[0].attributes == {"location": ("Aisle 4",)}
    mapped = ReadOptions(columns={"location": ("y", "x")})
    items, _ = read(tmp_path, "id,title,x,y", ["1,red lamp,13.405,52.52"], mapped)
    assert items[0].location == BERLIN
    with pytest.raises(InputError, match="a location is one column, or two"):
        read(tmp_path, "id,title,x,y,z", ["1,lamp,1,2,3"], ReadOptions(columns={"location": ("y", "x", "z")}))


def read(
    folder: Path, header: str, rows: list[str], options: ReadOptions | None = None
) -> tuple[list[Item], dict[str, int]]:
    file = folder / "shop.csv"
    file.write_text("\n".join([header, *rows]), encoding="utf-8")
    catalogue = read_catalogue(file, options or ReadOptions())
    items = list(catalogue)
    return items, dict(catalogue.counts.lost)


def test_a_change_says_a_place_and_a_document_keeps_it() -> None:
    item = read_fields({"id": "1", "title": "lamp", "location": "52.52,13.405"}).item()
    assert item.location == BERLIN
    stored = document(item, {})
    assert stored["location"] == {"lat": 52.52, "lon": 13.405}
    assert item_of("1", stored) == item
    assert read_fields(item.to_json()).item() == item
    assert read_fields({"id": "1", "location": None}).merged_into(item).location is None
    with pytest.raises(BadRow, match="location is not on earth"):
        read_fields({"id": "1", "location": {"lat": 1, "lon": 181}})


def test_kilometres_are_those_of_the_globe() -> None:
    # https://www.distance.to/Berlin/Paris says 877.46 on the sphere.
    assert kilometres(BERLIN, PARIS) == pytest.approx(877.5, abs=0.5)
    assert kilometres(BERLIN, BERLIN) == 0
    assert kilometres(GeoPoint(0, 179.5), GeoPoint(0, -179.5)) == pytest.approx(111.195, abs=0.01)
    assert kilometres(GeoPoint(90, 0), GeoPoint(-90, 77)) == pytest.approx(20_015.1, abs=0.1)


def test_an_item_without_a_place_is_near_nothing() -> None:
    near = Filters(near="52.5,13.4,10km")
    assert near.matches(Item("1", "lamp", location=BERLIN))
    assert not near.matches(Item("1", "lamp", location=PARIS))
    assert not near.matches(Item("1", "lamp"))


@pytest.mark.parametrize(
    "text",
    ["", "52,13", "52,13,x", "52,13,10mi", "52;13;10", "52,13,10km,1", "1e1,1,1", "a,b,c", "52,13,10kmkm"],
)
def test_what_is_no_place_with_a_distance_says_how_to_write_it(text: str) -> None:
    with pytest.raises(InvalidQuery, match="is no place with a distance") as refused:
        Filters(near=text)
    assert "52.52,13.40,10km" in refused.value.fix


@pytest.mark.parametrize("numbers", [(91, 0, 1), (0, 181, 1), (0, 0, 0), (0, 0, -1), (0, 0, 20_016)])
def test_what_is_not_on_earth_is_refused(numbers: tuple[float, float, float]) -> None:
    with pytest.raises(InvalidQuery, match="on earth"):
        Near(*numbers)
    with pytest.raises(InvalidQuery, match="on earth"):
        Near(*(float("nan") if number else number for number in numbers))


def test_a_release_without_places_is_refused() -> None:
    meta = IndexMeta("shop-v0001", {}, "lucene", (), features=Features(locates=True))
    Filters(near="52.5,13.4,10km").check(meta, ())
    with pytest.raises(ForeignIndex, match="cannot be filtered by distance") as refused:
        Filters(near="52.5,13.4,10km").check(replace(meta, features=Features()), ())
    assert "aisle index" in refused.value.fix
