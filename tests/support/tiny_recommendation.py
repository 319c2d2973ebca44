"""Every artifact that a release recommends by, of a shop of 24 items; made without torch."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

import aisle
from aisle.encoder import Artifact, ArtifactStore, DenseEncoder
from aisle.encoder.code_artifact import ItemCodes, load_codes, save_codes
from aisle.encoder.codes import Codebooks, Modality, Quantizer
from aisle.encoder.export import DenseExport, export
from aisle.encoder.export.graph import Graph, GraphInput, GraphWriter
from aisle.recommendation.history_encoder import LENGTHS, STEPS, USERS, ItemEmbeddings
from aisle.recommendation.known_items import find_recommender, known_items
from aisle.recommendation.router_artifact import RouterContent, TrainedRouter, save_router
from tests.support.fixed_models import fixed_dense

COLOURS: Final = ("red", "blue", "green", "black")
KINDS: Final = ("drill", "saw", "lamp", "cordless drill", "light", "tap")
TITLES: Final = {f"{colour}-{n}": f"{colour} {kind}" for colour in COLOURS for n, kind in enumerate(KINDS)}
ROUTER_DIMS: Final = 4


def put_catalogue(folder: Path) -> Path:
    """``products.csv`` with prices 0.5, 1.5, ...; and ``orders.txt`` of all items but the last four."""
    rows = [f"{id_},{title},{number}.5" for number, (id_, title) in enumerate(TITLES.items())]
    (folder / "products.csv").write_text("\n".join(["id,title,price", *rows]) + "\n")
    taken = [" ".join((f"u{n}", *(list(TITLES)[(n * hop) % 20] for hop in (1, 2, 3)))) for n in range(30)]
    (folder / "orders.txt").write_text("\n".join(taken) + "\n")
    return folder / "products.csv"


def put_recommender(folder: Path, store: ArtifactStore, name: str = "shop") -> Artifact:
    """The encoder ``tiny`` of 16 dimensions, and a recommender of what `put_catalogue` wrote."""
    if not any(manifest.name == "tiny" for _, manifest in store.list()):
        export(DenseExport(str(fixed_dense(folder / "model")), name="tiny"), store)
    orders, catalogue = folder / "orders.txt", folder / "products.csv"
    aisle.train_recommender(orders, catalogue=catalogue, name=name, encoder="tiny", store=store)
    return find_recommender(name, store)


def put_codes(store: ArtifactStore, name: str = "shop", levels: int = 2) -> Artifact:
    """One or two levels of four codes, of all items but the last."""
    encoder = DenseEncoder.load("tiny", store=store)
    vectors = encoder.encode_items(list(TITLES.values()))
    modality = Modality.fitted("text", encoder.fingerprint, 1.0, vectors)
    placed = modality.placed(vectors)
    quantizer = Quantizer((modality,), (), Codebooks((placed[:4], placed[4:8] - placed[8:12])[:levels]))
    known, codes = tuple(TITLES)[:-1], quantizer.encode({"text": vectors[:-1]})
    save_codes(ItemCodes(quantizer, known, codes), {"text": vectors}, name, store, encoder=encoder.artifact)
    return load_codes(name, store)[1]


def sum_of_items(dims: int) -> Graph:
    """A history encoder: a user is the sum of the items taken."""
    graph = GraphWriter("history")
    total = graph.node("ReduceSum", [STEPS, graph.constant("axis", np.array([1]))], keepdims=0)
    steps = GraphInput(STEPS, np.float32, ("batch", "steps", dims))
    return graph.model(total, dims, name=USERS, per_text=(LENGTHS,), first=steps)


def put_router(
    store: ArtifactStore, recommender: Artifact, codes: Artifact | None = None, name: str = "shop"
) -> TrainedRouter:
    """A user is the sum of the items taken; items are drawn, the last two have no embedding."""
    draw, whitening = np.random.default_rng(4), known_items(recommender).whitening
    embeddings = ItemEmbeddings(
        tuple(TITLES)[:-2],
        draw.normal(size=(len(TITLES) - 2, ROUTER_DIMS)).astype(np.float32),
        draw.normal(size=(whitening.dims if whitening else 1, ROUTER_DIMS)).astype(np.float32),
    )
    content = RouterContent(sum_of_items(ROUTER_DIMS), embeddings, 50, None, 0.5, recommender, codes)
    return save_router(content, name, store)
