"""Which column is what: found by its name, confirmed by what it holds, told before the first item."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import pytest

from aisle.catalogue import Catalogue, ReadOptions, parse_map, read_catalogue
from aisle.catalogue.names import names, numbered, spellings
from aisle.catalogue.rejects import Rejects
from aisle.errors import InputError
from aisle.types import Item


def read(folder: Path, *lines: str, **options: Any) -> tuple[Catalogue, list[Item]]:
    path = folder / "shop.csv"
    path.write_text("".join(line + "\n" for line in lines))
    catalogue = read_catalogue(path, ReadOptions(**options))
    return catalogue, list(catalogue)


def read_json(folder: Path, *rows: dict[str, Any], **options: Any) -> tuple[Catalogue, list[Item]]:
    path = folder / "shop.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    catalogue = read_catalogue(path, ReadOptions(**options))
    return catalogue, list(catalogue)


def columns(catalogue: Catalogue) -> dict[str, tuple[str, ...]]:
    return {field.field: field.columns for field in catalogue.report.fields}


@pytest.mark.parametrize(
    ("header", "field", "column"),
    [
        ("objectID,name", "id", "objectID"),
        ("Product ID,Product Name", "title", "Product Name"),
        ("Artikelnummer;Bezeichnung", "id", "Artikelnummer"),
        ("Référence;Désignation", "title", "Désignation"),
        ("Código;Nombre del producto", "id", "Código"),
        ("Codice articolo;Denominazione", "title", "Denominazione"),
        ("Kód zboží;Název produktu", "id", "Kód zboží"),
        ("varenummer;Produktnavn", "title", "Produktnavn"),
        ("Tuotekoodi;Tuotenimi", "title", "Tuotenimi"),
        ("listing_id,name-en_US", "title", "name-en_US"),
        ("listing_id,name-en_US", "id", "listing_id"),
    ],
)
def test_names_of_many_shops(tmp_path: Path, header: str, field: str, column: str) -> None:
    mark = ";" if ";" in header else ","
    rows = [f"a{number}{mark}Red shoe {number}" for number in range(4)]
    catalogue, items = read(tmp_path, header, *rows)
    assert [item.id for item in items] == ["a0", "a1", "a2", "a3"]
    assert columns(catalogue)[field] == (column,)


@pytest.mark.parametrize(
    ("header", "column", "values"),
    [
        ("Prix TTC", "price", ("9,50", "12,00")),
        ("Verkaufspreis", "price", ("9,50", "12,00")),
        ("prezzo", "price", ("€ 9,50", "€ 12")),
        ("pris", "price", ("9,50 kr", "12 kr")),
        ("Hersteller", "brand", ("Acme", "Sol")),
        ("marca", "brand", ("Acme", "Sol")),
        ("Warengruppe", "categories", ("Schuhe", "Hüte")),
        ("Bild-URL", "images", ("https://x/a.jpg", "https://x/b.jpg")),
        ("cover_image_url", "images", ("https://x/a", "https://x/b")),
        ("EAN-Code", "identifiers", ("4006381333931", "4006381333948")),
        ("Kurzbeschreibung", "text", ("Ein Schuh", "Ein Hut")),
        ("Lagerbestand", "stock", ("3", "0")),
        ("availability_status", "available", ("In Stock", "Out of stock")),
        ("Average rating", "rating", ("4.5", "3")),
        ("units_sold", "popularity", ("45", "3")),
        ("created_at", "added", ("2026-01-02T10:00:00Z", "2026-01-03T10:00:00Z")),
    ],
)
def test_fields_by_name_and_value(tmp_path: Path, header: str, column: str, values: tuple[str, str]) -> None:
    catalogue, _ = read(tmp_path, f"id|name|{header}", *(f"{n}|Shoe {n}|{v}" for n, v in enumerate(values)))
    assert columns(catalogue)[column] == (header,)


@pytest.mark.parametrize(
    ("header", "field", "values"),
    [
        ("retail price", "price", ("cheap", "dear")),
        ("image", "images", ("yes", "no")),
        ("brand", "brand", ("17", "18")),
        ("category", "categories", ("17", "18")),
        ("product_type", "categories", ("simple", "configurable")),
        ("stock", "stock", ("plenty", "few")),
        ("rating", "rating", ("PG-13", "R")),
        ("url", "url", ("blue", "red")),
    ],
)
def test_a_name_alone_is_not_believed(
    tmp_path: Path, header: str, field: str, values: tuple[str, str]
) -> None:
    catalogue, items = read(
        tmp_path, f"id,name,{header}", *(f"{n},Shoe {n},{v}" for n, v in enumerate(values))
    )
    assert field not in columns(catalogue)
    assert items[0].attributes == {header: (values[0],)}


def test_of_two_columns_the_one_that_can_be_an_id_is_taken(tmp_path: Path) -> None:
    catalogue, items = read(tmp_path, "sku,code,name", "a,1,Cap", "a,2,Hat", ",3,Rug")
    assert columns(catalogue)["id"] == ("code",) and [item.id for item in items] == ["1", "2", "3"]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (["N,Cap", "N,Hat", "S,Rug"], "'sku' came closest to the id, but has the same value on 2 of 3 rows"),
        ([",Cap", ",Cap", ",Rug"], "'sku' came closest to the id, but is empty in every row"),
        (["a,Cap", ",Cap", ",Rug"], "is empty, or can be no id, on 2 of 3 rows"),
    ],
)
def test_why_a_column_is_no_id(tmp_path: Path, rows: list[str], said: str) -> None:
    with pytest.raises(InputError) as caught:
        read(tmp_path, "sku,name", *rows)
    assert said in str(caught.value)
    assert "id=sku" not in caught.value.fix


def test_a_fix_is_right_whatever_it_is_pasted_into(tmp_path: Path) -> None:
    header = '"Our\'s, and = yours",name,group of it'
    rows = [f"x{number},Shoe {number // 2},b" for number in range(6)]
    with pytest.raises(InputError) as caught:
        read(tmp_path, header, *rows)
    assert "group of it" not in caught.value.fix
    option, mapping = shlex.split(caught.value.fix)
    assert option == "--map"
    _, items = read(tmp_path, header, *rows, columns=parse_map(mapping))
    assert [item.id for item in items] == [f"x{number}" for number in range(6)]


def test_what_must_not_be_an_id_is_never_offered(tmp_path: Path) -> None:
    header = "price,note,watchers,picture,name"
    rows = [f"{n}.50,{'a long story of a shoe ' * 3}{n},{n},https://x/{n}.jpg,Shoe" for n in range(12)]
    with pytest.raises(InputError) as caught:
        read(tmp_path, header, *rows)
    assert "--map id=price" not in caught.value.fix and "note" not in caught.value.fix
    assert "picture" not in caught.value.fix


def test_a_mapping_that_would_lose_most_rows_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match=r"column 'Status' of shop\.csv cannot be the id: it has the same value"
    ):
        read(tmp_path, "Status,Title", "active,Cap", "active,Hat", columns={"id": "status"})


def test_mappings(tmp_path: Path) -> None:
    lines = ("Variant SKU,Label,Short,Long", "a,Cap,warm,very warm", "b,Hat,cool,very cool")
    mapped = parse_map("id=variant_sku", "TITLE=label", "text=Long", "text=short")
    catalogue, items = read(tmp_path, *lines, columns=mapped)
    assert columns(catalogue) == {"id": ("Variant SKU",), "title": ("Label",), "text": ("Long", "Short")}
    assert items[0].text == "very warm"  # which says the other already
    assert parse_map("title=name,id=sku") == {"title": "name", "id": "sku"}
    assert parse_map("title=a, b=c") == {"title": "a, b=c"}
    assert ReadOptions(columns={"category": "x", "image": "y"}).mapped == {
        "categories": ("x",),
        "images": ("y",),
    }
    with pytest.raises(InputError, match="no column 'Lable'") as caught:
        read(tmp_path, *lines, columns={"title": "Lable"})
    assert caught.value.fix == "--map title=Label"
    with pytest.raises(InputError, match="'id' is one column"):
        ReadOptions(columns={"id": ("a", "b")})


@pytest.mark.parametrize("given", [{"decimal": "dot"}, {"variants": "apart"}])
def test_words_that_are_no_options(given: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=f"'{next(iter(given.values()))}' is no"):
        ReadOptions(**given)


def test_prices_of_two_columns(tmp_path: Path) -> None:
    header = "id,name,price,sale_price,msrp"
    rows = ["1,A,10,8,20", "2,B,10,,20", "3,C,10,0,", "4,D,10,12,", "5,E,,7,"]
    _, items = read(tmp_path, header, *rows)
    assert [(item.price, item.list_price) for item in items] == [
        (8, 20),
        (10, 20),
        (10, None),
        (10, None),
        (7, None),
    ]
    _, (sold,) = read(tmp_path, "id,name,price,sale_price", "1,A,10,8")
    assert (sold.price, sold.list_price) == (8, 10)
    _, (only,) = read(tmp_path, "id,name,price,Price incl. tax", "1,A,,10")
    assert only.price == 10
    _, (listed,) = read(tmp_path, "id,name,List price", "1,A,10")
    assert (listed.price, listed.list_price) == (10, None)


@pytest.mark.parametrize(("written", "lost"), [("n/a", 0), ("auf Anfrage", 49)])
def test_a_price_stays_the_price_where_few_can_be_read(tmp_path: Path, written: str, lost: int) -> None:
    rows = (f"{n},Shoe {n},{written}" for n in range(49))
    catalogue, items = read(tmp_path, "id,name,Price", *rows, "49,Shoe,9.50")
    assert columns(catalogue)["price"] == ("Price",) and catalogue.counts.present["price"] == 1
    assert catalogue.counts.lost.total() == lost and not items[0].attributes


def test_the_name_of_a_price_says_its_currency(tmp_path: Path) -> None:
    _, items = read(tmp_path, "id,name,price_eur", "1,A,10", "2,B,")
    assert [item.currency for item in items] == ["EUR", ""]


def test_levels_of_categories_are_one_path(tmp_path: Path) -> None:
    catalogue, items = read(
        tmp_path,
        "id,name,Category 1,Category 2,Category 3",
        "1,Cap,Clothing,Hats,",
        "2,Pan,Home,Kitchen,Pans",
        "3,Pot,Home,Kitchen,Pots",
    )
    assert [item.categories for item in items] == [
        (("Clothing", "Hats"),),
        (("Home", "Kitchen", "Pans"),),
        (("Home", "Kitchen", "Pots"),),
    ]
    assert columns(catalogue)["categories"] == ("Category 1", "Category 2", "Category 3")
    _, (item, _) = read(tmp_path, "id,name,Department,Subcategory", "1,Cap,Clothing,Hats", "2,Pan,Home,Pans")
    assert item.categories == (("Clothing", "Hats"),)


def test_several_columns_of_one_field(tmp_path: Path) -> None:
    _, (item,) = read(
        tmp_path,
        "id,name,short description,description,bullet point 1,bullet point 2,image 1,image 2,EAN,MPN",
        "1,Cap,Warm,A cap of wool,Made of soft wool,Washed by hand only,https://x/a.jpg,https://x/b.jpg,4006381333931,W-1",
    )
    assert item.text.splitlines() == ["Warm", "A cap of wool", "Made of soft wool", "Washed by hand only"]
    assert item.images == ("https://x/a.jpg", "https://x/b.jpg")
    assert set(item.identifiers) == {"4006381333931", "W-1"}


def test_columns_that_tell_shoppers_nothing(tmp_path: Path) -> None:
    header = "id,name,page,note,serial,season,Tax class,cost price,seen at,Weight,Colour"
    rows = [
        f"{n},Shoe {n},https://x/{n},<b>{n % 2}</b>,Q{n},2026,full,{n % 5}.00,2026-01-02 10:00:0{n % 10},"
        f"{n}.5,{('Red', 'Blue')[n % 2]}"
        for n in range(30)
    ]
    catalogue, items = read(tmp_path, header, *rows)
    assert set(items[0].attributes) == {"Weight", "Colour"}
    assert dict(catalogue.report.no_facets) == {
        "page": "URLs",
        "note": "HTML",
        "serial": "different on every row",
        "season": "the same on every row",
        "Tax class": "a setting of the shop",
        "cost price": "a setting of the shop",
        "seen at": "times",
    }
    assert catalogue.report.facets == ("Weight", "Colour")
    assert items[3].numbers == {"Weight": 3.5}
    named, again = read(tmp_path, header, *rows, facets=("TAX_CLASS", "season"), no_facets=("colour",))
    assert set(again[0].attributes) == {"Weight", "Tax class", "season"}
    assert named.report.no_facets["Colour"] == "not wanted"
    with pytest.raises(InputError, match="no column 'sesson'") as caught:
        read(tmp_path, header, *rows, facets=("sesson",))
    assert caught.value.fix == "--facet season"


def test_lists_in_one_cell_are_values_of_their_own(tmp_path: Path) -> None:
    _, items = read(
        tmp_path,
        "id;name;Material;Place;Power",
        "1;Cap;Wool, Cotton;Paris, France;1,200 lm",
        "2;Hat;Cotton;Lyon, France;900 lm",
        "3;Rug;Cotton, Wool;Nice, France;1,100 lm",
    )
    assert items[0].attributes == {
        "Material": ("Wool", "Cotton"),
        "Place": ("Paris, France",),
        "Power": ("1,200 lm",),
    }


def test_objects(tmp_path: Path) -> None:
    row = {
        "_id": {"$oid": "507f1f77bcf86cd799439011"},
        "title": {"en": "Sofa"},
        "specs": {"Colour": "Grey", "Seats": 3},
        "dimensions": {"width": 80, "depth": 90},
        "reviews": [{"reviewer": "a@b.example", "comment": "good", "date": "2026"}],
        "rating": {"rate": 3.9, "count": 120},
        "tags": ["new", "soft"],
    }
    catalogue, (item, _) = read_json(tmp_path, row, {**row, "_id": {"$oid": "b"}})
    assert (item.id, item.title) == ("507f1f77bcf86cd799439011", "Sofa")
    assert item.attributes == {
        "Colour": ("Grey",),
        "Seats": ("3",),
        "dimensions width": ("80",),
        "dimensions depth": ("90",),
        "tags": ("new", "soft"),
    }
    assert item.numbers == {"Seats": 3, "dimensions width": 80, "dimensions depth": 90}
    assert (item.signals.rating, item.signals.popularity) == (3.9, 120)
    assert catalogue.report.no_facets == {"reviews": "objects"}


def test_columns_that_only_later_rows_have(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [{"id": n, "title": f"Shoe {n}"} for n in range(1_100)]
    late = {
        "id": "late",
        "title": "Late",
        "Colour": "Red",
        "page": "https://x",
        "status": "draft",
        "note": "x" * 999,
    }
    _, items = read_json(tmp_path, *rows, late)
    assert items[-1].attributes == {"Colour": ("Red",)}


def test_at_most_fifty_attributes_are_numbers(tmp_path: Path) -> None:
    row = {"id": 1, "title": "Shoe", **{f"size {n}": n + 0.5 for n in range(60)}}
    _, (item,) = read_json(tmp_path, row)
    assert len(item.attributes) == 60 and len(item.numbers) == 50


def test_rows_of_one_group_are_merged_where_that_is_asked(tmp_path: Path) -> None:
    lines = (
        "sku,name,item_group,item_group_id,price,Size",
        "a,Cap,x,g,9,S",
        "b,Cap,x,g,11,M",
        "c,Hat,x,,5,M",
    )
    catalogue, (cap, hat) = read(tmp_path, *lines, variants="merged")
    assert (cap.price, cap.price_max, cap.attributes["Size"]) == (9, 11, ("S", "M"))
    assert {"a", "b"} <= set(cap.identifiers) and hat.id == "c"
    assert catalogue.counts.merged == 1 and catalogue.counts.balanced
    _, items = read(tmp_path, *lines, variants="separate")
    assert [item.group for item in items] == ["g", "g", ""]


def test_the_report(tmp_path: Path) -> None:
    catalogue, items = read(
        tmp_path, "sku,name,Preis,brand", "a,Cap,9,", "b,Scarf,,Acme", "c,Hat,auf Anfrage,Sol"
    )
    report = catalogue.report
    assert (report.source, report.format, report.looked_at) == ("shop.csv", "csv", 3)
    assert [(f.field, f.columns, f.coverage, f.example) for f in report.fields] == [
        ("id", ("sku",), 1.0, "a"),
        ("title", ("name",), 1.0, "Cap"),
        ("brand", ("brand",), 0.6667, "Acme"),
        ("price", ("Preis",), 0.3333, "9.0"),
    ]
    assert report.example == items[0]
    assert report.to_json()["example"]["title"] == "Cap"
    assert catalogue.counts.lost == {"price cannot be read in column 'Preis'": 1}
    assert catalogue.counts.present == {"id": 3, "title": 3, "brand": 2, "price": 1}


def test_a_limit_leaves_every_row_accounted_for(tmp_path: Path) -> None:
    lines = ("sku,name,item_group_id", *(f"s{n},Cap {n},g{n // 2}" for n in range(8)))
    for variants in ("merged", "separate"):
        catalogue, items = read(tmp_path, *lines, limit=2, variants=variants)
        assert len(items) == 2 and catalogue.counts.balanced


def test_rejected_rows_carry_their_id(tmp_path: Path) -> None:
    class Kept(Rejects):
        def __init__(self) -> None:
            super().__init__()
            self.ids: list[str] = []

        def add(self, line: int, reason: str, row: Any, identity: str = "") -> None:
            super().add(line, reason, row, identity)
            self.ids.append(identity)

    path = tmp_path / "shop.csv"
    path.write_text("id,name\n" + "".join(f"{n},Cap {n}\n" for n in range(30)) + "x,\n5,Hat\n")
    rejects = Kept()
    assert len(list(read_catalogue(path, rejects=rejects))) == 30
    assert rejects.ids == ["x", "5"]
    assert rejects.reasons == {"title is missing or empty in column 'name'": 1, "duplicate id": 1}


def test_no_name_stands_for_two_fields_by_accident() -> None:
    single = (
        "title",
        "brand",
        "price",
        "list_price",
        "sale_price",
        "currency",
        "url",
        "rating",
        "margin",
        "language",
    )
    seen: dict[str, str] = {}
    for field in single:
        for name in names(field):
            assert seen.setdefault(name, field) == field, name


def test_spellings() -> None:
    assert spellings("Product Brand") == ("productbrand", "brand")
    assert spellings("description-en_US-ecommerce")[-1] == "description"
    assert spellings("item no") == ("itemno", "no")
    assert numbered("Image 3") == ("image", 3) and numbered("Größe") is None


@pytest.mark.parametrize(
    "header",
    ["part_number", "Item model number", "variant_sku", "Mfr. Part #", "EAN/UPC", "sku_vendor", "barcode"],
)
def test_codes_are_identifiers_under_every_name(tmp_path: Path, header: str) -> None:
    rows = [f"{number},Kitchen knife {number},AB-12{number:02d}-X" for number in range(30)]
    _, items = read(tmp_path, f"id,title,{header}", *rows)
    assert items[3].identifiers == ("AB-1203-X",)


@pytest.mark.parametrize("header", ["Part", "Body part", "Colour code", "Category code", "Code of conduct"])
def test_what_only_sounds_like_codes_is_none(tmp_path: Path, header: str) -> None:
    rows = [f"{number},Kitchen knife {number},{('front', 'rear')[number % 2]}" for number in range(30)]
    _, items = read(tmp_path, f"id,title,{header}", *rows)
    assert items[3].identifiers == ()
