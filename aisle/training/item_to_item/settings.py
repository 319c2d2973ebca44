"""Settings of the two heads and of their training."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from aisle.errors import InputError
from aisle.training.common.settings import Rule, as_plain_json
from aisle.training.item_to_item.batches import BatchMaker, CountedRows, DrawnPairs, PairOptions
from aisle.training.item_to_item.optimizers import AdaGrad, AdamW, OptimizerChoice


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemToItemSettings:
    """The towers' shape and their training.

    Attributes:
        dims: width of the vectors of each head.
        width: of the backbone, so of embeddings of IDs, categories and brands.
        hidden: width of the hidden layer of each head.
        batches: what a step sees.
        pairs: what pairs of baskets count.
        optimizer: that moves the weights.
        epochs: passes over items, or over the items of all baskets, see ``batches``.
        id_dropout: share of the items that a step knows by content alone, so that new ones are served well.
        temperature: that engagement scores are divided by; a smaller one lets the same steps go further.
        relevance_temperature: the same of relevance vectors, whose products are cosines.
        teacher_temperature: that the content encoder's cosines are divided by.
        relevance_weight: of the divergence from the content encoder, beside the relevance head's partners
            (w_r of MTMH, arXiv 2506.06239).
        relevance_partners: weight of the partners in the relevance head's loss.
        seed: of everything that is drawn.

    Raises:
        InputError: a value that cannot be used; names it.
    """

    dims: int = 64
    width: int = 128
    hidden: int = 256
    batches: BatchMaker = field(default_factory=CountedRows)
    pairs: PairOptions = field(default_factory=lambda: PairOptions(half_life=120.0))
    optimizer: OptimizerChoice = field(default_factory=AdamW)
    epochs: int = 40
    id_dropout: float = 0.1
    temperature: float = 0.3
    relevance_temperature: float = 0.05
    teacher_temperature: float = 0.05
    relevance_weight: float = 0.5
    relevance_partners: float = 1.0
    seed: int = 7

    def __post_init__(self) -> None:
        for name, holds, instead in self._rules():
            if not holds:
                raise InputError(
                    f"{name} = {getattr(self, name)!r} cannot be trained with", fix=f"give {instead}"
                )

    def _rules(self) -> Iterable[Rule]:
        temperatures = ("temperature", "relevance_temperature", "teacher_temperature")
        return (
            *((name, getattr(self, name) >= 1, "1 or more") for name in ("width", "hidden", "epochs")),
            ("dims", self.dims >= 2, "2 or more"),
            ("id_dropout", 0 <= self.id_dropout < 1, "0 to less than 1"),
            *((name, getattr(self, name) > 0, "more than 0") for name in temperatures),
            ("relevance_weight", self.relevance_weight >= 0, "0 or more"),
            ("relevance_partners", self.relevance_partners >= 0, "0 or more"),
        )

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON, for the manifest."""
        words = {"batches": self.batches.words(), "optimizer": self.optimizer.words()}
        held: dict[str, Any] = as_plain_json({**asdict(self), **words})
        return held


PUBLISHED: Final = ItemToItemSettings(
    batches=DrawnPairs(2048), pairs=PairOptions(), optimizer=AdaGrad(0.01), epochs=1, temperature=1.0
)
"""Those of MTMH (arXiv 2506.06239), which trains one pass over billions of pairs."""

MOST_COUNTED: Final = 20_000
"""Items up to which every step sees them all: scores of 512 triggers take 40 MB then."""


def usual_settings(items: int) -> ItemToItemSettings:
    """For a catalogue of so many items: all of them as candidates of every step, or drawn ones of many."""
    if items <= MOST_COUNTED:
        return ItemToItemSettings()
    return ItemToItemSettings(batches=DrawnPairs(), epochs=10)
