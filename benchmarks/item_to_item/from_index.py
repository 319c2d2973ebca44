"""Similar items from an index: how long an answer takes, and whether it is the model's."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import Any, Final

import numpy as np

import aisle
from aisle.encoder import ArtifactStore
from aisle.recommendation.item_to_item.model import TwoHeads
from aisle.recommendation.item_to_item.similar import HeadScorer, similar_items
from aisle.search import Filters
from aisle.search.similar.client import SimilarItemsClient
from benchmarks.harness.command_line import say
from benchmarks.harness.parts import ENCODER, dataset, load_encoder, own_node
from benchmarks.harness.result_file import HIGHER, LOWER, Goal
from benchmarks.harness.topics import Figures
from benchmarks.item_to_item.data import ORDERS

DATASET: Final = "online_retail"
NAME: Final = "retail"
ASKED: Final = 300
WARM: Final = 200
COMPARED: Final = 30
PLAIN: Final = "alpha 50"
REQUESTS: Final[Mapping[str, Mapping[str, Any]]] = MappingProxyType(
    {
        PLAIN: {},
        "alpha 50, filtered": {"filters": Filters(price_max=50.0, in_stock=True)},
        "complements": {"intent": "complement"},
        "substitutes": {"intent": "substitute"},
        "diversity": {"diversity": 0.3},
    }
)
"""Request to what it asks beside the trigger."""
_PARTS: Final = ("trigger", "candidates", "documents", "server")


def measure() -> Figures:
    """Train on all orders, index their items on a node of its own, and ask one after the other."""
    with TemporaryDirectory() as folder, own_node() as node:
        store = ArtifactStore(Path(folder) / "artifacts")
        model = trained(store)
        aisle.index(
            catalogue(model, Path(folder)),
            NAME,
            encoder=None,
            item_to_item=NAME,
            cluster=node.client,
            store=store,
            suggest=False,
        )
        client = aisle.open_similar_items(NAME, cluster=node.client, store=store)
        rows = [_timed(client, model, request, asked) for request, asked in REQUESTS.items()]
        agreement = _agreement(client, model)
    goals = [
        Goal("p50 of similar items from the index, ms", rows[0]["p50_ms"], 25, LOWER),
        Goal("share of the model's ten that the index gives", agreement, 0.99, HIGHER),
    ]
    return Figures(rows, (), goals)


def trained(store: ArtifactStore) -> TwoHeads:
    """A model through the door; how well it is trained does not matter to the time of an answer."""
    load_encoder()
    encoder = ArtifactStore.default().resolve(ENCODER)
    shutil.copytree(encoder, store.home / encoder.parent.name / encoder.name)
    say("training two heads for one epoch")
    aisle.train_item_to_item(
        dataset(DATASET) / "online_retail.csv.gz",
        name=NAME,
        encoder=ENCODER,
        products=ORDERS.products,
        ignore_case=ORDERS.ignore_case,
        epochs=1,
        store=store,
    )
    return aisle.open_item_to_item(NAME, store=store)


def catalogue(model: TwoHeads, folder: Path) -> Path:
    """The items as a catalogue; their prices and stock are drawn, so that filters leave about a third."""
    draw = np.random.default_rng(0)
    path = folder / "products.csv"
    with path.open("w", newline="") as file:
        lines = csv.writer(file)
        lines.writerow(("id", "title", "price", "stock"))
        prices, stocks = draw.uniform(1, 100, len(model.items)), draw.integers(0, 3, len(model.items))
        lines.writerows(
            (id_, title or id_, f"{price:.2f}", stock)
            for id_, title, price, stock in zip(model.items, model.titles, prices, stocks, strict=True)
        )
    return path


def _timed(
    client: SimilarItemsClient, model: TwoHeads, request: str, asked: Mapping[str, Any]
) -> dict[str, Any]:
    timings = [client.similar(id_, **asked).timings for id_ in _triggers(model, ASKED + WARM)][WARM:]
    totals = [one.total for one in timings]
    found = {
        "dataset": DATASET,
        "system": request,
        "items": len(model.items),
        "asked": len(timings),
        "p50_ms": float(np.median(totals)),
        "p95_ms": float(np.quantile(totals, 0.95)),
        **{f"{part}_p50_ms": float(np.median([getattr(one, part) for one in timings])) for part in _PARTS},
    }
    say(f"{request}: p50 {found['p50_ms']:.1f} ms, p95 {found['p95_ms']:.1f} ms")
    return found


def _triggers(model: TwoHeads, size: int) -> list[str]:
    """Items as often as they were ordered: those whose similar ones are looked at."""
    taken = model.counts.taken / model.counts.taken.sum()
    drawn = np.random.default_rng(1).choice(len(model.items), size, p=taken)
    return [model.items[place] for place in drawn.tolist()]


def _agreement(client: SimilarItemsClient, model: TwoHeads) -> float:
    """Mean share of the model's ten similar items that the index gives too."""
    scorer = HeadScorer(model)
    shares = []
    for id_ in _triggers(model, COMPARED):
        mine = {item.id for item in similar_items(scorer, id_).items}
        shares.append(len(mine & {hit.id for hit in client.similar(id_).items}) / len(mine))
    return float(np.mean(shares))
