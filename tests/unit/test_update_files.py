"""Checkpoints and dead lines: whole or not at all, and never somebody else's file."""

from __future__ import annotations

import os
import threading
from dataclasses import replace
from pathlib import Path

import orjson
import pytest

from aisle._files import MAX_LINE_BYTES
from aisle.catalogue.item_fields import GivenFields
from aisle.errors import InputError
from aisle.indexer.dead_letters import DeadLetter, DeadLetterLog
from aisle.indexer.updates.change import Update, Upsert, parse_change
from aisle.indexer.updates.checkpoint import InputCheckpoint, load_checkpoint, save_checkpoint
from aisle.indexer.updates.input import (
    Batches,
    BatchLimits,
    InputLine,
    InputStart,
    LineSplitter,
    Place,
    StreamSource,
    is_stream,
    open_source,
    start_input,
)
from aisle.indexer.updates.writes import unapplied
from aisle.mappings import fields
from aisle.mappings.document import document
from aisle.types import Item
from tests.unit.test_document import FULL, VECTORS


def dead(number: int, row: bytes = b"oops") -> DeadLetter:
    return unapplied(InputLine(row, Place(number, 10 * number)), "", "invalid JSON")


def lines_of(path: Path) -> list[tuple[int, object]]:
    return [(one["line"], one["row"]) for one in map(orjson.loads, path.read_bytes().splitlines())]


def test_a_checkpoint_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "new" / "reached.json"
    assert load_checkpoint(path) is None
    reached = InputCheckpoint(Place(3, 99, "ab" * 32), "shop-v0001", 12)
    save_checkpoint(path, reached)
    assert load_checkpoint(path) == reached
    assert [entry.name for entry in path.parent.iterdir()] == ["reached.json"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{}",
        b'{"format": 2}',
        b'{"format": 1, "place": {"line": -1}}',
        b'{"format": 1, "place": {"row": 1}}',
        b'{"format": 1, "place": {}, "more": 1}',
        b'{"format": 1, "place": {"line": "x"}}',
    ],
)
def test_what_is_no_checkpoint_is_said(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "reached.json"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"reached\.json is no checkpoint"):
        load_checkpoint(path)


def test_dead_lines_are_appended_and_never_twice(tmp_path: Path) -> None:
    path = tmp_path / "dead.jsonl"
    first = DeadLetterLog(path)
    assert first.size == 0 and not path.exists()
    assert first.add([]) == 0 and not path.exists()
    assert first.add([dead(1), dead(2, b'{"id": 1}')]) == 2
    acknowledged = first.size
    # The batch after it was not acknowledged: its lines are read again.
    first.add([dead(3), dead(4)])
    again = DeadLetterLog(path, acknowledged)
    assert again.add([dead(3), dead(4, b"other"), dead(5)]) == 3
    expected = [(1, "oops"), (2, {"id": 1}), (3, "oops"), (4, "oops"), (4, "other"), (5, "oops")]
    assert lines_of(path) == expected
    # Another input may have the same numbers.
    DeadLetterLog(path).add([dead(3)])
    assert lines_of(path) == [*expected, (3, "oops")]


def test_a_half_written_dead_line_is_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "dead.jsonl"
    DeadLetterLog(path).add([dead(1), dead(2)])
    whole = path.read_bytes()
    path.write_bytes(whole[:-9])
    assert DeadLetterLog(path, 0).add([dead(1), dead(2)]) == 2
    assert path.read_bytes() == whole


@pytest.mark.parametrize("content", [b"my notes", b"a\nb\n", b'{"id": 1}\n', b"[1]\n"])
def test_somebody_elses_file_is_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "notes"
    path.write_bytes(content)
    with pytest.raises(InputError, match="something else than dead letters"):
        DeadLetterLog(path)
    assert path.read_bytes() == content


def test_a_dead_line_has_its_whole_row_up_to_a_megabyte() -> None:
    assert orjson.loads(dead(1, b"x" * 900_000).to_line())["row"] == "x" * 900_000
    assert len(orjson.loads(dead(1, b"x" * 9_000_000).to_line())["row"]) <= 1_000_000
    assert orjson.loads(dead(1, b"\xff\xfe").to_line())["row"]


def test_a_line_without_end_takes_little_memory_and_has_a_reason() -> None:
    splitter = LineSplitter()
    for _ in range(3 * MAX_LINE_BYTES >> 20):
        assert splitter.feed(b"x" * (1 << 20)) == []
    (line, following) = splitter.feed(b"\n{}\n")
    assert len(line.row) == MAX_LINE_BYTES + 1 and line.place.offset == 3 * MAX_LINE_BYTES + 1
    with pytest.raises(ValueError, match="line is over"):
        parse_change(line.row)
    assert following.row == b"{}" and following.place.line == 2


def test_a_line_end_that_comes_later_is_no_line(tmp_path: Path) -> None:
    path = tmp_path / "changes.jsonl"
    path.write_bytes(b'{"id": 1}\n{"id": 2}')
    with start_input(str(path), Place()) as start:
        (batch,) = Batches(start, BatchLimits(), threading.Event())
    assert [line.row for line in batch.lines] == [b'{"id": 1}', b'{"id": 2}']
    path.write_bytes(b'{"id": 1}\n{"id": 2}\n{"id": 3}\n')
    with start_input(str(path), batch.lines[-1].place) as start:
        (batch,) = Batches(start, BatchLimits(), threading.Event())
    assert [(line.place.line, line.row) for line in batch.lines] == [(3, b'{"id": 3}')]


def test_half_a_line_of_a_file_is_left_and_of_a_stream_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "changes.jsonl"
    path.write_bytes(b'{"id": 1}\n{"id": "2')
    with start_input(str(path), Place()) as start:
        batches = Batches(start, BatchLimits(), threading.Event())
        assert [line.row for batch in batches for line in batch.lines] == [b'{"id": 1}']
        assert batches.unfinished == 2
    reading, writing = os.pipe()
    os.write(writing, path.read_bytes())
    os.close(writing)
    begin = InputStart(StreamSource("a pipe", reading), LineSplitter(), Place())
    found = Batches(begin, BatchLimits(), threading.Event())
    assert [line.row for batch in found for line in batch.lines] == [b'{"id": 1}', b'{"id": "2']
    os.close(reading)


def test_a_byte_order_mark_is_no_part_of_a_line() -> None:
    assert [line.row for line in LineSplitter().feed(b"\xef\xbb\xbf{}\r\n{}\n")] == [b"{}", b"{}"]


def test_items_are_read_as_the_readers_read_them() -> None:
    change = parse_change(
        b'{"id": 7, "title": " Trail\\tshoe ", "text": ["a", "b"], "price": "$1,299.00", "image": null,'
        b' "attributes": {"Size": [41, 42.0], " Colour ": "Red", "Sold": null}}'
    )
    attributes = {"Size": ("41", "42"), "Colour": ("Red",)}
    assert change == Upsert(Item("7", "Trail shoe", "a\nb", price=1299.0, attributes=attributes))


def test_null_removes() -> None:
    change = parse_change(
        b'{"op": "update", "id": "a-1", "text": null, "price": null, "attributes": {"Size": null}}'
    )
    values = {"text": "", "price": None, "price_max": None}
    assert change == Update(GivenFields("a-1", values, {"Size": None}))
    after = change.applied_to(FULL)
    assert after is not None and after.attributes == {"Colour": ("Red", "Blue")} and after.price is None
    bare = parse_change(b'{"op": "update", "id": "a-1", "attributes": null}').applied_to(FULL)
    assert bare is not None and bare.attributes == {} and bare.price == FULL.price


def test_every_field_that_is_no_vector_is_made_of_the_item() -> None:
    item = replace(FULL, title="Shoe of 300 g", attributes={"Model": ("DCD-771C2",), "Colour": ("Red",)})
    assert set(document(item, VECTORS)) - {fields.DENSE} == fields.OF_ITEM - {fields.IMAGE}


def test_an_empty_file_holds_no_changes(tmp_path: Path) -> None:
    path = tmp_path / "none.jsonl"
    path.touch()
    with open_source(str(path)) as source:
        assert source.read(0) == b"" and not source.stream
    assert is_stream("-") and is_stream("/dev/null") and not is_stream(str(path))
