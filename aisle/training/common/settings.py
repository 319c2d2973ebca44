"""Settings that all trainings share: checked, and shown as plain JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from enum import Enum
from typing import Any

from aisle.errors import InputError
from aisle.training.common.machine import TrainingPrecision

Rule = tuple[str, bool, str]
"""An attribute, whether its value holds, and what to give instead."""

_MOST_SEED = (1 << 31) - 1
"""Stages add to it, and NumPy takes 32 bits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSettings:
    """Settings of every training: what it starts from, and how AdamW moves its weights.

    Attributes:
        base: the model to start from: a folder, a hub id, the name of a packaged model or of a training of
            this machine. A reranker and a student start from their teacher's folder.
        revision: branch, tag or commit of the base on the hub.
        warmup: share of the steps over which the learning rate rises from 0; then it falls linearly to 0.
        weight_decay: AdamW's, decoupled (Loshchilov and Hutter 2019, arXiv 1711.05101).
        max_grad_norm: gradients of a larger norm are scaled down to it.
        precision: of the arithmetic.
        seed: of everything that is drawn, 0 to 2^31 - 1.

    Raises:
        InputError: a value that cannot be used; names it.
    """

    base: str = "all-MiniLM-L6-v2"
    revision: str | None = None
    warmup: float = 0.1
    weight_decay: float = 0.01
    max_grad_norm: float = 1.0
    precision: TrainingPrecision = TrainingPrecision.AUTO
    seed: int = 13

    def __post_init__(self) -> None:
        for name, holds, instead in self.rules():
            if not holds:
                raise InputError(
                    f"{name} = {getattr(self, name)!r} cannot be trained with", fix=f"give {instead}"
                )

    def rules(self) -> Iterable[Rule]:
        """What values must satisfy."""
        return (
            ("warmup", 0 <= self.warmup < 1, "0 to less than 1"),
            ("weight_decay", self.weight_decay >= 0, "0 or more"),
            ("max_grad_norm", self.max_grad_norm > 0, "more than 0"),
            ("seed", 0 <= self.seed <= _MOST_SEED, f"0 to {_MOST_SEED}"),
        )

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON, for the manifest and for telling two runs apart."""
        held: dict[str, Any] = as_plain_json(asdict(self))
        return held


@dataclass(frozen=True, slots=True, kw_only=True)
class FitSettings(RunSettings):
    """A training of one stage.

    Attributes:
        epochs: times that every example is seen.
        batch: examples of an optimizer step.
        learning_rate: its peak, after the warmup.
    """

    epochs: float = 1
    batch: int = 64
    learning_rate: float = 1e-4

    def rules(self) -> Iterable[Rule]:
        """What values must satisfy."""
        return (
            *RunSettings.rules(self),
            ("epochs", self.epochs > 0, "more than 0"),
            ("batch", self.batch >= 1, "1 or more"),
            ("learning_rate", self.learning_rate > 0, "more than 0"),
        )


def as_plain_json(value: Any) -> Any:
    """Enums by their values, tuples as lists, at any depth."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {key: as_plain_json(held) for key, held in value.items()}
    return [as_plain_json(held) for held in value] if isinstance(value, list | tuple) else value
