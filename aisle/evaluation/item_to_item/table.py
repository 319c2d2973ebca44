"""Tables of item-to-item: the protocol stands above them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from aisle.errors import EvaluationError
from aisle.evaluation.item_to_item.lists import ListFigures
from aisle.evaluation.item_to_item.protocol import BasketSplit
from aisle.evaluation.report import markdown_table

_FORMS: Final[Mapping[str, str]] = {"log popularity@50": ".2f", "novelty@50": ".2f"}


@dataclass(frozen=True, slots=True)
class BasketTable:
    """Systems by metrics on one data set, by one protocol.

    Attributes:
        dataset: name of the orders.
        protocol: in words; phase: of every row.
        baskets: that are asked; learned_from: baskets before them; items: that are ranked.
        systems: system to metric to mean.
        notes: system to what is to be said of it, such as the settings that the validation chose.
    """

    dataset: str
    protocol: str
    phase: str
    baskets: int
    learned_from: int
    items: int
    systems: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    notes: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, data: BasketSplit, dataset: str) -> BasketTable:
        """An empty table for what is asked."""
        return cls(
            dataset,
            data.protocol.words(),
            data.phase.value,
            len(data.asked),
            len(data.train),
            len(data.asked.items),
        )

    def with_figures(self, row: ListFigures, note: str = "") -> BasketTable:
        """With one more system.

        Raises:
            EvaluationError: it is there already.
        """
        if row.system in self.systems:
            raise EvaluationError(f"two systems are called '{row.system}'", fix="measure each once")
        notes = {**self.notes, row.system: note} if note else self.notes
        return replace(self, systems={**self.systems, row.system: row.metrics}, notes=notes)

    @property
    def columns(self) -> tuple[str, ...]:
        """The metrics of all systems, in order."""
        return tuple(dict.fromkeys(metric for means in self.systems.values() for metric in means))

    def caption(self) -> str:
        """What was measured, on one line."""
        return (
            f"{self.dataset}, {self.phase}: {self.baskets:,} baskets asked, {self.learned_from:,} learned"
            f" from, {self.items:,} items; {self.protocol}"
        )

    def to_markdown(self) -> str:
        """The protocol, the table and its notes."""
        head = ["system", *self.columns]
        rows = [
            [name, *(f"{means[m]:{_FORMS.get(m, '.4f')}}" if m in means else "" for m in self.columns)]
            for name, means in self.systems.items()
        ]
        notes = "\n".join(f"- {name}: {note}" for name, note in self.notes.items())
        return "\n\n".join(filter(None, (self.caption(), markdown_table(head, rows), notes))) + "\n"

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return {
            "dataset": self.dataset,
            "phase": self.phase,
            "protocol": self.protocol,
            "baskets": self.baskets,
            "learned_from": self.learned_from,
            "items": self.items,
            "systems": {
                name: {**means, "note": self.notes.get(name, "")} for name, means in self.systems.items()
            },
        }
