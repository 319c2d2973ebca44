"""Settings of the linear head."""

from __future__ import annotations

from dataclasses import dataclass

from records import InputError


@dataclass(frozen=True, slots=True)
class HeadSettings:
    """Attributes:
    steps: of Adam; learning_rate: at first, it falls linearly to 0; batch: queries of a step.
    scale: 1 / temperature.
    soft: weight of the frozen vectors' own softmax as a target, to 1 of the grades'.

    Raises:
        InputError: a value that cannot be used.
    """

    steps: int = 120
    learning_rate: float = 2e-3
    batch: int = 512
    scale: float = 20.0
    soft: float = 0.5

    def __post_init__(self) -> None:
        if not (min(self.steps, self.batch) >= 1 and min(self.learning_rate, self.scale) > 0 <= self.soft):
            raise InputError(
                f"a head cannot be trained with {self}",
                fix="give steps and batch of 1 or more, learning rate and scale over 0, soft of 0 or more",
            )
