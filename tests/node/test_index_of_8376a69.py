"""An index, a home folder and runs that commit 8376a69 left: today's commands say what its own said."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from opensearchpy import OpenSearch

from tests.support import stored
from tests.support.command import Done, here

LOOKS = (
    *("releases-list", "releases-diff", "rollback-dry-run", "prune-dry-run", "prune-unfinished-dry-run"),
    *("tune-show-v0001", "tune-show", "tune-run-saved", "tune-apply-dry-run"),
    *("search-said", "search-said-v0001", "search-hybrid", "search-words", "search-id", "search-exact"),
    *("search-typo", "search-filtered", "search-reranked", "explain", "eval"),
    *("encoder-list", "encoder-show-dense", "encoder-show-sparse", "encoder-show-reranker"),
    *("index-dry-run", "down"),
)


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

    def check(self, name: str) -> dict[str, Any]:
        """Run a command as it was typed then; returns the rest of what was looked at afterwards."""
        then = stored.expected(name)
        done = self.run(then["command"])
        assert done.code == then["exit"], done
        said = [line for line in done.err.splitlines() if line.startswith(("note:", "error:", "fix:"))]
        assert [line.replace(str(self._work), "WORK") for line in said] == then["said"]
        if isinstance(then["out"], dict | list) and then["out"]:
            out = (self._work / "report.json").read_text() if name == "eval" else done.out
            now = json.loads(out.replace(str(self._work), "WORK"))
            assert stored.differences(then["out"], now) == []
        return then

    def lines(self, name: str) -> list[Any] | None:
        path = self._work / name
        return [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.exists() else None


@pytest.fixture
def shell(
    work: Path, node_url: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Shell:
    return Shell(work, node_url, monkeypatch, capfd)


@pytest.mark.parametrize("name", LOOKS)
def test_what_only_looks_says_the_same(shell: Shell, name: str) -> None:
    shell.check(name)


def test_the_releases_are_updated_resumed_and_rolled_back(
    shell: Shell, work: Path, client: OpenSearch
) -> None:
    with (work / "changes.jsonl").open("a") as file:
        file.write('5"}\n{"op": "update", "id": "p00", "title": "red shoe with laces"}\n')
    then = shell.check("update-goes-on")
    same(then["dead_letters"], shell.lines("shop-update-dead-letters.jsonl"))
    same(then["documents"], documents(client, "shop"))
    same(then["state"], stored.lease(client))

    letters = shell.lines("shop-dead-letters.jsonl")
    assert letters is not None
    letters[1]["row"]["price"] = 12.5
    (work / "corrected.jsonl").write_text("".join(json.dumps(letter) + "\n" for letter in letters[1:]))
    then = shell.check("replay")
    same(then["document"], documents(client, "shop")["p70"])
    assert shell.lines("replay-dead-letters.jsonl") == then["dead_letters"]

    shell.check("resume-other-options")
    then = shell.check("resume")
    assert aliases(client) == then["aliases"]
    same(then["dead_letters"], shell.lines("shop-dead-letters.jsonl"))
    assert sorted(documents(client, "shop")) == then["documents"]
    same(then["state"], stored.lease(client))
    same(then["fusion"], fusion(client, "shop-v0003"))

    for name in ("rollback", "rollback-to"):
        assert shell.check(name)["aliases"] == aliases(client)
    same(shell.check("tune-apply")["fusion"], fusion(client, "shop-v0003"))

    # A holder that was killed on a machine that nobody can ask: it is taken over after 15 seconds of silence.
    stored.put_lease(client, "aisle-state-killed.ndjson")
    same(shell.check("rollback-after-a-kill")["state"], stored.lease(client))


def test_a_new_release_beside_the_old_ones_inherits_their_fusion(shell: Shell, client: OpenSearch) -> None:
    live = next(iter(client.indices.get_alias(name="shop")))
    before = fusion(client, live)
    done = shell.run("aisle index shop --name shop --encoder tiny-dense --sparse tiny-sparse --json")
    assert done.code == 0, done
    made = json.loads(done.out)
    assert made["release"] == "shop-v0004" and made["replaced"] == live
    assert before and fusion(client, "shop-v0004") == before


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
