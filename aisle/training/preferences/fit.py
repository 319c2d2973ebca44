"""Direct preference optimisation of a small model over pools, with the recommender itself as the reference.

The policy scores an item base + bound x tanh(delta), and the reference, base. In the loss of Rafailov et al.
2023 (arXiv 2305.18290, eq. 7) the bases cancel. Several losing items stand in one softmax, as in S-DPO
(Chen et al. 2024, arXiv 2406.09215, eq. 9).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from aisle._environment import optional
from aisle.encoder.export.graph import Graph, GraphInput, GraphWriter
from aisle.errors import InputError
from aisle.evaluation.sequences.ranks import values_of
from aisle.recommendation.preferences import INPUT, OUTPUT, bounded
from aisle.training.preferences.negatives import Negatives, PoolNegatives
from aisle.training.preferences.pairs import Preferred

if TYPE_CHECKING:
    from torch import Tensor, nn

    from aisle.training.common.progress import Progress

BOUNDS: Final = (0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
"""Bounds that the held-out users choose from, in standard deviations of a pool's scores."""

CHOSEN_BY: Final = "N@10"
_BATCH: Final = 128
_LEARNING_RATE: Final = 2e-3
_WEIGHT_DECAY: Final = 1e-3
_LEAST: Final = 1e-5
_POOL: Final = PoolNegatives()


@dataclass(frozen=True, slots=True)
class PreferenceTraining:
    """How preferences are learned.

    Attributes:
        negatives: how the losing items are drawn.
        count: losing items for each that was taken.
        beta: how far the policy may leave the reference: the less, the farther.
        epochs: times that every user is seen.
        hidden: width of the model's one hidden layer.
        bounded: whether a delta counts as its tanh. Without, nothing keeps a model near its reference: for
            comparison alone.
        seed: of everything that is drawn.

    Raises:
        InputError: a value that nothing can be learned with.
    """

    negatives: Negatives = _POOL
    count: int = 64
    beta: float = 2.0
    epochs: int = 12
    hidden: int = 64
    bounded: bool = True
    seed: int = 0

    def __post_init__(self) -> None:
        if min(self.count, self.epochs, self.hidden) < 1 or not self.beta > 0:
            raise InputError(
                f"preferences cannot be learned with {self}", fix="use numbers of 1 or more, a beta above 0"
            )


@dataclass(frozen=True, slots=True, eq=False)
class DeltaModel:
    """Two layers with a ReLU between them, over features of any scale.

    Attributes:
        mean, scale: float32 [columns], that every column is brought to one scale by.
        first: float32 [columns, hidden] and [hidden].
        second: float32 [hidden] and a number.
    """

    mean: NDArray[np.float32]
    scale: NDArray[np.float32]
    first: tuple[NDArray[np.float32], NDArray[np.float32]]
    second: tuple[NDArray[np.float32], np.float32]

    def deltas(self, rows: NDArray[np.float32]) -> NDArray[np.float32]:
        """float32 [n], of rows float32 [n, columns]."""
        scaled = (rows - self.mean) / self.scale
        hidden = np.maximum(scaled @ self.first[0] + self.first[1], np.float32(0))
        return np.asarray(hidden @ self.second[0] + self.second[1], dtype=np.float32)

    def graph(self) -> Graph:
        """The same as an ONNX graph."""
        writer = GraphWriter("preferences")
        centred = writer.node("Sub", [INPUT, writer.constant("mean", self.mean)])
        scaled = writer.node("Div", [centred, writer.constant("scale", self.scale)])
        hidden = writer.node(
            "Gemm",
            [scaled, writer.constant("first", self.first[0]), writer.constant("first_bias", self.first[1])],
        )
        second = writer.constant("second", self.second[0])
        product = writer.node("MatMul", [writer.node("Relu", [hidden]), second])
        found = writer.node("Add", [product, writer.constant("second_bias", self.second[1])])
        rows = GraphInput(INPUT, np.float32, ("batch", len(self.first[0])))
        return writer.model(found, None, name=OUTPUT, per_text=(), first=rows)


def fit(data: Preferred, training: PreferenceTraining, progress: Progress) -> DeltaModel:
    """Learn deltas.

    Args:
        data: pools and what was taken of them; one user or more.
        training: how.
        progress: is told of every epoch.

    Raises:
        InputError: nobody took anything of a pool.
        MissingExtra: the extra ``train`` is not installed.
    """
    torch = optional("torch", extra="train")
    if not len(data):
        raise InputError(
            "no user took an item that the recommender had among its best",
            fix="use a larger pool, or more orders",
        )
    torch.manual_seed(training.seed)
    rng = np.random.default_rng(training.seed)
    mean, deviation = data.rows.mean(axis=0), data.rows.std(axis=0)
    # A column that is always the same says nothing, and is left as it is.
    scale = np.where(deviation > _LEAST, deviation, np.float32(1)).astype(np.float32)
    model = torch.nn.Sequential(
        torch.nn.Linear(data.rows.shape[1], training.hidden),
        torch.nn.ReLU(),
        torch.nn.Linear(training.hidden, 1),
    )
    # The policy begins as its reference: every delta is 0.
    torch.nn.init.zeros_(model[2].weight)
    torch.nn.init.zeros_(model[2].bias)
    optimizer = torch.optim.AdamW(model.parameters(), lr=_LEARNING_RATE, weight_decay=_WEIGHT_DECAY)
    for epoch in range(training.epochs):
        policy = data.base + bounded(_model(model, mean, scale).deltas(data.rows), BOUNDS[-1])
        losses = []
        order = rng.permutation(len(data))
        for begin in range(0, len(order), _BATCH):
            users = order[begin : begin + _BATCH]
            lost = training.negatives.draw(data, users, policy, training.count, rng)
            rows = np.concatenate((data.rows[data.targets[users], None], lost), axis=1)
            deltas = model(torch.from_numpy((rows - mean) / scale))[..., 0]
            loss = dpo_loss(torch.tanh(deltas) if training.bounded else deltas, training.beta)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            losses.append(float(loss.detach()))
        progress.step(epoch + 1, training.epochs, float(np.mean(losses)))
    return _model(model, mean, scale)


def dpo_loss(moves: Tensor, beta: float) -> Tensor:
    """Mean loss of preferring the first item of every row to all others.

    Args:
        moves: float32 [users, 1 + losing items], what the policy's scores are above the reference's.
        beta: see `PreferenceTraining`.
    """
    torch: Any = optional("torch", extra="train")
    rewards = beta * moves
    lost: Tensor = torch.logsumexp(rewards[:, 1:] - rewards[:, :1], dim=1)
    mean: Tensor = torch.nn.functional.softplus(lost).mean()
    return mean


def value(data: Preferred, scores: NDArray[np.float32], metric: str = CHOSEN_BY) -> float:
    """Mean of a metric over all who were asked; those whose item was in no pool have 0.

    Args:
        data: of the users.
        scores: of all candidates, float32.
        metric: see ``aisle.evaluation.sequences.ranks.values_of``.
    """
    return float(values_of(data.ranks(scores), metric).sum() / max(1, data.asked))


def best_bound(data: Preferred, deltas: NDArray[np.float32]) -> float:
    """The bound whose nDCG@10 is best for these users; of two as good the smaller. 0 is the recommender."""
    values = {bound: value(data, data.base + bounded(deltas, bound)) for bound in (0.0, *BOUNDS)}
    return max(values, key=lambda bound: (values[bound], -bound))


def _model(model: nn.Module, mean: NDArray[np.float32], scale: NDArray[np.float32]) -> DeltaModel:
    held = {name: value.detach().numpy().copy() for name, value in model.state_dict().items()}
    return DeltaModel(
        mean,
        scale,
        (np.ascontiguousarray(held["0.weight"].T), held["0.bias"]),
        (held["2.weight"][0], np.float32(held["2.bias"][0])),
    )
