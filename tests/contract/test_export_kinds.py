"""Every kind of export: the items that come of it, and where each of its rows went."""

from __future__ import annotations

import csv
import io
import json
import random
from pathlib import Path
from typing import Any

import pytest

from aisle.catalogue import ReadOptions, read_catalogue
from aisle.catalogue.exports import KINDS, PLAIN, kind_of
from aisle.catalogue.rejects import Rejects
from tests.support.exports import EXPORTS, FOLDER, ExportFile

TABLES = (".csv", ".tsv", ".txt")


def _told(path: Path, **options: Any) -> dict[str, Any]:
    """What came of a file, without what is empty."""
    rejects = Rejects()
    catalogue = read_catalogue(path, ReadOptions(**options), rejects)
    items = [
        {
            name: value
            for name, value in {**item.to_json(), **item.to_json()["signals"], "signals": None}.items()
            if value not in (None, "", [], {})
        }
        for item in catalogue
    ]
    counts = catalogue.counts
    assert counts.balanced
    assert not counts.lost
    return {
        "kind": catalogue.report.kind,
        "variants": catalogue.report.variants,
        "rows": counts.rows,
        "merged": counts.merged,
        "left_out": dict(counts.left_out),
        "rejected": dict(rejects.reasons),
        "items": items,
    }


@pytest.mark.parametrize("export", EXPORTS, ids=lambda export: export.file)
def test_what_comes_of_it(export: ExportFile) -> None:
    assert _told(export.path) == json.loads(export.expected.read_text(encoding="utf-8"))


@pytest.mark.parametrize("export", EXPORTS, ids=lambda export: export.file)
def test_both_ways_account_for_every_row(export: ExportFile) -> None:
    merged = _told(export.path, variants="merged")
    separate = _told(export.path, variants="separate")
    assert not merged["rejected"] and not separate["rejected"]
    assert len(separate["items"]) >= len(merged["items"])


@pytest.mark.parametrize(
    "export", [export for export in EXPORTS if export.path.suffix in TABLES], ids=lambda export: export.file
)
def test_the_columns_may_stand_in_any_order(export: ExportFile, tmp_path: Path) -> None:
    header, *rows = _rows(export.path)
    if header[0].startswith(("TemplateType", "# ")):
        pytest.skip("the lines above the header are told by the first cell")
    order = random.Random(7).sample(range(len(header)), len(header))
    shuffled = [[row[n] if n < len(row) else "" for n in order] for row in (header, *rows)]
    _write(tmp_path / export.file, shuffled)
    assert _unordered(_told(tmp_path / export.file)) == _unordered(_told(export.path))


def _rows(path: Path) -> list[list[str]]:
    text = path.read_text(encoding="utf-8")
    return list(csv.reader(io.StringIO(text), delimiter=_mark(path)))


def _write(path: Path, rows: list[list[str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter=_mark(FOLDER / path.name)).writerows(rows)


def _mark(path: Path) -> str:
    head = path.read_text(encoding="utf-8").split("\n")[0]
    return max("\t;,", key=head.count)


# Rows of the others belong to the row above.
_KEYED = (
    "shopify.csv shopify-new.csv woocommerce.csv woocommerce-de.csv magento.csv prestashop-combinations.csv"
    " shopware.csv shopware-five.csv wix.csv wix-new.csv google.tsv akeneo.csv akeneo-models.csv"
    " lightspeed.csv ecwid.csv ebay.csv"
)


@pytest.mark.parametrize("name", _KEYED.split())
def test_rows_may_stand_in_any_order(name: str, tmp_path: Path) -> None:
    header, *rows = _rows(FOLDER / name)
    random.Random(3).shuffle(rows)
    _write(tmp_path / name, [header, *rows])
    assert _unordered(_told(tmp_path / name)) == _unordered(_told(FOLDER / name))


def _unordered(told: dict[str, Any]) -> dict[str, Any]:
    """The same without the order of items, and of what they hold several of."""
    for item in told["items"]:
        for several in ("images", "identifiers", "categories"):
            item[several] = sorted(item.get(several, ()))
        item["text"] = sorted(item.get("text", "").splitlines())
        item["attributes"] = {name: sorted(values) for name, values in item.get("attributes", {}).items()}
    told["items"].sort(key=lambda item: item["id"])
    return told


def test_every_kind_has_an_export() -> None:
    read = {export.file: _told(export.path)["kind"] for export in EXPORTS}
    titles = {kind.title for kind in KINDS if kind is not PLAIN and kind.name != "beir"}
    assert titles <= set(read.values()) | {"Shopware 5 article export"}


def test_every_file_of_the_folder_is_tested() -> None:
    known = {export.file for export in EXPORTS} | {"__init__.py"}
    assert {path.name for path in FOLDER.iterdir() if path.is_file()} == known


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("ID,Type,SKU,Name,Published,Visibility in catalog,Regular price,Categories,Images", "woocommerce"),
        ("ID,Typ,Artikelnummer,Name,Veröffentlicht,Sichtbarkeit im Katalog,Regulärer Preis", "woocommerce"),
        ("ID,Type,UGS,Nom,Publié,Visibilité dans le catalogue,Tarif promo,Tarif régulier", "woocommerce"),
        (
            "ID,Tipo,SKU,Nombre,Publicado,Visibilidad en el catálogo,Precio rebajado,Precio normal",
            "woocommerce",
        ),
        (
            "ID,Type,SKU,Naam,Gepubliceerd,Zichtbaarheid in catalogus,Actieprijs,Reguliere prijs",
            "woocommerce",
        ),
        (
            "ID,Tipo,SKU,Nome,Pubblicato,Visibilità nel catalogo,Prezzo in offerta,Prezzo di listino",
            "woocommerce",
        ),
        (
            "ID,Rodzaj,SKU,Nazwa,Opublikowany,Widoczność w katalogu,Cena promocyjna,Cena regularna",
            "woocommerce",
        ),
        ("ID,Тип,Артикул,Имя,Опубликован,Видимость в каталоге,Базовая цена", "woocommerce"),
        ("id,name,Regular price,Sale price,Categories,Images", "plain"),
        ("id,title,price,category,image", "plain"),
        ("sku,name,price,brand", "plain"),
        ("handle,name,price", "plain"),
        ("code,name,family,price", "plain"),
    ],
)
def test_headers(header: str, name: str) -> None:
    assert kind_of(header.split(",")).name == name


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: f"{kind.name}-{type(kind).__name__}")
def test_cells_of_any_shape_are_taken(kind: Any) -> None:
    odd: list[Any] = [None, "", "x", 7, -1.5, True, [], [None], [{}], {}, {"a": 1}, [["x"]], "a=b|c,d;e>f"]
    names = {name for columns in kind.fields.values() for name in columns}
    names |= {
        "type",
        "options",
        "attributes",
        "variants",
        "values",
        "parent",
        "inventory",
        "status",
        "images",
    }
    for value in odd:
        cells = kind.cells(dict.fromkeys(sorted(names), value))
        kind.role(cells)
        kind.completed(cells, cells)
        for variant in kind.inner(cells):
            kind.role(variant)


def test_a_plain_file_is_grouped_by_the_column_of_groups(tmp_path: Path) -> None:
    path = tmp_path / "plain.csv"
    path.write_text(
        "sku,parent_sku,title,price,size\nM-S,M,Mug small,9,S\nCAP,,Cap,5,\nM,,Mug,,\nM-L,M,Mug large,12,L\n"
    )
    separate = _told(path)
    assert [(item["id"], item.get("group")) for item in separate["items"]] == [
        ("M-S", "M"),
        ("CAP", None),
        ("M", None),
        ("M-L", "M"),
    ]
    merged = _told(path, variants="merged")
    assert [(item["id"], item["title"], item.get("price")) for item in merged["items"]] == [
        ("M", "Mug", 9.0),
        ("CAP", "Cap", 5.0),
    ]
    assert merged["items"][0]["price_max"] == 12.0
    assert merged["items"][0]["attributes"] == {"size": ["S", "L"]}
    assert merged["merged"] == 2


def test_ids_that_the_user_names_are_those_of_the_first_row() -> None:
    path = FOLDER / "shopify.csv"
    by_sku = _told(path, columns={"id": "Variant SKU"})
    assert [item["id"] for item in by_sku["items"]] == ["TM-030-S", "WC-1"]
    separate = _told(path, columns={"id": "Variant SKU"}, variants="separate")
    assert [item["id"] for item in separate["items"]] == ["TM-030-S", "TM-050-M", "WC-1"]
