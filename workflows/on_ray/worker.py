"""What runs in Ray's processes: the reading task, and the actor that encodes and writes."""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from cluster import connect, translated_errors
from records import AisleError, IndexingError
from records.extras import optional
from workflows.on_ray.batches import Batch
from workflows.on_ray.bench import Bench
from workflows.on_ray.desk import Turn
from workflows.on_ray.errand import Errand
from workflows.on_ray.reply import Failed, Reply

Rows = Mapping[str, Sequence[Any]]
_PATIENCE_S = 5.0
_ATTEMPTS = 4


def read_from_desk(desk: Any, _: Rows) -> Iterator[Rows]:
    """The reading task: a row ``number``, ``packed`` for each batch that comes to lie on the desk."""
    ray = optional("ray", extra="ray")
    number = 0
    while not (turn := _turn(ray, desk, number)).ended:
        if turn.packed is not None:
            yield {"number": [number], "packed": [turn.packed]}
            number += 1


class IndexWorker:
    """A ``map_batches`` class: rows of `read_from_desk` → rows ``number`` and ``reply``.

    It has no state but its encoder and its client, so Ray may end it at any moment and give its batches to
    another one: the same items become the same documents under the same ids.
    """

    def __init__(self, desk: Any) -> None:
        self._desk = desk

    def __call__(self, rows: Rows) -> Rows:
        """One reply per row."""
        # A catalogue without items is one block without columns.
        numbers = [int(number) for number in rows.get("number", ())]
        batches = (bytes(packed) for packed in rows.get("packed", ()))
        replies = [self._reply(number, packed) for number, packed in zip(numbers, batches, strict=True)]
        return {"number": numbers, "reply": [pickle.dumps(reply) for reply in replies]}

    def _reply(self, number: int, packed: bytes) -> Reply | None:
        if not packed:
            # Settled before Ray ran the reading task a second time.
            return None
        batch = Batch.unpacked(packed)
        try:
            self._check_attempts(number, batch)
            with translated_errors():
                return self._bench.work(batch)
        except AisleError as error:
            return Failed.of(error)

    def _check_attempts(self, number: int, batch: Batch) -> None:
        """Ray gives a batch to another worker as often as one ends: here is where that has an end."""
        attempts = optional("ray", extra="ray").get(self._desk.begin.remote(number))
        if attempts > _ATTEMPTS:
            raise IndexingError(
                f"{_ATTEMPTS} workers ended at the items {batch.first} to {batch.last} of the catalogue",
                fix="look for memory that ran out and at the workers' Ray logs, then go on with --resume",
            )

    @cached_property
    def _bench(self) -> Bench:
        """Made with the first batch, and not in the constructor, whose errors Ray prints and repeats."""
        ray = optional("ray", extra="ray")
        errand: Errand = ray.get(self._desk.errand.remote())
        return Bench(connect(errand.settings), errand.encoder.open(errand.cpus), errand)


def _turn(ray: Any, desk: Any, number: int) -> Turn:
    turn: Turn = ray.get(desk.take.remote(number, _PATIENCE_S))
    return turn
