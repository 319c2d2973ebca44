"""JSON and XML of any content come back whole; damaged ones are read, or named, never more than that."""

import json
import tempfile
from pathlib import Path
from random import Random
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from hypothesis import given, settings
from hypothesis import strategies as st

from aisle.catalogue import ReadOptions
from aisle.catalogue.rejects import Rejects
from aisle.catalogue.tables import open_table
from aisle.errors import InputError
from tests.support.tables import read_table

TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=12)
CELL = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=5,
)
ROWS = st.lists(
    st.fixed_dictionaries(
        {"id": st.integers(0, 999), "title": TEXT}, optional={"x": CELL, "attributes": CELL, "ä b": CELL}
    ),
    min_size=2,
    max_size=6,
)
PRINTED = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"),
    max_size=12,
)


def _read(content: bytes) -> Any:
    with tempfile.TemporaryDirectory() as folder:
        return read_table(Path(folder) / "a", content)


@settings(max_examples=60, deadline=None)
@given(rows=ROWS, indent=st.sampled_from([None, 1]), ascii=st.booleans())
def test_rows_come_back_from_json_of_any_shape(
    rows: list[dict[str, Any]], indent: int | None, ascii: bool
) -> None:
    def written(value: Any) -> str:
        return json.dumps(value, indent=indent, ensure_ascii=ascii)

    for text in (
        written(rows),
        written({"meta": {"page": 1}, "products": rows}),
        written({"hits": {"hits": [{"_id": "1", "_source": row} for row in rows]}}),
        written({"data": {"products": {"edges": [{"node": row} for row in rows]}}}),
        "\n".join(map(written, rows)),
    ):
        found = _read(text.encode())
        cells = [{name: cell for name, cell in row.items() if name != "_id"} for row in found.cells]
        assert (cells, found.rejected) == (rows, []), text


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(
        st.fixed_dictionaries({"id": PRINTED, "title": PRINTED, "colour": PRINTED}), min_size=1, max_size=6
    )
)
def test_rows_come_back_from_xml(rows: list[dict[str, str]]) -> None:
    elements = "".join(
        f"<item id={quoteattr(row['id'])}><title>{escape(row['title'])}</title>"
        f"<colour><![CDATA[{row['colour'].replace(']]>', '')}]]></colour></item>"
        for row in rows
    )
    found = _read(f"<rss><channel><title>x</title>{elements}</channel></rss>".encode())
    assert found.cells == [
        {"id": row["id"], "title": row["title"].strip(), "colour": row["colour"].replace("]]>", "").strip()}
        for row in rows
    ]


TOKENS = [
    b"{",
    b"}",
    b"[",
    b"]",
    b'"',
    b",",
    b"NaN",
    b"\\",
    b"<",
    b">",
    b"&",
    b"</item>",
    b"<![CDATA[",
    b"]]>",
    b"\0",
]
TOKENS += [
    b"\xff\xfe",
    b"\xc0",
    b"\n",
    b"1e999",
    b"<!--",
    b"&#0;",
    b"<!DOCTYPE a [",
    b"\xef\xbb\xbf",
    b"PK\x03\x04",
]
PRODUCTS = [{"id": n, "title": f"Lampe Nº {n}", "images": [{"src": "x"}], "p": 1.5} for n in range(30)]
ITEMS = "".join(f"<item><g:id>{n}</g:id><g:title>Lampe &amp; Nº {n}</g:title></item>\n" for n in range(30))
WHOLE = [
    json.dumps(PRODUCTS).encode(),
    json.dumps({"a": [{"id": 1, "name": "x"}], "products": PRODUCTS}, indent=1).encode(),
    json.dumps({f"p{n}": row for n, row in enumerate(PRODUCTS)}).encode(),
    "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in PRODUCTS).encode(),
    "".join(f'{{"index": {{"_id": {n}}}}}\n{json.dumps(row)}\n' for n, row in enumerate(PRODUCTS)).encode(),
    f'<rss xmlns:g="http://base.google.com/ns/1.0"><channel>{ITEMS}</channel></rss>'.encode(),
    f"<?xml version='1.0' encoding='iso-8859-1'?><a><b>{ITEMS.replace('g:', '')}</b></a>".encode("latin-1"),
]


@settings(max_examples=200, deadline=None)
@given(content=st.sampled_from(WHOLE), seed=st.integers(0, 2**32))
def test_damaged_files_are_read_or_named(content: bytes, seed: int) -> None:
    random = Random(seed)
    damaged = bytearray(content)
    for _ in range(random.randint(1, 5)):
        at = random.randrange(len(damaged))
        match random.randrange(4):
            case 0:
                damaged[at] = random.randrange(256)
            case 1:
                del damaged[at : at + random.randint(1, 40)]
            case 2:
                damaged[at:at] = random.choice(TOKENS)
            case _:
                damaged[at:at] = damaged[: random.randint(1, 200)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a"
        path.write_bytes(damaged)
        try:
            numbers = [row.line for row in open_table(path, ReadOptions()).rows(Rejects())]
        except InputError as error:
            assert error.fix and "\n" not in str(error)
        else:
            assert numbers == sorted(set(numbers))
