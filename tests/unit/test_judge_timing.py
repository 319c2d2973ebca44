"""Peers take turns, and every call counts as it should."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from aisle.evaluation.encoders.timing import query_p50_ms, texts_per_s


def test_peers_take_turns_and_each_begins_warm() -> None:
    calls: list[tuple[str, str]] = []

    def peer(name: str) -> Callable[[str], object]:
        return lambda query: calls.append((name, query))

    found = query_p50_ms({"a": peer("a"), "b": peer("b")}, ["x", "y"], rounds=3)
    assert set(found) == {"a", "b"}
    turns = [calls[start][0] for start in range(0, len(calls), 3)]
    assert turns == ["a", "b", "b", "a", "a", "b"]
    assert [query for _, query in calls[:3]] == ["x", "x", "y"]


def test_the_median_ignores_a_stutter_and_the_warm_up() -> None:
    waits = iter([0.05, 0.002, 0.05, 0.002, 0.002])
    found = query_p50_ms({"a": lambda _: time.sleep(next(waits))}, ["w", "x", "y", "z"], rounds=1)
    assert 2 <= found["a"] < 20


def test_throughput_is_texts_by_the_median_round() -> None:
    def slow(texts: Sequence[str]) -> None:
        time.sleep(0.01 * len(texts))

    found = texts_per_s({"slow": slow, "fast": lambda _: None}, ["a", "b"], rounds=3)
    assert 20 < found["slow"] <= 100 < found["fast"]
