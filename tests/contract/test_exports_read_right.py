"""Files as shops export them, reduced to the few rows that once went wrong, and what they must become."""

from __future__ import annotations

import json
import zipfile
from collections import Counter
from pathlib import Path

import openpyxl
import pytest

from aisle.catalogue import ReadOptions, read_catalogue
from aisle.catalogue.rejects import Rejects
from aisle.catalogue.report import ReadingReport, RowCounts
from aisle.errors import InputError
from aisle.types import Item
from tests.support.command import NOWHERE, failure, here


class Read:
    """A file read to its end."""

    def __init__(self, path: Path, options: ReadOptions | None = None) -> None:
        self.rejects = Rejects()
        catalogue = read_catalogue(path, options, self.rejects)
        self.items: list[Item] = list(catalogue)
        self.report: ReadingReport = catalogue.report
        self.counts: RowCounts = catalogue.counts
        assert self.counts.balanced, self.counts

    @property
    def by_id(self) -> dict[str, Item]:
        """Items by their id."""
        return {item.id: item for item in self.items}

    def columns(self, field: str) -> tuple[str, ...]:
        """The columns that a field was read from."""
        return next((f.columns for f in self.report.fields if f.field == field), ())


def read(folder: Path, text: str, name: str = "export.csv", **options: object) -> Read:
    """What comes of a file with this text."""
    path = folder / name
    path.write_text(text)
    return Read(path, ReadOptions(**options) if options else None)  # type: ignore[arg-type]


def lines(*rows: str) -> str:
    """One row a line."""
    return "".join(f"{row}\n" for row in rows)


class TestWhichColumnIsWhich:
    def test_handles_are_ids_though_a_status_column_sounds_like_one(self, tmp_path: Path) -> None:
        found = read(
            tmp_path,
            lines(
                "Handle,Title,Vendor,Variant SKU,Status",
                "trail-mug,Trail Mug,Norvik,TM-030,active",
                "old-mug,Old Mug,Norvik,OM-010,active",
            ),
        )
        assert [item.id for item in found.items] == ["trail-mug", "old-mug"]
        assert found.columns("id") == ("Handle",)

    def test_object_ids_are_ids_and_publishers_are_not(self, tmp_path: Path) -> None:
        rows = [
            {"objectID": "p1", "title": "Kart Duel", "publisher": "Norvik", "platform": ["PC", "PS4"]},
            {"objectID": "p2", "title": "Kart Duel II", "publisher": "Norvik", "platform": ["PC"]},
        ]
        found = read(tmp_path, lines(*map(json.dumps, rows)), "games.jsonl")
        assert [item.id for item in found.items] == ["p1", "p2"]
        assert found.items[0].attributes["platform"] == ("PC", "PS4")

    def test_an_empty_sku_column_gives_way_to_the_full_one(self, tmp_path: Path) -> None:
        found = read(
            tmp_path,
            lines("handleId,sku,name", "h-1,,Cap", "h-2,,Scarf", "h-3,,Glove"),
        )
        assert [item.id for item in found.items] == ["h-1", "h-2", "h-3"]

    def test_a_message_names_the_column_that_was_read(self, tmp_path: Path) -> None:
        found = read(tmp_path, lines("sku,name", *(f"s{i},Cap {i}" for i in range(2_000)), ",Scarf"))
        (reason,) = found.rejects.reasons
        assert "'sku'" in reason, reason
        assert len(found.items) == 2_000

    def test_a_file_without_ids_is_told_which_column_came_closest(self, tmp_path: Path) -> None:
        text = lines("publisher,title", "Norvik,Kart Duel", "Norvik,Kart Duel II", "Sol,Golf")
        with pytest.raises(InputError) as caught:
            read(tmp_path, text)
        assert "publisher" not in caught.value.fix or "id=publisher" not in caught.value.fix
        assert "id" in str(caught.value)

    def test_sale_and_regular_prices_paths_and_pictures(self, tmp_path: Path) -> None:
        found = read(
            tmp_path,
            lines(
                "id,name,Regular price,Sale price,Categories,Images",
                '1,Cap,18,16,"Clothing > Caps","https://x/a.jpg, https://x/b.jpg"',
                "2,Scarf,9,,Clothing,https://x/c.jpg",
            ),
        ).by_id
        assert (found["1"].price, found["1"].list_price) == (16, 18)
        assert (found["2"].price, found["2"].list_price) == (9, None)
        assert found["1"].categories == (("Clothing", "Caps"),)
        assert found["2"].categories == (("Clothing",),)
        assert found["1"].images == ("https://x/a.jpg", "https://x/b.jpg")
        assert found["2"].images == ("https://x/c.jpg",)

    def test_what_was_read_as_what_is_known(self, tmp_path: Path) -> None:
        found = read(tmp_path, lines("sku,name,Preis", "a,Cap,9", "b,Scarf,"))
        assert found.columns("price") == ("Preis",)
        coverage = {field.field: field.coverage for field in found.report.fields}
        assert coverage["id"] == coverage["title"] == 1 and coverage["price"] == 0.5
        assert found.report.example == found.items[0]

    def test_names_are_mapped_whatever_their_case_spacing_and_marks(self, tmp_path: Path) -> None:
        found = read(
            tmp_path,
            lines('Variant SKU,"Label, long=short"', "a,Cap", "b,Scarf"),
            columns={"id": "variant_sku", "title": "label, LONG=short"},
        )
        assert [(item.id, item.title) for item in found.items] == [("a", "Cap"), ("b", "Scarf")]

    def test_a_fix_can_be_pasted_into_a_shell(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
    ) -> None:
        path = tmp_path / "export.csv"
        path.write_text(lines("Odd Number,name", "a1,Cap", "a2,Scarf"))
        monkeypatch.chdir(tmp_path)
        said = failure(
            here(
                monkeypatch,
                capfd,
                "index",
                str(path),
                "--name",
                "shop",
                "--encoder",
                "none",
                AISLE_URL=NOWHERE,
            )
        )
        assert "--map 'id=Odd Number'" in said


SHOPIFY = lines(
    "Handle,Title,Vendor,Option1 Name,Option1 Value,Variant SKU,Variant Price,Image Src,Status",
    "trail-mug,Trail Mug,Norvik,Size,0.3 l,TM-030-S,19.00,https://x/a.jpg,active",
    "trail-mug,,,,0.5 l,TM-050-M,23.00,https://x/b.jpg,",
    "old-mug,Old Mug,Norvik,Title,Default Title,OM-010-X,5.00,,draft",
)


class TestVariants:
    def test_rows_that_continue_are_one_product(self, tmp_path: Path) -> None:
        found = read(tmp_path, SHOPIFY)
        (mug,) = found.items
        assert (mug.id, mug.title, mug.brand) == ("trail-mug", "Trail Mug", "Norvik")
        assert (mug.price, mug.price_max) == (19, 23)
        assert mug.attributes == {"Size": ("0.3 l", "0.5 l")}
        assert {"TM-030-S", "TM-050-M"} <= set(mug.identifiers)
        assert mug.images == ("https://x/a.jpg", "https://x/b.jpg")
        assert found.counts.rows == 3 and found.counts.merged == 1
        assert found.counts.left_out.total() == 1 and "draft" in next(iter(found.counts.left_out))

    def test_variants_can_be_documents_of_their_own(self, tmp_path: Path) -> None:
        small, large = read(tmp_path, SHOPIFY, variants="separate").items
        assert (small.id, large.id) == ("TM-030-S", "TM-050-M")
        assert small.group == large.group == "trail-mug"
        assert small.title.startswith("Trail Mug") and large.title.startswith("Trail Mug")
        assert (small.price, large.price) == (19, 23)
        assert (small.attributes["Size"], large.attributes["Size"]) == (("0.3 l",), ("0.5 l",))

    def test_rows_of_a_product_need_not_stand_together(self, tmp_path: Path) -> None:
        head, first, second, third = SHOPIFY.splitlines()
        (mug,) = read(tmp_path, lines(head, first, third, second)).items
        assert (mug.price, mug.price_max) == (19, 23)

    MAGENTO = "sku,product_type,categories,name,price,visibility,additional_attributes"
    HAT = 'hat-1-red,simple,Default Category/Hats,Sun Hat Red,12,Not Visible Individually,"color=Red,size=M"'

    def test_a_child_is_not_shown_alone(self, tmp_path: Path) -> None:
        shown = 'cap-1,simple,Default Category/Hats,Cap,9,"Catalog, Search","color=Blue"'
        found = read(tmp_path, lines(self.MAGENTO, self.HAT, shown))
        (cap,) = found.items
        assert cap.categories == (("Hats",),) and cap.attributes == {"color": ("Blue",)}
        assert found.counts.left_out.total() == 1

    def test_a_child_belongs_to_its_parent(self, tmp_path: Path) -> None:
        header = f"{self.MAGENTO},configurable_variations"
        parent = (
            'hat-1,configurable,Default Category/Hats,Sun Hat,,"Catalog, Search",,'
            '"sku=hat-1-red,color=Red,size=M|sku=hat-1-blue,color=Blue,size=L"'
        )
        blue = self.HAT.replace("red", "blue").replace("Red", "Blue").replace("=M", "=L").replace("12", "14")
        found = read(tmp_path, lines(header, f"{self.HAT},", f"{blue},", parent))
        (hat,) = found.items
        assert (hat.id, hat.title) == ("hat-1", "Sun Hat")
        assert (hat.price, hat.price_max) == (12, 14)
        assert set(hat.attributes["color"]) == {"Red", "Blue"} and set(hat.attributes["size"]) == {"M", "L"}
        assert {"hat-1-red", "hat-1-blue"} <= set(hat.identifiers)

    GOOGLE = lines(
        "id\ttitle\titem_group_id\tcolor\tprice\tlink\timage_link\tavailability",
        "a1\tShirt\tshirt\tRed\t9.00 EUR\thttps://x/1\thttps://x/1.jpg\tin stock",
        "a2\tShirt\tshirt\tBlue\t8.00 EUR\thttps://x/2\thttps://x/2.jpg\tout of stock",
        "b1\tHat\t\tRed\t5.00 EUR\thttps://x/3\thttps://x/3.jpg\tin_stock",
    )

    def test_rows_of_one_group_are_variants(self, tmp_path: Path) -> None:
        found = read(tmp_path, self.GOOGLE, "feed.tsv", variants="separate").by_id
        assert found["a1"].group == found["a2"].group == "shirt" and found["b1"].group == ""
        assert (found["a1"].price, found["a1"].currency) == (9, "EUR")
        assert found["a1"].signals.available is True and found["a2"].signals.available is False
        assert found["b1"].signals.available is True

    def test_rows_of_one_group_can_be_one_product(self, tmp_path: Path) -> None:
        found = read(tmp_path, self.GOOGLE, "feed.tsv", variants="merged")
        shirt = next(item for item in found.items if item.title == "Shirt")
        assert (shirt.price, shirt.price_max) == (8, 9)
        assert shirt.attributes["color"] == ("Red", "Blue")
        assert len(found.items) == 2 and found.counts.merged == 1

    def test_woocommerce_variations(self, tmp_path: Path) -> None:
        found = read(
            tmp_path,
            lines(
                "ID,Type,SKU,Name,Published,Regular price,Parent,Attribute 1 name,Attribute 1 value(s),"
                "Categories",
                '44,variable,HAT,Sun Hat,1,,,Colour,"Red, Blue",Clothing > Hats',
                "45,variation,HAT-R,Sun Hat - Red,1,12,HAT,Colour,Red,",
                "46,variation,HAT-B,Sun Hat - Blue,1,14,HAT,Colour,Blue,",
                "47,simple,CAP,Cap,1,9,,,,Clothing > Caps",
                "48,simple,DRAFT,Not yet,-1,9,,,,Clothing",
            ),
        )
        hat = next(item for item in found.items if item.title == "Sun Hat")
        assert (hat.price, hat.price_max) == (12, 14)
        assert set(hat.attributes["Colour"]) == {"Red", "Blue"}
        assert {"HAT-R", "HAT-B"} <= set(hat.identifiers)
        assert len(found.items) == 2 and found.counts.left_out.total() == 1


class TestValues:
    def test_every_element_of_a_list_is_a_value(self, tmp_path: Path) -> None:
        row = {"id": 1, "title": "Canvas Sneakers", "Colour": ["Red", "Blue"], "Size": [8, 9]}
        (item,) = read(tmp_path, lines(json.dumps(row)), "a.jsonl").items
        assert item.attributes == {"Colour": ("Red", "Blue"), "Size": ("8", "9")}

    def test_a_category_is_a_path(self, tmp_path: Path) -> None:
        row = {"id": 1, "title": "Bread knife", "category": "Home > Kitchen > Knives"}
        (item,) = read(tmp_path, lines(json.dumps(row)), "a.jsonl").items
        assert item.categories == (("Home", "Kitchen", "Knives"),)

    def test_markup_becomes_text(self, tmp_path: Path) -> None:
        row = {
            "id": 1,
            "title": "Tom &amp; Jerry&#39;s mug",
            "description": "<p>Holds 0.5&nbsp;l</p><ul><li>white</li></ul>",
        }
        (item,) = read(tmp_path, lines(json.dumps(row)), "a.jsonl").items
        assert item.title == "Tom & Jerry's mug"
        assert item.text.splitlines() == ["Holds 0.5 l", "white"]

    def test_one_form_of_every_letter(self, tmp_path: Path) -> None:
        rows = [
            {"id": 1, "title": "Cup one", "brand": "Caf\N{LATIN SMALL LETTER E WITH ACUTE}"},
            {"id": 2, "title": "Cup two", "brand": "Cafe\N{COMBINING ACUTE ACCENT}"},
        ]
        found = read(tmp_path, lines(*map(json.dumps, rows)), "a.jsonl").items
        assert found[0].brand == found[1].brand == "Caf\N{LATIN SMALL LETTER E WITH ACUTE}"

    @pytest.mark.parametrize(
        ("written", "price"),
        [
            ("1 299,00 kr", 1299),
            ("12.00 zł", 12),
            ("Rs. 499", 499),
            ("R$ 12", 12),
            ("US$ 49.00", 49),
            ("from 12.99", 12.99),
            ("19.99 - 29.99", 19.99),
            ("12.99 per m²", 12.99),
            ("1.299,00 €", 1299),
            ("1'299.00 CHF", 1299),
            ("₹1,00,000", 100_000),
            ("$1,299", 1299),
            ("EUR 9,50", 9.5),
        ],
    )
    def test_prices_of_the_world(self, tmp_path: Path, written: str, price: float) -> None:
        row = {"id": 1, "title": "Lamp", "price": written}
        (item,) = read(tmp_path, lines(json.dumps(row)), "a.jsonl").items
        assert item.price == price

    def test_an_unreadable_price_costs_the_price_alone(self, tmp_path: Path) -> None:
        rows = ["a,Cap,9.00", *(f"b{i},Hat,auf Anfrage" for i in range(12))]
        found = read(tmp_path, lines("id,name,price", *(f"c{i},Rug,5.00" for i in range(40)), *rows))
        assert len(found.items) == 53 and found.rejects.count == 0
        ((reason, times),) = found.counts.lost.items()
        assert times == 12 and "price" in reason

    def test_objects_hold_what_they_are_named_for(self, tmp_path: Path) -> None:
        row = {
            "id": 1,
            "title": "Sofa",
            "image": {"src": "s.jpg"},
            "price": {"amount": 9, "currency": "EUR"},
            "brand": {"name": "Norvik"},
        }
        (item,) = read(tmp_path, lines(json.dumps(row)), "a.jsonl").items
        assert (item.images, item.price, item.currency, item.brand) == (("s.jpg",), 9, "EUR", "Norvik")

    def test_objects_that_hold_nothing_cost_their_field_alone(self, tmp_path: Path) -> None:
        row = {"id": 1, "title": "Sofa", "image": {"a": 1}, "price": {"b": [2]}, "brand": {"c": None}}
        found = read(tmp_path, lines(json.dumps(row)), "a.jsonl")
        (item,) = found.items
        assert (item.images, item.price, item.brand) == ((), None, "")
        assert found.counts.lost.total() >= 1

    def test_the_column_decides_what_a_point_means(self, tmp_path: Path) -> None:
        found = read(tmp_path, lines("id;name;price", "1;Cap;9,50", "2;Sofa;1.299", "3;Rug;12,00")).by_id
        assert (found["1"].price, found["2"].price, found["3"].price) == (9.5, 1299, 12)

    def test_the_decimal_mark_can_be_said(self, tmp_path: Path) -> None:
        text = lines("id;name;price", "2;Sofa;1.299")
        assert read(tmp_path, text).items[0].price == 1.299
        assert read(tmp_path, text, decimal="comma").items[0].price == 1299

    def test_name_and_value_lists_are_attributes(self, tmp_path: Path) -> None:
        row = {"id": 1, "title": "Sofa", "attributes": [{"name": "Colour", "value": "Grey"}]}
        (item,) = read(tmp_path, lines(json.dumps(row)), "a.jsonl").items
        assert item.attributes == {"Colour": ("Grey",)}

    def test_settings_of_the_shop_are_no_facets(self, tmp_path: Path) -> None:
        header = "ID,Type,SKU,Name,Published,Tax status,Backorders allowed?,Meta: _seo,Regular price,Colour"
        rows = [f"{i},simple,S{i},Cap {i},1,taxable,0,x{i},9,{('Red', 'Blue')[i % 2]}" for i in range(1, 30)]
        found = read(tmp_path, lines(header, *rows))
        names = Counter(name for item in found.items for name in item.attributes)
        assert set(names) == {"Colour"}
        assert "Tax status" in found.report.no_facets

    def test_columns_that_tell_nothing_apart_are_no_facets_unless_named(self, tmp_path: Path) -> None:
        header = "id,name,link,season,Colour"
        rows = [f"{i},Cap {i},https://x/{i},2026,{('Red', 'Blue')[i % 2]}" for i in range(30)]
        found = read(tmp_path, lines(header, *rows))
        assert set(found.items[0].attributes) == {"Colour"} and "season" in found.report.no_facets
        named = read(tmp_path, lines(header, *rows), facets=("season",), no_facets=("colour",))
        assert set(named.items[0].attributes) == {"season"}


PRODUCTS = [{"id": f"p{i}", "title": f"Lamp {i}", "price": i} for i in range(1, 4)]


class TestFiles:
    @pytest.mark.parametrize("document", [PRODUCTS, {"products": PRODUCTS}, {"data": {"items": PRODUCTS}}])
    @pytest.mark.parametrize("indent", [None, 2])
    def test_json_documents(self, tmp_path: Path, document: object, indent: int | None) -> None:
        found = read(tmp_path, json.dumps(document, indent=indent), "export.json")
        assert [(item.id, item.price) for item in found.items] == [("p1", 1), ("p2", 2), ("p3", 3)]

    def test_bulk_files(self, tmp_path: Path) -> None:
        text = lines('{"index":{"_id":1}}', '{"name":"Maipo wine","price":15}')
        (wine,) = read(tmp_path, text, "bulk.json").items
        assert (wine.id, wine.title, wine.price) == ("1", "Maipo wine", 15)

    def test_google_rss(self, tmp_path: Path) -> None:
        text = (
            '<rss xmlns:g="http://base.google.com/ns/1.0"><channel><item><g:id>A1</g:id><g:title>Lamp</g:title>'
            "<g:price>9.00 EUR</g:price></item></channel></rss>"
        )
        (lamp,) = read(tmp_path, text, "feed.xml").items
        assert (lamp.id, lamp.title, lamp.price, lamp.currency) == ("A1", "Lamp", 9, "EUR")

    def test_atom(self, tmp_path: Path) -> None:
        text = (
            '<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom" xmlns:g="http://base.google.com/ns/1.0">'
            "<title>Shop</title><entry><g:id>A1</g:id><title>Lamp</title><g:price>9.00 EUR</g:price></entry>"
            "</feed>"
        )
        (lamp,) = read(tmp_path, text, "feed.xml").items
        assert (lamp.id, lamp.title, lamp.price) == ("A1", "Lamp", 9)

    def test_quotes_that_do_not_pair_are_text(self, tmp_path: Path) -> None:
        text = lines(
            "id\tname\tprice",
            '3\t"24 inch" monitor stand\t7',
            '4\t"Half open box\t7',
            '5\tLamp 10" tall\t8',
            "6\tSofa\t9",
        )
        found = read(tmp_path, text, "export.tsv")
        assert [(item.id, item.title, item.price) for item in found.items] == [
            ("3", '"24 inch" monitor stand', 7),
            ("4", '"Half open box', 7),
            ("5", 'Lamp 10" tall', 8),
            ("6", "Sofa", 9),
        ]

    @pytest.mark.parametrize(
        "text",
        [
            "id,name,price\n1,Cap,9,\n2,Hat,8,\n",
            "id,name,price\n1,Cap,9\n2,Hat\n",
            "\n\nid,name,price\n1,Cap,9\n2,Hat,8\n",
            "sep=;\nid;name;price\n1;Cap;9\n2;Hat;8\n",
        ],
        ids=["one empty cell too many", "trailing cells missing", "blank lines on top", "sep="],
    )
    def test_rows_a_little_longer_or_shorter(self, tmp_path: Path, text: str) -> None:
        found = read(tmp_path, text)
        assert [(item.id, item.title) for item in found.items] == [("1", "Cap"), ("2", "Hat")]
        assert found.items[0].price == 9 and found.rejects.count == 0

    def test_a_row_that_cannot_be_read_says_how_it_differs(self, tmp_path: Path) -> None:
        found = read(tmp_path, "id,name,price\n1,Cap,9\n2,Hat,8,7,6\n3,Rug,5\n")
        assert [item.id for item in found.items] == ["1", "3"]
        (reason,) = found.rejects.reasons
        assert "cells" in reason and "header" in reason and found.rejects.first == (3, reason)

    def test_windows_1252(self, tmp_path: Path) -> None:
        path = tmp_path / "export.csv"
        rows = [f"{i},{'Crème brûlée dish' if i % 7 == 0 else 'Pan'} {i},9" for i in range(1, 200)]
        path.write_bytes(lines("id,name,price", *rows).encode("cp1252"))
        found = Read(path)
        assert len(found.items) == 199 and found.by_id["7"].title == "Crème brûlée dish 7"
        assert "1252" in found.report.details or "8859" in found.report.details

    def test_xlsx(self, tmp_path: Path) -> None:
        path = tmp_path / "export.xlsx"
        book = openpyxl.Workbook()
        sheet = book.create_sheet("Products", 0)
        sheet.append(["id", "name", "price"])
        sheet.append([1, "Cap", 9.5])
        sheet.append([2, "Hat", None])
        book.save(path)
        found = Read(path).by_id
        assert (found["1"].title, found["1"].price, found["2"].price) == ("Cap", 9.5, None)

    def test_zip(self, tmp_path: Path) -> None:
        path = tmp_path / "export.zip"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("export.csv", "id,name\n1,Cap\n")
        assert Read(path).items[0].title == "Cap"

    def test_zip_with_several_files_lists_them(self, tmp_path: Path) -> None:
        path = tmp_path / "export.zip"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("a.csv", "id,name\n1,Cap\n")
            archive.writestr("b.csv", "id,name\n1,Cap\n")
        with pytest.raises(InputError, match=r"a\.csv"):
            Read(path)
