"""Availability and dates as shops write them."""

# ruff: noqa: RUF001 - other scripts

from __future__ import annotations

import datetime

import pytest

from aisle.catalogue.rejects import Unreadable
from aisle.catalogue.signals import iso_date, truth

AVAILABLE = (
    *(
        "in stock",
        "In Stock",
        "in_stock",
        "IN STOCK",
        "InStock",
        "https://schema.org/InStock",
        "available",
        "yes",
    ),
    *(
        "limited_availability",
        "In stock (5 left)",
        "available for order",
        "true",
        "TRUE",
        "Y",
        "1",
        "1.0",
        "'1",
        "5+",
    ),
    *(">10", 12, 1, True, 0.5, {"availability": "in stock"}),
    *("lieferbar", "sofort lieferbar", "auf Lager", "Nur noch 3 auf Lager", "verfügbar", "vorrätig", "ja"),
    *(
        "en stock",
        "disponible",
        "oui",
        "sí",
        "disponibile",
        "sì",
        "op voorraad",
        "leverbaar",
        "dostępny",
        "tak",
    ),
    *(
        "i lager",
        "var i lager",
        "på lager",
        "em estoque",
        "disponível",
        "sim",
        "есть в наличии",
        "В наличии",
        "да",
    ),
    *("skladem", "varastossa", "stokta var", "在庫あり", "有货", "재고 있음"),
)
GONE = (
    *(
        "out of stock",
        "out_of_stock",
        "OutOfStock",
        "http://schema.org/OutOfStock",
        "sold out",
        "no",
        "n",
        "false",
        "0",
    ),
    *("not available", "unavailable", "no longer available", "discontinued", 0, -1, False, "0.00", "'-1"),
    # It can be ordered, but not be bought now.
    *("preorder", "pre-order", "PreOrder", "backorder", "on backorder", "available soon", "vorbestellbar"),
    *(
        "ausverkauft",
        "nicht lieferbar",
        "nicht auf Lager",
        "nein",
        "épuisé",
        "en rupture de stock",
        "indisponible",
    ),
    *(
        "agotado",
        "no disponible",
        "sin stock",
        "esaurito",
        "non disponibile",
        "uitverkocht",
        "niet op voorraad",
    ),
    *(
        "niedostępny",
        "nie",
        "slut",
        "slut i lager",
        "ej i lager",
        "utsolgt",
        "esgotado",
        "indisponível",
        "não",
    ),
    *("нет в наличии", "нет", "vyprodáno", "loppu", "tükendi", "在庫なし", "品切れ", "缺货", "품절"),
)


@pytest.mark.parametrize("cell", AVAILABLE)
def test_available(cell: object) -> None:
    assert truth(cell) is True


@pytest.mark.parametrize("cell", GONE)
def test_not_available(cell: object) -> None:
    assert truth(cell) is False


@pytest.mark.parametrize("cell", [None, "", "n/a", "-", float("nan"), {}])
def test_not_said(cell: object) -> None:
    assert truth(cell) is None


@pytest.mark.parametrize(
    "cell", ["maybe", "Notebook", "Siberia", "visible", "2024-01-05", ["in stock"], {"x": 1}]
)
def test_no_truth(cell: object) -> None:
    with pytest.raises(Unreadable):
        truth(cell)


@pytest.mark.parametrize(
    "cell",
    [
        *(
            "2024-01-05",
            "2024-01-05T10:00:00Z",
            "2024-01-05 10:00",
            "2024/01/05",
            "20240105",
            20240105,
            "05.01.2024",
        ),
        *("5. 1. 2024", "5.1.2024 10:00", "Jan 5, 2024", "January 5 2024", "5 January 2024", "05-Jan-2024"),
        *(
            "Fri, 05 Jan 2024 10:00:00 +0000",
            "5th Jan 2024",
            1704448800,
            1704448800000,
            1704448800.5,
            "1704448800",
        ),
        *(1704448800000000, datetime.date(2024, 1, 5), datetime.datetime(2024, 1, 5, 23, 0)),
        datetime.datetime(2024, 1, 6, 0, 30, tzinfo=datetime.timezone(datetime.timedelta(hours=2))),
        {"date": "2024-01-05 00:00:00.000000"},
    ],
)
def test_a_day(cell: object) -> None:
    assert iso_date(cell) == "2024-01-05"


def test_day_and_month_where_they_can_be_told() -> None:
    assert iso_date("01/13/2024") == iso_date("13/01/2024") == iso_date("13-01-2024") == "2024-01-13"
    assert iso_date("05/05/2024") == "2024-05-05"
    assert iso_date("29/09/2025 16:19:39 BST") == "2025-09-29"


@pytest.mark.parametrize("cell", [None, "", "n/a", "0000-00-00", "0000-00-00 00:00:00"])
def test_no_day(cell: object) -> None:
    assert iso_date(cell) == ""


@pytest.mark.parametrize(
    "cell",
    ["03/04/2024", "2024", "next week", "2024-02-30", "31.02.2024", "Foo 5, 2024", 45296, True, "0001-01-01",
     "9999-99-99", [2024], {"x": 1}, "9" * 30],
)  # fmt: skip
def test_what_is_no_day_is_unreadable(cell: object) -> None:
    with pytest.raises(Unreadable):
        iso_date(cell)
