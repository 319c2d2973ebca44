"""A judged set decides whether a loaded release goes live."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from aisle._quality_gate import GateOptions, release_gate
from aisle.cluster import Cluster
from aisle.encoder import ArtifactStore
from aisle.errors import ArtifactNotFound, EvaluationError, IndexingFailed, InputError
from aisle.indexer.run import index_catalogue
from aisle.indexer.vectors import without_vectors
from aisle.types import Item
from tests.support.indexing import ENCODER, count, items, options, releases

COLOURS = ("red", "blue", "green", "black", "white", "grey", "brown", "pink")
SHOP = [Item(f"id-{n}", f"{colour} shoe model{n}") for n, colour in enumerate(COLOURS * 3)]


@pytest.fixture
def judged(tmp_path: Path) -> Path:
    """Each colour asked for, its three items judged perfect."""
    folder = tmp_path / "judged"
    (folder / "qrels").mkdir(parents=True)
    queries = [{"_id": f"q-{colour}", "text": f"{colour} shoe"} for colour in COLOURS]
    (folder / "queries.jsonl").write_text("".join(f"{json.dumps(query)}\n" for query in queries))
    rows = [f"q-{item.title.split()[0]}\t{item.id}\t3\n" for item in SHOP]
    (folder / "qrels" / "dev.tsv").write_text("query-id\tcorpus-id\tscore\n" + "".join(rows))
    return folder


def spoilt(colours: int) -> list[Item]:
    """The shop after so many colours were lost."""
    gone = set(COLOURS[:colours])
    return [
        replace(item, title=item.title.partition(" ")[2]) if item.title.split()[0] in gone else item
        for item in SHOP
    ]


def run(client: Cluster, name: str, stream: Iterable[Item], gate: GateOptions, store: Path) -> str:
    check = release_gate(client, name, gate, ArtifactStore(store))
    return index_catalogue(client, stream, without_vectors(), options(name), checks=[check]).release


def test_a_release_no_worse_than_the_live_one_goes_live(
    client: Cluster, name: str, judged: Path, tmp_path: Path
) -> None:
    go = partial(run, client, name, store=tmp_path)
    # Nothing is live yet: there is nothing to be worse than.
    assert go(stream=SHOP, gate=GateOptions(judged)) == f"{name}-v0001"
    assert go(stream=SHOP, gate=GateOptions(judged)) == f"{name}-v0002"
    with pytest.raises(
        IndexingFailed, match=r"nDCG@10 on judged is 0\.\d+, more than 0.01 below the 1"
    ) as no:
        go(stream=spoilt(4), gate=GateOptions(judged))
    assert f"of {name}-v0002" in no.value.message
    assert releases(client, name) == {f"{name}-v0001": set(), f"{name}-v0002": {name}}
    assert client.search(index=name, q="title:red")["hits"]["total"]["value"] == 3
    # Number 3 was the one that was refused.
    assert go(stream=spoilt(4), gate=GateOptions(judged, drop=1.0)) == f"{name}-v0004"


def test_a_floor_holds_without_a_live_release(
    client: Cluster, name: str, judged: Path, tmp_path: Path
) -> None:
    go = partial(run, client, name, store=tmp_path)
    gate = GateOptions(judged, metric="R@10", floor=0.9)
    with pytest.raises(IndexingFailed, match=r"R@10 on judged is 0\.\d+, below the floor of 0.9"):
        go(stream=spoilt(7), gate=gate)
    assert releases(client, name) == {}
    assert go(stream=SHOP, gate=gate) == f"{name}-v0002"
    # A floor alone asks for nothing more.
    assert go(stream=spoilt(7), gate=GateOptions(judged, metric="R@10", floor=0.01)) == f"{name}-v0003"


def test_what_cannot_be_judged_is_said_before_anything_is_loaded(
    client: Cluster, name: str, judged: Path, tmp_path: Path
) -> None:
    store = ArtifactStore(tmp_path)
    with pytest.raises(InputError, match="no such folder"):
        release_gate(client, name, GateOptions(tmp_path / "nothing"), store)
    with pytest.raises(InputError, match="no judgments for split 'test'"):
        release_gate(client, name, GateOptions(judged, split="test"), store)
    index_catalogue(client, items(20), ENCODER, options(name))
    with pytest.raises(ArtifactNotFound, match="not on this machine"):
        release_gate(client, name, GateOptions(judged), store)
    # Against a floor alone, nothing of the live release is needed.
    assert release_gate(client, name, GateOptions(judged, floor=0.1), store).drop is None
    assert count(client, name) == 20


def test_judgments_of_another_catalogue_are_no_measure(
    client: Cluster, name: str, judged: Path, tmp_path: Path
) -> None:
    foreign: Sequence[Item] = [replace(item, id=f"other-{item.id}") for item in SHOP]
    with pytest.raises(EvaluationError, match="no system found any of the items"):
        run(client, name, foreign, GateOptions(judged, floor=0.0), tmp_path)


@pytest.mark.parametrize(
    "changes", [{"metric": "nDCG"}, {"floor": 1.5}, {"drop": -0.1}, {"floor": float("nan")}]
)
def test_limits_that_mean_nothing_are_refused(judged: Path, changes: dict[str, object]) -> None:
    with pytest.raises(InputError):
        GateOptions(judged, **changes)  # type: ignore[arg-type]
