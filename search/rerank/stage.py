"""One model's turn: scores for the beginning of a list, as far as the time allows."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from records import InputError
from search.rerank.pace import Pace
from search.rerank.recent import Recent

Clock = Callable[[], float]
"""Seconds, never going back (``time.monotonic``)."""

ScoreCache = Recent[bytes, float]
"""Digest of artifact, query and item text, to the score."""


class PairScorer(Protocol):
    """Scores items for a query (``encoder.CrossEncoder``)."""

    @property
    def fingerprint(self) -> str:
        """sha256 of the artifact, 64 hex digits."""

    def score(self, query: str, texts: Sequence[str]) -> NDArray[np.float32]:
        """float32 [n]: the higher, the better."""


@dataclass(frozen=True, slots=True)
class Stage:
    """A model and how many of the best it reads.

    Raises:
        InputError: it reads none.
    """

    model: PairScorer
    top: int = 100

    def __post_init__(self) -> None:
        if self.top < 1:
            raise InputError(f"a stage that reads {self.top} items changes nothing", fix="give 1 or more")


def digest_of(*parts: str) -> bytes:
    """16 bytes that name these texts in this order."""
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        raw = part.encode("utf-8", "surrogatepass")
        digest.update(len(raw).to_bytes(8, "little") + raw)
    return digest.digest()


@dataclass(frozen=True, slots=True)
class Turn:
    """What one stage needs beside its texts.

    Attributes:
        stage: the model; pace: how fast it has been; cache: scores that are known.
        clock: in seconds; deadline: on it, None: no limit.
        chunk: pairs between two looks at the clock.
    """

    stage: Stage
    pace: Pace
    cache: ScoreCache
    clock: Clock
    deadline: float | None
    chunk: int

    def scores(self, query: str, texts: Sequence[str]) -> list[float]:
        """Scores of the first texts: of all of them, or as far as there was time."""
        # An item whose text changes, or another model, has another key.
        keys = [digest_of(self.stage.model.fingerprint, query, text) for text in texts]
        found = self.cache.find(keys)
        unknown = [at for at, score in enumerate(found) if score is None]
        done = 0
        while done < len(unknown) and (fitting := self._fitting(len(unknown) - done)):
            batch = unknown[done : done + fitting]
            started = self.clock()
            scores = self.stage.model.score(query, [texts[at] for at in batch]).tolist()
            self.pace.saw(len(batch), (self.clock() - started) * 1000)
            for at, score in zip(batch, scores, strict=True):
                found[at] = score
            self.cache.keep((keys[at], score) for at, score in zip(batch, scores, strict=True))
            done += len(batch)
        reached = unknown[done] if done < len(unknown) else len(texts)
        return [score for score in found[:reached] if score is not None]

    def _fitting(self, wanted: int) -> int:
        if self.deadline is None:
            return wanted
        return self.pace.fits(min(wanted, self.chunk), (self.deadline - self.clock()) * 1000)
