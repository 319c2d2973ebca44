"""A linear head trained against the whole catalogue at once, on vectors that stay as they are."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from training.dense.head_settings import HeadSettings
from training.dense.stage import Context, Outcome
from training.pairs.habits import learn_habits
from training.pairs.pair import Pair
from training.pairs.titles import title_pairs

if TYPE_CHECKING:
    from training.dense.head import Targets


@dataclass(frozen=True, slots=True)
class HeadStage:
    """Attributes:
    settings: of the optimizer.
    pseudo: pseudo-queries beside the training set's own, at most.
    most_items: items that are ranked at once, at most; those of the pairs are always among them.
    """

    settings: HeadSettings = HeadSettings()  # noqa: RUF009 - frozen
    pseudo: int = 8_000
    most_items: int = 100_000
    name: ClassVar[str] = "head"

    def train(self, context: Context) -> Outcome:
        """Encode once, then learn one matrix."""
        # Here, since they import torch.
        from training.dense.head import fit_head, principal_axes
        from training.dense.projection import project

        data, draw = context.data, np.random.default_rng(context.seed)
        ids = self._items(context, draw)
        kept = {item: data.items[item] for item in ids}
        made = title_pairs(kept, 1, context.seed, learn_habits(data))
        picked = np.sort(draw.choice(len(made), min(self.pseudo, len(made)), replace=False))
        pairs = (*data.pairs, *(made[at] for at in picked))
        queries = {pair.query_id: pair.query for pair in pairs}
        context.progress.note(f"encoding {len(ids):,} items and {len(queries):,} queries for the head")
        items = context.encode(list(kept.values()), False)
        asked = context.encode(list(queries.values()), True)
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
            context.progress.step,
        )
        project(context.model, matrix)
        return Outcome(len(targets.query), self.settings.steps, losses)

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
    from training.dense.head import Targets

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
