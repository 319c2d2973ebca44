"""`aisle index` killed with SIGKILL at a chosen moment, looked at, and resumed."""

from __future__ import annotations

import json
import random
import subprocess
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import orjson

from aisle.cluster import Cluster
from aisle.indexer import Ledger
from tests.support.command import aisle, start
from tests.support.proxies.faulty import Down, Fault, FaultyProxy, Plan, Request

BULK, REFRESH, SWAP = "-loading/_bulk", "/_refresh", "/_aliases"
SUGGESTIONS = "-completions/_bulk"
# Bodies of a words-only run hold so many documents.
BODY = 500


@dataclass(frozen=True, slots=True)
class KillPoint:
    """The process dies when its nth request (from 1) to such a path reaches the proxy.

    Attributes:
        path: part of the path.
        nth: which of these requests.
        done: whether the node still gets that request: done, and never confirmed.
    """

    path: str
    nth: int
    done: bool

    def __str__(self) -> str:
        return f"{self.path.strip('/-').replace('/', '')}-{self.nth}-{'done' if self.done else 'lost'}"


@dataclass(frozen=True, slots=True)
class Crash:
    """What was there after the kill, and after the run was resumed.

    Attributes:
        live: documents that a search saw after the kill.
        settled: positions in the ledger after the kill.
        lost: of these, not readable in the release.
        sent_again: of these, sent once more by the resumed run.
        report: of the resumed run, as ``--json`` prints it.
        documents, ids: in the live release at the end.
        dead: lines of the dead letters file at the end.
    """

    live: int
    settled: int
    lost: int
    sent_again: int
    report: dict[str, object]
    documents: int
    ids: int
    dead: int


def spread(many: int, bodies: int, seed: int) -> Iterator[KillPoint]:
    """Kill points all over a run of ``bodies`` bodies, confirmed and not, in random order."""
    draw = random.Random(seed)
    points = [KillPoint(BULK, nth, done) for nth in range(1, bodies + 1) for done in (True, False)]
    last = [KillPoint(path, 1, done) for path in (REFRESH, SWAP) for done in (True, False)]
    chosen = last + draw.sample(points, min(len(points), max(0, many - len(last))))
    yield from draw.sample(chosen, min(many, len(chosen)))


def write_rows(path: Path, rows: int, bad_every: int = 100) -> int:
    """Products with their position as id, and a bad row after every so many; returns how many are bad."""
    bad = 0
    with path.open("w") as file:
        for n in range(rows):
            file.write(json.dumps({"id": str(n), "title": f"new shoe {n}"}) + "\n")
            if n % bad_every == bad_every - 1:
                bad += 1
                file.write(json.dumps({"id": f"bad-{n}", "title": ""}) + "\n")
    return bad


def crash_and_resume(
    client: Cluster, node_url: str, folder: Path, name: str, rows: Path, point: KillPoint
) -> Crash:
    """Index the file, kill at the point, look, resume, look."""
    command = ("index", rows.name, "--name", name, "--encoder", "none", "--json")
    with FaultyProxy(node_url) as proxy:
        env = {"AISLE_URL": proxy.url, "AISLE_HOME": str(folder)}
        process = start(*command, cwd=folder, env=env)
        proxy.plan = _kill(process, point, node_url)
        process.communicate(timeout=300)
        assert process.returncode == -9, f"the run ended before {point}"
        live = _count(client, name)
        settled, lost = _settled(client, folder, name)
        before = len(proxy.requests)
        proxy.plan = lambda _: None
        done = aisle(*command, "--resume", cwd=folder, env=env, timeout=300)
        assert done.code == 0, done.err
        sent = set(_sent(proxy.requests[before:]))
    client.indices.refresh(index=name)
    return Crash(
        live=live,
        settled=len(settled),
        lost=lost,
        sent_again=len(sent & settled),
        report=json.loads(done.out),
        documents=_count(client, name),
        ids=_distinct(client, name),
        dead=len((folder / f"{name}-dead-letters.jsonl").read_bytes().splitlines()),
    )


def check(crash: Crash, point: KillPoint, *, before: int, rows: int, bad: int) -> None:
    """What every crash must leave and every resumed run must reach."""
    swapped = point.path == SWAP and point.done
    assert crash.live == (rows if swapped else before), "the live release"
    assert crash.lost == 0, "acknowledged and not readable"
    assert crash.sent_again == 0, "written and sent again"
    assert crash.report["documents"] == crash.documents == crash.ids == rows
    assert crash.report["resumed"] == crash.settled
    assert crash.dead == bad


def _kill(process: subprocess.Popen[str], point: KillPoint, node_url: str) -> Plan:
    numbers = count(1)

    def plan(request: Request) -> Fault | None:
        if point.path not in request.path:
            return None
        if next(numbers) < point.nth:
            return None
        if point.done:
            _do(node_url, request)
        process.kill()
        return Down()

    return plan


def _do(node_url: str, request: Request) -> None:
    """What the node makes of it, before anybody can hear of it."""
    asked = urllib.request.Request(
        node_url + request.path,
        request.body or None,
        {"Content-Type": "application/json"},
        method=request.method,
    )
    with urllib.request.urlopen(asked, timeout=60) as answer:
        answer.read()


def _settled(client: Cluster, folder: Path, name: str) -> tuple[set[str], int]:
    """Ids of the settled positions, and how many of them the release lacks."""
    (path,) = folder.glob(f"indexing/*/{name}.sqlite")
    with Ledger(path) as ledger:
        run, ranges = ledger.run(), ledger.before().settled.ranges
    ids = [str(position) for first, last in ranges for position in range(first, last + 1)]
    if run is None or not ids:
        return set(ids), 0
    found = client.mget(index=run.release, body={"ids": ids}, params={"_source": "false"})["docs"]
    return set(ids), sum(not document["found"] for document in found)


def _sent(requests: list[Request]) -> Iterator[str]:
    for request in requests:
        if BULK in request.path:
            for line in request.body.splitlines()[::2]:
                yield orjson.loads(line)["index"]["_id"]


def _count(client: Cluster, name: str) -> int:
    found = client.count(index=name, params={"ignore_unavailable": "true"})
    return int(found["count"])


def _distinct(client: Cluster, name: str) -> int:
    """Different ids among the documents that a search finds."""
    ids: set[str] = set()
    body = {"query": {"match_all": {}}, "_source": False, "sort": ["_doc"]}
    page = client.search(index=name, body=body, params={"scroll": "1m", "size": 10_000})
    while page["hits"]["hits"]:
        ids.update(hit["_id"] for hit in page["hits"]["hits"])
        page = client.scroll(body={"scroll_id": page["_scroll_id"], "scroll": "1m"})
    client.clear_scroll(scroll_id=page["_scroll_id"])
    return len(ids)
