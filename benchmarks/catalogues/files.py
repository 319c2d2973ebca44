"""One made-up catalogue in every format that Aisle reads. Seeded, streamed."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from random import Random
from typing import Final
from xml.sax.saxutils import escape

import orjson

Product = Mapping[str, str]

COLUMNS: Final = (
    *("id", "title", "description", "link", "image_link", "availability", "price", "sale_price"),
    *("brand", "gtin", "product_type", "item_group_id", "color", "size", "material"),
)
_THINGS: Final = (
    "lamp",
    "table",
    "sofa",
    "kettle",
    "drill",
    "jacket",
    "sandal",
    "backpack",
    "bicycle",
    "mirror",
)
_KINDS: Final = (
    "folding",
    "wireless",
    "vintage",
    "compact",
    "outdoor",
    "kids'",
    '5" wide',
    "Größe L",
    "18 V",
)
_TEXT: Final = (
    "made of solid oak with soft cotton cover and steel legs for kitchen or garden easy to clean fits every "
    "room two year warranty ships flat includes cable charger manual bright warm light quiet motor"
)
_WORDS: Final = tuple(_TEXT.split())
_BRANDS: Final = ("Norvik", "Meers", "Åkerlund", "Brandt & Söhne", "Solana", "Kitano")
_COLOURS: Final = ("red", "blue", "forest green", "black", "white")
_SIZES: Final = ("S", "M", "L", "XL")
_SHELVES: Final = (
    "Home > Living",
    "Home > Kitchen",
    "Tools > Power",
    "Clothing > Outdoor",
    "Sport > Cycling",
)


def products(count: int, seed: int = 0) -> Iterator[Product]:
    """Products with every column filled but now and then a sale price; a description in eight is markup."""
    chance = Random(seed)
    for number in range(count):
        words = chance.choices(_WORDS, k=40)
        thing, kind = chance.choice(_THINGS), chance.choice(_KINDS)
        price = chance.randrange(500, 90_000)
        text = " ".join(words[:20]) + ", " + " ".join(words[20:]) + "."
        yield {
            "id": f"SKU-{number:07}",
            "title": f"{chance.choice(_BRANDS)} {kind} {thing} {number % 977}",
            "description": f"<p>{text}</p>\n<ul><li>{words[0]}</li></ul>" if number % 8 == 0 else text,
            "link": f"https://shop.example/products/{thing}-{number}",
            "image_link": f"https://shop.example/images/{number}.jpg",
            "availability": "in_stock" if number % 7 else "out_of_stock",
            "price": f"{price / 100:.2f} EUR",
            "sale_price": "" if number % 3 else f"{price * 0.8 / 100:.2f} EUR",
            "brand": chance.choice(_BRANDS),
            "gtin": f"{4_000_000_000_000 + number}",
            "product_type": f"{chance.choice(_SHELVES)} > {thing.title()}s",
            "item_group_id": f"G{number}",
            "color": chance.choice(_COLOURS),
            "size": chance.choice(_SIZES),
            "material": chance.choice(("oak", "cotton", "steel")),
        }


def write_csv(path: Path, rows: Iterator[Product], delimiter: str = ",") -> None:
    """With a header line, quotes where they are needed."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, delimiter=delimiter)
        writer.writeheader()
        writer.writerows(rows)


def write_tsv(path: Path, rows: Iterator[Product]) -> None:
    """The same with tabs."""
    write_csv(path, rows, "\t")


def write_json_lines(path: Path, rows: Iterator[Product]) -> None:
    """One object a line."""
    with path.open("wb") as file:
        for row in rows:
            file.write(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE))


def write_json_array(path: Path, rows: Iterator[Product]) -> None:
    """One array of objects, in one line."""
    with path.open("wb") as file:
        before = b"["
        for row in rows:
            file.write(before + orjson.dumps(row))
            before = b","
        file.write(b"]")


def write_xml(path: Path, rows: Iterator[Product]) -> None:
    """A Google feed."""
    with path.open("w", encoding="utf-8") as file:
        file.write('<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0" ')
        file.write('xmlns:g="http://base.google.com/ns/1.0"><channel><title>Shop</title>\n')
        for row in rows:
            cells = "".join(f"<g:{name}>{escape(cell)}</g:{name}>" for name, cell in row.items() if cell)
            file.write(f"<item>{cells}</item>\n")
        file.write("</channel></rss>\n")


def write_parquet(path: Path, rows: Iterator[Product]) -> None:
    """Row groups of 10,000."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pa.schema([(name, pa.string()) for name in COLUMNS])
    with pq.ParquetWriter(path, schema) as writer:
        while batch := list(islice(rows, 10_000)):
            writer.write_table(pa.Table.from_pylist(batch, schema))


def write_xlsx(path: Path, rows: Iterator[Product]) -> None:
    """One sheet."""
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    sheet.append(list(COLUMNS))
    for row in rows:
        sheet.append(list(row.values()))
    book.save(path)


Writer = Callable[[Path, Iterator[Product]], None]
CSV: Final = "csv"
XML: Final = "xml"
JSON_ARRAY: Final = "json array"
WRITERS: Final[Mapping[str, Writer]] = {
    CSV: write_csv,
    "tsv": write_tsv,
    "json lines": write_json_lines,
    JSON_ARRAY: write_json_array,
    XML: write_xml,
    "parquet": write_parquet,
    "xlsx": write_xlsx,
}
_SUFFIXES: Final = {"json lines": "jsonl", JSON_ARRAY: "json"}


def file_name(kind: str, count: int) -> str:
    """Such as ``100000.csv``."""
    return f"{count}.{_SUFFIXES.get(kind, kind)}"
