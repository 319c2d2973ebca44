"""``index_folder`` asks a loaded release for a sample of what was read."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aisle._index_run import IndexSource, index_folder
from aisle.catalogue import ReadOptions
from aisle.cluster import Cluster
from aisle.errors import IndexingFailed
from aisle.indexer import DeadLetters, IndexOptions, IndexReport, ItemEncoder, Progress
from aisle.indexer.run import LocalLoader
from aisle.indexer.vectors import Vectors
from aisle.mappings import fields
from aisle.types import Item
from tests.support.indexing import count, options, releases

# The vector field of an index without an encoder.
WIDTH = 64


@dataclass(frozen=True, slots=True)
class Spoiling:
    """A load that writes something else than it was given."""

    client: Cluster
    spoil: Callable[[Item], Item] = lambda item: item
    broken: frozenset[str] = frozenset()

    def load(self, target: str, items: Iterable[Item], options: IndexOptions, **more: Any) -> Progress:
        loader = LocalLoader(self.client, ItemEncoder({}, self._encode))
        return loader.load(target, map(self.spoil, items), options, **more)

    def _encode(self, batch: Sequence[Item]) -> Vectors:
        matrix = np.ones((len(batch), WIDTH), dtype=np.float32)
        matrix[[item.id in self.broken for item in batch]] = np.nan
        return {fields.DENSE: matrix}


@pytest.fixture
def run(
    client: Cluster, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., IndexReport]:
    monkeypatch.setenv("AISLE_HOME", str(tmp_path / "home"))
    catalogue = tmp_path / "shop.jsonl"
    rows = ({"id": f"id-{n}", "title": f"shoe model{n * 7}"} for n in range(150))
    catalogue.write_text("".join(f"{json.dumps(row)}\n" for row in rows))

    def index(load: Spoiling | None = None, **changes: object) -> IndexReport:
        letters = DeadLetters(tmp_path / "dead.jsonl")
        source = IndexSource(catalogue, ReadOptions())
        return index_folder(client, source, options(name, **changes), letters, load=load)

    return index


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (
            lambda item: replace(item, title="untitled"),
            "150 of 150 sampled items are not found by their own title",
        ),
        (lambda item: replace(item, id=f"other-{item.id}"), "150 of 150 sampled items are not in it"),
        # One of all that were sampled is absent, and no refusal explains it.
        (
            lambda item: replace(item, id="x") if item.id == "id-9" else item,
            "1 of 150 sampled items are not in it",
        ),
    ],
    ids=["titles", "ids", "one id"],
)
def test_a_release_that_is_not_what_was_read_does_not_go_live(
    client: Cluster, name: str, run: Callable[..., IndexReport], spoil: Callable[[Item], Item], said: str
) -> None:
    run()
    with pytest.raises(IndexingFailed, match=said):
        run(Spoiling(client, spoil))
    assert releases(client, name) == {f"{name}-v0001": {name}}
    assert count(client, name) == 150


def test_items_that_were_refused_may_be_absent(
    client: Cluster, name: str, run: Callable[..., IndexReport]
) -> None:
    broken = frozenset(f"id-{n}" for n in range(0, 150, 10))
    report = run(Spoiling(client, broken=broken), max_refused_share=0.1)
    assert (report.documents, report.refused) == (135, 15) and count(client, name) == 135
