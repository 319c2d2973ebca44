"""``aisle update`` as its users run it."""

from __future__ import annotations

import json
import signal
import subprocess
from pathlib import Path

import pytest

from aisle.cluster import Cluster
from tests.node.test_update_faults import load_words
from tests.node.test_updates import wait_for
from tests.support.command import AISLE, Done, environment, failure, here
from tests.support.indexing import count
from tests.support.update_stream import content, write_lines

Patch = pytest.MonkeyPatch
Capture = pytest.CaptureFixture[str]


def test_a_file_is_applied_once_and_again_where_it_grows(
    client: Cluster, node_url: str, name: str, tmp_path: Path, monkeypatch: Patch, capfd: Capture
) -> None:
    load_words(client, name)
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> Done:
        env = {"AISLE_URL": node_url, "AISLE_HOME": str(tmp_path / "home")}
        return here(monkeypatch, capfd, "update", name, "changes.jsonl", *arguments, **env)

    changes = [{"op": "update", "id": "id-1", "price": 5}, b"oops", {"op": "delete", "id": "id-2"}]
    write_lines(tmp_path / "changes.jsonl", changes)
    with (tmp_path / "changes.jsonl").open("ab") as file:
        file.write(b'{"op": "delete", "id": "id')
    first = run()
    assert first.code == 0, first
    assert f"{name}-v0001: 3 lines, 1 documents written (0 with new vectors), 1 deleted" in first.out
    assert 'set aside: 1 x invalid JSON\n    line 2: "oops"' in first.out
    assert f"they are in {name}-update-dead-letters.jsonl" in first.out
    assert "line 4 is not finished" in first.out
    assert count(client, name) == 19
    with (tmp_path / "changes.jsonl").open("ab") as file:
        file.write(b'-3"}\n')
    second = run("--json", "--refresh")
    report = json.loads(second.out)
    assert (report["skipped"], report["lines"], report["deleted"], report["unfinished"]) == (3, 1, 1, 0)
    assert "3 lines were applied before; --from-start applies them again" in second.err
    assert client.count(index=name)["count"] == 18
    third = run("--json", "--from-start")
    assert json.loads(third.out)["lines"] == 4
    write_lines(tmp_path / "changes.jsonl", [{"op": "delete", "id": "id-4"}])
    other = run("--json")
    assert json.loads(other.out)["lines"] == 1 and "begins otherwise" in other.err
    assert count(client, name) == 17
    dead = (tmp_path / f"{name}-update-dead-letters.jsonl").read_text().splitlines()
    assert [json.loads(line)["row"] for line in dead] == ["oops", "oops"]


def test_a_run_of_which_nothing_came_into_the_index_fails(
    client: Cluster, node_url: str, name: str, tmp_path: Path, monkeypatch: Patch, capfd: Capture
) -> None:
    load_words(client, name)
    monkeypatch.chdir(tmp_path)
    env = {"AISLE_URL": node_url, "AISLE_HOME": str(tmp_path / "home")}
    write_lines(tmp_path / "changes.jsonl", [b"oops"])
    updated = here(monkeypatch, capfd, "update", name, "changes.jsonl", **env)
    assert updated.code == 1
    assert "set aside: 1 x invalid JSON" in updated.out
    letter = {
        "line": 1,
        "position": None,
        "id": "",
        "reason": "no title",
        "attempts": 1,
        "row": {"sku": "x", "name": ""},
    }
    (tmp_path / "letters.jsonl").write_text(json.dumps(letter) + "\n")
    columns = ("--map", "id=sku,title=name")
    replayed = here(
        monkeypatch, capfd, "index", "--replay", "letters.jsonl", "--name", name, *columns, "--json", **env
    )
    assert replayed.code == 1
    assert (json.loads(replayed.out)["documents"], json.loads(replayed.out)["dead"]) == (0, 1)


def test_a_stream_ends_well_when_it_is_told_to(
    client: Cluster, node_url: str, name: str, tmp_path: Path
) -> None:
    load_words(client, name)
    env = {"AISLE_URL": node_url, "AISLE_HOME": str(tmp_path / "home")}
    reached = tmp_path / "reached.json"
    for how, price in ((signal.SIGTERM, 7), (signal.SIGINT, 8)):
        arguments = ("-", "--checkpoint", str(reached), "--flush-seconds", "0.1", "--json")
        process = start_with_input("update", name, *arguments, cwd=tmp_path, env=env)
        assert process.stdin is not None
        change = json.dumps({"op": "update", "id": "id-1", "price": price})
        process.stdin.write(f'{change}\n{{"op": "upd')
        process.stdin.flush()
        wait_for(lambda: client.get(index=name, id="id-1")["_source"].get("price") == price, 120)  # noqa: B023
        process.send_signal(how)
        # While its input is still open: `communicate` closes it, and half a line would be the last one.
        process.wait(120)
        out, said = process.communicate()
        assert process.returncode == 0, said
        report = json.loads(out)
        assert (report["lines"], report["line"], report["indexed"], report["dead"]) == (1, 1, 1, 0)
        assert "what was read is being applied" in said
        assert json.loads(reached.read_text())["place"]["line"] == 1
    # The same stream again, from its start.
    lines = '{"op": "update", "id": "id-1", "price": 8}\n{"op": "update", "id": "id-1", "price": 9}\n'
    process = start_with_input(
        "update", name, "-", "--checkpoint", str(reached), "--skip-consumed", "--json", cwd=tmp_path, env=env
    )
    out, said = process.communicate(lines, timeout=120)
    assert process.returncode == 0, said
    assert json.loads(out)["skipped"] == 1 and json.loads(out)["line"] == 2
    assert content(client, name)["id-1"]["price"] == 9


def start_with_input(*arguments: str, cwd: Path, env: dict[str, str]) -> subprocess.Popen[str]:
    """The console script, which can be written to."""
    return subprocess.Popen(
        [str(AISLE), *arguments],
        cwd=cwd,
        env=environment(**env),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


MISTAKES = (
    (("missing.jsonl",), "no such file: missing.jsonl"),
    ((".",), "is a folder"),
    (("c.jsonl", "--dead-letters", "c.jsonl"), "must be different files"),
    (("c.jsonl", "--checkpoint", "c.jsonl"), "must be different files"),
    (("-", "--skip-consumed"), "name it with --checkpoint"),
    (("c.jsonl", "--checkpoint", "bad.json"), "bad.json is no checkpoint"),
    (("c.jsonl", "--dead-letters", "bad.json"), "something else than dead letters"),
    (("c.jsonl", "--encoder", "all-MiniLM-L6-v2"), "has no vectors"),
)


def test_bad_arguments_are_one_clear_error(
    client: Cluster, node_url: str, name: str, tmp_path: Path, monkeypatch: Patch, capfd: Capture
) -> None:
    load_words(client, name)
    monkeypatch.chdir(tmp_path)
    write_lines(tmp_path / "c.jsonl", [{"op": "delete", "id": "id-1"}])
    bad = '{"format": 1, "place": {"line": -1}}\n'
    (tmp_path / "bad.json").write_text(bad)
    env = {"AISLE_URL": node_url, "AISLE_HOME": str(tmp_path / "home")}
    for arguments, said in MISTAKES:
        assert said in failure(here(monkeypatch, capfd, "update", name, *arguments, **env))
        assert (tmp_path / "bad.json").read_text() == bad
    assert count(client, name) == 20


def test_nothing_is_live(
    node_url: str, name: str, tmp_path: Path, monkeypatch: Patch, capfd: Capture
) -> None:
    monkeypatch.chdir(tmp_path)
    write_lines(tmp_path / "c.jsonl", [{"op": "delete", "id": "id-1"}])
    env = {"AISLE_URL": node_url, "AISLE_HOME": str(tmp_path / "home")}
    done = here(monkeypatch, capfd, "update", name, "c.jsonl", **env)
    assert f"no release of {name} is live" in failure(done)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["c.jsonl"]
    assert "a release (-v0001)" in failure(here(monkeypatch, capfd, "update", "shop-v0001", "c.jsonl", **env))
