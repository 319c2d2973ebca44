"""What `faulty_proxy` can do to a request, and plans that say when."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it came in.

    Attributes:
        number: counts all requests of the proxy from 0.
        headers: names in small letters.
    """

    number: int
    method: str
    path: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """Answer with this instead of asking the node."""

    status: int
    body: bytes = b"{}"
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LoseAnswer:
    """Let the node do it, then close the connection: the client cannot know that it was done."""


@dataclass(frozen=True, slots=True)
class Delay:
    """Wait, then let the node do it."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Down:
    """Close the connection without an answer."""


@dataclass(frozen=True, slots=True)
class ResetInBody:
    """Reset the connection after this part of the request's body, of which the node sees nothing."""

    part: float = 0.5


@dataclass(frozen=True, slots=True)
class HalfAnswer:
    """Let the node do it and send half of its answer, the whole length promised; then close."""


@dataclass(frozen=True, slots=True)
class CutAnswer:
    """Let the node do it and send half of its answer as if that were all: JSON that breaks off."""


@dataclass(frozen=True, slots=True)
class Drip:
    """Let the node do it and send its answer byte by byte, so that no single read times out.

    Attributes:
        seconds: for the whole answer.
    """

    seconds: float


Fault = Answer | LoseAnswer | Delay | Down | ResetInBody | HalfAnswer | CutAnswer | Drip
Plan = Callable[[Request], Fault | None]


def first(count: int, path_part: str, fault: Fault) -> Plan:
    """The fault for the first ``count`` requests whose path holds ``path_part``; None: as it should be."""
    numbers = itertools.count()
    return lambda request: fault if path_part in request.path and next(numbers) < count else None
