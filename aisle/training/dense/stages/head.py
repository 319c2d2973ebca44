"""A linear head trained against the whole catalogue at once, on vectors that stay as they are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import log_softmax, normalize, softmax

from aisle.errors import InputError
from aisle.training.common.progress import Progress
from aisle.training.data.titles import learn_pseudo_queries, title_pairs
from aisle.training.data.training_set import Pair
from aisle.training.dense.stage import Context, StageOutcome

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer


@dataclass(frozen=True, slots=True)
class HeadSettings:
    """How a head is trained.

    Attributes:
        steps: of Adam.
        learning_rate: at first; it falls linearly to 0.
        batch: queries of a step.
        scale: 1 / temperature.
        soft: weight of the frozen vectors' own softmax as a target, to 1 of the grades'.

    Raises:
        InputError: a value that cannot be used.
    """

    steps: int = 120
    learning_rate: float = 2e-3
    batch: int = 512
    scale: float = 20.0
    soft: float = 0.5

    def __post_init__(self) -> None:
        if not (min(self.steps, self.batch) >= 1 and min(self.learning_rate, self.scale) > 0 <= self.soft):
            raise InputError(
                f"a head cannot be trained with {self}",
                fix="give steps and batch of 1 or more, learning rate and scale over 0, soft of 0 or more",
            )


@dataclass(frozen=True, slots=True)
class HeadStage:
    """A linear head on frozen vectors, trained against the whole catalogue.

    Attributes:
        settings: of the optimizer.
        pseudo: pseudo-queries beside the training set's own, at most.
        most_items: items that are ranked at once, at most; those of the pairs are always among them.
    """

    settings: HeadSettings = HeadSettings()
    pseudo: int = 8_000
    most_items: int = 100_000
    name: ClassVar[str] = "head"

    def train(self, context: Context) -> StageOutcome:
        """Encode once, then learn one matrix."""
        data, draw = context.data, np.random.default_rng(context.seed)
        ids = self._items(context, draw)
        kept = {item: data.items[item] for item in ids}
        made = title_pairs(kept, 1, context.seed, learn_pseudo_queries(data))
        picked = np.sort(draw.choice(len(made), min(self.pseudo, len(made)), replace=False))
        pairs = (*data.pairs, *(made[at] for at in picked))
        queries = {pair.query_id: pair.query for pair in pairs}
        context.progress.note(f"encoding {len(ids):,} items and {len(queries):,} queries for the head")
        items = context.encoder.encode_items(list(kept.values()))
        asked = context.encoder.encode_queries(list(queries.values()))
        targets = answers(pairs, {q: n for n, q in enumerate(queries)}, {i: n for n, i in enumerate(ids)})
        start = principal_axes(items)
        matrix, losses = fit_head(
            asked,
            items,
            targets,
            start,
            context.widths,
            self.settings,
            context.seed,
            context.bf16,
            context.progress,
        )
        project(context.model, matrix)
        return StageOutcome(len(targets.query), self.settings.steps, losses)

    def _items(self, context: Context, draw: np.random.Generator) -> list[str]:
        everything = list(context.data.items)
        if len(everything) <= self.most_items:
            return everything
        needed = dict.fromkeys(pair.item_id for pair in context.data.pairs)
        others = [item for item in everything if item not in needed]
        room = max(0, self.most_items - len(needed))
        return [*needed, *(others[at] for at in draw.choice(len(others), room, replace=False))]


def answers(pairs: tuple[Pair, ...], queries: dict[str, int], items: dict[str, int]) -> Targets:
    """Shares by gain (2^grade - 1), 1 in all for each query; sorted by query."""

    gains: defaultdict[int, dict[int, float]] = defaultdict(dict)
    for pair in pairs:
        gains[queries[pair.query_id]][items[pair.item_id]] = 2.0**pair.grade - 1
    rows = [
        (query, item, gain / sum(own.values()))
        for query, own in sorted(gains.items())
        for item, gain in own.items()
    ]
    query, item, share = zip(*rows, strict=True)
    return Targets(
        np.array(query, dtype=np.int64), np.array(item, dtype=np.int64), np.array(share, dtype=np.float32)
    )


Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Targets:
    """What each query should find: for every known answer its query, its item and its share, as positions."""

    query: NDArray[np.int64]
    item: NDArray[np.int64]
    share: Floats

    def of(self, queries: NDArray[np.int64]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Rows within ``queries`` (sorted), items and shares of their answers."""
        first, last = np.searchsorted(self.query, queries), np.searchsorted(self.query, queries, side="right")
        picked = np.concatenate([np.arange(a, b) for a, b in zip(first, last, strict=True)])
        rows = np.repeat(np.arange(len(queries)), last - first)
        parts = (rows, self.item[picked], self.share[picked])
        row, item, share = map(torch.from_numpy, parts)
        return row, item, share


def principal_axes(vectors: Floats) -> Floats:
    """Orthonormal [d, d], columns by falling variance: a turn that leaves every inner product as it was."""
    _, axes = np.linalg.eigh(vectors.T.astype(np.float64) @ vectors)
    return np.ascontiguousarray(axes[:, ::-1], dtype=np.float32)


def fit_head(
    queries: Floats,
    items: Floats,
    targets: Targets,
    start: Floats,
    widths: Sequence[int],
    settings: HeadSettings,
    seed: int,
    bf16: bool = False,
    progress: Progress | None = None,
) -> tuple[Floats, tuple[tuple[int, float], ...]]:
    """Train ``start`` [d, d]; vectors times it, cut and made unit again, rank the whole catalogue.

    Args:
        queries: float32 [q, d], unit rows, frozen.
        items: float32 [n, d], unit rows, frozen: the whole catalogue.
        targets: sorted by query.
        start: where to begin, such as ``principal_axes``.
        widths: Matryoshka widths to train, of equal weight.
        settings: how.
        seed: of the order of the queries.
        bf16: multiply in bfloat16, where the CPU has it.
        progress: receives every step.

    Returns:
        The trained matrix, and (step, loss) of every tenth step.
    """
    draw = np.random.default_rng(seed)
    q, d = torch.from_numpy(queries), torch.from_numpy(items)
    weight = torch.nn.Parameter(torch.from_numpy(start.copy()))
    adam = torch.optim.Adam([weight], lr=settings.learning_rate)
    losses: list[tuple[int, float]] = []
    for step in range(settings.steps):
        for group in adam.param_groups:
            group["lr"] = settings.learning_rate * (1 - step / settings.steps)
        chosen = np.sort(draw.choice(len(queries), min(settings.batch, len(queries)), replace=False))
        row, item, share = targets.of(chosen)
        batch = q[torch.from_numpy(chosen)]
        soft = softmax(_products(batch, d, bf16) * settings.scale, dim=-1) if settings.soft else None
        total = 0.0
        for width in widths:
            cut = weight[:, :width]
            scores = (
                _products(normalize(batch @ cut, dim=-1), normalize(d @ cut, dim=-1), bf16) * settings.scale
            )
            logs = log_softmax(scores, dim=-1)
            loss = -(logs[row, item] * share).sum() / len(chosen)
            if soft is not None:
                loss = loss - settings.soft * (soft * logs).sum(dim=1).mean()
            loss.backward()  # type: ignore[no-untyped-call]
            total += loss.item()
        adam.step()
        adam.zero_grad()
        if step % 10 == 0:
            losses.append((step, total))
        if progress is not None:
            progress.step(step + 1, settings.steps, total)
    return weight.detach().numpy(), tuple(losses)


def _products(queries: torch.Tensor, items: torch.Tensor, bf16: bool) -> torch.Tensor:
    """Inner products [q, n], float32."""
    with torch.autocast(queries.device.type, dtype=torch.bfloat16, enabled=bf16):
        products = queries @ items.T
    return products.float()


def project(model: SentenceTransformer, matrix: Floats) -> None:
    """Multiply the model's vectors by ``matrix`` [width, width] from now on, before normalisation."""
    from sentence_transformers.base.modules import Dense
    from sentence_transformers.sentence_transformer.modules import Normalize

    turned = torch.from_numpy(np.ascontiguousarray(matrix.T)).to(model.device)
    there = next((module for module in model if isinstance(module, Dense)), None)
    if there is not None:
        with torch.no_grad():
            there.linear.weight.copy_(turned @ there.linear.weight)
        return
    width = len(matrix)
    dense = Dense(width, width, bias=False, activation_function=torch.nn.Identity(), init_weight=turned)
    kept = [module for module in model if not isinstance(module, Normalize)]
    names = [str(number) for number in range(len(kept) + 2)]
    model._modules.clear()
    for name, module in zip(names, [*kept, dense.to(model.device), Normalize()], strict=True):
        model.add_module(name, module)


@dataclass(frozen=True, slots=True)
class AxesStage:
    """Vectors turned to their principal axes: where Matryoshka training starts from.

    Attributes:
        sample: items that the axes are found on.
    """

    sample: int = 20_000
    name: ClassVar[str] = "principal-axes"

    def train(self, context: Context) -> StageOutcome:
        """No optimizer: one eigendecomposition."""
        texts = list(context.data.items.values())
        draw = np.random.default_rng(context.seed)
        chosen = draw.choice(len(texts), min(self.sample, len(texts)), replace=False)
        vectors = context.encoder.encode_items([texts[at] for at in np.sort(chosen)])
        project(context.model, principal_axes(vectors))
        return StageOutcome(len(chosen), 0, ())
