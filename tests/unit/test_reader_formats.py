"""Every format yields the same items; every whole-file problem is one clear error."""

import csv
import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from aisle.catalogue import ReadOptions, parse_map, read_catalogue
from aisle.catalogue.rejects import Rejects
from aisle.errors import InputError
from aisle.types import BusinessSignals, Item

ROWS: list[dict[str, Any]] = [
    {"id": "1", "title": "Red shoe", "description": "Soft.", "brand": "Acme", "price": 9.5, "size": 6.0},
    {"id": "2", "title": "Blue shoe, wide", "description": None, "brand": None, "price": None, "size": None},
]
ITEMS = [
    Item(
        "1", "Red shoe", "Soft.", brand="Acme", price=9.5, attributes={"size": ("6",)}, numbers={"size": 6.0}
    ),
    Item("2", "Blue shoe, wide"),
]


def _jsonl(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def _gzip(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_bytes(gzip.compress(_jsonl(path, rows).read_bytes()))
    return path


def _csv(path: Path, rows: list[dict[str, Any]], delimiter: str = ",") -> Path:
    with path.open("w", newline="", encoding="utf-8-sig") as file:
        writer = csv.DictWriter(file, list(rows[0]), delimiter=delimiter)
        writer.writeheader()
        writer.writerows(rows)
    return path


def _tsv(path: Path, rows: list[dict[str, Any]]) -> Path:
    return _csv(path, rows, "\t")


def _parquet(path: Path, rows: list[dict[str, Any]]) -> Path:
    pq.write_table(pa.Table.from_pylist(rows), path)
    return path


@pytest.mark.parametrize("name", ["items.jsonl", "items", "items.csv", "items.data"])
@pytest.mark.parametrize("write", [_jsonl, _gzip, _csv, _tsv, _parquet])
def test_formats_are_told_by_content(
    tmp_path: Path, write: Callable[[Path, list[dict[str, Any]]], Path], name: str
) -> None:
    path = write(tmp_path / name, ROWS)
    if write in (_csv, _tsv) and name == "items.jsonl":
        with pytest.raises(InputError, match="every row"):
            list(read_catalogue(path))
        return
    found = list(read_catalogue(path))
    if write in (_csv, _tsv):
        # CSV has no number 6.0, only the text.
        found[0] = Item(**{**_fields(found[0]), "attributes": {"size": ("6",)}})
    assert found == ITEMS


def _fields(item: Item) -> dict[str, Any]:
    return {name: getattr(item, name) for name in Item.__slots__}


def test_beir_folder_with_extra_columns(tmp_path: Path) -> None:
    row = {
        "_id": "7",
        "title": "Toner",
        "text": "Black",
        "brand": "Xerox",
        "price": 4995,
        "image": "http://x/y.jpg",
        "released": "2009-12-10",
        "attributes": {"t_type": "Original", "n_pack": 6.0, "b_new": False, "none": None},
    }
    _gzip(tmp_path / "corpus.jsonl.gz", [row])
    facets = {"released": ("2009-12-10",), "t_type": ("Original",), "n_pack": ("6",), "b_new": ("false",)}
    assert list(read_catalogue(tmp_path)) == [
        Item(
            "7",
            "Toner",
            "Black",
            brand="Xerox",
            price=4995.0,
            images=("http://x/y.jpg",),
            attributes=facets,
            numbers={"n_pack": 6.0},
        )
    ]


def test_esci_products(tmp_path: Path) -> None:
    row = {
        "product_id": "B01",
        "product_title": "Shoe",
        "product_description": "Nice",
        "product_bullet_point": "Soft\nLight",
        "product_brand": "Acme",
        "product_color": "Red",
        "product_locale": "us",
    }
    path = _parquet(
        tmp_path / "shopping_queries_dataset_products.parquet", [row, {**row, "product_locale": "es"}]
    )
    attributes = {"color": ("Red",), "locale": ("us",)}
    expected = Item("B01", "Shoe", "Nice\nSoft\nLight", brand="Acme", attributes=attributes)
    assert list(read_catalogue(tmp_path, ReadOptions(locale="us"))) == [expected]
    rejects = Rejects()
    assert list(read_catalogue(path, rejects=rejects)) == [expected]
    assert rejects.reasons == {"duplicate id": 1}


@pytest.mark.parametrize(
    "extra",
    [
        {"images": [{"thumb": "t", "large": "l"}], "details": {"Color": "Red", "Rank": {"Toys": 1}}},
        {"images": {"hi_res": [None], "large": ["l"]}, "details": '{"Color": "Red"}'},
    ],
)
def test_amazon_products(tmp_path: Path, extra: dict[str, Any]) -> None:
    row = {
        "main_category": "Toys",
        "title": "Kite",
        "average_rating": 4.5,
        "features": ["Light"],
        "description": ["Flies", "high"],
        "price": "from 5.99",
        "store": "Acme",
        "categories": ["Toys", "Outdoor"],
        "parent_asin": "B0",
        **extra,
    }
    path = _jsonl(tmp_path / "meta_Toys.jsonl", [row])
    facets = {"Color": ("Red",)}
    assert list(read_catalogue(path)) == [
        Item(
            "B0",
            "Kite",
            "Flies\nhigh\nLight",
            brand="Acme",
            categories=(("Toys",),),
            price=5.99,
            images=("l",),
            attributes=facets,
            signals=BusinessSignals(rating=4.5),
        )
    ]


def test_own_column_names(tmp_path: Path) -> None:
    path = _csv(tmp_path / "shop.csv", [{"Article": "1", "Bezeichnung": "Schuh", "Preis": "1.299,00 €"}])
    options = ReadOptions(columns=parse_map("title=Bezeichnung, id=Article,price=Preis"))
    assert list(read_catalogue(path, options)) == [Item("1", "Schuh", price=1299.0, currency="EUR")]


def test_limit(tmp_path: Path) -> None:
    assert len(list(read_catalogue(_jsonl(tmp_path / "a.jsonl", ROWS), ReadOptions(limit=1)))) == 1


@pytest.mark.parametrize(
    ("name", "content", "message", "fix"),
    [
        ("a.jsonl", b"", "is empty", "file that holds rows"),
        ("a.jsonl", b"\n \n", "holds no items", "holds rows"),
        ("a.csv", b"id,title\n", "holds no items", "holds rows"),
        (
            "a.csv",
            b"sku_nbr,what,cost\n1,Shoe,3\n",
            "can be the id or the title",
            "--map id=sku_nbr --map title=what",
        ),
        (
            "a.jsonl",
            b'{"id": "1", "what it is": "Shoe"}',
            r"can be the title \(found: id, what it is\)",
            "--map 'title=what it is'",
        ),
        ("a.bin", b"\x00\x01\x02", "cannot tell the format", "--format"),
        (
            "a.jsonl",
            b'{"id": 1, "title": "\\u0001"}\n{"id": 2, "title": "\\u0002"}\n',
            r"every row of a.jsonl was rejected \(2\)",
            "--map",
        ),
        (
            "a.jsonl",
            b'{"id": 1}\n{"id": 2, "title": ""}\n',
            "can be the title: 'title' came closest to the title, but is empty in every row",
            "add a column named title",
        ),
        ("a.parquet", b"PAR1 and nothing", "not a whole Parquet file", "again"),
        ("a.jsonl", b'{"user_id": 1, "rating": 5, "parent_asin": "B"}', "holds reviews", "products"),
        ("a.csv", b"query,product_id,esci_label\na,b,E\n", "holds judgments", "products"),
    ],
)
def test_whole_file_problems(tmp_path: Path, name: str, content: bytes, message: str, fix: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=message) as caught:
        list(read_catalogue(tmp_path / name))
    assert fix in caught.value.fix


def test_problems_show_before_the_first_item_is_asked_for(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        read_catalogue(tmp_path / "none.csv")
    with pytest.raises(InputError, match=r"holds no corpus\.jsonl \(found: a\.txt\)"):
        (tmp_path / "a.txt").write_text("x")
        read_catalogue(tmp_path)
    path = _jsonl(tmp_path / "a.jsonl", ROWS)
    with pytest.raises(InputError, match="no column 'titel'") as caught:
        read_catalogue(path, ReadOptions(columns={"title": "titel"}))
    assert caught.value.fix == "--map title=title"
    with pytest.raises(InputError, match="unknown format 'toml'"):
        read_catalogue(path, ReadOptions(format="toml"))


def test_truncated_gzip_says_how_far_it_got(tmp_path: Path) -> None:
    rows = [{"id": str(i), "title": f"item {i * 7919}"} for i in range(5000)]
    path = _gzip(tmp_path / "a.jsonl.gz", rows)
    path.write_bytes(path.read_bytes()[:-2000])
    items: list[Item] = []
    with pytest.raises(InputError, match=r"breaks off after line \d+") as caught:
        items.extend(read_catalogue(path))
    assert "gzip -t" in caught.value.fix
    path.write_bytes(path.read_bytes()[:12])
    with pytest.raises(InputError, match="breaks off at the start"):
        read_catalogue(path)


@pytest.mark.parametrize("text", ["title", "title=", "=x", "title=a,title=b"])
def test_bad_mappings(text: str) -> None:
    with pytest.raises(InputError, match="cannot read the mapping"):
        parse_map(text)


def test_bad_options() -> None:
    with pytest.raises(InputError, match="no field 'colour'"):
        ReadOptions(columns={"colour": "x"})
    with pytest.raises(InputError, match="limit of 0"):
        ReadOptions(limit=0)
