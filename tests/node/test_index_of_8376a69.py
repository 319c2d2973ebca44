"""What commit 8376a69 left on a node and in a home folder: today it is read as then, or refused with its fix.

Its releases are of schema version 1. They are searched, compared and gone back to; what would write into them
is refused, and the next ``aisle index`` makes a release of today beside them.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from opensearchpy import OpenSearch

from aisle.mappings.document import item_of
from aisle.search import Filters
from tests.support import stored
from tests.support.command import Done, failure, here

LOOKS = (
    *("releases-list", "releases-diff", "rollback-dry-run", "prune-dry-run", "prune-unfinished-dry-run"),
    *("tune-show-v0001", "tune-show", "tune-run-saved", "tune-apply-dry-run"),
    *("search-said", "search-said-v0001", "search-hybrid", "search-words", "search-exact"),
    *("search-typo", "search-filtered", "search-reranked", "explain", "eval"),
    *("encoder-list", "encoder-show-dense", "encoder-show-sparse", "encoder-show-reranker"),
    "down",
)
OLDER = "was made by an older Aisle (schema version 1): it can be searched but not changed"
AGAIN = "index the catalogue again"
WORDS = "for the garden hall kitchen workshop size"


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory, client: OpenSearch) -> Iterator[Path]:
    """A copy of the folder, and the three releases on the session's node."""
    stored.delete_shop(client)
    folder = tmp_path_factory.mktemp("stored").resolve()
    stored.put_files(folder)
    stored.put_state_of_runs(folder, client.info()["cluster_uuid"])
    stored.put_indexes(client)
    yield folder
    stored.delete_shop(client)


class Shell:
    """Runs the commands of the old folder and compares what they say with what 8376a69 said."""

    def __init__(
        self, work: Path, url: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
    ) -> None:
        self._work, self._url, self._patch, self._capfd = work, url, monkeypatch, capfd
        monkeypatch.chdir(work)

    def run(self, command: str) -> Done:
        return here(
            self._patch,
            self._capfd,
            *shlex.split(command)[1:],
            AISLE_HOME=str(self._work / "home"),
            AISLE_URL=self._url,
        )

    def check(self, name: str, *notes: str) -> dict[str, Any]:
        """Run a command as it was typed then; returns the rest of what was looked at afterwards.

        Args:
            name: of the command.
            notes: that it says today besides, before the others.
        """
        then = stored.expected(name)
        done = self.run(then["command"])
        assert done.code == then["exit"], done
        said = [line for line in done.err.splitlines() if line.startswith(("note:", "error:", "fix:"))]
        assert [line.replace(str(self._work), "WORK") for line in said] == [*notes, *then["said"]]
        if isinstance(then["out"], dict | list) and then["out"]:
            out = (self._work / "report.json").read_text() if name == "eval" else done.out
            now = json.loads(out.replace(str(self._work), "WORK"))
            said_then = stored.with_items_of_today(then["out"])
            if name.startswith("search-"):
                said_then = stored.without_scores(said_then)
            assert stored.differences(said_then, now) == []
        return then

    def refused(self, name: str) -> Done:
        """Run a command as it was typed then, which is no longer possible."""
        done = self.run(stored.expected(name)["command"])
        failure(done)
        return done

    def json(self, command: str) -> Any:
        done = self.run(f"{command} --json")
        assert done.code == 0, done
        return json.loads(done.out)


@pytest.fixture
def shell(
    work: Path, node_url: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Shell:
    return Shell(work, node_url, monkeypatch, capfd)


@pytest.mark.parametrize("name", LOOKS)
def test_what_only_looks_says_the_same(shell: Shell, name: str) -> None:
    shell.check(name)


def test_the_item_of_an_id_comes_first(shell: Shell) -> None:
    then = stored.with_items_of_today(stored.expected("search-id")["out"])
    done = shell.run(stored.expected("search-id")["command"])
    (item,), now = [hit["item"] for hit in then["hits"]], json.loads(done.out)
    assert stored.differences(item, now["hits"][0]["item"]) == []
    # What else has these words follows today.
    assert now["path"] == "exact" and now["reachable"] > 1


def test_a_dry_run_says_the_same_and_that_the_models_know_older_texts(shell: Shell) -> None:
    old = "was made for text version 1, and items are read as version 2"
    fix = "export it again (`aisle encoder export`), or train it anew"
    shell.check("index-dry-run", *(f"note: {name} {old}: {fix}" for name in ("tiny-dense", "tiny-sparse")))


@pytest.mark.parametrize(
    ("options", "filters"),
    [
        ("--category garden", Filters(category=("garden",))),
        ("--price-min 20 --price-max 99.5", Filters(price_min=20, price_max=99.5)),
        (
            "--attribute Colour=Red --attribute Size=2",
            Filters(attributes={"Colour": ("Red",), "Size": ("2",)}),
        ),
    ],
)
def test_old_releases_are_filtered_by_what_they_have(
    shell: Shell, client: OpenSearch, options: str, filters: Filters
) -> None:
    page = shell.json(f"aisle search '{WORDS}' --legs bm25 --size 100 --name shop-v0001 {options}")
    items = [item_of(id_, source) for id_, source in documents(client, "shop-v0001").items()]
    expected = {item.id for item in items if filters.matches(item)}
    assert {hit["item"]["id"] for hit in page["hits"]} == expected
    assert 0 < len(expected) < len(items)


@pytest.mark.parametrize(
    ("option", "what"), [("--number Size=1..2", "numbers"), ("--in-stock", "what is in stock")]
)
def test_filters_that_old_releases_lack_name_the_fix(shell: Shell, option: str, what: str) -> None:
    done = shell.run(f"aisle search shoe --name shop {option}")
    assert f"shop-v0002 cannot be filtered by {what}: an older Aisle made it" in failure(done)
    assert AGAIN in done.err


def test_what_would_write_into_an_old_release_is_refused_and_nothing_changes(
    shell: Shell, work: Path, client: OpenSearch
) -> None:
    with (work / "changes.jsonl").open("a") as file:
        file.write('5"}\n{"op": "update", "id": "p00", "title": "red shoe with laces"}\n')
    (work / "corrected.jsonl").write_bytes((work / "shop-dead-letters.jsonl").read_bytes())
    files = {path: path.read_bytes() for path in work.rglob("*.json*")}
    before = documents(client, "shop"), aliases(client), stored.lease(client)["release"]

    for name in ("update-goes-on", "replay"):
        done = shell.refused(name)
        assert f"shop-v0002 {OLDER}" in done.err and AGAIN in done.err
    assert {path: path.read_bytes() for path in files} == files
    for name in ("resume-other-options", "resume"):
        done = shell.refused(name)
        assert "shop-v0003) cannot be resumed" in done.err and "the schema of documents" in done.err
        assert "leave --resume out to begin anew" in done.err

    assert (documents(client, "shop"), aliases(client), stored.lease(client)["release"]) == before


def test_old_releases_are_gone_back_to_and_tuned(shell: Shell, client: OpenSearch) -> None:
    assert shell.json("aisle releases rollback shop")["live"] == "shop-v0001"
    assert shell.json("aisle releases rollback shop --to shop-v0002")["live"] == "shop-v0002"
    command = stored.expected("tune-apply")
    assert shell.json(command["command"].removesuffix(" --json"))["pipeline"] == command["out"]["pipeline"]
    same(command["fusion"], fusion(client, "shop-v0002"))

    # A holder that was killed on a machine that nobody can ask: it is taken over after 15 seconds of silence.
    stored.put_lease(client, "aisle-state-killed.ndjson")
    assert shell.json("aisle releases rollback shop --to shop-v0001")["live"] == "shop-v0001"
    assert stored.lease(client)["owner"] is None
    assert shell.json("aisle releases rollback shop --to shop-v0002")["live"] == "shop-v0002"


def test_a_new_release_beside_the_old_ones_inherits_their_fusion_and_can_be_changed(
    shell: Shell, work: Path, client: OpenSearch
) -> None:
    before = fusion(client, "shop-v0002")
    made = shell.json("aisle index shop --name shop --encoder tiny-dense --sparse tiny-sparse --keep 3")
    assert made["release"] == "shop-v0004" and made["replaced"] == "shop-v0002"
    assert before and fusion(client, "shop-v0004") == before

    diff = shell.json("aisle releases diff shop shop-v0002 shop-v0004")["documents"]
    # Documents are compared as items, whatever their schema. All have a size, which today is a number too.
    counts = {name: diff[name] for name in ("added", "removed", "changed", "same")}
    assert counts == {"added": 1, "removed": 1, "changed": 40, "same": 0}
    edited = {"p01": ["numbers", "price"], "p04": ["numbers", "title"]}
    fields = diff["changed_fields"]
    assert len(fields) == 10 and fields == {id_: edited.get(id_, ["numbers"]) for id_ in fields}

    change = work / "one.jsonl"
    change.write_text('{"op": "update", "id": "p01", "price": 9.5}\n')
    assert shell.json("aisle update shop one.jsonl --refresh")["indexed"] == 1
    assert documents(client, "shop")["p01"]["price"] == 9.5

    assert shell.json("aisle releases rollback shop --to shop-v0002")["live"] == "shop-v0002"
    assert shell.json("aisle search shoe --name shop --legs bm25")["release"] == "shop-v0002"


def same(then: Any, now: Any) -> None:
    assert stored.differences(then, now) == []


def documents(client: OpenSearch, index: str) -> dict[str, Any]:
    client.indices.refresh(index=index)
    body = {"query": {"match_all": {}}, "version": True, "sort": ["id"], "size": 1000}
    body["_source"] = {"excludes": ["dense", "sparse"]}
    hits = client.search(index=index, body=body)["hits"]["hits"]
    return {hit["_id"]: {"version": hit["_version"], **hit["_source"]} for hit in hits}


def aliases(client: OpenSearch) -> dict[str, list[str]]:
    found = client.indices.get_alias(index="shop-v*")
    return {index: sorted(body["aliases"]) for index, body in sorted(found.items())}


def fusion(client: OpenSearch, index: str) -> Any:
    return client.indices.get_mapping(index=index)[index]["mappings"]["_meta"]["aisle"].get("fusion")
