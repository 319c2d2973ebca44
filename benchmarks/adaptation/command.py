"""``aisle adapt`` as it stands, in a small shop: what it takes, and what its INT8 artifact finds.

The shop are the items of a data set that somebody judged, so that every judged query can be answered.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import Any, Final

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
from benchmarks.harness.result_file import HIGHER, Goal
from benchmarks.harness.topics import Figures

DEFAULT: Final = "aisle adapt"
WAYS: Final[Mapping[str, Mapping[str, Any]]] = MappingProxyType(
    {DEFAULT: {}, "aisle adapt --head-only": {"head_only": True}}
)
"""Command to what the function behind it is told."""
METRICS: Final = ("R@10", "R@200", "nDCG@10")


def measure(name: str) -> Figures:
    """Before, and after each way."""
    with TemporaryDirectory() as place:
        shop, store = Path(place, "shop"), ArtifactStore(Path(place, "artifacts"))
        write_shop(name, shop)
        task = beir_task(shop)
        rows = [{"dataset": name, "command": "base", "items": len(task.ids), **_found(load_encoder(), task)}]
        for number, (command, told) in enumerate(WAYS.items()):
            cpu, wall = time.process_time(), time.perf_counter()
            made = aisle.adapt(
                DESCRIPTIONS[name],
                catalogue=shop,
                name=f"way-{number}",
                work=Path(place, f"way-{number}"),
                store=store,
                **told,
            )
            row = {
                "dataset": name,
                "command": command,
                "items": len(task.ids),
                "made": made.pairs.made,
                "kept": made.pairs.kept,
                "pairs": len(made.pairs.data.pairs),
                "steps": sum(stage.steps for stage in made.trained.history if stage.name != "head"),
                "cpu_s": round(time.process_time() - cpu),
                "wall_s": round(time.perf_counter() - wall),
                **_found(DenseEncoder.load(f"way-{number}", store=store), task),
            }
            say(f"{command}: {row}")
            rows.append(row)
    return Figures(rows, (), [_gain(rows)])


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


def _gain(rows: list[dict[str, Any]]) -> Goal:
    narrow = f"{NARROW}/R@200"
    return Goal(f"{narrow} of {DEFAULT} less the base's", rows[1][narrow] - rows[0][narrow], 0, HIGHER)
