"""Reading, encoding, packing and writing at the same time, each in threads of its own.

    items → [read] → batches → [encode] → encoded → [pack] → bodies → [write] x writers

The belts between the stages are short, so that memory holds a few batches and bodies however long the
catalogue is. The first error, or Ctrl-C, stops every stage.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, wait
from time import monotonic

from indexer.belt import Stopped
from indexer.positions import NOTHING, Before
from indexer.stages import Encode, PipelineOptions, Refuse, Settle, Stages, Write
from indexer.tally import Progress, Tally
from records import Item

_PROGRESS_EVERY_S = 0.25
# A stage that cannot be interrupted (native code, a hung socket) is left behind after this; its thread is
# a daemon.
_JOIN_S = 5.0


def run_pipeline(
    items: Iterable[Item],
    encode: Encode,
    write: Write,
    options: PipelineOptions,
    *,
    refuse: Refuse,
    progress: Callable[[Progress], None],
    before: Before = NOTHING,
    settle: Settle = lambda _positions, _refused: None,
) -> Progress:
    """Bring every item through all stages.

    Args:
        items: read in one thread, never more than a few batches ahead.
        encode: called from one thread, batch after batch.
        write: called from ``options.writers`` threads at once.
        options: batch and body sizes.
        refuse: takes each document that cannot be indexed; called from one thread at a time.
        progress: called a few times a second from the calling thread; may raise to end the run.
        before: what an earlier run has settled: it is read, and neither encoded nor written.
        settle: told of each body once all its documents were acknowledged or refused, from several threads.

    Returns:
        The counters after the last document.

    Raises:
        Whatever the first failing stage raised, once all stages have stopped.
    """
    run = Stages(options, refuse, before, settle)
    work: list[Callable[[], None]] = [
        lambda: run.read(items),
        lambda: run.encode(encode),
        run.pack,
        *[lambda: run.write(write)] * options.writers,
    ]
    threads, stages = [], []
    try:
        for task in work:
            thread, future = _start(task)
            threads.append(thread)
            stages.append(future)
        _watch(stages, run.tally, progress)
    finally:
        run.stop.set()
        deadline = monotonic() + _JOIN_S
        for thread in threads:
            thread.join(max(0.0, deadline - monotonic()))
    final = run.tally.progress()
    progress(final)
    return final


def _start(task: Callable[[], None]) -> tuple[threading.Thread, Future[None]]:
    """Like an executor's ``submit``, but a hung thread cannot keep the process from ending."""
    future: Future[None] = Future()

    def body() -> None:
        try:
            task()
        except BaseException as error:  # noqa: BLE001 - carried to the calling thread, which raises it
            future.set_exception(error)
        else:
            future.set_result(None)

    thread = threading.Thread(target=body, daemon=True)
    thread.start()
    return thread, future


def _watch(stages: Sequence[Future[None]], tally: Tally, progress: Callable[[Progress], None]) -> None:
    running = set(stages)
    while running:
        done, running = wait(running, timeout=_PROGRESS_EVERY_S, return_when=FIRST_EXCEPTION)
        for stage in done:
            error = stage.exception()
            if error is not None and not isinstance(error, Stopped):
                raise error
        progress(tally.progress())
