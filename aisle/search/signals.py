"""Why a hit is where it is: rank, raw score, weight and contribution of each leg. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from aisle.mappings import FusionSpec
from aisle.search.fusion import Fused, LegResult
from aisle.types import LegSignal


class SignalBook:
    """Looks up each leg's rank and raw score; built once per search, asked once per hit of the page."""

    def __init__(self, spec: FusionSpec, results: Mapping[str, LegResult]) -> None:
        self._spec = spec
        self._places = {
            leg: {
                id_: (rank, score) for rank, (id_, score) in enumerate(zip(r.ids, r.scores, strict=True), 1)
            }
            for leg, r in results.items()
        }

    def of(self, fused: Fused) -> tuple[LegSignal, ...]:
        """One signal per leg of the fusion, in its order."""
        signals = []
        for leg, weight, contribution in zip(
            self._spec.legs, self._spec.weights, fused.contributions, strict=True
        ):
            rank, score = self._places[leg].get(fused.id, (None, None))
            signals.append(LegSignal(leg, rank, score, weight, contribution))
        return tuple(signals)
