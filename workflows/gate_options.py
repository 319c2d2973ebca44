"""What a release must reach on a judged set to go live."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from evaluation import DEFAULT_METRICS
from records import InputError

USUAL_METRIC: Final = "nDCG@10"
# About what two builds of one graph differ by on a few hundred queries.
USUAL_DROP: Final = 0.01


@dataclass(frozen=True, slots=True)
class GateOptions:
    """Attributes:
    folder: BEIR folder with judgments of this catalogue.
    metric: one of ``evaluation.DEFAULT_METRICS``.
    floor: least value, 0 to 1; None: any.
    drop: how much less than the live release's, 0 to 1; None: any. With neither, ``USUAL_DROP``.
    split: which judgments.
    relevant: lowest grade that counts as relevant.

    Raises:
        InputError: no such metric, or a number beyond 0 to 1.
    """

    folder: Path
    metric: str = USUAL_METRIC
    floor: float | None = None
    drop: float | None = None
    split: str = "dev"
    relevant: int = 2

    def __post_init__(self) -> None:
        if self.metric not in DEFAULT_METRICS:
            raise InputError(
                f"a gate knows no metric {self.metric!r}", fix=f"choose one of {', '.join(DEFAULT_METRICS)}"
            )
        for limit in (self.floor, self.drop):
            if limit is not None and not 0 <= limit <= 1:
                raise InputError(
                    f"a gate at {limit} lets all or nothing pass", fix="use a number from 0 to 1"
                )
