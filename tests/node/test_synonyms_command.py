"""``aisle index --synonyms`` as its users meet it, and what ``aisle search`` then says."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from aisle.cluster import Cluster
from tests.support.command import Done, failure, here

Patch = pytest.MonkeyPatch
Capture = pytest.CaptureFixture[str]
Aisle = Callable[..., Done]
TITLES = {"s1": "Three seat sofa", "c1": "Cordless drill DCD771C2", "c2": "Corded drill"}


@pytest.fixture
def catalogue(tmp_path: Path) -> Path:
    path = tmp_path / "shop.jsonl"
    path.write_text("".join(json.dumps({"_id": id_, "title": title}) + "\n" for id_, title in TITLES.items()))
    return path


@pytest.fixture
def aisle(node_url: str, tmp_path: Path, monkeypatch: Patch, capfd: Capture) -> Aisle:
    monkeypatch.chdir(tmp_path)
    env = {"AISLE_URL": node_url, "AISLE_HOME": str(tmp_path / "home")}

    def run(*arguments: str) -> Done:
        return here(monkeypatch, capfd, *arguments, **env)

    return run


def titles(done: Done) -> list[str]:
    assert done.code == 0, done
    return [hit["item"]["title"] for hit in json.loads(done.out)["hits"]]


def test_a_release_has_the_synonyms_it_was_made_with(aisle: Aisle, catalogue: Path, name: str) -> None:
    rules = catalogue.with_name("synonyms.txt")
    rules.write_text("# seats\nsofa, couch\n")
    index = ("index", str(catalogue), "--name", name, "--encoder", "none")
    assert aisle(*index, "--synonyms", str(rules)).code == 0
    assert titles(aisle("search", "couch", "--name", name, "--json")) == ["Three seat sofa"]
    assert aisle(*index).code == 0
    assert titles(aisle("search", "couch", "--name", name, "--json")) == []


def test_a_bad_rule_is_named_before_anything_is_made(
    aisle: Aisle,
    catalogue: Path,
    name: str,
    client: Cluster,
) -> None:
    rules = catalogue.with_name("synonyms.txt")
    rules.write_text("sofa, couch\n\nalone\n")
    done = aisle("index", str(catalogue), "--name", name, "--encoder", "none", "--synonyms", str(rules))
    assert "synonyms.txt, line 3: 'alone' is one term" in failure(done)
    assert not client.indices.get(index=f"{name}-*", allow_no_indices=True)


def test_replay_takes_no_synonyms(aisle: Aisle, catalogue: Path, name: str) -> None:
    done = aisle("index", "--replay", str(catalogue), "--name", name, "--synonyms", str(catalogue))
    assert done.code == 2
    assert "--synonyms goes with DATA" in done.err


def test_search_says_what_it_corrected(aisle: Aisle, catalogue: Path, name: str) -> None:
    assert aisle("index", str(catalogue), "--name", name, "--encoder", "none").code == 0
    shown = aisle("search", "cordles dril", "--name", name)
    assert "no item has 'cordles', 'dril': searched 'cordless drill'" in shown.out
    assert titles(aisle("search", "cordles", "--name", name, "--no-typos", "--json")) == []
    found = json.loads(aisle("search", "cordles", "--name", name, "--json").out)
    assert (found["path"], found["corrected"]["text"]) == ("corrected", "cordless")
    named = json.loads(aisle("search", "DCD771C2", "--name", name, "--json").out)
    assert named["path"] == "exact"
    plain = json.loads(aisle("search", "DCD771C2", "--name", name, "--no-exact", "--json").out)
    assert plain["path"] == "legs"
