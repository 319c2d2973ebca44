"""Packing loses nothing, doubles nothing, keeps the order and the limits."""

from __future__ import annotations

from itertools import pairwise

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from aisle.indexer.bulk import LOAD_VERSION, MAX_ID_BYTES, Body, Line, Refusal, pack, serialise

lines = st.lists(
    st.builds(Line, id=st.text(max_size=5), data=st.binary(min_size=1, max_size=200)), max_size=60
)


@settings(deadline=None)
@given(lines, st.integers(1, 300), st.integers(1, 20))
def test_nothing_lost_doubled_or_reordered_within_limits(
    documents: list[Line], max_bytes: int, max_docs: int
) -> None:
    bodies = list(pack(iter(documents), max_bytes=max_bytes, max_docs=max_docs))
    assert [line for body in bodies for line in body.lines] == documents
    for body in bodies:
        assert 1 <= len(body) <= max_docs
        assert len(body.payload) <= max_bytes or len(body) == 1


@settings(deadline=None)
@given(lines.filter(bool), st.integers(1, 300), st.integers(1, 20))
def test_bodies_are_as_full_as_the_limits_allow(documents: list[Line], max_bytes: int, max_docs: int) -> None:
    bodies = list(pack(documents, max_bytes=max_bytes, max_docs=max_docs))
    for body, following in pairwise(bodies):
        room_for_next = len(body.payload) + len(following.lines[0].data) <= max_bytes
        assert len(body) == max_docs or not room_for_next


@settings(deadline=None)
@given(lines.filter(lambda some: len(some) > 1))
def test_halves_are_the_whole(documents: list[Line]) -> None:
    body = Body(tuple(documents))
    left, right = body.halves()
    assert left.lines + right.lines == body.lines
    assert len(left) >= 1 and len(right) >= 1


@settings(deadline=None)
@given(st.text(max_size=600), st.dictionaries(st.text(max_size=9), st.text(max_size=40), max_size=4))
def test_a_line_is_two_lines_of_json_or_a_refusal(identity: str, source: dict[str, str]) -> None:
    line = serialise(identity, source)
    if isinstance(line, Refusal):
        assert not 0 < len(identity.encode()) <= MAX_ID_BYTES
        return
    action, document, rest = line.data.split(b"\n")
    versioned = {"_id": identity, "version": LOAD_VERSION, "version_type": "external_gte"}
    assert orjson.loads(action) == {"index": versioned}
    assert orjson.loads(document) == source
    assert rest == b""


@settings(deadline=None)
@given(st.text(st.characters(categories=["Cs"]), min_size=1, max_size=3))
def test_lone_surrogates_are_refused_and_not_raised(text: str) -> None:
    assert isinstance(serialise(text, {}), Refusal)
    refusal = serialise("1", {"title": text})
    assert isinstance(refusal, Refusal)
    refusal.reason.encode()
