"""JSON in every shape that exports have: read by what it holds, never as something else."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from aisle.catalogue import ReadOptions, read_catalogue
from aisle.errors import InputError
from aisle.types import Item
from tests.support.tables import read_table

ROWS: list[dict[str, Any]] = [
    {"id": "1", "title": "Lamp", "images": [{"id": 7, "name": "front", "src": "https://x/a.jpg"}]},
    {"id": "2", "title": "Sofa, wide", "tags": ["a", "b"]},
]
MANY = [{"id": n, "name": f"c{n}"} for n in range(9)]


def _hits(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"_index": "shop", "_id": row["id"], "_score": 1.0, "_source": row} for row in rows]


def _edges(rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {"edges": [{"cursor": "c", "node": row} for row in rows], "pageInfo": {"hasNextPage": False}}


DOCUMENTS: dict[str, tuple[Any, str]] = {
    "a list": (ROWS, "one list"),
    "products": ({"total": 2, "products": ROWS}, "the list products"),
    "data.items": ({"data": {"items": ROWS}, "meta": {"page": 1}}, "the list data.items"),
    "Solr": ({"responseHeader": {"status": 0}, "response": {"numFound": 2, "docs": ROWS}}, "response.docs"),
    "Algolia": ({"hits": ROWS, "nbHits": 2, "facets": {"brand": {"a": 1}}}, "the list hits"),
    "OpenSearch": (
        {
            "took": 3,
            "hits": {"total": {"value": 2}, "hits": _hits(ROWS)},
            "aggregations": {"b": {"buckets": MANY}},
        },
        "the list hits.hits; not read: aggregations.b.buckets (9)",
    ),
    "OpenSearch, several answers": (
        {"responses": [{"hits": {"hits": _hits(ROWS)}}]},
        "responses.item.hits.hits",
    ),
    "Typesense": (
        {"found": 2, "hits": [{"document": row, "highlights": MANY} for row in ROWS]},
        "the list hits",
    ),
    "CouchDB": (
        {
            "total_rows": 2,
            "rows": [{"id": row["id"], "key": row["id"], "value": {}, "doc": row} for row in ROWS],
        },
        "the list rows",
    ),
    "GraphQL": (
        {"data": {"collections": _edges(MANY), "products": _edges(ROWS)}},
        "the list data.products.edges; not read: data.collections.edges (9)",
    ),
    "OData": ({"@odata.context": "x", "value": ROWS}, "the list value"),
    "HAL": ({"_embedded": {"products": ROWS}, "_links": {"self": {"href": "x"}}}, "_embedded.products"),
    "JSON Feed": ({"version": "https://jsonfeed.org/version/1.1", "title": "Shop", "items": ROWS}, "items"),
    "ItemList": (
        {
            "@type": "ItemList",
            "itemListElement": [
                {"@type": "ListItem", "position": n, "item": row} for n, row in enumerate(ROWS)
            ],
        },
        "the list itemListElement",
    ),
    "by id": ({row["id"]: {"title": row["title"]} for row in ROWS}, "one object, by its keys"),
    "products by id": (
        {"products": {row["id"]: {"title": row["title"]} for row in ROWS}},
        "the object products, by its keys",
    ),
    "pages": ([{"page": 1, "products": ROWS[:1]}, {"page": 2, "products": ROWS[1:]}], "item.products"),
    "phpMyAdmin": (
        [
            {"type": "header", "version": "5.2.1", "comment": "Export to JSON plugin for PHPMyAdmin"},
            {"type": "database", "name": "shop"},
            {"type": "table", "name": "products", "database": "shop", "data": ROWS},
        ],
        "the list item.data",
    ),
    "a smaller list of products": (
        {"categories": MANY, "products": ROWS},
        "the list products; not read: categories (9)",
    ),
    "a name nobody knows": ({"export": {"stand": "heute", "warenliste": ROWS}}, "the list export.warenliste"),
    "one product": (ROWS[0], ""),
}


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("shape", DOCUMENTS)
def test_documents(tmp_path: Path, shape: str, indent: int | None) -> None:
    document, details = DOCUMENTS[shape]
    for name in ("a.json", "a.jsonl", "feed"):
        found = read_table(tmp_path / name, json.dumps(document, indent=indent))
        assert [(str(cells["id"]), cells["title"]) for cells in found.cells] == [
            (row["id"], row["title"]) for row in (ROWS[:1] if shape == "one product" else ROWS)
        ]
        assert details in found.details
        assert not found.rejected
        if shape != "one product":
            assert (found.format, [line for line, _ in found.rows]) == ("json", [1, 2])


def test_wrappings_leave_what_a_row_needs(tmp_path: Path) -> None:
    hits = {"hits": {"hits": [{"_id": "7", "_source": {"name": "Lamp"}}]}}
    assert read_table(tmp_path / "a", json.dumps(hits)).cells == [{"_id": "7", "name": "Lamp"}]
    api = {"data": [{"type": "products", "id": "7", "attributes": {"name": "Lamp"}, "links": {"self": "x"}}]}
    assert read_table(tmp_path / "a", json.dumps(api)).cells == [{"id": "7", "name": "Lamp"}]
    table = {"records": [{"id": "rec1", "createdTime": "t", "fields": {"SKU": "7", "Name": "Lamp"}}]}
    assert read_table(tmp_path / "a", json.dumps(table)).cells == [{"id": "rec1", "SKU": "7", "Name": "Lamp"}]
    entries = {"items": [{"sys": {"id": "7", "type": "Entry"}, "fields": {"name": "Lamp"}}]}
    assert read_table(tmp_path / "a", json.dumps(entries)).cells == [{"id": "7", "name": "Lamp"}]
    mongo = {
        "_id": {"$oid": "5f"},
        "title": "Lamp",
        "price": {"$numberDecimal": "9.50"},
        "at": {"$date": {"$numberLong": "1"}},
    }
    plain = {"_id": "5f", "title": "Lamp", "price": "9.50", "at": "1"}
    assert read_table(tmp_path / "a", json.dumps(mongo)).cells == [plain]
    assert read_table(tmp_path / "a", json.dumps([mongo])).cells == [plain]
    # A column that happens to have such a name is none.
    own = {"id": 1, "title": "Lamp", "attributes": {"Colour": "red"}, "document": {"a": 1}, "node": "n"}
    assert read_table(tmp_path / "a", json.dumps([own])).cells == [own]


LINES = "".join(json.dumps(row) + "\n" for row in ROWS)


@pytest.mark.parametrize("name", ["a.json", "a.jsonl", "feed"])
@pytest.mark.parametrize(
    "content",
    [
        LINES,
        LINES.replace("\n", "\r\n"),
        "\n \n" + LINES,
        "\ufeff" + LINES,
        LINES.replace("\n", ",\n"),
        "".join(json.dumps({"_index": "i", "_id": row["id"], "_source": row}) + "\n" for row in ROWS),
        "".join(json.dumps({**row, "items": [{"id": 1, "name": "part"}]}) + "\n" for row in ROWS),
    ],
)
def test_lines_stay_lines(tmp_path: Path, content: str, name: str) -> None:
    found = read_table(tmp_path / name, content)
    assert found.format == "jsonl"
    assert [(cells["id"], cells["title"]) for cells in found.cells] == [("1", "Lamp"), ("2", "Sofa, wide")]
    assert not found.rejected


@pytest.mark.parametrize(
    "content",
    [
        "\n".join(json.dumps(row, indent=1) for row in ROWS),
        "".join(map(json.dumps, ROWS)),
        " ".join(map(json.dumps, ROWS)),
        "\n".join(json.dumps([row]) for row in ROWS),
        "".join(json.dumps({"products": [row], "page": 1}) + "\n" for row in ROWS),
        "".join(json.dumps({"products": [row]}, indent=1) for row in ROWS),
    ],
)
def test_values_one_after_another(tmp_path: Path, content: str) -> None:
    found = read_table(tmp_path / "a.json", content)
    assert (found.cells, found.rejected) == (ROWS, [])


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("document", [ROWS, {"products": ROWS}])
def test_encodings(tmp_path: Path, document: Any, encoding: str) -> None:
    (tmp_path / "a.json").write_text(json.dumps(document, ensure_ascii=False), encoding)
    assert read_table(tmp_path / "a.json").cells == ROWS


@pytest.mark.parametrize("around", ["%s\n", "[%s]", '{"products": [%s]}', '{"index": {"_id": "1"}}\n%s\n'])
def test_other_encodings_are_found_out(tmp_path: Path, around: str) -> None:
    row = '{"title": "Café crème à la française"}'
    for encoding, title in (("windows-1252", "1252"), ("utf-16", "UTF-16")):
        found = read_table(tmp_path / "a.json", (around % row).encode(encoding))
        assert found.cells[0]["title"] == "Café crème à la française"
        assert title in found.details
    named = read_table(tmp_path / "a.json", (around % row).encode("cp850"), ReadOptions(encoding="cp850"))
    assert named.cells[0]["title"] == "Café crème à la française"


def test_a_row_in_another_encoding_than_the_others(tmp_path: Path) -> None:
    rows = [f'{{"id": {n}, "title": "Café"}}'.encode() for n in range(8)]
    rows[5] = rows[5].decode().encode("latin-1")
    found = read_table(tmp_path / "a.json", b"\n".join(rows))
    assert (len(found.rows), found.rejected) == (7, [(6, "not UTF-8", rows[5])])
    with pytest.raises(InputError, match="not UTF-8 after item 5") as caught:
        read_table(tmp_path / "a.json", b"[" + b",\n".join(rows) + b"]")
    assert "--encoding" in caught.value.fix


def test_gzip(tmp_path: Path) -> None:
    found = read_table(tmp_path / "a.json.gz", gzip.compress(json.dumps({"products": ROWS}).encode()))
    assert (found.format, found.cells) == ("json", ROWS)


def test_elements_that_are_no_objects_are_dead_letters(tmp_path: Path) -> None:
    found = read_table(tmp_path / "a", json.dumps([1, ROWS[0], "x", None, [ROWS[1]], ROWS[1]]))
    assert found.rows == [(2, ROWS[0]), (6, ROWS[1])]
    assert found.reasons == [(n, "not a JSON object") for n in (1, 3, 4, 5)]
    found = read_table(
        tmp_path / "a",
        json.dumps({"a": {"title": "A"}, **{f"p{n}": {"title": "B"} for n in range(20)}, "n": 3}),
    )
    assert (len(found.rows), found.reasons) == (21, [(22, "not a JSON object")])


@pytest.mark.parametrize(
    ("content", "items", "message"),
    [
        ('[{"id":1,"title":"a"},{"id":2,"tit', 1, "is not whole: it breaks off after item 1"),
        ('{"products":[{"id":1,"title":"a"},{"id":2,"title":"b"}', 2, "breaks off after item 2"),
        ('{\n"a": {"title":"a"},\n"b":{"title":"b"},"c":{"ti', 2, "breaks off after item 2"),
        ("[", 0, "breaks off after item 0"),
        (
            '[{"id":1,"title":"a"},{"id":2,"title":x},{"id":3}]',
            1,
            "not valid JSON after item 1 .invalid char",
        ),
        ('[{"id":1,"title":"a"}{"id":2}]', 1, "not valid JSON after item 1"),
        ('[{"id":1,"title":"a"}]]', 1, "not valid JSON after item 1"),
    ],
)
def test_broken_documents_say_how_far_they_were_read(
    tmp_path: Path, content: str, items: int, message: str
) -> None:
    (tmp_path / "a.json").write_text(content)
    read: list[Item] = []
    with pytest.raises(InputError, match=message) as caught:
        read.extend(read_catalogue(tmp_path / "a.json"))
    assert "\n" not in str(caught.value)


def test_a_cut_gzip_says_how_far_it_was_read(tmp_path: Path) -> None:
    rows = [{"id": str(n), "title": f"item {n * 7919}"} for n in range(5000)]
    for document in (rows, {"products": rows}):
        whole = gzip.compress(json.dumps(document).encode())
        (tmp_path / "a.json.gz").write_bytes(whole[:-2000])
        with pytest.raises(InputError, match=r"its gzip stream breaks off after item [\d,]{3}"):
            list(read_catalogue(tmp_path / "a.json.gz"))


def test_what_programs_write_though_it_is_no_json(tmp_path: Path) -> None:
    # More than one chunk, so that every token is cut somewhere.
    rows = "".join(
        f'{{"id": {n}, "title": "NaN, ]\\"\n", "price": -Infinity, "a": [1, ], }},\n' for n in range(5000)
    )
    cells = [{"id": n, "title": 'NaN, ]"\n', "price": None, "a": [1]} for n in range(5000)]
    assert read_table(tmp_path / "a.json", f"[{rows}]").cells == cells
    assert read_table(tmp_path / "a.json", f'{{"products": [{rows}]}}').cells == cells
    assert read_table(tmp_path / "a.json", '{"id": 1, "title": "a", "price": NaN}\n').cells == [
        {"id": 1, "title": "a", "price": None}
    ]


def test_numbers(tmp_path: Path) -> None:
    numbers = (
        '{"id": 12345678901234567890123, "title": "a", "b": 9007199254740993, "c": 1.50, "d": 1e3, "e": -0.0}'
    )
    (cells,) = read_table(tmp_path / "a", f"[{numbers}]").cells
    assert cells == {
        "id": "12345678901234567890123",
        "title": "a",
        "b": 9007199254740993,
        "c": 1.5,
        "d": 1e3,
        "e": 0,
    }
    assert [type(cells[key]) for key in "bcd"] == [int, float, float]
    (cells,) = read_table(tmp_path / "a", '[{"id": 1, "price": 9.99}]').cells
    assert cells == {"id": 1, "price": 9.99}


def test_of_a_key_that_stands_twice_the_last_counts(tmp_path: Path) -> None:
    assert read_table(tmp_path / "a", '[{"id": 1, "id": 2, "title": "a"}]').cells == [{"id": 2, "title": "a"}]
    assert read_table(tmp_path / "a", '{"id": 1, "id": 2, "title": "a"}').cells == [{"id": 2, "title": "a"}]


@pytest.mark.parametrize("around", ["[%s,\n%s]", '{"products": [%s,\n%s]}', "%s\n%s"])
def test_deep_nesting_costs_the_row(tmp_path: Path, around: str) -> None:
    deep = '{"id": 1, "title": "a", "x": ' + '{"a": ' * 500 + "1" + "}" * 501
    found = read_table(tmp_path / "a", around % (deep, json.dumps(ROWS[0])))
    assert (found.cells, found.reasons) == (ROWS[:1], [(1, "nested over 100 levels deep")])


@pytest.mark.parametrize(
    "content", ["[" * 3_000_000, "{\n" + '"a": {' * 3_000_000, '[{"id": 1, "a": ' + "[" * 3_000_000]
)
def test_endless_nesting_ends(tmp_path: Path, content: str) -> None:
    with pytest.raises(InputError, match="nested over 10,000 levels deep"):
        read_table(tmp_path / "a.json", content)


@pytest.mark.parametrize(
    ("start", "message"),
    [
        ('[{"id": 1, "title": "a"}, {"id": 2, "title": "', "item 2 of .* is over 16,777,216 bytes"),
        ('{"products": [{"id": 1, "title": "a"}, {"id": 2, "title": "', "item 2 of .* is over 16,777,216"),
    ],
)
def test_a_value_without_end(tmp_path: Path, start: str, message: str) -> None:
    with (tmp_path / "a.json").open("w") as file:
        file.write(start)
        for _ in range(18):
            file.write("x" * 1_000_000)
    with pytest.raises(InputError, match=message):
        read_table(tmp_path / "a.json")


def test_which_list_is_meant_is_asked_where_nothing_tells(tmp_path: Path) -> None:
    for document in ({"a": ROWS, "b": MANY}, {"en": {"products": ROWS}, "de": {"products": MANY}}):
        with pytest.raises(InputError, match=r"several lists.*\(\d\).*\(\d\)") as caught:
            read_table(tmp_path / "a.json", json.dumps(document))
        assert "jq" in caught.value.fix


@pytest.mark.parametrize(
    "content", ["[]", '{"products": []}', '{"data": {"items": []}, "total": 0}', "[ ]\n"]
)
def test_empty_lists(tmp_path: Path, content: str) -> None:
    (tmp_path / "a.json").write_text(content)
    with pytest.raises(InputError, match="holds no items"):
        read_catalogue(tmp_path / "a.json")


BULK = """{"index": {"_index": "shop", "_id": 1}}
{"name": "Maipo wine", "price": 15}
{"create": {"_id": "2"}}
{"name": "Lamp"}

{"index": {}}
{"name": "without id"}
{"delete": {"_id": "3"}}
{"update": {"_id": "4"}}
{"doc": {"price": 3}}
{"update": {"_id": "5", "retry_on_conflict": 3}}
{"doc": {"name": "Sofa"}, "doc_as_upsert": true}
{"index": {"_id": "6"}}
{"index": {"_id": "7"}}
{"name": "cut o
{"name": "no action"}
{"index": {"_id": "8"}}
"""


def test_bulk_files(tmp_path: Path) -> None:
    found = read_table(tmp_path / "a.json", BULK)
    assert found.format == "bulk"
    assert found.rows == [
        (2, {"_id": "1", "name": "Maipo wine", "price": 15}),
        (4, {"_id": "2", "name": "Lamp"}),
        (7, {"name": "without id"}),
        (12, {"_id": "5", "name": "Sofa"}),
        (16, {"name": "no action"}),
    ]
    assert found.reasons == [
        (8, "a delete, no product"),
        (10, "an update, no product"),
        (13, "an action without a document"),
        (15, "invalid JSON"),
        (17, "an action without a document"),
    ]


def test_a_bulk_file_becomes_items(tmp_path: Path) -> None:
    (tmp_path / "bulk.json").write_text('{"index":{"_id":1}}\n{"name":"Maipo wine","price":15}\n')
    (item,) = read_catalogue(tmp_path / "bulk.json")
    assert (item.id, item.title, item.price) == ("1", "Maipo wine", 15)


def test_rows_that_look_like_actions(tmp_path: Path) -> None:
    row = '{"index": {"name": "S&P"}}\n{"index": {"name": "Dow"}}\n'
    assert read_table(tmp_path / "a", row).format == "jsonl"
