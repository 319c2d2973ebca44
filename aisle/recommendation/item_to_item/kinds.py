"""Complement and substitute: what goes with an item, and what stands in for it. Pure."""

from __future__ import annotations

from enum import StrEnum
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray

# So many items stand for all: half a million pairs.
_SAMPLE: Final = 1024
# Of a hundred items one is of an item's kind, as in a catalogue of a hundred categories.
_RARE: Final = 0.99


class Intent(StrEnum):
    """What similar items are wanted for.

    An item is of the same *kind* as the trigger if one of its categories is the trigger's first one, or below
    it. Where the trigger has no category, it is if its relevance score reaches `least_likeness`. Of a trigger
    with neither category nor relevance vector nothing is of the same kind.

    Attributes:
        COMPLEMENT: what is bought together with the trigger and is of another kind, by the engagement head.
        SUBSTITUTE: what is like the trigger and of the same kind, by the relevance head.
    """

    COMPLEMENT = "complement"
    SUBSTITUTE = "substitute"

    @property
    def alpha(self) -> float:
        """Percent of the places that the engagement head gets: all or none."""
        return _ALPHAS[self]


_ALPHAS = MappingProxyType({Intent.COMPLEMENT: 100.0, Intent.SUBSTITUTE: 0.0})


def least_likeness(relevance: NDArray[np.float32]) -> float:
    """The relevance score from which two items count as of one kind: that of the likest of a hundred pairs.

    Args:
        relevance: float32 [items, dims], of length 1; zeros for an item without one.

    Returns:
        The 99th percentile of the scores of pairs, of up to 1,024 items spread evenly; 1 for fewer than two.
    """
    rows = relevance[relevance.any(axis=1)]
    rows = rows[np.linspace(0, len(rows) - 1, min(len(rows), _SAMPLE)).astype(np.intp)]
    if len(rows) < 2:
        return 1.0
    pairs = (rows @ rows.T)[np.triu_indices(len(rows), 1)]
    return float(np.quantile(pairs, _RARE))
