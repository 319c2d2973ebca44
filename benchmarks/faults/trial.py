"""The catalogue of the fault trials, good rows and bad ones, and the command that indexes it."""

from __future__ import annotations

import random
import subprocess
from collections.abc import Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import orjson
from opensearchpy import OpenSearch

from aisle.errors import IndexingFailed
from tests.support.command import start
from tests.support.proxies.recording import Witness

TIMEOUT_S: Final = 900.0
_WORDS: Final = ("red", "blue", "oak", "steel", "drill", "lamp", "chair", "hose", "mower", "paint", "brush")
_BAD_ROWS: Final = (
    b"not JSON at all",
    b'{"title": "no id"}',
    b'{"_id": "no-title"}',
    b'["a", "list"]',
    b'{"_id": "0", "title": "an id that was there"}',
)


@dataclass(frozen=True, slots=True)
class Shop:
    """Attributes:
    folder: holds the catalogue, the dead letters and the ledgers.
    good: rows that must be in the index, ids "0", "1", ...
    bad: rows that must be dead letters.
    """

    folder: Path
    good: int
    bad: int

    @property
    def catalogue(self) -> Path:
        return self.folder / "shop.jsonl"

    @property
    def ids(self) -> Set[str]:
        return {str(number) for number in range(self.good)}

    def dead_letters(self, name: str) -> list[int]:
        """Line numbers in the dead letters file of ``name``; empty if there is none."""
        path = self.folder / f"{name}-dead-letters.jsonl"
        if not path.is_file():
            return []
        return [orjson.loads(line)["line"] for line in path.read_bytes().splitlines()]

    def begin(self, url: str, name: str, *options: str) -> subprocess.Popen[str]:
        """Start ``aisle index``, words alone: what is lost or doubled does not depend on vectors."""
        return start(
            *("index", str(self.catalogue), "--name", name, "--encoder", "none", "--json", *options),
            cwd=self.folder,
            env={"AISLE_URL": url, "AISLE_HOME": str(self.folder / "home")},
        )


def write_shop(folder: Path, good: int, bad: int, seed: int) -> Shop:
    """Write the catalogue; its bad rows lie anywhere but before the first good one."""
    choose = random.Random(seed)
    shop = Shop(folder, good, bad)
    before = sorted(choose.choices(range(1, good), k=bad))
    with shop.catalogue.open("wb") as file:
        for number in range(good):
            while before and before[0] == number:
                before.pop(0)
                file.write(choose.choice(_BAD_ROWS) + b"\n")
            text = " ".join(choose.choices(_WORDS, k=80))
            file.write(orjson.dumps({"_id": str(number), "title": f"thing {number}", "text": text}) + b"\n")
    return shop


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Wait for the command: its exit status, and what it said on standard error."""
    try:
        _, said = process.communicate(timeout=TIMEOUT_S)
    finally:
        process.kill()
    return process.returncode, said


def finish(process: subprocess.Popen[str]) -> None:
    """Wait for a command that has to succeed.

    Raises:
        IndexingFailed: it did not; with its own words.
    """
    code, said = ended(process)
    if code:
        last = " ".join(said.split())[-500:]
        raise IndexingFailed(f"aisle index ended with {code}: {last}", fix="that is the fault to look for")


_IDS_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class Trial:
    """Attributes:
    fault: what was done.
    point: when, in words.
    rows: of the catalogue.
    documents: in the live release.
    dead_letters: rows in the dead letters file.
    acknowledged: ids whose writing was confirmed to a run, over all runs of the trial.
    sent: documents that were sent, repeats included.
    lost: ids that were acknowledged and cannot be read.
    missing: rows that are neither in the index nor in the dead letters.
    doubled: documents and dead letters beyond one for each row.
    disturbed: times that an unfinished release was live, or the live one gone, after an interruption.
    runs: of the command until it succeeded.
    searches, repeated, failed: beside it: answered, attempts beyond the first, failed or wrong for good.
    seconds: from the first start of the command to its success.
    """

    fault: str
    point: str
    rows: int
    documents: int
    dead_letters: int
    acknowledged: int
    sent: int
    lost: int
    missing: int
    doubled: int
    disturbed: int
    runs: int
    seconds: float
    searches: int = 0
    repeated: int = 0
    failed: int = 0


@dataclass(frozen=True, slots=True)
class Course:
    """How a trial went, before its account. See `Trial`."""

    fault: str
    point: str
    disturbed: int
    runs: int
    seconds: float


def account(client: OpenSearch, shop: Shop, name: str, witness: Witness, course: Course) -> Trial:
    """Read back all of it, and balance."""
    client.indices.refresh(index=name)
    return balance(
        shop,
        course,
        documents=int(client.count(index=name)["count"]),
        there=readable(client, name, shop.ids),
        letters=shop.dead_letters(name),
        acknowledged=witness.acknowledged,
        sent=witness.written,
    )


def balance(
    shop: Shop,
    course: Course,
    *,
    documents: int,
    there: Set[str],
    letters: Sequence[int],
    acknowledged: Set[str],
    sent: int,
) -> Trial:
    """What must be there against what is. Pure.

    Args:
        shop: the catalogue.
        course: how the trial went.
        documents: in the live release.
        there: which of the shop's ids can be read.
        letters: line numbers in the dead letters file.
        acknowledged: ids whose writing was confirmed.
        sent: documents that were sent.
    """
    lines = set(letters)
    return Trial(
        fault=course.fault,
        point=course.point,
        rows=shop.good + shop.bad,
        documents=documents,
        dead_letters=len(lines),
        acknowledged=len(acknowledged),
        sent=sent,
        lost=len(acknowledged - there),
        missing=shop.good - len(there) + abs(shop.bad - len(lines)),
        doubled=max(0, documents - len(there)) + len(letters) - len(lines),
        disturbed=course.disturbed,
        runs=course.runs,
        seconds=course.seconds,
    )


def readable(client: OpenSearch, name: str, ids: Set[str]) -> Set[str]:
    """Which of the ids can be read, each asked for by its id."""
    wanted, found = sorted(ids), set()
    for first in range(0, len(wanted), _IDS_AT_ONCE):
        body = {"ids": wanted[first : first + _IDS_AT_ONCE]}
        answer = client.mget(index=name, body=body, params={"_source": "false"})
        found |= {str(document["_id"]) for document in answer["docs"] if document.get("found")}
    return found


def live_release(client: OpenSearch, name: str) -> str:
    """The index that the name points to; empty if there is none."""
    found = client.indices.get_alias(name=name, params={"ignore": 404})
    return ",".join(sorted(index for index in found if index.startswith(name)))
