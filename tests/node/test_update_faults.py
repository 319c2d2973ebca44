"""What the network, the node and kill -9 can do to a stream of changes: nothing lost, nothing doubled."""

from __future__ import annotations

import re
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from aisle.cluster import Cluster
from aisle.cluster.failures import RetryPolicy
from aisle.errors import ClusterUnavailable
from aisle.indexer.lease.state import STATE_INDEX
from aisle.indexer.run import index_catalogue
from aisle.indexer.updates.writes import NO_SUCH_ITEM
from aisle.indexer.vectors import without_vectors
from tests.support.command import start
from tests.support.indexing import items, options
from tests.support.proxies.faulty import Answer, Down, Fault, FaultyProxy, LoseAnswer, Request, first
from tests.support.update_stream import PATIENT, content, letters, load, random_changes, update, write_lines

BULK = "/_bulk"


@pytest.mark.parametrize("fault", [Answer(429), Answer(503), Down(), LoseAnswer()], ids=str)
def test_passing_faults_lose_and_double_nothing(
    proxy: FaultyProxy, shaky: Cluster, client: Cluster, name: str, tmp_path: Path, fault: Fault
) -> None:
    load(client, name)
    changes: list[dict[str, Any]] = [{"id": f"new-{n}", "title": f"boot {n}"} for n in range(20)]
    changes += [{"op": "update", "id": f"new-{n}", "price": n} for n in range(20)]
    proxy.plan = first(3, BULK, fault)
    report = update(shaky, name, write_lines(tmp_path / "c.jsonl", changes), folder=tmp_path, lines=20)
    after = content(client, name)
    assert len(after) == 40
    assert [after[f"new-{n}"]["price"] for n in range(20)] == [float(n) for n in range(20)]
    assert (report.indexed, report.dead, report.superseded) == (40, 0, 0)


def test_a_lost_answer_of_every_kind_of_request(
    proxy: FaultyProxy, shaky: Cluster, client: Cluster, name: str, tmp_path: Path
) -> None:
    stream = write_lines(tmp_path / "c.jsonl", random_changes(5, 40))
    load(client, name)
    (tmp_path / "straight").mkdir()
    update(client, name, stream, folder=tmp_path / "straight")
    straight = content(client, name)
    load(client, name)
    lost: set[str] = set()

    def lose_each_kind_once(request: Request) -> Fault | None:
        kind = f"{request.method} {re.sub('v[0-9]+', '', request.path.partition('?')[0])}"
        if kind in lost:
            return None
        lost.add(kind)
        return LoseAnswer()

    proxy.plan = lose_each_kind_once
    update(shaky, name, stream, folder=tmp_path, refresh=True)
    assert {"_bulk", "_mget", "_refresh", "_doc"} <= {part for kind in lost for part in kind.split("/")}
    assert content(client, name) == straight
    assert letters(tmp_path) == letters(tmp_path / "straight")


def test_a_node_that_stays_away_leaves_the_checkpoint_behind_what_is_written(
    proxy: FaultyProxy, shaky: Cluster, client: Cluster, name: str, tmp_path: Path
) -> None:
    load(client, name)
    changes = [{"op": "update", "id": f"id-{n % 20}", "price": 100 + n} for n in range(30)]
    stream = write_lines(tmp_path / "c.jsonl", changes)
    # But for its lease, which the next run would wait for.
    proxy.plan = lambda request: Down() if proxy.count(BULK) > 2 and STATE_INDEX not in request.path else None
    impatient = RetryPolicy(deadline_s=1, first_wait_s=0.02, longest_wait_s=0.1, request_timeout_s=20)
    with pytest.raises(ClusterUnavailable):
        update(shaky, name, stream, folder=tmp_path, checkpoint=True, retry=impatient)
    assert {doc["price"] for doc in content(client, name).values() if doc["price"] >= 100} == {
        100.0 + n for n in range(14)
    }
    report = update(client, name, stream, folder=tmp_path, checkpoint=True)
    assert (report.skipped, report.lines, report.line) == (14, 16, 30)
    assert {doc["price"] for doc in content(client, name).values()} == {100.0 + n for n in range(10, 30)}


def test_what_is_refused_is_a_dead_letter(
    proxy: FaultyProxy, shaky: Cluster, client: Cluster, name: str, tmp_path: Path
) -> None:
    load(client, name)
    before = content(client, name)
    changes: list[dict[str, Any]] = [{"op": "update", "id": f"id-{n}", "price": 50} for n in range(5)]
    changes.append({"op": "update", "id": "id-3", "brand": "Acme"})

    def limit(request: Request) -> Fault | None:
        return Answer(413, b"<html>") if BULK in request.path and b'"id-3"' in request.body else None

    proxy.plan = limit
    report = update(shaky, name, write_lines(tmp_path / "c.jsonl", changes), folder=tmp_path)
    assert (report.indexed, report.dead) == (4, 2)
    # Both changes of it, which went as one write.
    assert [(letter["line"], letter["id"]) for letter in letters(tmp_path)] == [(4, "id-3"), (6, "id-3")]
    assert "413" in letters(tmp_path)[0]["reason"]
    after = content(client, name)
    assert after["id-3"] == before["id-3"] and after["id-4"]["price"] == 50


# Where the process is killed: before it reads, with a write under way that arrives after its death, before it
# knows whether it still has the lease (written, and no checkpoint), and while it takes the lease.
KILLS = (
    (1, "/_mget"),
    (1, BULK),
    (2, BULK),
    (4, "/aisle-state/_doc"),
    (2, "/_mget"),
    (1, "/aisle-state/_doc"),
)


def test_kill_minus_nine_and_again_is_a_straight_run(
    proxy: FaultyProxy, client: Cluster, node_url: str, name: str, tmp_path: Path
) -> None:
    stream = write_lines(tmp_path / "c.jsonl", [*random_changes(7, 60), b"not json"])
    load_words(client, name)
    straight_folder = tmp_path / "straight"
    straight_folder.mkdir()
    run_to_the_end(node_url, name, stream, straight_folder)
    straight = content(client, name)
    load_words(client, name)

    def kill(process: subprocess.Popen[str], number: int, part: str) -> None:
        seen = iter(range(1, 10_000))

        def plan(request: Request) -> Fault | None:
            if part in request.path and next(seen) == number:
                process.send_signal(signal.SIGKILL)
            return None

        proxy.plan = plan

    for number, part in KILLS:
        process = command(proxy.url, name, stream, tmp_path)
        kill(process, number, part)
        process.communicate(timeout=240)
        assert process.returncode == -signal.SIGKILL, (number, part)
    proxy.plan = lambda _: None
    run_to_the_end(proxy.url, name, stream, tmp_path)
    assert content(client, name) == straight
    expected = {(letter["line"], letter["reason"]) for letter in letters(straight_folder)}
    found = [(letter["line"], letter["reason"]) for letter in letters(tmp_path)]
    assert len(set(found)) == len(found) and set(found) >= expected
    # A batch that was written and not acknowledged is read again: an update before its item's own delete then
    # finds it gone.
    assert {reason for _, reason in set(found) - expected} <= {NO_SUCH_ITEM}


def load_words(client: Cluster, name: str) -> None:
    """A release without vectors, which a command can update without a model."""
    index_catalogue(client, items(20), without_vectors(), options(name, retry=PATIENT))


def run_to_the_end(url: str, name: str, stream: Path, folder: Path) -> None:
    """A straight run, by the same command."""
    process = command(url, name, stream, folder)
    _, said = process.communicate(timeout=240)
    assert process.returncode == 0, said


def command(url: str, name: str, stream: Path, folder: Path) -> subprocess.Popen[str]:
    """`aisle update`, running, in batches of seven lines."""
    files = ("--dead-letters", str(folder / "dead.jsonl"), "--checkpoint", str(folder / "reached.json"))
    env = {"AISLE_URL": url, "AISLE_HOME": str(folder / "home")}
    return start("update", name, str(stream), "--batch", "7", *files, "--wait", "30", cwd=folder, env=env)
