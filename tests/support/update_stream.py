"""What the tests of live updates share: a small live release, streams of changes, and its content."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from aisle.cluster import Cluster
from aisle.cluster.failures import RetryPolicy
from aisle.encoder.text import item_text
from aisle.indexer.run import index_catalogue
from aisle.indexer.updates import (
    BatchApplier,
    BatchLimits,
    DeadLetterLog,
    Encoding,
    Place,
    UpdateOptions,
    UpdateReport,
    load_checkpoint,
    run_updates,
    start_input,
)
from aisle.indexer.vectors import ItemEncoder, Vectors
from aisle.mappings import IndexMeta, fields
from aisle.types import Item
from tests.support.indexing import SPACE, items, options, vectors

# Short waits, but patient with a machine that has other work.
PATIENT = RetryPolicy(deadline_s=60, first_wait_s=0.02, longest_wait_s=0.2, request_timeout_s=20)


class Counting:
    """An encoder that remembers which texts it was given."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def encode(self, batch: Sequence[Item]) -> Vectors:
        self.texts += [item_text(item) for item in batch]
        return vectors([Item(id=item_text(item), title="x") for item in batch])


def load(client: Cluster, name: str, number: int = 20) -> None:
    """A live release of ``number`` items whose vectors depend on their texts."""
    counting = Counting()
    encoder = ItemEncoder({fields.DENSE: SPACE}, counting.encode)
    index_catalogue(client, items(number), encoder, options(name, retry=PATIENT))


def write_lines(path: Path, changes: Iterable[Any]) -> Path:
    """A file of changes; bytes are lines as they are."""
    lines = [change if isinstance(change, bytes) else orjson.dumps(change) for change in changes]
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    return path


@dataclass(frozen=True)
class SameEncoder:
    """One encoder for every release."""

    encoder: ItemEncoder

    def of_release(self, _: IndexMeta) -> ItemEncoder:
        return self.encoder


def update(
    client: Cluster,
    name: str,
    source: Path | str,
    *,
    folder: Path,
    encoder: Counting | ItemEncoder | None = None,
    checkpoint: bool = False,
    lines: int = 7,
    wait_s: float = 10.0,
    retry: RetryPolicy = PATIENT,
    stop: threading.Event | None = None,
    progress: Callable[[UpdateReport], None] = lambda _: None,
    **changes: Any,
) -> UpdateReport:
    """Apply a file in this process; small batches, so that a few lines are several requests."""
    asked = UpdateOptions(name, BatchLimits(lines=lines, flush_s=0.2), wait_s=wait_s, retry=retry, **changes)
    given = encoder or Counting()
    if not isinstance(given, ItemEncoder):
        given = ItemEncoder({fields.DENSE: SPACE}, given.encode)
    encoding = Encoding(SameEncoder(given), item_text)
    path = folder / "checkpoint.json"
    last = load_checkpoint(path) if checkpoint else None
    with start_input(str(source), last.place if last else Place()) as start:
        dead = DeadLetterLog(folder / "dead.jsonl", last.dead_bytes if last else None)

        return run_updates(
            client,
            start,
            BatchApplier(client, encoding, asked),
            asked,
            dead=dead,
            checkpoint=path if checkpoint else None,
            stop=stop or threading.Event(),
            progress=progress,
        )


def letters(folder: Path) -> list[dict[str, Any]]:
    """The dead letters of `update`."""
    path = folder / "dead.jsonl"
    return [orjson.loads(line) for line in path.read_bytes().splitlines()] if path.exists() else []


def content(client: Cluster, name: str) -> dict[str, dict[str, Any]]:
    """Every document that a search of the catalogue sees, vectors included."""
    client.indices.refresh(index=name)
    found = client.search(index=name, body={"size": 10_000, "_source": {"excludes": []}})
    return {hit["_id"]: hit["_source"] for hit in found["hits"]["hits"]}


def random_changes(seed: int, number: int, ids: int = 30) -> list[dict[str, Any]]:
    """A seeded stream over few items: upserts, price and title updates, deletes, of known and unknown ids."""
    draw = random.Random(seed)
    made: list[dict[str, Any]] = []
    for step in range(number):
        id_ = f"id-{draw.randrange(ids)}"
        kind = draw.randrange(10)
        if kind < 3:
            made.append({"id": id_, "title": f"boot {step}", "price": step})
        elif kind < 6:
            made.append({"op": "update", "id": id_, "price": draw.choice([None, step])})
        elif kind < 7:
            made.append({"op": "update", "id": id_, "title": f"sandal {step}"})
        elif kind < 8:
            made.append({"op": "update", "id": id_, "attributes": {"Stock": str(step), "Colour": None}})
        else:
            made.append({"op": "delete", "id": id_})
    return made
