"""What the tests of judging share: tiny encoders, and judged folders made of words."""

from __future__ import annotations

import functools
import random
import tempfile
from pathlib import Path

import orjson

from aisle.encoder import ArtifactStore, DenseEncoder
from aisle.encoder.export import DenseExport, export
from aisle.evaluation import write_qrels, write_queries
from aisle.types import Query
from tests.support.tiny_bert import tiny_bert

WORDS = (
    *("red", "blue", "green", "oak", "steel", "glass", "drill", "lamp", "chair", "hose", "mower", "paint"),
    *("brush", "tile", "door", "saw", "kit", "set", "pro", "mini", "max", "light", "heavy", "garden"),
    *("kitchen", "bath", "outdoor", "cordless", "electric", "folding", "wall", "floor"),
)


@functools.cache
def _scratch() -> tempfile.TemporaryDirectory[str]:
    # Kept alive by the cache; its finalizer removes the folder when the interpreter ends.
    return tempfile.TemporaryDirectory(prefix="aisle-test-judge-")


def weights(seed: int = 3) -> Path:
    """A tiny checkpoint; another seed is another model."""
    return _weights(seed)


@functools.cache
def _weights(seed: int) -> Path:
    return tiny_bert(Path(_scratch().name) / f"tiny-{seed}", WORDS, seed=seed)


@functools.cache
def store() -> ArtifactStore:
    """Where ``artifact`` puts them."""
    return ArtifactStore(Path(_scratch().name) / "store")


def artifact(seed: int = 3, dims: int = 32, name: str = "tiny") -> Path:
    """An INT8 artifact of a tiny checkpoint, of 32 dimensions unless cut, trained for 32 and 16."""
    return _artifact(seed, dims, name)


@functools.cache
def _artifact(seed: int, dims: int, name: str) -> Path:
    options = DenseExport(model=str(weights(seed)), widths=(32, 16), dims=dims, name=name)
    return export(options, store()).path


def tiny(seed: int = 3, dims: int = 32) -> DenseEncoder:
    """The loaded artifact."""
    return DenseEncoder.load(artifact(seed, dims))


def judged_folder(folder: Path, items: int = 60, queries: int = 20, *, seed: int = 0) -> Path:
    """A BEIR folder: each query is the whole title of one item, which alone is relevant (grade 3)."""
    choose = random.Random(seed)
    titles: dict[str, str] = {}
    while len(titles) < items:
        titles[" ".join(choose.sample(WORDS, choose.randint(2, 5)))] = f"i{len(titles):03d}"
    folder.mkdir(parents=True, exist_ok=True)
    rows = [orjson.dumps({"_id": id_, "title": title}) for title, id_ in titles.items()]
    (folder / "corpus.jsonl").write_bytes(b"\n".join(rows) + b"\n")
    asked = list(titles.items())[:queries]
    write_queries((Query(f"q{id_}", title) for title, id_ in asked), folder / "queries.jsonl")
    write_qrels({f"q{id_}": {id_: 3} for _, id_ in asked}, folder / "qrels" / "dev.tsv")
    return folder
