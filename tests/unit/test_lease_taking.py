"""When a lease may be taken: from looks at the document and one process's own clock."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aisle.indexer.lease.lease import TakeoverVerdict, TakeoverWatch, is_gone, process_realm, this_process
from aisle.indexer.lease.state import LeaseDocument, Owner, Seen

OWNER = Owner("host", "realm", 1, "aisle index")


def seen(beat: int, *, owner: Owner | None = OWNER, lease_s: float = 9.0) -> Seen:
    return Seen(LeaseDocument(token="t" if owner else "", beat=beat, lease_s=lease_s, owner=owner), (beat, 1))


def taking(wait_s: float = 0.0, lease_s: float = 9.0) -> TakeoverWatch:
    return TakeoverWatch(wait_s, lease_s, 100.0, lambda _: False)


def test_a_free_lease_is_taken_at_the_first_look() -> None:
    assert taking().look(seen(1, owner=None), 100.0) is TakeoverVerdict.TAKE


def test_an_owner_that_is_certainly_gone_loses_it_at_the_first_look() -> None:
    assert TakeoverWatch(0, 9, 100.0, lambda _: True).look(seen(1), 100.0) is TakeoverVerdict.TAKE


def test_the_first_sign_of_life_refuses_who_does_not_wait() -> None:
    look = taking().look
    assert [look(seen(1), 100.0), look(seen(1), 101.0)] == [TakeoverVerdict.LOOK_AGAIN] * 2
    assert look(seen(2), 102.0) is TakeoverVerdict.REFUSED


def test_signs_of_life_refuse_who_waits_when_the_waiting_is_over() -> None:
    look = taking(wait_s=30).look
    assert {look(seen(beat), 100.0 + beat) for beat in range(30)} == {TakeoverVerdict.LOOK_AGAIN}
    assert look(seen(30), 130.0) is TakeoverVerdict.REFUSED


def test_silence_for_a_whole_lease_takes_it_over() -> None:
    look = taking().look
    verdicts = [look(seen(1), 100.0 + second) for second in range(10)]
    assert verdicts == [TakeoverVerdict.LOOK_AGAIN] * 9 + [TakeoverVerdict.TAKE]


def test_the_holders_own_lease_counts_when_it_is_longer() -> None:
    look = taking(lease_s=1).look
    verdicts = [look(seen(1), 100.0 + second) for second in range(10)]
    assert verdicts == [TakeoverVerdict.LOOK_AGAIN] * 9 + [TakeoverVerdict.TAKE]


def test_one_long_gap_between_two_looks_is_no_lease_of_silence() -> None:
    look = taking().look
    look(seen(1), 100.0)
    # The cluster was away for an hour: its holder had no chance to write either.
    assert look(seen(1), 3700.0) is TakeoverVerdict.LOOK_AGAIN
    assert [look(seen(1), 3700.0 + second) for second in (3, 6)] == [
        TakeoverVerdict.LOOK_AGAIN,
        TakeoverVerdict.TAKE,
    ]


def test_who_was_too_slow_to_take_a_free_lease_meets_its_new_holder() -> None:
    look = taking().look
    assert look(seen(1, owner=None), 100.0) is TakeoverVerdict.TAKE
    assert look(seen(2), 100.1) is TakeoverVerdict.REFUSED


@settings(deadline=None)
@given(st.lists(st.floats(0.01, 2.9), min_size=1, max_size=40), st.data())
def test_a_holder_that_beats_within_its_lease_is_never_taken_over(
    gaps: list[float], data: st.DataObject
) -> None:
    look, now, beat, silent = taking(wait_s=1e9).look, 100.0, 0, 0.0
    for gap in gaps:
        now += gap
        silent += gap
        if silent > 8.9 or data.draw(st.booleans()):
            beat, silent = beat + 1, 0.0
        assert look(seen(beat), now) is not TakeoverVerdict.TAKE


def test_only_a_process_of_this_very_machine_is_known_to_be_gone() -> None:
    mine = this_process("me")
    assert mine.pid == os.getpid() and mine.realm == process_realm() != ""
    assert not is_gone(mine)
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        theirs = Owner(mine.host, mine.realm, other.pid, "other")
        assert not is_gone(theirs)
        other.kill()
        other.wait()
    assert is_gone(theirs)
    for realm in ("", "another"):
        assert not is_gone(Owner(mine.host, realm, other.pid, "other"))
    # Another user's, and a number that no process can have.
    assert not is_gone(Owner(mine.host, mine.realm, 1, "init"))
    assert not is_gone(Owner(mine.host, mine.realm, 2**80, "none"))


@settings(deadline=None)
@given(
    st.builds(
        LeaseDocument,
        sequence=st.integers(),
        release=st.integers(),
        token=st.text(),
        beat=st.integers(),
        lease_s=st.floats(allow_nan=False),
        owner=st.just(OWNER),
    )
)
def test_a_state_reads_back(state: LeaseDocument) -> None:
    assert LeaseDocument.from_json(state.to_json()) == state
    assert LeaseDocument.from_json(state.freed().to_json()) == LeaseDocument(
        sequence=state.sequence, release=state.release
    )


def test_a_state_of_an_older_version_is_read() -> None:
    source = LeaseDocument(sequence=1_234).to_json()
    del source["release"]
    assert LeaseDocument.from_json(source) == LeaseDocument(sequence=1_234)


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(1, 50), st.integers(0, 9)), max_size=20))
def test_no_release_number_is_given_twice(asked: list[tuple[int, int]]) -> None:
    state, given_out = LeaseDocument(), []
    for least, count in asked:
        # Versions are taken in between; the two have nothing to do with each other.
        state = state.numbered(least).reserved(count, 0).freed()
        assert state.release >= least
        given_out.append(state.release)
    assert given_out == sorted(set(given_out))


@pytest.mark.parametrize("source", [{}, {"owner": {}}, {**LeaseDocument().to_json(), "sequence": "x"}])
def test_a_foreign_document_is_no_state(source: dict[str, object]) -> None:
    with pytest.raises((KeyError, ValueError, TypeError)):
        LeaseDocument.from_json(source)
