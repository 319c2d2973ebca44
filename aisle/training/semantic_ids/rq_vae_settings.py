"""Settings of an RQ-VAE."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from aisle.errors import InputError


class CodebookStart(Enum):
    """What codebooks begin as."""

    KMEANS = "kmeans"
    RANDOM = "random"


class CodebookUpdate(Enum):
    """How codebooks move: to the moving average of what took them, or by the gradient of their distance."""

    EMA = "ema"
    GRADIENT = "gradient"


class GradientPath(Enum):
    """How the gradient passes the quantiser: unchanged, or turned with the vector onto its code."""

    STRAIGHT_THROUGH = "straight_through"
    ROTATION = "rotation"


@dataclass(frozen=True, slots=True)
class RqVaeSettings:
    """How an RQ-VAE is built and trained.

    Attributes:
        hidden: widths of the encoder's hidden layers; the decoder mirrors them.
        dims: width of what is quantised.
        epochs: that all vectors are seen.
        warmup: epochs of them, the first, without quantiser, so that k-means begins on vectors worth it.
        batch: vectors of a step.
        learning_rate: of Adam.
        commitment: weight of the distance of vectors to their codes.
        start: of the codebooks.
        update: of the codebooks.
        path: of the gradient.
        decay: of the moving averages.
        revive: mean uses of a code a step under which it becomes one of the batch's vectors, after each
            epoch but the last ones; 0 revives none.

    Raises:
        InputError: a value out of range.
    """

    hidden: tuple[int, ...] = (256, 128)
    dims: int = 32
    epochs: int = 60
    warmup: int = 5
    batch: int = 1024
    learning_rate: float = 1e-3
    commitment: float = 0.25
    start: CodebookStart = CodebookStart.KMEANS
    update: CodebookUpdate = CodebookUpdate.EMA
    path: GradientPath = GradientPath.STRAIGHT_THROUGH
    decay: float = 0.99
    revive: float = 0.03

    def __post_init__(self) -> None:
        counts = min((*self.hidden, self.dims, self.batch, self.epochs)) >= 1
        shares = 0 <= self.decay < 1 and self.commitment >= 0 and self.learning_rate > 0 and self.revive >= 0
        if not (counts and shares and 0 <= self.warmup < self.epochs):
            raise InputError(
                f"an RQ-VAE cannot be trained with {self}",
                fix="use widths, epochs and batches of 1 or more, a shorter warmup, and a decay under 1",
            )
