"""Items' vectors to codes: concatenated, quantised, and every item given a tuple of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from aisle.encoder.code_artifact import ItemCodes
from aisle.encoder.codes import Modality, Quantizer, concatenate
from aisle.encoder.collisions import separate
from aisle.errors import InputError
from aisle.training.common.progress import Progress, Silent
from aisle.training.semantic_ids.method import QuantizerMethod
from aisle.training.semantic_ids.residual_kmeans import ResidualKMeans

LEVELS: Final = 4
LARGEST: Final = 256
_ITEMS_A_CODE: Final = 8
"""Of the first level, where there are too few items for the largest."""


def usual_sizes(items: int) -> tuple[int, ...]:
    """Codes of each level for a catalogue of so many items."""
    return (min(LARGEST, max(2, items // _ITEMS_A_CODE)),) * LEVELS


@dataclass(frozen=True, slots=True)
class CodeSettings:
    """All that decides the codes of given vectors.

    Attributes:
        sizes: codes of each level, coarsest first.
        method: that fits the codebooks.
        seed: of everything that is drawn.
    """

    sizes: tuple[int, ...] = (LARGEST,) * LEVELS
    method: QuantizerMethod = field(default_factory=ResidualKMeans)
    seed: int = 7

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON, for the manifest."""
        return {
            "sizes": list(self.sizes),
            "method": type(self.method).__name__,
            "seed": self.seed,
            **self.method.as_dict(),
        }


@dataclass(frozen=True, slots=True, eq=False)
class ModalityVectors:
    """Vectors of one kind, before they are fitted.

    Attributes:
        name: of the modality.
        source: what made them.
        vectors: float32 [items, dims]; rows of zeros for items without one.
        weight: against the other modalities.
        most: directions of them that are kept, see `Modality.fitted`.
    """

    name: str
    source: str
    vectors: NDArray[np.float32]
    weight: float = 1.0
    most: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class FittedCodes:
    """Codes of all items.

    Attributes:
        known: with the codes after reassignment.
        first: int32 [items, levels], before it.
    """

    known: ItemCodes
    first: NDArray[np.int32]


def fit_codes(
    items: Sequence[str],
    given: Sequence[ModalityVectors],
    settings: CodeSettings | None = None,
    progress: Progress | None = None,
) -> FittedCodes:
    """Fit codebooks on all items, and give each a tuple of codes that no other has.

    Args:
        items: ids, each once.
        given: vectors of at least one modality; each item has one of some.
        settings: of the codes.
        progress: is told of steps.

    Raises:
        InputError: vectors that do not fit the items or are no numbers, an item without any, or more codes
            in a level than there are items.
        MissingExtra: the extra ``train`` is not installed.
    """
    settings = settings or CodeSettings()
    if any(len(kind.vectors) != len(items) for kind in given):
        counts = {kind.name: len(kind.vectors) for kind in given}
        raise InputError(
            f"{len(items):,} items have {counts} vectors", fix="give one of each kind for each item"
        )
    vectors = {kind.name: kind.vectors for kind in given}
    modalities = tuple(
        Modality.fitted(kind.name, kind.source, kind.weight, kind.vectors, kind.most) for kind in given
    )
    inputs, _ = concatenate(modalities, vectors)
    fitted = settings.method.fit(inputs, settings.sizes, settings.seed, progress or Silent())
    quantizer = Quantizer(modalities, fitted.layers, fitted.codebooks)
    placed = quantizer.place(vectors)
    first = quantizer.encode_placed(placed)
    codes = separate(fitted.codebooks, placed, first)
    return FittedCodes(ItemCodes(quantizer, tuple(items), codes), first)
