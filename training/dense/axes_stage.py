"""Turn vectors to the catalogue's principal axes: nothing is lost at full width, and a prefix says more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from training.dense.stage import Context, Outcome


@dataclass(frozen=True, slots=True)
class AxesStage:
    """Where Matryoshka training starts from.

    Attributes:
        sample: items that the axes are found on.
    """

    sample: int = 20_000
    name: ClassVar[str] = "principal-axes"

    def train(self, context: Context) -> Outcome:
        """No optimizer: one eigendecomposition."""
        # Here, since they import torch.
        from training.dense.head import principal_axes
        from training.dense.projection import project

        texts = list(context.data.items.values())
        draw = np.random.default_rng(context.seed)
        chosen = draw.choice(len(texts), min(self.sample, len(texts)), replace=False)
        vectors = context.encode([texts[at] for at in np.sort(chosen)], False)
        project(context.model, principal_axes(vectors))
        return Outcome(len(chosen), 0, ())
