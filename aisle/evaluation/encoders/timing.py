"""Timing of several peers in one run, in turns, so that a busy machine slows all of them alike."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeVar

_T = TypeVar("_T")


def query_p50_ms(
    peers: Mapping[str, Callable[[str], object]], queries: Sequence[str], rounds: int = 5
) -> dict[str, float]:
    """Median milliseconds of one query at a time, warm: each peer's turn starts with one that is not timed.

    Args:
        peers: name to what encodes one query.
        queries: at least one; each is encoded once per round.
        rounds: at least one.
    """
    took: dict[str, list[float]] = {name: [] for name in peers}
    for name in _turns(list(peers), rounds):
        peers[name](queries[0])
        took[name].extend(_seconds(peers[name], query) for query in queries)
    return {name: statistics.median(times) * 1000 for name, times in took.items()}


def texts_per_s(
    peers: Mapping[str, Callable[[Sequence[str]], object]], texts: Sequence[str], rounds: int = 3
) -> dict[str, float]:
    """Texts a second of each peer through the whole list, tokenization included; the median of the rounds."""
    took: dict[str, list[float]] = {name: [] for name in peers}
    for encode in peers.values():
        encode(texts[:64])
    for name in _turns(list(peers), rounds):
        took[name].append(_seconds(peers[name], texts))
    return {name: len(texts) / statistics.median(times) for name, times in took.items()}


def _turns(names: Sequence[str], rounds: int) -> Iterator[str]:
    for turn in range(rounds):
        first = turn % len(names)
        yield from (*names[first:], *names[:first])


def _seconds(call: Callable[[_T], object], argument: _T) -> float:
    started = time.perf_counter()
    call(argument)
    return time.perf_counter() - started
