"""An index that takes no changes loses none: ``aisle update`` ends, and goes on where it was."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from aisle.cluster import Cluster
from tests.node.test_update_faults import load_words
from tests.support.command import Done, failure, here
from tests.support.indexing import count
from tests.support.update_stream import content, write_lines

Run = Callable[..., Done]
CHANGES = 250


@pytest.fixture
def run(
    client: Cluster,
    node_url: str,
    name: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> Iterator[Run]:
    """``aisle update`` of a live catalogue, in an empty folder."""
    load_words(client, name)
    monkeypatch.chdir(tmp_path)
    env = {"AISLE_URL": node_url, "AISLE_HOME": str(tmp_path / "home")}
    yield lambda *arguments: here(monkeypatch, capfd, "update", name, *arguments, **env)


def checkpoint(folder: Path) -> int:
    """The line that the only checkpoint of this home stands at."""
    (found,) = folder.glob("home/updates/*/*.json")
    return int(json.loads(found.read_bytes())["place"]["line"])


def block(client: Cluster, name: str, which: str, value: bool | None) -> None:
    client.indices.put_settings(index=name, body={f"index.blocks.{which}": value})


@pytest.mark.parametrize("which", ["write", "read_only", "read_only_allow_delete"])
@pytest.mark.parametrize("updated_before", [False, True])
def test_changes_wait_for_the_block_to_be_lifted(
    client: Cluster, name: str, run: Run, tmp_path: Path, which: str, updated_before: bool
) -> None:
    if updated_before:
        write_lines(tmp_path / "first.jsonl", [{"op": "update", "id": "id-1", "price": 1}])
        assert run("first.jsonl", "--checkpoint", "first.json").code == 0
    changes = [{"op": "upsert", "id": f"new-{n}", "title": f"cup {n}"} for n in range(CHANGES)]
    write_lines(tmp_path / "changes.jsonl", changes)
    block(client, name, which, value=True)
    try:
        said = failure(run("changes.jsonl", "--patience", "1", "--batch", "100"))
    finally:
        block(client, name, which, value=None)
    assert ("takes no" in said or "disk is almost full" in said) and "AISLE_USER" not in said
    assert not (tmp_path / f"{name}-update-dead-letters.jsonl").exists()
    assert not list(tmp_path.glob("home/updates/*/*.json")) or checkpoint(tmp_path) == 0
    assert count(client, name) == 20
    done = run("changes.jsonl", "--json", "--refresh")
    assert done.code == 0 and json.loads(done.out)["indexed"] == CHANGES
    assert count(client, name) == 20 + CHANGES and checkpoint(tmp_path) == CHANGES


def test_a_block_in_the_middle_keeps_what_is_in_the_index(
    client: Cluster, name: str, run: Run, tmp_path: Path
) -> None:
    write_lines(tmp_path / "changes.jsonl", [{"op": "update", "id": "id-1", "price": 1}])
    assert run("changes.jsonl").code == 0
    with (tmp_path / "changes.jsonl").open("a") as file:
        file.write('{"op": "update", "id": "id-2", "price": 2}\n')
    block(client, name, "write", value=True)
    try:
        assert "takes no changes" in failure(run("changes.jsonl", "--patience", "1"))
    finally:
        block(client, name, "write", value=None)
    assert checkpoint(tmp_path) == 1
    assert run("changes.jsonl").code == 0
    assert content(client, name)["id-2"]["price"] == 2


def test_an_input_of_which_nothing_is_applied_is_left_where_it_was(
    run: Run, name: str, tmp_path: Path
) -> None:
    bad = [{"op": "update", "id": f"gone-{n}", "price": n} for n in range(CHANGES)]
    write_lines(tmp_path / "changes.jsonl", [*bad, b"oops"])
    for _ in range(2):
        done = run("changes.jsonl", "--batch", "100")
        assert done.code == 1
        assert "set aside: 250 x no such item" in done.out and "1 x invalid JSON" in done.out
        assert 'line 251: "oops"' in done.out and 'line 1: {"op":"update","id":"gone-0"' in done.out
        assert checkpoint(tmp_path) == 0
    letters = tmp_path / f"{name}-update-dead-letters.jsonl"
    assert len(letters.read_bytes().splitlines()) == CHANGES + 1, "the same lines stand there once"
    with (tmp_path / "changes.jsonl").open("a") as file:
        file.write('{"op": "delete", "id": "id-1"}\n')
    assert run("changes.jsonl").code == 0
    assert checkpoint(tmp_path) == CHANGES + 2
    assert "were applied before" in run("changes.jsonl").err


@pytest.mark.parametrize("content", [b"", b"\n  \n\n"])
def test_an_input_without_changes_is_an_error(run: Run, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "changes.jsonl").write_bytes(content)
    assert "changes.jsonl holds no changes" in failure(run("changes.jsonl"))
    (tmp_path / "changes.jsonl").write_bytes(b'{"op": "delete", "i')
    assert "one line, which is not finished" in failure(run("changes.jsonl"))
