"""Every row is in the index or a dead letter, which can be corrected and replayed; a dry run only looks."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from aisle.cluster import Cluster
from tests.support.command import Done, failure, here
from tests.support.indexing import count, releases
from tests.support.proxies.faulty import FaultyProxy

GOOD, BAD = 10_000, 1_000
Run = Callable[..., Done]


def row(key: str, **cells: object) -> bytes:
    return orjson.dumps({"id": key, "title": f"shoe {key}", "price": 1, "brand": "b", **cells})


# Ways to be no product, each with the reason it is given.
KINDS: tuple[tuple[Callable[[int], bytes], str], ...] = (
    (lambda n: b'{"id": "x%d", "title": ' % n, "invalid JSON"),
    (lambda n: b'["x%d"]' % n, "not a JSON object"),
    (lambda n: b'"x%d"' % n, "not a JSON object"),
    (lambda n: b'{"id": "x%d", "title": "\xff"}' % n, "not UTF-8"),
    (lambda n: b'{"title": "no id %d"}' % n, "id is missing or empty in column 'id'"),
    (lambda n: row(" "), "id is missing or empty in column 'id'"),
    (lambda n: b'{"id": true, "title": "%d"}' % n, "id is not text in column 'id'"),
    (lambda n: b'{"id": ["x%d"], "title": "a"}' % n, "id is not text in column 'id'"),
    (lambda n: row("x" * 510 + str(n + 1000)), "id is over 512 bytes in column 'id'"),
    (lambda n: row(f"x\u0000{n}"), "id holds control characters in column 'id'"),
    (lambda n: row(str(n)), "duplicate id"),
    (lambda n: row(f"x{n}", title=None), "title is missing or empty in column 'title'"),
    (lambda n: row(f"x{n}", title=" \u0007 "), "title is missing or empty in column 'title'"),
    (lambda n: row(f"x{n}", title={"words": 7}), "title is not text in column 'title'"),
    (lambda n: row(f"x{n}", title="a" * 10_001), "title is over 10,000 characters in column 'title'"),
)


MANY_MAY_BE_BAD = ("--max-rejected", "0.7")


def write_rows(path: Path) -> list[tuple[int, str, bytes]]:
    """Good and bad rows, mixed; returns line, reason and content of the bad ones."""
    draw = random.Random(3)
    bad_at = set(draw.sample(range(100, GOOD + BAD), BAD))
    lines: list[bytes] = []
    bad: list[tuple[int, str, bytes]] = []
    good = 0
    for line in range(GOOD + BAD):
        if line in bad_at:
            make, reason = KINDS[len(bad) % len(KINDS)]
            content = make(len(bad) % 100)
            bad.append((line + 1, reason, content))
            lines.append(content)
        else:
            # Lines that are no UTF-8 are bad in a file of UTF-8; plain ASCII beside them may be any encoding.
            lines.append(row(str(good), brand="Möbel"))
            good += 1
    path.write_bytes(b"\n".join(lines))
    return bad


@pytest.fixture
def run(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], node_url: str, tmp_path: Path
) -> Iterator[Run]:
    """`aisle index` with these arguments, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    home = {"AISLE_URL": node_url, "AISLE_HOME": str(tmp_path / "home")}
    yield lambda *arguments, **env: here(monkeypatch, capfd, "index", *arguments, **{**home, **env})


def letters_in(path: Path) -> list[dict[str, Any]]:
    """In the order of the catalogue: a reader looks some rows ahead."""
    found = [json.loads(line) for line in path.read_bytes().splitlines()]
    return sorted(found, key=lambda letter: letter["line"])


def test_a_thousand_bad_rows_among_ten_thousand(run: Run, client: Cluster, name: str, tmp_path: Path) -> None:
    bad = write_rows(tmp_path / "rows.jsonl")
    done = run("rows.jsonl", "--name", name, "--encoder", "none", "--json", *MANY_MAY_BE_BAD)
    assert done.code == 0, done.err
    report = json.loads(done.out)
    assert report["documents"] == count(client, name) == GOOD
    letters = letters_in(tmp_path / f"{name}-dead-letters.jsonl")
    assert [(letter["line"], letter["reason"]) for letter in letters] == [(n, why) for n, why, _ in bad]
    assert sum(report["dead_letters"].values()) == len(letters) == BAD
    for letter, (_, _, content) in zip(letters, bad, strict=True):
        kept = letter["row"]
        assert kept == (
            content.decode(errors="backslashreplace") if isinstance(kept, str) else json.loads(content)
        )


def test_corrected_dead_letters_are_replayed_into_the_live_release(
    run: Run, client: Cluster, name: str, tmp_path: Path
) -> None:
    rows = [row("1"), row("2", title=""), row("1", title="another"), b'{"id": "3", "title": ', row("4")]
    (tmp_path / "rows.jsonl").write_bytes(b"\n".join(rows))
    assert run("rows.jsonl", "--name", name, "--encoder", "none", *MANY_MAY_BE_BAD).code == 0
    path = tmp_path / f"{name}-dead-letters.jsonl"
    letters = letters_in(path)
    assert [letter["reason"] for letter in letters] == [
        "title is missing or empty in column 'title'",
        "duplicate id",
        "invalid JSON",
    ]
    letters[0]["row"] |= {"title": "shoe 2", "price": 12.5}
    letters[2]["row"] += '"corrected"}'
    path.write_bytes(b"\n".join(map(orjson.dumps, letters)))
    live = releases(client, name)
    done = run("--replay", path.name, "--name", name, "--json")
    assert done.code == 0, done.err
    assert json.loads(done.out) == {"name": name, "release": f"{name}-v0001", "documents": 2, "dead": 1}
    assert releases(client, name).keys() == live.keys() and count(client, name) == 4
    assert client.get(index=name, id="2")["_source"]["price"] == 12.5
    assert client.get(index=name, id="3")["_source"]["title"] == "corrected"
    # The row that came first keeps its id until somebody says what the second one is.
    assert client.get(index=name, id="1")["_source"]["title"] == "shoe 1"
    (again,) = letters_in(path)
    assert (again["reason"], again["attempts"], again["row"]["title"]) == ("duplicate id", 2, "another")
    again["row"]["id"] = "5"
    path.write_bytes(orjson.dumps(again))
    assert run("--replay", path.name, "--name", name).code == 0
    assert count(client, name) == 5 and not path.exists()


def test_a_replay_is_newer_than_what_is_stored_also_when_the_state_was_lost(
    run: Run, client: Cluster, name: str, tmp_path: Path
) -> None:
    (tmp_path / "rows.jsonl").write_bytes(b"\n".join([row("1"), row("2"), row("3"), row("4", title="")]))
    assert run("rows.jsonl", "--name", name, "--encoder", "none", *MANY_MAY_BE_BAD).code == 0
    path = tmp_path / f"{name}-dead-letters.jsonl"
    (letter,) = letters_in(path)
    # What live updates did, before the numbers began anew.
    for key, change in (("1", {"title": "updated"}), ("2", {})):
        new = {**client.get(index=name, id=key)["_source"], **change}
        client.index(index=name, id=key, body=new, params={"version": 5_000, "version_type": "external"})
    client.delete(index=name, id="2", params={"version": 5_001, "version_type": "external"})
    client.delete(index="aisle-state", id=name)
    rows = [{**letter["row"], "id": key, "title": "new", "price": 9} for key in ("1", "3", "4")]
    path.write_bytes(b"\n".join(orjson.dumps({**letter, "row": one}) for one in rows))
    assert run("--replay", path.name, "--name", name).code == 0 and not path.exists()
    stored = [client.get(index=name, id=key) for key in ("1", "3", "4")]
    assert [one["_source"]["price"] for one in stored] == [9, 9, 9]
    assert min(one["_version"] for one in stored) > 5_000
    # The version of a deleted document cannot be read: such a row is not lost without a word.
    client.delete(index="aisle-state", id=name)
    path.write_bytes(orjson.dumps({**letter, "row": {**letter["row"], "id": "2", "title": "new"}}))
    done = run("--replay", path.name, "--name", name, "--json")
    assert (json.loads(done.out)["documents"], json.loads(done.out)["dead"]) == (0, 1)
    (again,) = letters_in(path)
    assert (again["reason"], again["attempts"]) == ("a newer version of it was written or deleted", 2)


@pytest.mark.parametrize(
    ("content", "arguments", "said"),
    [
        (b"{}\n", (), "line 1 of dead.jsonl is no dead letter"),
        (b"", (), "dead.jsonl is empty"),
        (row("1"), ("--encoder", "no-such-model"), "is no dead letter"),
    ],
)
def test_a_replay_that_cannot_be(
    run: Run, name: str, tmp_path: Path, content: bytes, arguments: tuple[str, ...], said: str
) -> None:
    (tmp_path / "dead.jsonl").write_bytes(content)
    assert said in failure(run("--replay", "dead.jsonl", "--name", name, *arguments))
    assert (tmp_path / "dead.jsonl").read_bytes() == content


def test_a_replay_needs_a_live_release(run: Run, name: str, tmp_path: Path) -> None:
    letter = {
        "line": 1,
        "position": None,
        "id": "1",
        "reason": "x",
        "attempts": 1,
        "row": json.loads(row("1")),
    }
    (tmp_path / "dead.jsonl").write_bytes(orjson.dumps(letter))
    assert f"no release of {name} is live" in failure(run("--replay", "dead.jsonl", "--name", name))


def test_a_dry_run_writes_nothing_to_the_cluster(
    run: Run, client: Cluster, node_url: str, name: str, tmp_path: Path
) -> None:
    (tmp_path / "rows.jsonl").write_bytes(b"\n".join([row("1"), row("2"), row("1")]))
    command = ("rows.jsonl", "--name", name, "--encoder", "none", *MANY_MAY_BE_BAD)
    for _ in range(2):
        assert run(*command).code == 0
    with FaultyProxy(node_url) as proxy:
        done = run(*command, "--dry-run", "--json", AISLE_URL=proxy.url)
        assert done.code == 0, done.err
        writing = [request for request in proxy.requests if not request.path.endswith("/_search")]
        assert {request.method for request in writing} == {"GET"}
        both = run(*command, "--dry-run", "--resume", AISLE_URL=proxy.url)
        assert both.code == 2 and "one at a time" in both.err
    would = json.loads(done.out)
    assert would.pop("engine") in ("lucene", "faiss")
    assert would.pop("reading")["looked_at"] == would["rows"]["rows"] == 3
    assert would.pop("rows")["rejected"] == 1
    assert would.pop("examples")["duplicate id"]["line"] == 3
    assert would == {
        "name": name,
        "release": f"{name}-v0003",
        "replaces": f"{name}-v0002",
        "prunes": [f"{name}-v0001"],
        "documents": 2,
        "dead_letters": 1,
        "encoder": {},
        "vectors": None,
        "recommends": None,
        "relates": None,
        "stopped": "",
        "fix": "",
        "lost_coverage": [],
        "reasons": {"duplicate id": 1},
    }
    assert set(releases(client, name)) == {f"{name}-v0001", f"{name}-v0002"}
    assert "disk" not in done.err
