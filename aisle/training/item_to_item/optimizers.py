"""What moves the weights of the towers, and how fast."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Protocol

import torch
from torch import nn

_WARMUP: Final = 0.1
"""Share of the steps over which AdamW's rate rises."""


class OptimizerChoice(Protocol):
    """An optimizer and its rate."""

    def words(self) -> str:
        """For manifests and tables."""

    def of(
        self, parameters: Iterable[nn.Parameter], steps: int
    ) -> tuple[torch.optim.Optimizer, torch.optim.lr_scheduler.LRScheduler]:
        """For so many steps."""


@dataclass(frozen=True, slots=True)
class AdaGrad:
    """Duchi et al. 2011, at one rate; what MTMH (arXiv 2506.06239) uses.

    Attributes:
        learning_rate: of the first step.
    """

    learning_rate: float = 0.01

    def words(self) -> str:
        """See `OptimizerChoice`."""
        return f"Adagrad {self.learning_rate:g}"

    def of(
        self, parameters: Iterable[nn.Parameter], steps: int
    ) -> tuple[torch.optim.Optimizer, torch.optim.lr_scheduler.LRScheduler]:
        """See `OptimizerChoice`."""
        del steps
        made = torch.optim.Adagrad(parameters, lr=self.learning_rate)
        return made, torch.optim.lr_scheduler.LambdaLR(made, lambda _: 1.0)


@dataclass(frozen=True, slots=True)
class AdamW:
    """Loshchilov and Hutter 2019 (arXiv 1711.05101), rising over a tenth of the steps, then falling to 0.

    Attributes:
        learning_rate: the peak.
        weight_decay: decoupled.
    """

    learning_rate: float = 5e-3
    weight_decay: float = 0.01

    def words(self) -> str:
        """See `OptimizerChoice`."""
        return f"AdamW {self.learning_rate:g}, weight decay {self.weight_decay:g}"

    def of(
        self, parameters: Iterable[nn.Parameter], steps: int
    ) -> tuple[torch.optim.Optimizer, torch.optim.lr_scheduler.LRScheduler]:
        """See `OptimizerChoice`."""
        made = torch.optim.AdamW(
            parameters, lr=self.learning_rate, weight_decay=self.weight_decay, fused=True
        )
        rise = max(1.0, _WARMUP * steps)
        schedule = torch.optim.lr_scheduler.LambdaLR(
            made, lambda step: min((step + 1) / rise, max(0.02, 1 - step / steps))
        )
        return made, schedule
