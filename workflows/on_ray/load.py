"""The driver: items in, settled positions out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import replace
from typing import Any

from indexer.bulk_bodies import Refusal
from indexer.dead_letter import refused_item
from indexer.positions import NOTHING, Before
from indexer.stages import Refuse, Settle
from indexer.tally import Progress, Tally
from records import IndexingError, Item
from workflows.on_ray.batches import Batch, Numbered, contiguous
from workflows.on_ray.dataset import replies
from workflows.on_ray.desk import Desk
from workflows.on_ray.errand import Errand
from workflows.on_ray.feeder import Feeder
from workflows.on_ray.options import RayOptions
from workflows.on_ray.reply import Failed, Settled


def load_on_ray(
    ray: Any,
    items: Iterable[Item],
    errand: Errand,
    options: RayOptions,
    *,
    refuse: Refuse,
    progress: Callable[[Progress], None],
    before: Before = NOTHING,
    settle: Settle = lambda _positions, _refused: None,
) -> Progress:
    """``indexer.pipeline.run_pipeline`` on many machines.

    Args:
        ray: the connected module, see `ray_session`.
        items: read lazily, in a thread of its own.
        errand: what the workers do.
        options: how many they are.
        refuse: as there, from the calling thread.
        progress: as there, after each batch.
        before: as there.
        settle: as there, for each batch, from the calling thread, in any order.

    Returns:
        The counters after the last batch.

    Raises:
        IndexingError: workers kept ending at the same batch, Ray gave up, or batches did not come back.
        What the reader raised, once what it had read is settled.
        What a worker raised, see `Bench.work`.
    """
    numbered = Numbered(items, before.settled)
    account = _Account(numbered, refuse, before, settle)
    desk = ray.remote(num_cpus=0, max_concurrency=8)(Desk).remote()
    feeder = Feeder(ray, desk, contiguous(numbered, options.batch_items), options.window)
    try:
        ray.get(desk.open.remote(errand))
        feeder.start()
        with closing(replies(desk, options)) as stream:
            for number, reply in stream:
                if isinstance(reply, Failed):
                    reply.throw()
                batch = feeder.take_back(number)
                if reply is not None and batch is not None:
                    account.enter(batch, reply)
                progress(account.progress())
    except ray.exceptions.RayError as error:
        raise IndexingError(
            f"Ray gave up ({type(error).__name__})",
            fix="look at Ray's logs, then go on with --resume",
        ) from error
    finally:
        feeder.stop()
        ray.kill(desk)
    if feeder.error is not None:
        raise feeder.error
    if feeder.unsettled:
        raise IndexingError(
            f"{feeder.unsettled} batches did not come back from Ray", fix="go on with --resume"
        )
    return account.progress()


class _Account:
    """Counts replies and passes them to the ledger."""

    def __init__(self, numbered: Numbered, refuse: Refuse, before: Before, settle: Settle) -> None:
        self._numbered = numbered
        self._refuse = refuse
        self._settle = settle
        self._tally = Tally(before)
        self._busy_s: Counter[str] = Counter()

    def enter(self, batch: Batch, reply: Settled) -> None:
        """First the ledger, then the counters: what is shown as done is done."""
        letters = [
            refused_item(each.position, batch.items[each.position - batch.first], each.reason)
            for each in reply.refused
        ]
        self._settle(range(reply.first, reply.last + 1), letters)
        self._tally.add(encoded=len(batch.items), written=reply.written)
        for letter in letters:
            refusal = Refusal(letter.id, letter.reason)
            self._tally.refused(refusal)
            self._refuse(refusal)
        self._busy_s.update(reply.busy_s)

    def progress(self) -> Progress:
        """The counters now."""
        return replace(self._tally.progress(), read=self._numbered.read, busy_s=dict(self._busy_s))
