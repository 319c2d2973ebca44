"""Dead letters hold whole rows, can be edited and read again, and never hide what they are."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import orjson
import pytest

from aisle.catalogue import ReadOptions
from aisle.catalogue.reader import fingerprint, item_reader
from aisle.errors import IndexingError, InputError
from aisle.indexer.dead_letters import (
    MAX_ROW_BYTES,
    cells_of,
    read_letters,
    refused_item,
    rejected_row,
    row_json,
)
from aisle.indexer.ledger.resume import check_same, run_parts
from aisle.indexer.ledger.store import Ledger
from aisle.indexer.options import IndexOptions
from aisle.indexer.replay import LetterReader
from aisle.mappings import IndexSettings, VectorSpace
from aisle.types import Item

ITEM = Item(
    "1",
    "Shoe",
    "soft",
    brand="Acme",
    categories=(("Shoes",),),
    price=0.0,
    images=("a.png",),
    attributes={"Colour": ("red",)},
)


def nested(depth: int) -> object:
    inner: object = 1
    for _ in range(depth):
        inner = {"a": inner}
    return inner


def test_a_refused_item_reads_back_as_it_was() -> None:
    letter = refused_item(7, ITEM, "line\none")
    cells = cells_of(letter)
    assert cells is not None and item_reader()(cells) == ITEM
    bare = cells_of(refused_item(8, Item("2", "x"), "no"))
    assert bare is not None and item_reader()(bare) == Item("2", "x")


@pytest.mark.parametrize(
    ("row", "kept"),
    [
        ({"id": 1, "title": "a" * 5000}, {"id": 1, "title": "a" * 5000}),
        (b'{"id": ', '{"id": '),
        (b"\xff\x00", "\\xff\x00"),
        (["a", "b"], ["a", "b"]),
        ({"a": "\udcff"}, {"a": "?"}),
        ({"a": 2**70}, {"a": str(2**70)}),
        ({"a": float("nan")}, {"a": None}),
    ],
)
def test_rows_are_kept_whole(row: object, kept: object) -> None:
    assert orjson.loads(row_json(row)) == kept  # type: ignore[arg-type]


@pytest.mark.parametrize("row", [b"x" * 3_000_000, b"\x00" * 3_000_000, {"a": '"' * 999_999}])
def test_a_row_over_a_megabyte_is_cut_and_can_never_pass_for_the_row(row: object) -> None:
    kept = row_json(row)  # type: ignore[arg-type]
    assert MAX_ROW_BYTES / 8 < len(kept) <= MAX_ROW_BYTES
    assert cells_of(rejected_row(1, row, "long", "")) is None  # type: ignore[arg-type]


def test_a_row_nested_too_deeply_is_a_letter_too() -> None:
    assert b"..." in row_json({"a": nested(600)})


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"{", "line 2 of"),
        (b"[]", "is no dead letter"),
        (b'{"line": 1, "position": null, "id": "1", "reason": "x", "attempts": 1}', "lacks 'row'"),
        (b'{"line": "?", "position": null, "id": "1", "reason": "x", "attempts": 1, "row": {}}', "line 2"),
    ],
)
def test_a_line_that_is_no_dead_letter_is_named(tmp_path: Path, line: bytes, said: str) -> None:
    path = tmp_path / "dead.jsonl"
    path.write_bytes(refused_item(1, ITEM, "no").to_line() + line + b"\n")
    with pytest.raises(InputError, match=said):
        list(read_letters(path))


def test_rows_are_read_as_the_catalogue_was(tmp_path: Path) -> None:
    letters = [
        rejected_row(2, {"sku": "a", "name": "Red shoe", "Size": "42"}, "price is negative", ""),
        rejected_row(3, b'{"sku": "b", "name": "corrected"}', "invalid JSON", ""),
        rejected_row(4, {"sku": "c", "name": "twice"}, "duplicate id", "c"),
        rejected_row(5, {"sku": "d", "name": "renamed"}, "duplicate id", "c"),
        rejected_row(6, ["e", "f", "g"], "wrong number of columns", ""),
        refused_item(9, ITEM, "no"),
        rejected_row(7, {"sku": "a", "name": "the same again"}, "price is negative", ""),
    ]
    path = tmp_path / "dead.jsonl"
    path.write_bytes(b"".join(letter.to_line() for letter in letters))
    reader = LetterReader.of(path, ReadOptions())
    found = [reader.item(letter) for letter in read_letters(path)]
    assert found == [
        Item("a", "Red shoe", attributes={"Size": ("42",)}, numbers={"Size": 42.0}),
        Item("b", "corrected"),
        "duplicate id",
        Item("d", "renamed"),
        "the row is not a JSON object",
        ITEM,
        "duplicate id",
    ]


def test_the_fingerprint_is_of_content_and_options(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"id": "1", "title": "a"}\n')
    one = fingerprint(path, ReadOptions())
    (tmp_path / "corpus.jsonl").write_bytes(path.read_bytes())
    assert one is not None and fingerprint(tmp_path, ReadOptions()) == one
    limited = fingerprint(path, ReadOptions(limit=1))
    assert limited is not None and [k for k in one if one[k] != limited[k]] == [
        "the reading options (--format, --map, --locale, --limit)"
    ]
    path.write_text('{"id": "1", "title": "b"}\n')
    changed = fingerprint(path, ReadOptions())
    assert changed is not None and [k for k in one if one[k] != changed[k]] == [
        "the content of the catalogue"
    ]
    assert fingerprint("hub:owner/name", ReadOptions()) is None


def test_what_changed_is_named() -> None:
    spaces = {"dense": VectorSpace("ab", "one", 8)}
    then = run_parts({"input": "1"}, IndexSettings(), spaces, IndexOptions("shop"))
    check_same("shop", "shop-v0001", then, dict(then))
    now = run_parts({"input": "1"}, IndexSettings(shards=2), {}, IndexOptions("shop"))
    with pytest.raises(InputError, match=r"the encoder \(--encoder, --dims\), the index settings"):
        check_same("shop", "shop-v0001", then, now)


def test_a_file_that_is_no_ledger(tmp_path: Path) -> None:
    path = tmp_path / "shop.sqlite"
    path.write_bytes(b"something else" * 100)
    with pytest.raises(InputError, match="is damaged"):
        Ledger(path)
    path.unlink()
    with sqlite3.connect(path) as other:
        other.execute("PRAGMA user_version = 99")
    with pytest.raises(InputError, match="another version"):
        Ledger(path)
    with pytest.raises(IndexingError):
        Ledger(tmp_path)
