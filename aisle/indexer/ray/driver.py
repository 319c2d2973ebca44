"""The driver: items in, settled positions out."""

from __future__ import annotations

import pickle
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from aisle._environment import optional
from aisle.cluster import ClusterSettings
from aisle.errors import IndexingError
from aisle.indexer.ledger.store import Ledger
from aisle.indexer.options import IndexOptions
from aisle.indexer.progress import Progress, ProgressCounter
from aisle.indexer.ray.buffer import Batch, BatchBuffer, Numbered, Producer, contiguous
from aisle.indexer.ray.session import RayOptions
from aisle.indexer.ray.task import EncoderSource, Failed, Reply, Settled, TaskSpec
from aisle.indexer.ray.worker import IndexWorker, read_from_buffer
from aisle.types import Item


def replies(buffer: Any, options: RayOptions) -> Generator[tuple[int, Reply | None], None, None]:
    """Number and reply of each batch, in the order in which they are done.

    Raises:
        ray.exceptions.RayError: the buffer is gone, or a worker failed in a way that is a bug.
    """
    data: Any = optional("ray.data", extra="ray")
    with _row_by_row(data):
        # All cores belong to the workers: whatever comes before them must ask for none, or it waits for ever.
        batches = data.from_items([0], override_num_blocks=1).map_batches(
            partial(read_from_buffer, buffer), batch_size=None, num_cpus=0
        )
        # With the same resources as the reading task, Ray would make one task of both, and nothing parallel.
        done = batches.map_batches(
            IndexWorker,
            fn_constructor_args=(buffer,),
            batch_size=None,
            compute=data.ActorPoolStrategy(size=options.workers),
            num_cpus=options.cpus,
        )
    for block in done.iter_batches(batch_size=None, batch_format="numpy", prefetch_batches=0):
        for number, reply in zip(block["number"], block["reply"], strict=True):
            yield int(number), pickle.loads(reply)


@contextmanager
def _row_by_row(data: Any) -> Iterator[None]:
    """Settings of the datasets that are made within: every row travels at once, and nothing is drawn.

    By default Ray gathers rows until they fill a block of 128 MB: the buffer would wait for replies, and they
    for the buffer.
    """
    context = data.DataContext.get_current()
    wanted = {"target_max_block_size": 1, "enable_progress_bars": False}
    before = {name: getattr(context, name) for name in wanted}
    try:
        for name, value in wanted.items():
            setattr(context, name, value)
        yield
    finally:
        for name, value in before.items():
            setattr(context, name, value)


def load_on_ray(
    ray: Any,
    items: Iterable[Item],
    task: TaskSpec,
    options: RayOptions,
    *,
    ledger: Ledger,
    progress: Callable[[Progress], None],
) -> Progress:
    """``aisle.indexer.pipeline.run_pipeline`` on many machines.

    Args:
        ray: the connected module, see `ray_session`.
        items: read lazily, in a thread of its own.
        task: what the workers do.
        options: how many they are.
        ledger: what it has settled is left out; told of each batch, from the calling thread, in any order.
        progress: called after each batch, from the calling thread; may raise to end the run.

    Returns:
        The counters after the last batch.

    Raises:
        IndexingError: workers kept ending at the same batch, Ray gave up, or batches did not come back.
        What the reader raised, once what it had read is settled.
        What a worker raised, see `BatchWorker.work`.
    """
    before = ledger.before()
    numbered = Numbered(items, before.settled)
    account = _Account(numbered, ledger, ProgressCounter(before))
    buffer = ray.remote(num_cpus=0, max_concurrency=8)(BatchBuffer).remote()
    producer = Producer(ray, buffer, contiguous(numbered, options.batch_items), options.in_flight)
    try:
        ray.get(buffer.open.remote(task))
        producer.start()
        with closing(replies(buffer, options)) as stream:
            for number, reply in stream:
                if isinstance(reply, Failed):
                    reply.throw()
                batch = producer.take_back(number)
                if reply is not None and batch is not None:
                    account.enter(batch, reply)
                progress(account.progress())
    except ray.exceptions.RayError as error:
        raise IndexingError(
            f"Ray gave up ({type(error).__name__})",
            fix="look at Ray's logs, then go on with --resume",
        ) from error
    finally:
        producer.stop()
        ray.kill(buffer)
    if producer.error is not None:
        raise producer.error
    if producer.unsettled:
        raise IndexingError(
            f"{producer.unsettled} batches did not come back from Ray", fix="go on with --resume"
        )
    return account.progress()


class _Account:
    """Counts replies and passes them to the ledger."""

    def __init__(self, numbered: Numbered, ledger: Ledger, counter: ProgressCounter) -> None:
        self._numbered = numbered
        self._ledger = ledger
        self._counter = counter
        self._busy_s: Counter[str] = Counter()

    def enter(self, batch: Batch, reply: Settled) -> None:
        """First the ledger, then the counters: what is shown as done is done."""
        self._ledger.settle(range(reply.first, reply.last + 1), reply.refused)
        self._counter.add(encoded=len(batch.items), clipped=reply.clipped, written=reply.written)
        for letter in reply.refused:
            self._counter.refused(letter.reason)
        self._busy_s.update(reply.busy_s)

    def progress(self) -> Progress:
        """The counters now."""
        return replace(self._counter.progress(), read=self._numbered.read, busy_s=dict(self._busy_s))


@dataclass(frozen=True, slots=True)
class LoadOnRay:
    """For ``index_catalogue(loader=...)``: everything else of a run stays with the machine that started it.

    Attributes:
        ray: the connected module.
        settings: of the cluster, as the workers reach it.
        encoder: for the workers; the same vectors as the encoder of the run.
        machines: how many workers.
    """

    ray: Any
    settings: ClusterSettings
    encoder: EncoderSource
    machines: RayOptions

    def load(
        self,
        target: str,
        items: Iterable[Item],
        options: IndexOptions,
        *,
        ledger: Ledger,
        progress: Callable[[Progress], None],
    ) -> Progress:
        """Bring every item into the index behind the alias ``target``; see `load_on_ray`."""
        task = TaskSpec(
            target,
            self.settings,
            self.encoder,
            options.pipeline,
            options.retry,
            cpus=self.machines.cpus,
            vectors=options.vectors,
        )
        return load_on_ray(self.ray, items, task, self.machines, ledger=ledger, progress=progress)
