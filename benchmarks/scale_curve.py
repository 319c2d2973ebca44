"""How a load went on: what had been indexed, when, and in how much memory. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from aisle.indexer import Progress


@dataclass(frozen=True, slots=True)
class Sample:
    """The first look at a load that had come so far.

    Attributes:
        products: acknowledged by OpenSearch or refused.
        seconds: since the load began.
        above_mb: the most that the client took above its baseline until then, MB.
    """

    products: int
    seconds: float
    above_mb: float


class Curve:
    """Keeps a sample of each mark that a load passes.

    Args:
        marks: numbers of products, ascending.

    Attributes:
        samples: of the marks that were passed.
    """

    def __init__(self, marks: Sequence[int]) -> None:
        self.samples: list[Sample] = []
        self._marks = list(marks)

    def look(self, now: Progress, above_mb: float) -> None:
        """Call it often: a sample is as late as the look that takes it."""
        products = now.accepted + now.refused
        passed = [mark for mark in self._marks if mark <= products]
        if passed:
            self._marks = self._marks[len(passed) :]
            self.samples.append(Sample(products, now.seconds, above_mb))


def curve_rows(samples: Sequence[Sample]) -> list[dict[str, Any]]:
    """One row per sample: products per second until then, and since the sample before."""
    rows = []
    before = Sample(0, 0.0, 0.0)
    for sample in samples:
        rows.append(
            {
                "products": sample.products,
                "seconds": round(sample.seconds, 1),
                "products_per_s": round(sample.products / sample.seconds, 1),
                "since_last_row_per_s": round(
                    (sample.products - before.products) / (sample.seconds - before.seconds), 1
                ),
                "above_mb": round(sample.above_mb, 1),
            }
        )
        before = sample
    return rows
