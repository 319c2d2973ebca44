"""What a way to fit codebooks takes and makes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from aisle.encoder.codes import Codebooks, Layer
from aisle.errors import InputError
from aisle.training.common.progress import Progress


@dataclass(frozen=True, slots=True, eq=False)
class FittedCodebooks:
    """Codebooks, and the layers before them; none if the vectors are quantised themselves."""

    layers: tuple[Layer, ...]
    codebooks: Codebooks


class QuantizerMethod(Protocol):
    """A way to fit codebooks."""

    def fit(
        self, inputs: NDArray[np.float32], sizes: tuple[int, ...], seed: int, progress: Progress
    ) -> FittedCodebooks:
        """Fit the codebooks of all levels.

        Args:
            inputs: float32 [n, dims], concatenated and finite.
            sizes: codes of each level, coarsest first.
            seed: of everything that is drawn.
            progress: is told of steps.

        Raises:
            InputError: no level, a level without codes, or more codes in one than there are vectors.
            MissingExtra: the extra ``train`` is not installed.
        """

    def as_dict(self) -> dict[str, Any]:
        """Its settings, as plain JSON."""


def check_sizes(count: int, sizes: tuple[int, ...]) -> None:
    """Whether levels of these sizes can be fitted on so many vectors. Raises InputError."""
    if not sizes or min(sizes) < 1:
        raise InputError(f"levels of {list(sizes)} codes are no levels", fix="give sizes such as 256,256,256")
    if max(sizes) > count:
        raise InputError(
            f"{count:,} items cannot fill a level of {max(sizes):,} codes",
            fix=f"use at most {count:,} codes a level, or give more items",
        )
