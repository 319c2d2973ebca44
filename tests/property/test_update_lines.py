"""Input: whatever the chunks, the same lines at the same places; reading goes on anywhere."""

from __future__ import annotations

import hashlib
import tempfile
import threading
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from aisle.indexer.updates.input import Batches, BatchLimits, InputLine, LineSplitter, Place, start_input

texts = st.lists(st.sampled_from([b"a", b"{}", b"\n", b"\r\n", b"\n\n", b'{"b": 1}', "\u20ac".encode()])).map(
    b"".join
)


def read(path: Path, behind: Place, size: int) -> tuple[list[InputLine], bool, int]:
    with start_input(str(path), behind) as start:
        batches = Batches(start, BatchLimits(lines=size), threading.Event())
        found = list(batches)
    assert all(len(batch.lines) == size for batch in found if batch.full)
    return [line for batch in found for line in batch.lines], start.other, batches.unfinished


@settings(deadline=None)
@given(texts, st.lists(st.integers(0, 20)))
def test_chunks_make_no_difference(text: bytes, cuts: list[int]) -> None:
    whole = LineSplitter()
    expected = [*whole.feed(text), *filter(None, [whole.rest()])]
    parts = LineSplitter()
    found, rest = [], text
    for cut in cuts:
        found += parts.feed(rest[:cut])
        rest = rest[cut:]
    found += [*parts.feed(rest), *filter(None, [parts.rest()])]
    assert found == expected
    rows = text.split(b"\n")
    rows = rows[:-1] if rows[-1] == b"" else rows
    assert [line.row for line in found] == [row.rstrip(b"\r") for row in rows]
    for line in found:
        before = text[: line.place.offset]
        assert line.place.sha256 == hashlib.sha256(before).hexdigest()


@settings(deadline=None)
@given(texts, st.integers(1, 4), st.integers(0, 30))
def test_reading_goes_on_behind_any_line(text: bytes, size: int, at: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "changes"
        path.write_bytes(text)
        lines, _, unfinished = read(path, Place(), size)
        place = ([Place()] + [line.place for line in lines])[at % (len(lines) + 1)]
        assert read(path, place, size) == (
            [line for line in lines if line.place.line > place.line],
            False,
            unfinished,
        )
        # Somebody adds to it: the rest of a line, and another one.
        path.write_bytes(text + b"}\n{}\n")
        grown, other, now = read(path, lines[-1].place if lines else Place(), size)
        assert not other and not now and grown[-1].row == b"{}"
        numbers = [line.place.line for line in [*lines, *grown]]
        assert numbers == list(range(1, len(numbers) + 1))
        assert grown[-1].place.offset == len(text) + 5


@settings(deadline=None)
@given(texts.filter(lambda text: b"\n" in text), st.binary(min_size=1, max_size=3))
def test_another_input_is_noticed_and_read_from_its_start(text: bytes, other: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "changes"
        path.write_bytes(text)
        place = read(path, Place(), 100)[0][-1].place
        path.write_bytes(bytes([text[0] ^ 1]) + text[1:] + other)
        lines, is_other, _ = read(path, place, 100)
        assert is_other and (not lines or lines[0].place.line == 1)
        path.write_bytes(text[: place.offset - 1])
        assert read(path, place, 100)[1]
