"""``aisle adapt`` as it stands, in a small shop: what it takes, and what its INT8 artifact finds.

The shop are the items of a data set that somebody judged, so that every judged query can be answered.
"""

from __future__ import annotations

import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import orjson

import aisle
from aisle.catalogue import read_catalogue
from aisle.catalogue.judged import beir_task
from aisle.encoder import ArtifactStore, DenseEncoder
from aisle.evaluation import read_judged_set
from aisle.evaluation.encoders.exact import exact_neighbours
from aisle.evaluation.encoders.quality import encode
from aisle.evaluation.encoders.tasks import Judged
from aisle.evaluation.qrels import write_qrels, write_queries
from benchmarks.adaptation.description import DESCRIPTIONS, NARROW
from benchmarks.harness.command_line import say
from benchmarks.harness.parts import dataset, load_encoder
from benchmarks.harness.result_file import HIGHER, Goal, trials
from benchmarks.harness.topics import Figures

COMMAND: Final = "aisle adapt"
METRICS: Final = ("R@10", "R@200", "nDCG@10")


def measure(name: str) -> Figures:
    """Before and after."""
    with TemporaryDirectory() as place:
        shop, store = Path(place, "shop"), ArtifactStore(Path(place, "artifacts"))
        write_shop(name, shop)
        task = beir_task(shop)
        common = {"dataset": name, "items": len(task.ids)}
        before = _found(load_encoder(), task)
        say(f"base: {before}")
        cpu, wall = time.process_time(), time.perf_counter()
        made = aisle.adapt(
            DESCRIPTIONS[name], catalogue=shop, name="adapted", work=Path(place, "work"), store=store
        )
        told = {
            "made": made.pairs.made,
            "kept": made.pairs.kept,
            "pairs": len(made.pairs.data.pairs),
            "cpu_s": round(time.process_time() - cpu),
            "wall_s": round(time.perf_counter() - wall),
        }
        after = _found(DenseEncoder.load("adapted", store=store), task)
        say(f"{COMMAND}: {after} {told}")
    rows = [{**common, "command": "base", **before}, {**common, "command": COMMAND, **told, **after}]
    deep = f"{NARROW}/R@200"
    goal = Goal(f"{deep} of {COMMAND} less the base's", after[deep] - before[deep], 0, HIGHER)
    return Figures(rows, trials("adaptation", "command"), [goal])


def write_shop(name: str, folder: Path) -> None:
    """A BEIR folder of a data set's judged items alone."""
    judged = read_judged_set(dataset(name), "dev")
    wanted = {item for graded in judged.qrels.values() for item in graded}
    folder.mkdir()
    with (folder / "corpus.jsonl").open("wb") as file:
        for item in read_catalogue(dataset(name)):
            if item.id in wanted:
                told = {"_id": item.id, "title": item.title, "text": item.text, "brand": item.brand}
                file.write(orjson.dumps({**told, "attributes": dict(item.attributes)}) + b"\n")
    write_queries(list(judged.queries), folder / "queries.jsonl")
    write_qrels(judged.qrels, folder / "qrels" / "dev.tsv")


def _found(model: DenseEncoder, task: Judged) -> dict[str, float]:
    encoded = encode(model, task)
    figures: dict[str, float] = {}
    for dims in (NARROW, encoded.items.shape[1]):
        scores = encoded.score(encoded.rankings(exact_neighbours, dims), "vectors")
        figures |= {f"{dims}/{metric}": round(scores.mean(metric), 5) for metric in METRICS}
    return figures
