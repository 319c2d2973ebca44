"""The demo catalogue as a shop would run it every night: products, judgments, a tiny model and a pipeline."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from pathlib import Path

import orjson
import torch

from aisle.testing.synthetic import SyntheticOptions, write_synthetic
from tests.support.tiny_bert import tiny_bert

# Tiny matrices on many cores cost more in waiting than in work.
torch.set_num_threads(1)

ENCODER = """
[train.encoder]
base = "./tiny"
titles = false
rounds = 0
measure = false
"""

RANKER = """
[train.ranker]
model = "linear"
# A few queries of a tiny shop.
guard_p = 0.5
"""


@dataclass(frozen=True, slots=True)
class NightlyShop:
    """A folder with all that a pipeline reads.

    Attributes:
        folder: with ``pipeline.toml``.
        name: of the catalogue.
    """

    folder: Path
    name: str

    @property
    def file(self) -> Path:
        """The pipeline."""
        return self.folder / "pipeline.toml"

    @property
    def work(self) -> Path:
        """What its runs keep."""
        return self.folder / "work"

    def write(self, *tables: str, **texts: str) -> None:
        """Write the pipeline: the usual one, with further tables and texts."""
        given = {
            "name": self.name,
            "catalogue": "products.jsonl",
            "judged": "judged",
            "work": "work",
            **texts,
        }
        lines = [f'{key} = "{value}"' for key, value in given.items() if value]
        self.file.write_text("\n".join((*lines, *tables)) + "\n")

    def policy(self, **limits: float) -> None:
        """Write the gate's policy. A busy machine may be slow."""
        held = {"latency_slack_ms": 1000.0, "segment_queries": 1000, **limits}
        (self.folder / "gate.toml").write_text("".join(f"{key} = {value}\n" for key, value in held.items()))

    def want_bestsellers(self) -> None:
        """Of what was judged for a query, only what is sold most is wanted: a ranker can learn that."""
        rows = [orjson.loads(row) for row in (self.folder / "products.jsonl").read_bytes().splitlines()]
        draw = random.Random(0)
        sold = {row["_id"]: draw.randrange(1_000) for row in rows}
        (self.folder / "products.jsonl").write_bytes(
            b"".join(orjson.dumps({**row, "popularity": sold[row["_id"]]}) + b"\n" for row in rows)
        )
        for split in ("train", "dev"):
            file = self.folder / "judged" / "qrels" / f"{split}.tsv"
            head, *graded = file.read_text().splitlines()
            judged: dict[str, list[str]] = {}
            for row in graded:
                query, item, _ = row.split("\t")
                judged.setdefault(query, []).append(item)
            best = {query: max(items, key=lambda item: sold[item]) for query, items in judged.items()}
            file.write_text(
                "\n".join([head, *(f"{query}\t{item}\t3" for query, item in best.items())]) + "\n"
            )

    def add_product(self, id_: str, title: str) -> None:
        """One more row."""
        with (self.folder / "products.jsonl").open("ab") as file:
            file.write(orjson.dumps({"_id": id_, "title": title, "text": "new"}) + b"\n")


def nightly_shop(folder: Path, name: str, products: int = 1_000) -> NightlyShop:
    """Write it: the demo's catalogue, two thirds of its judged queries to learn from."""
    judged = folder / "judged"
    write_synthetic(judged, SyntheticOptions(products=products))
    (folder / "products.jsonl").write_bytes((judged / "corpus.jsonl").read_bytes())
    dev = judged / "qrels" / "dev.tsv"
    head, *rows = dev.read_text().splitlines()
    queries = list(dict.fromkeys(row.partition("\t")[0] for row in rows))
    asked = set(queries[::3])
    for file, kept in ((dev, True), (dev.with_name("train.tsv"), False)):
        file.write_text(
            "\n".join([head, *(r for r in rows if (r.partition("\t")[0] in asked) is kept)]) + "\n"
        )
    texts = b"".join((judged / name).read_bytes() for name in ("corpus.jsonl", "queries.jsonl")).decode()
    tiny_bert(folder / "tiny", set(re.findall(r"[a-z]{3,}", texts.lower())))
    shop = NightlyShop(folder, name)
    shop.policy()
    shop.write(ENCODER, '[gate]\npolicy = "gate.toml"\nsample = 20')
    return shop
