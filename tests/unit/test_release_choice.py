"""Which release a rollback goes to, which ones go, and how each is called."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aisle.errors import InputError
from aisle.indexer.releases.inventory import ReleaseInventory, ReleaseState, state_of
from aisle.indexer.releases.names import rollback_actions
from aisle.indexer.releases.prune import choose_pruned
from aisle.indexer.releases.rollback import choose_target

V = [f"shop-v{number:04d}" for number in range(9)]


def now(
    *releases: int, live: int = 0, unfinished: tuple[int, ...] = (), **marks: tuple[int, ...]
) -> ReleaseInventory:
    named = {mark: tuple(V[n] for n in numbers) for mark, numbers in marks.items()}
    return ReleaseInventory(
        releases=tuple(V[n] for n in releases),
        live=(V[live],) if live else (),
        unfinished=tuple(V[n] for n in unfinished),
        **named,
    )


@pytest.mark.parametrize(
    ("standing", "target"),
    [
        (now(1, 2, 3, live=3), 2),
        (now(1, 2, 3, live=3, unfinished=(2,)), 1),
        (now(1, 2, 3, live=2, withdrawn=(3,)), 1),
        (now(1, 2, 3, 4, live=4, withdrawn=(3,)), 2),
        (now(1, 2), 2),
    ],
)
def test_back_is_the_newest_older_finished_release(standing: ReleaseInventory, target: int) -> None:
    assert choose_target("shop", standing) == V[target]


@pytest.mark.parametrize(
    "standing",
    [
        now(),
        now(3, live=3),
        now(2, 3, live=3, unfinished=(2,)),
        now(2, 3, live=2),
        now(2, 3, live=2, withdrawn=(3,)),
    ],
)
def test_there_may_be_no_way_back(standing: ReleaseInventory) -> None:
    with pytest.raises(InputError, match="no older finished release") as refused:
        choose_target("shop", standing)
    assert (f"--to: {V[3]}" in refused.value.fix) == (standing.withdrawn == (V[3],))


@pytest.mark.parametrize(
    ("to", "said"),
    [(5, "no release shop-v0005"), (1, "never finished"), (3, "is live already")],
)
def test_what_cannot_be_gone_to(to: int, said: str) -> None:
    with pytest.raises(InputError, match=said) as refused:
        choose_target("shop", now(1, 2, 3, live=3, unfinished=(1,)), V[to])
    assert refused.value.fix == "choose one of shop-v0002"


def test_a_withdrawn_release_can_be_named() -> None:
    assert choose_target("shop", now(2, 3, live=2, withdrawn=(3,)), V[3]) == V[3]


def applied(aliases: dict[str, set[str]], actions: list[dict[str, Any]]) -> dict[str, set[str]]:
    """What OpenSearch makes of them; KeyError where it answers 404."""
    after = {index: set(names) for index, names in aliases.items()}
    for action in actions:
        ((kind, body),) = action.items()
        if kind == "add":
            after[body["index"]].add(body["alias"])
        elif body["must_exist"]:
            after[body["index"]].remove(body["alias"])
        else:
            after[body["index"]].discard(body["alias"])
    return after


def test_a_rollback_marks_what_it_withdraws_and_its_repeat_is_refused() -> None:
    aliases: dict[str, set[str]] = {V[2]: set(), V[3]: {"shop"}}
    there = rollback_actions("shop", V[2], [V[3]])
    after = applied(aliases, there)
    assert after == {V[2]: {"shop"}, V[3]: {f"{V[3]}-withdrawn"}}
    with pytest.raises(KeyError):
        applied(after, there)
    again = applied(after, rollback_actions("shop", V[3], [V[2]]))
    assert again == {V[2]: {f"{V[2]}-withdrawn"}, V[3]: {"shop"}}


def test_prune_keeps_the_live_one_the_newest_finished_and_what_can_be_resumed() -> None:
    standing = now(1, 2, 3, 4, 5, 6, 7, live=5, unfinished=(2, 6, 7), abandoned=(7,), withdrawn=(4,))
    assert choose_pruned("shop", standing, 1) == (V[1], V[2], V[4], V[7])
    assert choose_pruned("shop", standing, 9) == (V[2], V[4], V[7])
    assert choose_pruned("shop", standing, 0, unfinished=True) == tuple(V[n] for n in (1, 2, 3, 4, 6, 7))
    with pytest.raises(InputError):
        choose_pruned("shop", standing, -1)


_SOME = st.sets(st.integers(1, 8))


@settings(deadline=None)
@given(_SOME, st.integers(0, 8), _SOME, _SOME, st.integers(0, 9), st.booleans())
def test_whatever_is_pruned_the_live_one_stays_and_so_many_others(
    releases: set[int], live: int, unfinished: set[int], withdrawn: set[int], keep: int, all_unfinished: bool
) -> None:
    releases |= {live} - {0}
    unfinished = (unfinished & releases) - {live}
    withdrawn = (withdrawn & releases) - {live} - unfinished
    standing = now(*sorted(releases), live=live, unfinished=tuple(unfinished), withdrawn=tuple(withdrawn))
    doomed = set(choose_pruned("shop", standing, keep, unfinished=all_unfinished))
    good = {V[n] for n in releases - unfinished - withdrawn - {live}}
    assert doomed <= set(standing.releases) - set(standing.live)
    assert len(good - doomed - {V[max(releases - unfinished, default=0)]}) <= keep <= 9
    assert len(good - doomed) >= min(keep, len(good))
    newest = max(releases - unfinished, default=0)
    assert {V[n] for n in withdrawn - {newest}} <= doomed and V[newest] not in doomed
    assert not good - doomed or min(good - doomed) >= max(good & doomed, default="")
    assert not (all_unfinished and {V[n] for n in unfinished} - doomed)


def test_each_release_has_one_state() -> None:
    standing = now(1, 2, 3, 4, 5, live=3, unfinished=(4, 5), abandoned=(5,), withdrawn=(2,))
    assert [state_of(release, standing) for release in standing.releases] == [
        ReleaseState.KEPT,
        ReleaseState.WITHDRAWN,
        ReleaseState.LIVE,
        ReleaseState.UNFINISHED,
        ReleaseState.ABANDONED,
    ]
