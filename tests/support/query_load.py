"""Hybrid searches all the while nodes go and come, each answer compared with what it must be."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from aisle.cluster import Cluster
from aisle.errors import AisleError
from aisle.mappings import fields
from aisle.search import SearchClient
from aisle.types import Item
from tests.support.indexing import SPACE, vectors

PAUSE_S = 0.2
# Some twenty searches a second, which leave the nodes the time to start.
BETWEEN_S = 0.1


class TitleEncoder:
    """Gives the query "shoe 7" the vector of the item "id-7" (see ``tests.support.indexing``)."""

    fingerprint = SPACE.fingerprint

    def encode_queries(self, texts: Sequence[str], dims: int | None = None) -> NDArray[np.float32]:
        named = [Item(id=f"id-{text.split()[-1]}", title=text) for text in texts]
        return np.asarray(vectors(named)[fields.DENSE], dtype=np.float32)


@dataclass(slots=True)
class QueryLoad:
    """As a context manager: searches until it is left.

    Attributes:
        client: with all hosts of the cluster.
        name: a release of ``documents`` items of ``tests.support.indexing``.
        documents: how many each answer must have counted.
        patience_s: for how long a search that failed is repeated; after that it is lost.
        answered, repeated: searches answered in the end, and attempts beyond the first.
        lost: errors of searches that failed for good.
        wrong: answers that were not whole.
    """

    client: Cluster
    name: str
    documents: int
    patience_s: float = 240.0
    threads: int = 2
    answered: int = 0
    repeated: int = 0
    lost: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _running: list[threading.Thread] = field(default_factory=list)

    def __enter__(self) -> QueryLoad:
        for seed in range(self.threads):
            self._running.append(threading.Thread(target=self._ask, args=(seed,), daemon=True))
        for thread in self._running:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        for thread in self._running:
            thread.join()

    def await_answers(self, more: int) -> None:
        """Until so many further searches were answered: that the load was on at this moment."""
        enough = self.answered + more
        deadline = time.monotonic() + self.patience_s
        while self.answered < enough:
            assert time.monotonic() < deadline, "no search was answered"
            time.sleep(0.05)

    def _ask(self, seed: int) -> None:
        choose = np.random.default_rng(seed)
        searcher = SearchClient(self.client, self.name, TitleEncoder())
        while not self._stop.is_set():
            number = int(choose.integers(self.documents))
            deadline = time.monotonic() + self.patience_s
            while True:
                try:
                    page = searcher.search(f"shoe {number}")
                except AisleError as error:
                    if time.monotonic() < deadline:
                        with self._lock:
                            self.repeated += 1
                        time.sleep(PAUSE_S)
                        continue
                    with self._lock:
                        self.lost.append(str(error))
                else:
                    with self._lock:
                        self.answered += 1
                        first = page.hits[0].item.id if page.hits else "nothing"
                        if first != f"id-{number}" or page.total != self.documents:
                            self.wrong.append(f"shoe {number}: {first}, {page.total} in all")
                break
            self._stop.wait(BETWEEN_S)
