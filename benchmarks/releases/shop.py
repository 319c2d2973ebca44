"""The shop of the drill: part of homedepot, its judged queries, and models right and wrong for it."""

from __future__ import annotations

import gzip
import random
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import orjson
from safetensors.numpy import load_file, save_file

import aisle
from aisle._gate import GateReport
from aisle._item_fields import RecommenderRefs, recommendation_fields
from aisle.catalogue import read_catalogue
from aisle.cluster import Cluster
from aisle.encoder import Artifact, ArtifactStore, DenseEncoder, item_text
from aisle.encoder.artifact import load_artifact
from aisle.encoder.code_artifact import load_codes, save_codes
from aisle.encoder.export import DenseExport, export, find_weights
from aisle.errors import InputError
from aisle.evaluation import answerable, read_judged_set
from aisle.evaluation.encoders.exact import Floats
from aisle.indexer import IndexOptions, dense_item_encoder, index_catalogue
from aisle.types import Item
from benchmarks.harness.command_line import say
from benchmarks.harness.item_vectors import kept_vectors
from benchmarks.harness.parts import ENCODER, dataset
from benchmarks.service.shop import KnownVectors

NAME: Final = "shop"
DIMS: Final = 384
PRODUCTS: Final = 1_200
QUERIES: Final = 80
GOLDEN: Final = 20
SEED: Final = 20
CUT: Final = 24
UNTUNED: Final = "untuned"
CODES: Final = (32, 64)


@dataclass(frozen=True, slots=True)
class DrillShop:
    """What the drill releases, and what it is measured by.

    Attributes:
        client: of the node.
        folder: the catalogue as a file, its judgments in BEIR's layout, and golden queries.
        store: every artifact.
        items: of the catalogue.
        model: the right encoder.
        vectors: kind to text to row, and float32 [texts, 384] unit rows: of the right encoder ("right"),
            of one whose training was lost ("untuned"), and those of texts cut short ("cut").
    """

    client: Cluster
    folder: Path
    store: ArtifactStore
    items: tuple[Item, ...]
    model: DenseEncoder
    vectors: Mapping[str, KnownVectors]

    @property
    def golden(self) -> Path:
        """Queries that must find their item."""
        return self.folder / "golden.tsv"

    def stage(
        self,
        items: Sequence[Item] | None = None,
        vectors: KnownVectors | None = None,
        text: Callable[[Item], str] = item_text,
        codes: str = "codes",
        live: bool = False,
    ) -> str:
        """A release of the shop, staged unless it is to be live.

        Args:
            items: in the order in which they come; None: as they are.
            vectors: of their texts; None: the right ones.
            text: of an item.
            codes: artifact of its semantic IDs.
            live: whether it goes live.
        """
        maker = recommendation_fields(RecommenderRefs(NAME, codes=codes), self.store)
        known = vectors or self.vectors["right"]
        encoder = dense_item_encoder(known, text, name=self.model.manifest.name, dims=DIMS, also=(maker,))
        options = IndexOptions(NAME, stage=not live, keep=3)
        return index_catalogue(self.client, self.items if items is None else items, encoder, options).release

    def gate(self, release: str) -> GateReport:
        """The release against the live one, by the usual policy."""
        return aisle.gate_release(
            release, NAME, judged=self.folder, golden=self.golden, cluster=self.client, store=self.store
        )

    def shuffled(self, seed: int) -> tuple[Item, ...]:
        """The items as another export of the same catalogue has them."""
        return tuple(random.Random(seed).sample(self.items, len(self.items)))


def cut_text(item: Item) -> str:
    """An item's text as an earlier pipeline cut it."""
    return item_text(item)[:CUT]


def make_shop(client: Cluster, folder: Path, products: int, queries: int) -> DrillShop:
    """Write the catalogue, make the models, and release it once."""
    store = ArtifactStore(folder / "artifacts")
    _write(dataset("homedepot"), folder, products, queries)
    items = tuple(read_catalogue(folder / "corpus.jsonl"))
    say(f"{len(items):,} products")
    right = export(DenseExport(), store).path
    model = DenseEncoder.load(right)
    export(DenseExport(str(_untrained(folder)), name=UNTUNED), store)
    untuned = DenseEncoder.load(UNTUNED, store=store)
    texts, cut = [item_text(item) for item in items], [cut_text(item) for item in items]
    rows = {text: row for row, text in enumerate(texts)}
    vectors = {
        "right": KnownVectors(model.fingerprint, rows, kept_vectors(model, texts)),
        "untuned": KnownVectors(untuned.fingerprint, rows, kept_vectors(untuned, texts)),
        "cut": KnownVectors(
            model.fingerprint, {text: row for row, text in enumerate(cut)}, kept_vectors(model, cut)
        ),
    }
    _make_recommender(folder, store, items)
    _collapse(store, load_artifact(right), vectors["right"].vectors)
    shop = DrillShop(client, folder, store, items, model, vectors)
    shop.stage(live=True)
    _write_golden(shop)
    return shop


def _write(data: Path, folder: Path, products: int, queries: int) -> None:
    """The judged items of some queries, and as many others as there is room for."""
    judged = read_judged_set(data, "dev")
    wanted = answerable(judged.qrels, 2)
    asked = [query for query in judged.queries if query.id in wanted]
    if len(asked) < 2 * queries:
        raise InputError(
            f"{data} has {len(asked)} queries with an item of grade 2 or more, and {2 * queries} are needed:"
            " half for the gate, half for a ranker",
            fix=f"ask for at most --queries {len(asked) // 2}",
        )
    # The gate's, and as many others for a ranker to learn from.
    asked = random.Random(SEED).sample(asked, 2 * queries)
    needed = {item for query in asked for item in judged.qrels[query.id]}
    rows: list[bytes] = []
    others: list[bytes] = []
    with gzip.open(data / "corpus.jsonl.gz") as file:
        for line in file:
            (rows if orjson.loads(line)["_id"] in needed else others).append(line)
    rows += random.Random(SEED).sample(others, max(0, products - len(rows)))
    (folder / "corpus.jsonl").write_bytes(b"".join(rows))
    lines = [orjson.dumps({"_id": query.id, "text": query.text}) + b"\n" for query in asked]
    (folder / "queries.jsonl").write_bytes(b"".join(lines))
    (folder / "qrels").mkdir()
    for split, those in (("dev", asked[:queries]), ("train", asked[queries:])):
        grades = [
            f"{query.id}\t{item}\t{grade:g}\n"
            for query in those
            for item, grade in judged.qrels[query.id].items()
        ]
        (folder / "qrels" / f"{split}.tsv").write_text("query-id\tcorpus-id\tscore\n" + "".join(grades))


def _untrained(folder: Path) -> Path:
    """MiniLM whose upper half was never loaded: its layers have weights as training begins with."""
    source, made = find_weights(ENCODER).folder, folder / UNTUNED
    shutil.copytree(source, made)
    weights = load_file(made / "model.safetensors")
    draw = np.random.default_rng(SEED)
    for name, values in weights.items():
        if any(f"layer.{layer}." in name for layer in (3, 4, 5)) and values.ndim == 2:
            weights[name] = draw.normal(0, 0.02, values.shape).astype(values.dtype)
    save_file(weights, made / "model.safetensors")
    return made


def _make_recommender(folder: Path, store: ArtifactStore, items: Sequence[Item]) -> None:
    """Of orders that were drawn: what is recommended is not measured here, only its codes are."""
    draw = random.Random(SEED)
    ids = [item.id for item in items]
    orders = [" ".join((f"u{number}", *draw.sample(ids, 3))) + "\n" for number in range(600)]
    (folder / "orders.txt").write_text("".join(orders))
    data, catalogue = folder / "orders.txt", folder / "corpus.jsonl"
    aisle.train_recommender(data, catalogue=catalogue, name=NAME, encoder=ENCODER, store=store)
    aisle.train_codes(None, catalogue=catalogue, name="codes", encoder=ENCODER, sizes=CODES, store=store)


def _collapse(store: ArtifactStore, encoder: Artifact, vectors: Floats) -> None:
    """The same codes, but that all items are in a quarter of those of the first level."""
    codes, _ = load_codes("codes", store)
    fallen = codes.codes.copy()
    fallen[:, 0] %= CODES[0] // 4
    save_codes(replace(codes, codes=fallen), {"text": vectors[:64]}, "collapsed", store, encoder=encoder)


def _write_golden(shop: DrillShop) -> None:
    """Queries whose best item is among the first three, with that item."""
    search = aisle.open_search(NAME, rules=False, cluster=shop.client, store=shop.store)
    judged = read_judged_set(shop.folder, "dev")
    lines: list[str] = []
    for query in judged.queries:
        grades = judged.qrels.get(query.id, {})
        for hit in search.search(query.text, size=3).hits:
            if grades.get(hit.item.id, 0) >= 3:
                lines.append(f"{query.text}\t{hit.item.id}\n")
                break
    shop.golden.write_text("".join(lines[:GOLDEN]))
