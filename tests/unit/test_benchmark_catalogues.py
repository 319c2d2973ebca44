"""The benchmark of reading: its files hold one catalogue, and its figures are what was measured."""

from __future__ import annotations

from pathlib import Path

import pytest

from aisle.catalogue import read_catalogue
from benchmarks.catalogues.files import CSV, JSON_ARRAY, WRITERS, XML, file_name, products
from benchmarks.catalogues.reading import DICT_READER, ITEMS, ROWS, Reading, measure
from benchmarks.catalogues.table import catalogue_attempts, catalogue_goals, catalogue_rows

ROUNDS = [
    {(CSV, DICT_READER): Reading(100, 1.0, 1.0, 90.0), (CSV, ROWS): Reading(100, slow, 4.0, 91.0)}
    | {(CSV, ITEMS): Reading(100, 5.0, 9.0, 91.0)}
    for slow in (2.0, 4.0, 1.5)
]
SIZES = {
    (XML, ROWS): {10_000: Reading(10_000, 1.0, 5.0, 90.0), 1_000_000: Reading(1_000_000, 100.0, 6.5, 90.0)},
    (JSON_ARRAY, ITEMS): {10_000: Reading(1, 1.0, 8.0, 9.0), 1_000_000: Reading(1, 1.0, 60.0, 9.0)},
}


def test_goals_and_rows_of_known_readings() -> None:
    ratio, xml, array = catalogue_goals(ROUNDS, SIZES)
    assert (ratio.value, ratio.goal, ratio.met) == (2.0, 3.0, True)
    assert (xml.value, xml.met) == (1.5, True)
    assert (array.value, array.goal, array.met) == (52.0, 43.0, False)
    rows = catalogue_rows(ROUNDS, SIZES)
    assert rows[1] == {
        "format": CSV,
        "way": ROWS,
        "count": 100,
        "per_s": 50,
        "rounds": [50, 25, 67],
        "above_mb": 4.0,
    }
    assert [row["count"] for row in rows[3:]] == [10_000, 1_000_000, 1, 1]
    assert catalogue_attempts(ROUNDS)[0]["value"] == 5.0


@pytest.mark.parametrize("kind", WRITERS)
def test_every_file_holds_the_same_catalogue(tmp_path: Path, kind: str) -> None:
    path = tmp_path / file_name(kind, 60)
    WRITERS[kind](path, products(60))
    items = list(read_catalogue(path))
    assert [item.id for item in items] == [product["id"] for product in products(60)]
    assert [item.title for item in items] == [product["title"] for product in products(60)]
    assert all(item.price and item.images and item.text for item in items)
    assert measure(ROWS, path).count == 60
