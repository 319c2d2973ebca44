"""What a Python program gets from `import aisle`: what the command does, with all that keeps a run safe."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest
from opensearchpy import OpenSearch

import aisle
from aisle.indexer import Progress
from aisle.mappings import BM25
from aisle.search.tuning.fusion_file import FusionFile

COLUMNS = {"id": "sku", "title": "name"}


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """State of its own, and the current folder."""
    monkeypatch.setenv("AISLE_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def products(place: Path, count: int) -> Path:
    """So many drills; the third row has no name."""
    file = place / "products.csv"
    rows = (f"s{number},{'' if number == 3 else f'cordless drill {number} volt'}" for number in range(count))
    file.write_text("\n".join(["sku,name", *rows]) + "\n")
    return file


def test_what_is_not_indexed_is_in_the_dead_letters_and_can_be_sent_again(
    client: OpenSearch, name: str, place: Path
) -> None:
    data = products(place, 20)
    report = aisle.index(data, name, columns=COLUMNS, encoder=None, cluster=client)
    assert (report.release, report.documents) == (f"{name}-v0001", 19)
    file = place / f"{name}-dead-letters.jsonl"
    assert report.dead_letters_file is not None
    assert report.dead_letters_file.resolve() == file
    assert sum(report.dead_letters.values()) == 1
    (letter,) = map(orjson.loads, file.read_text().splitlines())
    assert (letter["row"]["sku"], letter["reason"]) == ("s3", *report.dead_letters)
    letter["row"]["name"] = "impact driver"
    file.write_bytes(orjson.dumps(letter) + b"\n")
    replayed = aisle.replay(name, file, columns=COLUMNS, cluster=client)
    assert (replayed.documents, replayed.dead, replayed.dead_letters_file) == (1, 0, None)
    client.indices.refresh(index=name)
    shop = aisle.open_search(name, cluster=client)
    assert shop.search("impact driver").hits[0].item.id == "s3"


def test_a_run_that_was_interrupted_is_gone_on_with(client: OpenSearch, name: str, place: Path) -> None:
    data = products(place, 3000)

    def interrupt(now: Progress) -> None:
        if now.accepted:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        aisle.index(data, name, columns=COLUMNS, encoder=None, cluster=client, progress=interrupt)
    assert not client.indices.exists_alias(name=name)
    report = aisle.index(data, name, columns=COLUMNS, encoder=None, cluster=client, resume=True)
    assert (report.release, report.documents) == (f"{name}-v0001", 2999)
    assert report.resumed > 0


def test_the_next_release_inherits_the_fusion_that_was_tuned(
    client: OpenSearch, name: str, place: Path
) -> None:
    data = products(place, 20)
    aisle.index(data, name, columns=COLUMNS, encoder=None, cluster=client)
    spec = aisle.FusionSpec((BM25,), (0.5,))
    aisle.apply_fusion(name, FusionFile(spec, {}, f"{name}-v0001"), cluster=client)
    again = aisle.index(data, name, columns=COLUMNS, encoder=None, cluster=client)
    meta = client.indices.get_mapping(index=again.release)[again.release]["mappings"]["_meta"]["aisle"]
    assert meta["fusion"] == spec.to_json()


def test_options_that_contradict_each_other_are_refused_before_anything_is_asked(
    client: OpenSearch, name: str, place: Path
) -> None:
    data = products(place, 20)
    with pytest.raises(aisle.AisleError, match="connections of their own"):
        aisle.index(data, name, encoder=None, ray="local", cluster=client)
    with pytest.raises(aisle.AisleError, match="not made on Ray"):
        aisle.index(data, name, sparse="x", ray="local")
    with pytest.raises(aisle.AisleError, match="need its judgments"):
        aisle.index(data, name, gate_floor=0.5, cluster=client)
    assert aisle.list_releases(name, cluster=client) == []


def test_a_preview_writes_nothing(client: OpenSearch, name: str, place: Path) -> None:
    would = aisle.preview(products(place, 20), name, columns=COLUMNS, encoder=None, cluster=client)
    assert (would.release, would.documents, sum(would.dead_letters.values())) == (f"{name}-v0001", 19, 1)
    assert aisle.list_releases(name, cluster=client) == []


def test_changes_releases_and_an_evaluation_by_name(client: OpenSearch, name: str, place: Path) -> None:
    data = products(place, 20)
    for _ in range(2):
        aisle.index(data, name, columns=COLUMNS, encoder=None, cluster=client)
    changes = place / "changes.jsonl"
    changes.write_text('{"op": "update", "id": "s5", "price": 9.5}\n{"op": "explode", "id": "s6"}\n')
    updated = aisle.update(name, changes, refresh=True, cluster=client)
    assert (updated.indexed, updated.dead) == (1, 1)
    assert updated.dead_letters_file is not None
    assert '"s6"' in updated.dead_letters_file.read_text()
    judged = place / "judged"
    (judged / "qrels").mkdir(parents=True)
    (judged / "queries.jsonl").write_text('{"_id": "q1", "text": "5 volt drill"}\n')
    (judged / "qrels" / "dev.tsv").write_text("query-id\tcorpus-id\tscore\nq1\ts5\t2\n")
    found = aisle.evaluate(name, judged, systems=["bm25"], cluster=client)
    assert found.report.systems["bm25"]["nDCG@10"] == 1.0
    assert "nDCG@10" in found.to_markdown()
    states = [(row.release, row.state) for row in aisle.list_releases(name, cluster=client)]
    assert states == [(f"{name}-v0001", "kept"), (f"{name}-v0002", "live")]
    assert aisle.diff_releases(name, *dict(states), cluster=client).documents.changed == 1
    assert aisle.rollback(name, cluster=client).live == f"{name}-v0001"
    aisle.index(data, name, columns=COLUMNS, encoder=None, keep=2, cluster=client)
    assert aisle.prune_releases(name, 0, cluster=client).deleted == (f"{name}-v0001",)
