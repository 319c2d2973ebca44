"""Settings of a sequence model and of its training."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from aisle.errors import InputError
from aisle.training.common.settings import Rule, as_plain_json
from aisle.training.recommendation.losses import SampledSoftmax, SequenceLoss


@dataclass(frozen=True, slots=True, kw_only=True)
class SequenceSettings:
    """A sequence model's shape and its training.

    Attributes:
        dims: width of items, users and layers.
        layers, heads: of the Transformer; the feed-forward part is four times as wide.
        max_steps: the latest steps of a history that are read.
        text_columns: of a text's values, how many are read: those that vary most.
        dropout: of inputs and layers.
        id_embeddings: whether items have one each; without, they are their texts alone.
        id_dropout: share of the items that a batch knows by texts alone, so that new ones are served well.
        loss: what is minimised at every step of a sequence.
        positions: steps with something to predict in a batch, about.
        learning_rate: AdamW's peak, after an epoch of warmup; then it falls linearly to 0.
        weight_decay: AdamW's, decoupled.
        max_grad_norm: gradients of a larger norm are scaled down to it.
        epochs: over which the learning rate falls; the most there are.
        patience: epochs without a better validation, after which training ends.
        router_rate, router_epochs: of the heads over prefixes.
        seed: of everything that is drawn.

    Raises:
        InputError: a value that cannot be used; names it.
    """

    dims: int = 64
    layers: int = 2
    heads: int = 2
    max_steps: int = 50
    text_columns: int = 128
    dropout: float = 0.5
    id_embeddings: bool = True
    id_dropout: float = 0.1
    loss: SequenceLoss = field(default_factory=SampledSoftmax)
    positions: int = 1024
    learning_rate: float = 3e-3
    weight_decay: float = 0.01
    max_grad_norm: float = 5.0
    epochs: int = 16
    patience: int = 4
    router_rate: float = 1e-3
    router_epochs: int = 2
    seed: int = 7

    def __post_init__(self) -> None:
        for name, holds, instead in self._rules():
            if not holds:
                raise InputError(
                    f"{name} = {getattr(self, name)!r} cannot be trained with", fix=f"give {instead}"
                )

    def _rules(self) -> Iterable[Rule]:
        counts = (
            "dims",
            "layers",
            "heads",
            "text_columns",
            "positions",
            "epochs",
            "patience",
            "router_epochs",
        )
        return (
            *((name, getattr(self, name) >= 1, "1 or more") for name in counts),
            ("heads", self.dims % self.heads == 0, f"a divisor of {self.dims}"),
            ("max_steps", self.max_steps >= 2, "2 or more"),
            ("dropout", 0 <= self.dropout < 1, "0 to less than 1"),
            ("id_dropout", 0 <= self.id_dropout < 1, "0 to less than 1"),
            ("learning_rate", self.learning_rate > 0, "more than 0"),
            ("router_rate", self.router_rate > 0, "more than 0"),
            ("weight_decay", self.weight_decay >= 0, "0 or more"),
            ("max_grad_norm", self.max_grad_norm > 0, "more than 0"),
        )

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON, for the manifest."""
        held: dict[str, Any] = as_plain_json({**asdict(self), "loss": self.loss.words()})
        return held
