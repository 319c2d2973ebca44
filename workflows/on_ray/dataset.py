"""The load as a Ray Data dataset: batches from the desk → actors that encode and write → their replies."""

from __future__ import annotations

import pickle
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from records.extras import optional
from workflows.on_ray.options import RayOptions
from workflows.on_ray.reply import Reply
from workflows.on_ray.worker import IndexWorker, read_from_desk


def replies(desk: Any, options: RayOptions) -> Generator[tuple[int, Reply | None], None, None]:
    """Number and reply of each batch, in the order in which they are done.

    Raises:
        ray.exceptions.RayError: the desk is gone, or a worker failed in a way that is a bug.
    """
    data: Any = optional("ray.data", extra="ray")
    with _row_by_row(data):
        # All cores belong to the workers: whatever comes before them must ask for none, or it waits for ever.
        batches = data.from_items([0], override_num_blocks=1).map_batches(
            partial(read_from_desk, desk), batch_size=None, num_cpus=0
        )
        # With the same resources as the reading task, Ray would make one task of both, and nothing parallel.
        done = batches.map_batches(
            IndexWorker,
            fn_constructor_args=(desk,),
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

    By default Ray gathers rows until they fill a block of 128 MB: the desk would wait for replies, and they
    for the desk.
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
