"""A small catalogue on the node with vectors of the tests' own, where both must be known exactly."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from opensearchpy import OpenSearch, helpers

from aisle.cluster import Cluster, capabilities
from aisle.indexer.releases.create import declaring_numbers
from aisle.indexer.releases.signals import store_percentiles
from aisle.mappings import (
    IndexMeta,
    IndexSettings,
    Synonyms,
    VectorSpace,
    fields,
    index_body,
    pipeline_name,
    standard_fusions,
)
from aisle.mappings.document import document
from aisle.search.preflight import install_pipeline
from aisle.types import Item

DIMS = 16
FINGERPRINT = "ab" * 32
_WORDS = (
    *("red", "blue", "oak", "steel", "drill", "lamp", "chair", "hose", "mower", "paint"),
    *("brush", "tile", "door", "light", "saw", "kit", "set", "pro", "mini", "max"),
)
_BRANDS = ("Acme", "Borealis", "Corvo")


class HashEncoder:
    """A deterministic vector space: each text gets a random direction, seeded by its hash."""

    fingerprint = FINGERPRINT

    def encode_queries(self, texts: Sequence[str], dims: int | None = None) -> NDArray[np.float32]:
        return np.stack([direction(text)[:dims] for text in texts])


def direction(text: str) -> NDArray[np.float32]:
    """Unit float32 [DIMS]."""
    seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8])
    vector = np.random.default_rng(seed).standard_normal(DIMS).astype(np.float32)
    return np.asarray(vector / np.linalg.norm(vector), dtype=np.float32)


def shelf_items(count: int = 300, seed: int = 7) -> list[Item]:
    """Items with titles of two to seven words, a brand, a price and a colour."""
    choose = random.Random(seed)
    return [
        Item(
            id=f"item-{number:04d}",
            title=" ".join(choose.choices(_WORDS, k=choose.randint(2, 7))),
            text=" ".join(choose.choices(_WORDS, k=choose.randint(0, 20))),
            brand=choose.choice(_BRANDS),
            categories=((f"aisle {number % 4}",),),
            price=float(number) if number % 10 else None,
            attributes={"Colour": (choose.choice(["Red", "Blue"]),), "Size": (str(number % 3),)},
        )
        for number in range(count)
    ]


def put_shelf(
    client: OpenSearch,
    index: str,
    items: Sequence[Item],
    *,
    shards: int = 1,
    dims: int = DIMS,
    fingerprint: str = FINGERPRINT,
    synonyms: tuple[str, ...] = (),
) -> None:
    """Make the index as Aisle makes it, on the best engine of the node, with the standard pipelines."""
    specs = standard_fusions()
    engine = capabilities(client).best_engine
    settings = IndexSettings(dims=dims, engine=engine, shards=shards, synonyms=Synonyms(synonyms))
    meta = IndexMeta(
        release=index,
        spaces={fields.DENSE: VectorSpace(fingerprint, "hash", dims)},
        engine=engine,
        pipelines=tuple(map(pipeline_name, specs)),
        features=settings.features,
    )
    client.indices.create(index=index, body=index_body(settings, meta))
    actions = (
        {"_index": index, "_id": item.id, **document(item, {fields.DENSE: direction(item.id)})}
        | {fields.DENSE: direction(item.id)[:dims].tolist()}
        for item in declaring_numbers(Cluster.of(client), index, items)
    )
    helpers.bulk(client, actions, refresh=True)
    store_percentiles(Cluster.of(client), index)
    for spec in specs:
        install_pipeline(client, spec)


def swap(client: OpenSearch, name: str, old: str, new: str) -> None:
    """Move the alias in one step, as a release does."""
    actions = [{"remove": {"index": old, "alias": name}}, {"add": {"index": new, "alias": name}}]
    client.indices.update_aliases(body={"actions": actions})
