"""A small generative recommender over semantic IDs, after TIGER (Rajput et al. 2023, arXiv 2305.05065).

Its two parts are of two layers each, 128 wide, under a million parameters in all. Unlike TIGER's encoder, the
first reads an item as the sum of its codes' embeddings, so that a history is as long as its items; with texts
beside them, their vectors are mapped and added. The second writes the codes of the next item, one after the
other, and a beam finds the likeliest items; tuples that no item has are not followed.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from aisle.evaluation.sequences.protocol import Phase, Seen, Split, split
from aisle.evaluation.sequences.ranks import RankedTargets
from aisle.recommendation.router import prefix_tree
from aisle.sequences import Sequences
from aisle.training.common.machine import seed_all
from aisle.training.recommendation.loop import encode
from aisle.training.recommendation.model import ByteDropout, IdsAndTexts, Layer, SequenceModel
from aisle.training.recommendation.settings import SequenceSettings
from aisle.training.recommendation.windows import windows_of
from benchmarks.harness.command_line import say
from benchmarks.harness.result_file import HIGHER, Goal
from benchmarks.harness.topics import Figures
from benchmarks.semantic_ids.baselines import PROTOCOLS
from benchmarks.semantic_ids.codes import read_codes
from benchmarks.semantic_ids.data import SequenceData, read_dataset
from benchmarks.semantic_ids.published import DATASET, tried

SYSTEM: Final = "TIGER-style, small"
WITH_TEXTS: Final = "TIGER-style + text, small"
SEEDS: Final = (0,)
"""One: a seed takes a quarter of an hour."""
SETTINGS: Final = SequenceSettings(dims=128, dropout=0.3, learning_rate=2e-3, epochs=16)
METRICS: Final = ("R@5", "N@5", "R@10", "N@10")
BEAM: Final = 30
_AT_ONCE: Final = 256
"""Users of a beam search."""
_LABELS: Final = ("train only", "seen kept")


def measure(
    name: str = DATASET, seeds: Sequence[int] = SEEDS, *, topic: str = "tiger", with_texts: bool = False
) -> Figures:
    """Train for a fixed number of epochs, nothing chosen, and ask the test.

    Args:
        name: of the data set.
        seeds: one training each.
        topic: whose trials are told.
        with_texts: whether items are read as their texts too.
    """
    system = WITH_TEXTS if with_texts else SYSTEM
    data = read_dataset(name)
    tests = {label: split(data.sequences, PROTOCOLS[label], Phase.TEST) for label in _LABELS}
    found: dict[str, list[Mapping[str, float]]] = {label: [] for label in tests}
    train = tests["train only"].train
    codes = read_codes(name, train)
    seconds = []
    parameters = 0
    for seed in seeds:
        started = time.process_time()
        texts = data.texts if with_texts else None
        model = fit(train, codes, texts, replace(SETTINGS, seed=seed))
        seconds.append(time.process_time() - started)
        parameters = sum(part.numel() for part in model.parameters() if part.requires_grad)
        items = likeliest(model, tests["train only"].histories)
        for label, test in tests.items():
            ranked = RankedTargets(system, name, test.protocol, test.phase, ranks(items, test))
            found[label].append(ranked.means(METRICS))
            say(f"{system}, seed {seed}, {label}: {found[label][-1]}, {seconds[-1]:.0f} seconds of CPU")
    rows = [
        {**_common(data, label, test, system), "seeds": len(seeds), **_means(found[label])}
        | {"parameters": parameters, "cpu_seconds": seconds}
        for label, test in tests.items()
    ]
    goals = (Goal("R@10, seen kept", rows[1]["R@10"], 0.055, HIGHER),)
    return Figures(rows, tried(name, topic), goals if name == DATASET else ())


def _common(data: SequenceData, label: str, test: Split, system: str) -> dict[str, Any]:
    return {
        "dataset": data.name,
        "protocol": label,
        "means": PROTOCOLS[label].words(),
        "users": len(test.targets),
        "items": len(data.sequences.items),
        "system": system,
        "source": "",
    }


def _means(found: list[Mapping[str, float]]) -> dict[str, float]:
    return {metric: float(np.mean([means[metric] for means in found])) for metric in METRICS}


class Generator(nn.Module):
    """Reads items as sums of their codes, and of texts where given, and writes the codes of the next."""

    def __init__(
        self, codes: NDArray[np.int32], texts: NDArray[np.float32] | None, settings: SequenceSettings
    ) -> None:
        """Begin at random.

        Args:
            codes: int32 [items, levels], -1 for an item without.
            texts: float32 [items, text dims], rows of zeros for items without; None: not read.
            settings: of both parts.
        """
        super().__init__()
        self.texts = self.text_map = None
        if texts is not None:
            self.texts = torch.from_numpy(texts)
            self.text_map = nn.Linear(texts.shape[1], settings.dims, bias=False)
            nn.init.normal_(self.text_map.weight, std=0.02)
        sizes = codes.max(axis=0) + 1
        begins = np.cumsum(sizes) - sizes
        self.bounds = [(int(begin), int(begin + size)) for begin, size in zip(begins, sizes, strict=True)]
        self.codes = torch.from_numpy(np.where(codes >= 0, codes + begins, sizes.sum()).astype(np.int64))
        # The last row is what an item without codes is made of: zeros.
        self.tokens = nn.Embedding(int(sizes.sum()) + 1, settings.dims, padding_idx=int(sizes.sum()))
        with torch.no_grad():
            self.tokens.weight.mul_(0.02)
        self.history = SequenceModel(IdsAndTexts(1, None, settings), settings)
        self.history.items.ids.weight.requires_grad_(False)
        dropout = ByteDropout(settings.dropout, np.random.default_rng(settings.seed))
        self.layers = nn.ModuleList(
            Layer(settings.dims, settings.heads, dropout) for _ in range(settings.layers)
        )
        self.places = nn.Parameter(torch.randn(len(sizes), settings.dims) * 0.02)
        self.norm = nn.LayerNorm(settings.dims)

    def items(self, rows: Tensor) -> Tensor:
        """float32 [..., dims] of int64 [...]."""
        found: Tensor = self.tokens(self.codes[rows]).sum(dim=-2)
        if self.text_map is not None and self.texts is not None:
            found = found + self.text_map(self.texts[rows])
        return found

    def written(self, users: Tensor, tokens: Tensor) -> Tensor:
        """What follows a user and each of the first codes, float32 [n, k + 1, dims].

        Args:
            users: float32 [n, dims].
            tokens: int64 [n, k], of the levels from the first.
        """
        x = torch.cat([users[:, None], self.tokens(tokens)], dim=1) + self.places[: tokens.shape[1] + 1]
        for layer in self.layers:
            x = layer(x)
        found: Tensor = self.norm(x)
        return found

    def scores(self, written: Tensor, level: int) -> Tensor:
        """Of the codes of a level, float32 [..., size]."""
        begin, end = self.bounds[level]
        return written @ self.tokens.weight[begin:end].T


def fit(
    sequences: Sequences,
    codes: NDArray[np.int32],
    texts: NDArray[np.float32] | None,
    settings: SequenceSettings,
) -> Generator:
    """Minimise the cross-entropy of every code of every step, for so many epochs."""
    seed_all(settings.seed)
    model = Generator(codes, texts, settings)
    random = np.random.default_rng(settings.seed)
    windows = windows_of(sequences, settings.max_steps)
    optimizer = torch.optim.AdamW(
        [part for part in model.parameters() if part.requires_grad],
        lr=settings.learning_rate,
        weight_decay=settings.weight_decay,
        fused=True,
    )
    plan = windows.batches(settings.positions, random)
    rise, fall = len(plan), len(plan) * settings.epochs
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min((step + 1) / rise, max(0.0, 1 - step / fall))
    )
    for epoch in range(settings.epochs):
        total = 0.0
        for batch in plan:
            inputs, targets = map(torch.from_numpy, windows.padded(batch))
            there = inputs >= 0
            users = model.history(model.items(inputs.clamp(min=0)))[there]
            loss = _loss(model, users, targets[there])
            optimizer.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(model.parameters(), settings.max_grad_norm)
            optimizer.step()
            schedule.step()
            total += float(loss.detach())
        say(f"epoch {epoch + 1}: loss {total / len(plan):.3f}")
        plan = windows.batches(settings.positions, random)
    return model.eval()


def _loss(model: Generator, users: Tensor, targets: Tensor) -> Tensor:
    tokens = model.codes[targets]
    coded = tokens[:, 0] < model.bounds[-1][1]
    tokens = tokens[coded]
    written = model.written(users[coded], tokens[:, :-1])
    parts = [
        functional.cross_entropy(model.scores(written[:, level], level), tokens[:, level] - begin)
        for level, (begin, _) in enumerate(model.bounds)
    ]
    return torch.stack(parts).mean()


def likeliest(model: Generator, histories: Sequences, beam: int = BEAM) -> NDArray[np.int64]:
    """The likeliest items of every user, best first, int64 [users, beam]; -1 where there are no more."""
    held = model.codes.numpy()
    coded = np.flatnonzero(held[:, 0] < model.bounds[-1][1])
    tree = prefix_tree(held[coded].astype(np.int32), len(model.bounds))
    follows = [
        _children(prefixes, firsts, bounds)
        for (prefixes, firsts), bounds in zip(tree, model.bounds, strict=True)
    ]
    order = np.lexsort(held[coded].T[::-1])
    item_of = torch.from_numpy(np.append(coded[order], -1))
    with torch.no_grad():
        vectors = model.items(torch.arange(len(held))).numpy()
        users = torch.from_numpy(encode(model.history, vectors, histories))
        found = [
            _beam(model, users[begin : begin + _AT_ONCE], follows, beam)
            for begin in range(0, len(users), _AT_ONCE)
        ]
    return item_of[torch.cat(found)].numpy()


def _children(prefixes: NDArray[np.int32], firsts: NDArray[np.int64], bounds: tuple[int, int]) -> Tensor:
    """Number of the prefix that a code makes of each one before, int64 [parents, size]; -1 for none."""
    found = np.full((len(firsts) - 1, bounds[1] - bounds[0]), -1, dtype=np.int64)
    parents = np.repeat(np.arange(len(firsts) - 1), np.diff(firsts))
    found[parents, prefixes[:, -1] - bounds[0]] = np.arange(len(prefixes))
    return torch.from_numpy(found)


def _beam(model: Generator, users: Tensor, follows: list[Tensor], beam: int) -> Tensor:
    """Numbers of the likeliest whole tuples, int64 [users, beam]."""
    count = len(users)
    nodes = torch.zeros((count, 1), dtype=torch.int64)
    tokens = torch.zeros((count, 1, 0), dtype=torch.int64)
    chances = torch.zeros((count, 1))
    for level, follow in enumerate(follows):
        width = nodes.shape[1]
        flat = tokens.reshape(count * width, level)
        written = model.written(users.repeat_interleave(width, dim=0), flat)[:, -1]
        scores = model.scores(written, level).log_softmax(dim=-1).view(count, width, -1)
        children = follow[nodes.clamp(min=0)]
        scores = scores.masked_fill((children < 0) | (nodes < 0)[..., None], -torch.inf) + chances[..., None]
        chances, chosen = scores.flatten(1).topk(min(beam, scores[0].numel()), dim=1)
        rows = torch.arange(count)[:, None]
        parents, code = chosen // scores.shape[2], chosen % scores.shape[2]
        nodes = torch.where(chances > -torch.inf, children[rows, parents, code], -1)
        tokens = torch.cat([tokens[rows, parents], (code + model.bounds[level][0])[..., None]], dim=2)
    return nodes


def ranks(items: NDArray[np.int64], test: Split) -> NDArray[np.int64]:
    """Where the targets stand, int64 [users]; one past the number of items where the beam has lost them."""
    found = np.full(len(items), len(test.train.items) + 1, dtype=np.int64)
    for user, target in enumerate(test.targets.tolist()):
        listed = items[user]
        if test.protocol.seen is Seen.EXCLUDED:
            listed = listed[~np.isin(listed, test.histories.of(user))]
        places = np.flatnonzero(listed == target)
        if len(places):
            found[user] = places[0] + 1
    return found
