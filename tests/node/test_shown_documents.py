"""What a ranker remembers of documents changes nothing that it is told: such a client, beside a new one."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import orjson
import pytest

import aisle
from aisle.cluster import Cluster
from aisle.search import SearchClient
from aisle.search.rank.evidence import Evidence
from aisle.search.rank.shown import Shown, ShownDocuments

TEXT = "cordless drill"


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """State of its own, and the current folder."""
    monkeypatch.setenv("AISLE_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write_drills(place: Path, made_by: str = "Acme") -> Path:
    """Forty drills with all that a ranker reads; the last one has a title alone."""
    rows = [
        {
            "id": f"d{number}",
            "title": f"{made_by} cordless drill {number} volt",
            "brand": made_by,
            "categories": [["Tools", "Drills"]],
            "price": 10.0 + number,
        }
        for number in range(40)
    ]
    rows.append({"id": "bare", "title": "drill"})
    file = place / "products.jsonl"
    file.write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in rows))
    return file


def told(shop: SearchClient) -> Evidence:
    return shop.evidence(shop.rank(TEXT))[0]


def titles(found: Evidence) -> dict[str, str]:
    return {each.id: each.title for each in found.candidates}


def searches(client: Cluster, name: str) -> int:
    """Requests that the shards of a catalogue have answered."""
    stats = client.indices.stats(index=name, metric="search")
    return int(stats["_all"]["total"]["search"]["query_total"])


def test_documents_that_were_met_are_not_asked_for_again(client: Cluster, name: str, place: Path) -> None:
    aisle.index(write_drills(place), name, encoder=None, cluster=client)
    shop = aisle.open_search(name, cluster=client)
    ranking, before = shop.rank(TEXT), searches(client, name)
    first, _ = shop.evidence(ranking)
    new = searches(client, name) - before
    assert shop.evidence(ranking)[0] == first
    assert (new, searches(client, name) - before - new) == (2, 1)
    drill = next(each for each in first.candidates if each.id == "d7")
    assert (drill.title, drill.brand, drill.price) == ("Acme cordless drill 7 volt", "Acme", 17.0)
    assert (drill.category, drill.measures) == (("Tools", "Drills"), ("7v", "v"))
    assert drill.words[0] > 0 and len(drill.words) == 2
    bare = next(each for each in first.candidates if each.id == "bare")
    assert (bare.brand, bare.price, bare.category, bare.measures) == ("", None, (), ())


def test_what_changes_is_read_again(client: Cluster, name: str, place: Path) -> None:
    data = write_drills(place)
    aisle.index(data, name, encoder=None, cluster=client)
    shop = aisle.open_search(name, cluster=client)
    assert titles(told(shop))["d3"] == "Acme cordless drill 3 volt"

    changes = place / "changes.jsonl"
    changed = {"op": "update", "id": "d3", "title": "Corvo cordless drill", "price": 1.5}
    changes.write_bytes(orjson.dumps(changed) + b"\n" + orjson.dumps({"op": "delete", "id": "d4"}) + b"\n")
    aisle.update(name, changes, refresh=True, cluster=client)
    now = told(shop)
    assert titles(now)["d3"] == "Corvo cordless drill" and "d4" not in titles(now)
    assert now == told(aisle.open_search(name, cluster=client))

    # In a new release the first change of a document has the number that it had in the one before.
    write_drills(place, "Brio")
    aisle.index(data, name, encoder=None, cluster=client)
    shop.search(TEXT)
    now = told(shop)
    assert {title.split()[0] for title in titles(now).values()} == {"Brio", "drill"}
    assert now == told(aisle.open_search(name, cluster=client))
    aisle.rollback(name, cluster=client)
    shop.search(TEXT)
    assert titles(told(shop))["d3"] == "Corvo cordless drill"

    # An index of the same name is another one.
    aisle.index(data, name, encoder=None, keep=1, cluster=client)
    shop.search(TEXT)
    assert told(shop) == told(aisle.open_search(name, cluster=client))


def test_several_threads_are_told_the_same(client: Cluster, name: str, place: Path) -> None:
    aisle.index(write_drills(place), name, encoder=None, cluster=client)
    shop = aisle.open_search(name, cluster=client)
    ranking = shop.rank(TEXT)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: shop.evidence(ranking)[0], range(24)))
    assert all(each == found[0] for each in found)
    assert found[0] == aisle.open_search(name, cluster=client).evidence(ranking)[0]


def hit(id_: str, number: int, title: str) -> dict[str, object]:
    return {"_id": id_, "_seq_no": number, "_primary_term": 1, "_source": {"title": title}}


def test_a_document_is_known_by_its_index_and_its_last_change() -> None:
    known = ShownDocuments(2)
    assert known.read("one", [hit("a", 1, "lamp")]) == {"a": Shown("lamp")}
    assert known.find("one", {"a": (1, 1), "b": (1, 1)}) == {"a": Shown("lamp")}
    assert known.find("one", {"a": (2, 1)}) == known.find("one", {"a": (1, 2)}) == {}
    assert known.find("other", {"a": (1, 1)}) == {}
    # Those that were not met for the longest time go.
    known.read("one", [hit("b", 2, "hose"), hit("c", 3, "tap")])
    assert known.find("one", {"a": (1, 1), "b": (2, 1), "c": (3, 1)}) == {
        "b": Shown("hose"),
        "c": Shown("tap"),
    }
