"""Whatever the bytes, a reader yields valid items or raises InputError, and accounts for every row."""

import json
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from aisle.catalogue import ReadOptions, read_catalogue
from aisle.catalogue.report import RowCounts
from aisle.catalogue.seen import SeenIds
from aisle.errors import InputError
from aisle.indexer.dead_letters import DeadLetters
from aisle.types import Item

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
FIELDS = st.sampled_from(
    ["id", "title", "text", "brand", "category", "price", "image", "attributes", "colour", "item_group_id"]
)
ROWS = st.lists(st.dictionaries(FIELDS, JSON, max_size=9), min_size=1, max_size=8)
LINES = st.lists(
    st.binary(max_size=40) | st.text(max_size=40).map(lambda t: t.encode(errors="replace")), max_size=8
)
LETTER = {"line", "position", "id", "reason", "attempts", "row"}
HEADS = st.sampled_from([b"id,title,price\n", b'{"id": "1", "title": "a"}\n', b""])


def _read(
    content: bytes, name: str, options: ReadOptions | None = None
) -> tuple[list[Item], RowCounts] | None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        rejects = DeadLetters(Path(folder) / "rejects.jsonl")
        try:
            catalogue = read_catalogue(path, options, rejects)
            items = list(catalogue)
        except InputError as error:
            assert error.fix
            assert "\n" not in str(error)
            return None
        finally:
            rejects.export()
        if rejects.count:
            written = (Path(folder) / "rejects.jsonl").read_bytes().splitlines()
            assert len(written) == rejects.count
            assert all(json.loads(line).keys() == LETTER for line in written)
        counts = catalogue.counts
        assert counts.balanced and counts.items == len(items) and counts.rejected == rejects.count
        return items, counts


def _check(items: list[Item]) -> None:
    assert len({item.id for item in items}) == len(items)
    for item in items:
        assert item.id.strip() == item.id and 0 < len(item.id.encode()) <= 512
        assert item.title and "\n" not in item.title
        assert item.price is None or 0 <= item.price <= 1e15
        json.dumps([item.title, item.text, item.brand, dict(item.attributes)]).encode()
        assert all(values and all(values) for values in item.attributes.values())
        assert not any(ord(mark) < 32 and mark != "\n" for mark in item.title + item.text + item.brand)


@settings(max_examples=150, deadline=None)
@given(rows=ROWS)
def test_any_json_rows(rows: list[dict[str, Any]]) -> None:
    # More than half of the rows have an id, or it would not be taken for one.
    good = [{"id": f"first {number}", "title": "t"} for number in range(len(rows) + 2)]
    content = "\n".join(json.dumps(row) for row in [*good, *rows])
    found = _read(content.encode(), "a.jsonl", ReadOptions(columns={"id": "id", "title": "title"}))
    assert found is not None
    items, counts = found
    _check(items)
    assert items[0].id == "first 0"
    assert counts.rows == len(rows) + len(good)


@settings(max_examples=150, deadline=None)
@example(rows=[{"a\nb": "c"}], limit=None, variants="")
@given(rows=ROWS, limit=st.none() | st.integers(1, 9), variants=st.sampled_from(["", "merged", "separate"]))
def test_rows_that_name_their_columns_as_they_like(
    rows: list[dict[str, Any]], limit: int | None, variants: str
) -> None:
    content = "\n".join(map(json.dumps, rows)).encode()
    found = _read(content, "a.jsonl", ReadOptions(limit=limit, variants=variants))
    if found is not None:
        items, counts = found
        _check(items)
        assert counts.rows <= len(rows) and (limit is None or len(items) <= limit)


@settings(max_examples=200, deadline=None)
@given(head=HEADS, lines=LINES, name=st.sampled_from(["a.csv", "a.jsonl", "a", "a.jsonl.gz", "a.parquet"]))
def test_any_bytes(head: bytes, lines: list[bytes], name: str) -> None:
    found = _read(head + b"\n".join(lines), name)
    if found is not None:
        _check(found[0])


@settings(max_examples=50)
@given(ids=st.lists(st.text(max_size=3), max_size=400))
def test_seen_ids_is_a_set(ids: list[str]) -> None:
    seen, expected = SeenIds(), set[str]()
    for identity in ids:
        assert seen.add(identity) == (identity not in expected)
        expected.add(identity)
    assert len(seen) == len(expected)


def test_seen_ids_grows() -> None:
    seen = SeenIds()
    assert all(seen.add(str(i)) for i in range(5000))
    assert not any(seen.add(str(i)) for i in range(5000))
