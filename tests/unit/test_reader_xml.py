# ruff: noqa: E501, RUF001 - feeds as shops write them
"""XML feeds of every kind: the repeated element is the row; nothing outside the file is ever read."""

import gzip
from pathlib import Path

import pytest

from aisle.catalogue import ReadOptions, read_catalogue
from aisle.errors import InputError
from aisle.types import Item
from tests.support.tables import read_table

GOOGLE = (
    '<rss version="2.0" xmlns:g="http://base.google.com/ns/1.0"><channel><title>Shop</title>'
    "<link>https://x</link><description>All</description>{}</channel></rss>"
)
LAMP = "<item><g:id>A1</g:id><g:title>Lamp</g:title><g:price>9.00 EUR</g:price></item>"


def test_google_rss(tmp_path: Path) -> None:
    found = read_table(tmp_path / "feed.xml", GOOGLE.format(LAMP))
    assert (found.format, found.rows) == ("xml", [(1, {"id": "A1", "title": "Lamp", "price": "9.00 EUR"})])
    (item,) = read_catalogue(tmp_path / "feed.xml")
    assert (item.id, item.title, item.price) == ("A1", "Lamp", 9)


def test_atom(tmp_path: Path) -> None:
    feed = """<?xml version="1.0"?>
<feed xmlns="http://www.w3.org/2005/Atom" xmlns:g="http://base.google.com/ns/1.0" xmlns:m="http://search.yahoo.com/mrss/">
<title>Shop</title><link rel="self" href="https://x"/><id>feed</id>
<entry><id>urn:1</id><g:id>A1</g:id><title>Lamp</title><link rel="self" href="https://x/self"/>
<link rel="alternate" href="https://x/lamp"/><summary type="html">&lt;p&gt;Bright&lt;/p&gt;</summary>
<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>Bright &amp; <b>warm</b></p></div></content>
<m:title>Other</m:title><category term="lamps"/><g:price>9.00 EUR</g:price></entry></feed>"""
    assert read_table(tmp_path / "feed", feed).cells == [
        {
            "id": "A1",
            "title": "Lamp",
            "link self": "https://x/self",
            "link": "https://x/lamp",
            "summary": "<p>Bright</p>",
            "content": "<div><p>Bright &amp; <b>warm</b></p></div>",
            "m:title": "Other",
            "category": {"term": "lamps"},
            "price": "9.00 EUR",
        }
    ]


def test_several_of_a_name_nested_elements_and_google_before_others(tmp_path: Path) -> None:
    item = """<item><title>Lamp &lt;b&gt;</title><g:title>Desk lamp</g:title><guid isPermaLink="false">7</guid>
<g:additional_image_link>https://x/1</g:additional_image_link>
<g:additional_image_link>https://x/2</g:additional_image_link>
<g:shipping><g:country>DE</g:country><g:price>4 EUR</g:price></g:shipping>
<g:shipping><g:country>FR</g:country></g:shipping><g:brand/>
<g:product_detail><g:section_name>General</g:section_name><g:attribute_name>Power</g:attribute_name>
<g:attribute_value>9 W</g:attribute_value></g:product_detail></item>"""
    assert read_table(tmp_path / "feed", GOOGLE.format(item)).cells == [
        {
            "title": "Desk lamp",
            "guid": "7",
            "additional_image_link": ["https://x/1", "https://x/2"],
            "shipping": [{"country": "DE", "price": "4 EUR"}, {"country": "FR"}],
            "brand": "",
            "attributes": {"Power": "9 W"},
        }
    ]


def test_yandex(tmp_path: Path) -> None:
    feed = """<?xml version="1.0" encoding="windows-1251"?>
<!DOCTYPE yml_catalog SYSTEM "shops.dtd">
<yml_catalog date="2024-01-01"><shop><name>Shop</name>
<currencies><currency id="RUR" rate="1"/></currencies>
<categories><category id="1">Книги</category><category id="2" parentId="1">Детективы</category>
<category id="3" parentId="3">Круг</category></categories>
<offers><offer id="7" available="true"><name>Роман</name><price>600</price><categoryId>2</categoryId>
<picture>https://x/1.jpg</picture><picture>https://x/2.jpg</picture>
<param name="Вес" unit="кг">2.73</param><param name="Цвет">Белый</param><param name="Цвет">Синий</param></offer>
<offer id="8"><name>Круг</name><categoryId>9</categoryId></offer></offers></shop></yml_catalog>"""
    found = read_table(tmp_path / "feed.xml", feed.encode("windows-1251"))
    assert found.cells == [
        {
            "id": "7",
            "available": "true",
            "name": "Роман",
            "price": "600",
            "categoryId": "2",
            "picture": ["https://x/1.jpg", "https://x/2.jpg"],
            "attributes": {"Вес": "2.73 кг", "Цвет": ["Белый", "Синий"]},
            "category": [["Книги", "Детективы"]],
        },
        {"id": "8", "name": "Круг", "categoryId": "9"},
    ]


def test_heureka(tmp_path: Path) -> None:
    feed = """<SHOP xmlns="urn:x"><SHOPITEM><ITEM_ID>AB</ITEM_ID><PRODUCTNAME>Nokia</PRODUCTNAME>
<PARAM><PARAM_NAME>Barva</PARAM_NAME><VAL>černá</VAL><VAL>bílá</VAL></PARAM>
<PARAM><PARAM_NAME>Váha</PARAM_NAME><VAL>1 kg</VAL></PARAM>
<DELIVERY><DELIVERY_ID>POST</DELIVERY_ID></DELIVERY></SHOPITEM></SHOP>"""
    assert read_table(tmp_path / "feed", feed).cells == [
        {
            "ITEM_ID": "AB",
            "PRODUCTNAME": "Nokia",
            "DELIVERY": {"DELIVERY_ID": "POST"},
            "attributes": {"Barva": ["černá", "bílá"], "Váha": "1 kg"},
        }
    ]


def test_ceneo(tmp_path: Path) -> None:
    feed = """<offers><o id="1" url="https://x" price="6.6"><name>VGA</name>
<imgs><main url="https://x/1.jpg"/><i url="https://x/2.jpg"/></imgs>
<attrs><a name="Producent"><![CDATA[LENOVO & Co]]></a><a name="EAN">59</a></attrs></o></offers>"""
    assert read_table(tmp_path / "feed", feed).cells == [
        {
            "id": "1",
            "url": "https://x",
            "price": "6.6",
            "name": "VGA",
            "imgs": ["https://x/1.jpg", "https://x/2.jpg"],
            "attributes": {"Producent": "LENOVO & Co", "EAN": "59"},
        }
    ]


PRODUCT = "<id>1</id><name>Lamp</name>"
CELLS = {"id": "1", "name": "Lamp"}


@pytest.mark.parametrize(
    ("feed", "cells"),
    [
        (f"<products><product>{PRODUCT}</product><product>{PRODUCT}</product></products>", [CELLS, CELLS]),
        (
            f"<export><head><date>x</date><by>y</by></head><ware>{PRODUCT}</ware><ware>{PRODUCT}</ware></export>",
            [CELLS, CELLS],
        ),
        (f"<a><b><c><Artikel>{PRODUCT}</Artikel></c></b></a>", [CELLS]),
        # Products in a tree of categories, at any depth.
        (
            "<catalog><category><name>A</name><id>1</id><category><name>B</name><id>2</id>"
            f"<product>{PRODUCT}</product></category><product>{PRODUCT}</product></category></catalog>",
            [CELLS, CELLS],
        ),
        # Categories that come first, under the same name.
        (
            f"<shop><categories><item><id>9</id><label>A</label></item></categories><items><item>{PRODUCT}</item></items></shop>",
            [CELLS],
        ),
        (
            "<offers><offer id='1' price='3'>Lamp</offer><offer id='2' price='4'/></offers>",
            [{"id": "1", "price": "3", "name": "Lamp"}, {"id": "2", "price": "4"}],
        ),
        # Dumps of databases, Solr.
        (
            "<mysqldump><database name='s'><table_data name='p'><row><field name='id'>1</field><field name='name'>Lamp</field></row>"
            "<row><field name='id'>2</field><field name='name'>Sofa</field></row></table_data></database></mysqldump>",
            [CELLS, {"id": "2", "name": "Sofa"}],
        ),
        ("<add><doc><field name='id'>1</field><field name='name'>Lamp</field></doc></add>", [CELLS]),
        (f"<product>{PRODUCT}</product>", [CELLS]),
        (
            "<products><product id='1'><id>own</id><name lang='en'>Lamp</name><name lang='de'>Lampe</name>"
            "<price currency='EUR'>9</price><images><image>a</image></images><text>a <b>b</b> c &lt; d</text>"
            "<attributes><attribute><name>Colour</name><value>red</value></attribute></attributes>"
            "<categories><category>A</category><category>B</category></categories></product></products>",
            [
                {
                    "@id": "1",
                    "id": "own",
                    "name": {"en": "Lamp", "de": "Lampe"},
                    "price": {"value": "9", "currency": "EUR"},
                    "images": ["a"],
                    "text": "a <b>b</b> c &lt; d",
                    "attributes": {"Colour": "red"},
                    "categories": ["A", "B"],
                }
            ],
        ),
    ],
)
def test_other_catalogues(tmp_path: Path, feed: str, cells: list[dict[str, object]]) -> None:
    found = read_table(tmp_path / "feed.xml", feed)
    assert found.cells == cells
    assert [line for line, _ in found.rows] == list(range(1, len(cells) + 1))


def test_what_is_not_read_is_said(tmp_path: Path) -> None:
    parts = "".join(f"<record><key>{n}</key><label>x</label></record>" for n in range(3))
    found = read_table(
        tmp_path / "a", f"<s><brands>{parts}</brands><products><product>{PRODUCT}</product></products></s>"
    )
    assert found.details == "elements product; not read: record (3)"


def test_several_kinds_of_elements_are_asked_for(tmp_path: Path) -> None:
    ware = f"<ware>{PRODUCT}</ware><zubehoer>{PRODUCT}</zubehoer>"
    with pytest.raises(InputError, match=r"several kinds of elements.*ware \(2\), zubehoer \(2\)"):
        read_table(tmp_path / "a", f"<export>{ware}{ware}</export>")
    with pytest.raises(InputError, match=r"no elements of .* look like products"):
        read_table(tmp_path / "a", "<export><a>1</a><a>2</a></export>")


def test_an_empty_feed(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text(GOOGLE.format(""))
    with pytest.raises(InputError, match="holds no items"):
        read_catalogue(tmp_path / "a.xml")


@pytest.mark.parametrize(
    ("start", "encoding"),
    [
        ("", "utf-8-sig"),
        ('<?xml version="1.0" encoding="UTF-16"?>', "utf-16"),
        ('<?xml version="1.0" encoding="iso-8859-2"?>', "iso-8859-2"),
        ("<?xml version='1.0' encoding='windows-1250'?>", "windows-1250"),
        ('\n\n <?xml version="1.0" encoding="ISO-8859-2" standalone="yes"?>', "iso-8859-2"),
    ],
)
def test_encodings(tmp_path: Path, start: str, encoding: str) -> None:
    feed = f"{start}<products><product><id>1</id><name>Lampička łódź</name></product></products>"
    found = read_table(tmp_path / "a.xml.gz", gzip.compress(feed.encode(encoding)))
    assert found.cells == [{"id": "1", "name": "Lampička łódź"}]


def test_encodings_that_the_parser_does_not_know(tmp_path: Path) -> None:
    feed = '<?xml version="1.0" encoding="Shift_JIS"?><products><product><id>1</id><name>ランプ</name></product></products>'
    assert read_table(tmp_path / "a.xml", feed.encode("shift_jis")).cells == [{"id": "1", "name": "ランプ"}]


def test_what_declares_utf_8_and_is_not(tmp_path: Path) -> None:
    rows = "".join(
        f"<product><id>{n}</id><name>Café crème brûlée à la carte</name></product>\n" for n in range(20)
    )
    feed = f'<?xml version="1.0" encoding="UTF-8"?>\n<products>{rows}</products>'
    found = read_table(tmp_path / "a.xml", feed.encode("windows-1252"))
    assert found.cells[3] == {"id": "3", "name": "Café crème brûlée à la carte"}
    assert "1252" in found.details
    assert (
        read_table(tmp_path / "a.xml", feed.encode("windows-1252"), ReadOptions(encoding="cp1252")).cells
        == found.cells
    )


def test_what_shops_write_though_it_is_no_xml(tmp_path: Path) -> None:
    product = (
        "<product><id>{}</id><name>Tom & Jerry&nbsp;&copy; R&D; &amp; 5&#8364;\x03</name>"
        "<url>https://x/?a=1&b=2&amp;c=3</url><text><![CDATA[a & b &nbsp; <p>\x02]]></text></product>"
    )
    cells = [
        {
            "id": str(n),
            "name": "Tom & Jerry\xa0© R&D; & 5€",
            "url": "https://x/?a=1&b=2&c=3",
            "text": "a & b &nbsp; <p>",
        }
        for n in range(3000)
    ]
    # More than one block, so that everything is cut somewhere.
    feed = "<products>" + "".join(product.format(n) for n in range(3000)) + "</products>"
    assert read_table(tmp_path / "a.xml", feed).cells == cells
    # The fault far behind what the outline needs.
    clean = "".join(LAMP for _ in range(2000))
    found = read_table(
        tmp_path / "a.xml", GOOGLE.format(clean + "<item><g:id>1</g:id><g:title>A & B</g:title></item>")
    )
    assert (len(found.rows), found.cells[-1]) == (2001, {"id": "1", "title": "A & B"})


@pytest.mark.parametrize(
    ("content", "items", "message"),
    [
        (GOOGLE.format(LAMP)[:-8], 1, "is not whole: it breaks off after item 1"),
        (GOOGLE.format(LAMP + LAMP[:-4])[: -len("</channel></rss>")], 1, "breaks off after item 1"),
        (
            GOOGLE.format(LAMP + "<item><g:id>2</item>"),
            1,
            r"not well-formed XML in line 1, after item 1 .mismatched tag",
        ),
        (GOOGLE.format(LAMP + "<item><x:id>2</x:id></item>"), 1, "after item 1 .unbound prefix"),
        ("<products><product><id>1</id>", 0, "breaks off after item 0"),
    ],
)
def test_broken_feeds_say_how_far_they_were_read(
    tmp_path: Path, content: str, items: int, message: str
) -> None:
    (tmp_path / "a.xml").write_text(content)
    read: list[Item] = []
    with pytest.raises(InputError, match=message) as caught:
        read.extend(read_catalogue(tmp_path / "a.xml"))
    assert "\n" not in str(caught.value)
    assert len(read) == 0 or len(read) == items


BOMB = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
PASSWORDS = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
PARAMETER = '<!DOCTYPE x [<!ENTITY % a SYSTEM "http://127.0.0.1:9/x.dtd"> %a;]>'


@pytest.mark.parametrize("declared", [BOMB, PASSWORDS, PARAMETER])
def test_entities_are_refused(tmp_path: Path, declared: str) -> None:
    content = f"<?xml version='1.0'?>{declared}" + GOOGLE.format(LAMP.replace("Lamp", "&a;"))
    with pytest.raises(InputError, match="declares entities"):
        read_table(tmp_path / "a.xml", content)


def test_an_external_dtd_is_not_fetched(tmp_path: Path) -> None:
    secret = tmp_path / "x.dtd"
    secret.write_text('<!ENTITY a "secret">')
    content = f'<!DOCTYPE x SYSTEM "{secret.as_uri()}">' + GOOGLE.format(LAMP.replace("Lamp", "Lamp &a;"))
    assert read_table(tmp_path / "a.xml", content).cells[0]["title"] == "Lamp &a;"


@pytest.mark.parametrize(
    "page",
    [
        "<!DOCTYPE html><html><body>Log in</body></html>",
        "\n<!-- x --><html><head><title>404</title></head></html>",
        '<?xml version="1.0"?><!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN" "x"><html></html>',
        "\ufeff<HTML><TABLE><tr><td>id</td></tr></TABLE></HTML>",
    ],
)
def test_html_pages_are_named(tmp_path: Path, page: str) -> None:
    for name in ("a.xml", "a.csv", "a.json"):
        with pytest.raises(InputError, match="is an HTML page"):
            read_table(tmp_path / name, page)


def test_endless_elements_end(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nested over 100 levels"):
        read_table(tmp_path / "a.xml", "<a>" * 1_000_000)
    with pytest.raises(InputError, match="nested over 100 levels"):
        read_table(tmp_path / "a.xml", GOOGLE.format(LAMP + "<item>" + "<b>" * 1_000_000))
    with (tmp_path / "a.xml").open("w") as file:
        file.write(GOOGLE.format(LAMP + "<item><g:id>")[:-16])
        for _ in range(18):
            file.write("x" * 1_000_000)
    with pytest.raises(InputError, match="is over 16,777,216 bytes"):
        read_table(tmp_path / "a.xml")
