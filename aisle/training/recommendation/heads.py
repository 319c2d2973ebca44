"""Trains a router over prefixes of semantic IDs, on what a trained history encoder knows of users."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from aisle.recommendation.router import PrefixLevel, Router, prefix_tree
from aisle.sequences import Sequences
from aisle.training.common.progress import Progress
from aisle.training.recommendation.fit import FittedSequence
from aisle.training.recommendation.settings import SequenceSettings
from aisle.training.recommendation.windows import Windows, windows_of

_READ_AT_ONCE: Final = 4096
_BATCH: Final = 1024


@dataclass(frozen=True, slots=True, eq=False)
class _Level:
    """What a level is trained on.

    Attributes:
        prefixes: int32 [prefixes, length].
        firsts: int64 [parents + 1].
        children: int64 [parents, most], numbers of prefixes, padded with the parent's first.
        there: bool [parents, most], which are no padding.
        of_item: int64 [items], the prefix of each; -1 for an item without codes.
        parent_of: int64 [prefixes].
    """

    prefixes: NDArray[np.int32]
    firsts: NDArray[np.int64]
    children: Tensor
    there: Tensor
    of_item: NDArray[np.int64]
    parent_of: Tensor


def fit_router(
    fitted: FittedSequence,
    sequences: Sequences,
    codes: NDArray[np.int32],
    depth: int,
    settings: SequenceSettings,
    progress: Progress,
) -> Router:
    """Learn which prefix comes next; the history encoder stays as it is.

    Users are read with dropout, as in its own training: what it learned by heart would otherwise make the
    steps that it was trained on look easier than those to come. A prefix begins as the mean of its items.

    Args:
        fitted: reads histories.
        sequences: that are learned from.
        codes: int32 [items, levels] of ``sequences.items``; -1 in the row of an item without.
        depth: length of the longest prefixes.
        settings: for how many epochs, at what rate.
        progress: is told of steps.
    """
    levels = _levels(codes, depth)
    heads = [
        nn.ParameterList(torch.from_numpy(part) for part in _beginning(level, fitted)) for level in levels
    ]
    optimizer = torch.optim.AdamW(
        [each for head in heads for each in head], lr=settings.router_rate, weight_decay=settings.weight_decay
    )
    windows = windows_of(sequences, settings.max_steps)
    random = np.random.default_rng(settings.seed)
    targets_of = [torch.from_numpy(level.of_item) for level in levels]
    total = settings.router_epochs * -(-windows.predicted // _BATCH)
    done = 0
    for _ in range(settings.router_epochs):
        users, items = _read(fitted, windows, random)
        kept = targets_of[0][items] >= 0
        users, items = users[kept], items[kept]
        order = torch.from_numpy(random.permutation(len(items)))
        for begin in range(0, len(order), _BATCH):
            rows = order[begin : begin + _BATCH]
            loss = torch.stack(
                [
                    _loss(users[rows], of_item[items[rows]], level, head)
                    for of_item, level, head in zip(targets_of, levels, heads, strict=True)
                ]
            ).sum()
            optimizer.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            done += 1
            progress.step(min(done, total), total, float(loss.detach()))
    return Router(tuple(_trained(level, *head) for level, head in zip(levels, heads, strict=True)))


def _trained(level: _Level, vectors: Tensor, biases: Tensor) -> PrefixLevel:
    return PrefixLevel(level.prefixes, vectors.detach().numpy(), biases.detach().numpy(), level.firsts)


def _levels(codes: NDArray[np.int32], depth: int) -> tuple[_Level, ...]:
    there = codes[:, 0] >= 0
    levels = []
    for length, (prefixes, firsts) in enumerate(prefix_tree(codes[there], depth), 1):
        counts = np.diff(firsts)
        columns = np.arange(int(counts.max()))
        inside = columns < counts[:, None]
        children = np.where(inside, firsts[:-1, None] + columns, firsts[:-1, None])
        of_item = np.full(len(codes), -1, dtype=np.int64)
        _, found = np.unique(codes[there][:, :length], axis=0, return_inverse=True)
        of_item[there] = found.reshape(-1)
        levels.append(
            _Level(
                prefixes,
                firsts,
                torch.from_numpy(children),
                torch.from_numpy(inside),
                of_item,
                torch.from_numpy(np.repeat(np.arange(len(counts)), counts)),
            )
        )
    return tuple(levels)


def _beginning(level: _Level, fitted: FittedSequence) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Of each prefix the mean of its items, and the logarithm of how many were trained on."""
    rows = np.flatnonzero(level.of_item >= 0)
    places = level.of_item[rows]
    counts = np.bincount(places, minlength=len(level.prefixes))
    vectors = np.zeros((len(counts), fitted.vectors.shape[1]), dtype=np.float32)
    np.add.at(vectors, places, fitted.vectors[rows])
    trained = np.bincount(places, weights=fitted.trained[rows], minlength=len(counts))
    means: NDArray[np.float32] = np.divide(vectors, counts[:, None], dtype=np.float32)
    return means, np.log(trained + 0.1).astype(np.float32)


def _read(fitted: FittedSequence, windows: Windows, random: np.random.Generator) -> tuple[Tensor, Tensor]:
    """What is known before every step, float32 [steps, dims], and the item of the step, int64 [steps]."""
    vectors = torch.from_numpy(fitted.vectors)
    users, items = [], []
    fitted.model.train()
    with torch.no_grad():
        for batch in windows.batches(_READ_AT_ONCE, random):
            inputs, targets = map(torch.from_numpy, windows.padded(batch))
            there = inputs >= 0
            users.append(fitted.model(vectors[inputs.clamp(min=0)])[there])
            items.append(targets[there])
    fitted.model.eval()
    return torch.cat(users), torch.cat(items)


def _loss(users: Tensor, prefixes: Tensor, level: _Level, head: nn.ParameterList) -> Tensor:
    """Cross-entropy of the next prefix among its siblings."""
    vectors, biases = head
    parents = level.parent_of[prefixes]
    first = torch.from_numpy(level.firsts)[parents]
    if len(level.children) == 1:
        return functional.cross_entropy(users @ vectors.T + biases, prefixes)
    children = level.children[parents]
    scores = torch.einsum("bd,bcd->bc", users, vectors[children]) + biases[children]
    return functional.cross_entropy(scores.masked_fill(~level.there[parents], -torch.inf), prefixes - first)
