"""How much memory this process took at most while something ran."""

from __future__ import annotations

import threading
from types import TracebackType

import psutil

MB = 1_000_000
_EVERY_S = 0.02


class PeakMemory:
    """Samples the resident memory of this process 50 times a second, as a context manager.

    Attributes:
        baseline: bytes when the block began.
        peak: most bytes seen until its end.
    """

    def __init__(self) -> None:
        self._process = psutil.Process()
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self.baseline = 0
        self.peak = 0

    @property
    def above_mb(self) -> float:
        """Peak above the baseline, in MB (10^6 bytes)."""
        return (self.peak - self.baseline) / MB

    def __enter__(self) -> PeakMemory:
        self.baseline = self.peak = self._resident()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._done.set()
        self._thread.join()
        self.peak = max(self.peak, self._resident())

    def _sample(self) -> None:
        while not self._done.wait(_EVERY_S):
            self.peak = max(self.peak, self._resident())

    def _resident(self) -> int:
        return int(self._process.memory_info().rss)
