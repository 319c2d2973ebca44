"""Encodes a stream of products and looks at clock and memory at every size."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from itertools import islice

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from aisle.catalogue.reader import SeenIds
from aisle.encoder import DenseEncoder
from aisle.encoder.base import WINDOW
from aisle.errors import InputError
from benchmarks.catalogue_measured import Encoded
from benchmarks.peak_memory import MB, PeakMemory


def encode_in_steps(
    model: DenseEncoder,
    texts: Iterator[str],
    sizes: Sequence[int],
    vectors: NDArray[np.float32],
    baseline: int,
) -> Iterator[Encoded]:
    """Encode texts in their order, a window at a time, and stop at every size.

    Args:
        model: the encoder, on all its threads.
        texts: a stream of products.
        sizes: where to stop, ascending.
        vectors: float32 [sizes[-1], dims], filled row by row.
        baseline: resident bytes that memory is counted from.

    Yields:
        What it took from the first product to each size; the rows before it are then filled.

    Raises:
        InputError: the stream ends early, or two texts are equal but for case.
    """
    seen = SeenIds()
    seconds, done = 0.0, 0
    for size in sizes:
        with PeakMemory() as memory, _bar() as bar:
            task = bar.add_task("encode", total=sizes[-1], completed=done, rate=0.0)
            while done < size:
                window = list(islice(texts, min(WINDOW, size - done)))
                _check(window, seen)
                started = time.perf_counter()
                vectors[done : done + len(window)] = model.encode_items(window, vectors.shape[1])
                seconds += time.perf_counter() - started
                done += len(window)
                bar.update(task, completed=done, rate=done / seconds)
        yield Encoded(size, seconds, (memory.peak - baseline) / MB)


def _check(window: Sequence[str], seen: SeenIds) -> None:
    """The catalogue's promise, held to every product that is counted."""
    if not window:
        raise InputError(f"the catalogue ends after {len(seen):,} products", fix="ask for fewer products")
    for text in window:
        if not seen.add(text.casefold()):
            raise InputError(f"two products are called {text!r}", fix="mend benchmarks/catalogue_products.py")


def _bar() -> Progress:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]:,.0f} products/s"),
        TimeRemainingColumn(),
    )
    return Progress(*columns, console=Console(stderr=True))
