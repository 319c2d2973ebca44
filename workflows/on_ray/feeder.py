"""The driver's side of the desk: reads ahead, but only so far; knows what is under way."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Any

from workflows.on_ray.batches import Batch


class Feeder:
    """Lays batches on the desk from a thread of its own.

    Args:
        ray: the connected module.
        desk: a handle of the `Desk` actor.
        batches: read lazily, never more than ``window`` of them unsettled.
        window: bounds the memory of driver, desk and workers.
    """

    def __init__(self, ray: Any, desk: Any, batches: Iterable[Batch], window: int) -> None:
        self.error: BaseException | None = None
        self._ray = ray
        self._desk = desk
        self._batches = batches
        self._room = threading.Semaphore(window)
        self._stop = threading.Event()
        self._under_way: dict[int, Batch] = {}
        self._thread = threading.Thread(target=self._run, name="aisle-feed", daemon=True)

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def stop(self) -> None:
        """End early; waits for a row that is being read, but not for ever."""
        self._stop.set()
        self._room.release()
        if self._thread.ident is not None:
            self._thread.join(5.0)

    @property
    def unsettled(self) -> int:
        """Batches that were laid and have not come back."""
        return len(self._under_way)

    def take_back(self, number: int) -> Batch | None:
        """The batch of a reply; None for a second reply to the same one."""
        batch = self._under_way.pop(number, None)
        if batch is not None:
            self._desk.settled.remote(number)
            self._room.release()
        return batch

    def _run(self) -> None:
        try:
            for number, batch in enumerate(self._batches):
                self._room.acquire()
                if self._stop.is_set():
                    return
                self._under_way[number] = batch
                self._ray.get(self._desk.lay.remote(number, batch.packed()))
        except BaseException as error:  # noqa: BLE001 - carried to the driver's thread, which raises it
            self.error = error
        finally:
            # Fire and forget: when the desk itself is gone, the dataset ends with that error.
            self._desk.close.remote()
