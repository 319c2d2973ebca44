"""One model's turn: scores for the beginning of a list, as far as the time allows."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from aisle.errors import InputError

PROBE = 4
"""Pairs of the first look, before anything is known of the speed."""

_FADING = 0.7


class ThroughputEstimate:
    """Milliseconds per pair. A slow chunk counts at once, faster ones little by little.

    Shared by threads without a lock: each reads and writes one float, and any of the values will do.
    """

    def __init__(self) -> None:
        self._ms: float | None = None

    def fits(self, wanted: int, left_ms: float) -> int:
        """How many of the wanted pairs can be done in that time, by what was seen so far."""
        if left_ms <= 0:
            return 0
        if self._ms is None:
            return min(wanted, PROBE)
        return wanted if self._ms * wanted <= left_ms else int(left_ms / self._ms)

    def saw(self, pairs: int, ms: float) -> None:
        """So many pairs took so long."""
        now = ms / pairs
        self._ms = now if self._ms is None else max(now, _FADING * self._ms + (1 - _FADING) * now)


K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Recent(Generic[K, V]):
    """Keeps the ``most`` entries that were read or written last."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._held: OrderedDict[K, V] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._held)

    def find(self, keys: Sequence[K]) -> list[V | None]:
        """The value of each key, None where there is none."""
        with self._lock:
            for key in keys:
                if key in self._held:
                    self._held.move_to_end(key)
            return [self._held.get(key) for key in keys]

    def keep(self, entries: Iterable[tuple[K, V]]) -> None:
        """Write; the entries that were not used for the longest time go."""
        with self._lock:
            for key, value in entries:
                self._held[key] = value
                self._held.move_to_end(key)
            while len(self._held) > self._most:
                self._held.popitem(last=False)


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
class CascadeStage:
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
class StageContext:
    """What one stage needs beside its texts.

    Attributes:
        stage: the model; pace: how fast it has been; cache: scores that are known.
        clock: in seconds; deadline: on it, None: no limit.
        chunk: pairs between two looks at the clock.
    """

    stage: CascadeStage
    pace: ThroughputEstimate
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
