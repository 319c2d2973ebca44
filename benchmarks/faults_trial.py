"""One trial of a fault, and its account: every row in the index or in the dead letters, nothing twice."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass

from opensearchpy import OpenSearch

from benchmarks.faults_shop import Shop
from tests.support.proxies.recording import Witness

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
    for start in range(0, len(wanted), _IDS_AT_ONCE):
        body = {"ids": wanted[start : start + _IDS_AT_ONCE]}
        answer = client.mget(index=name, body=body, params={"_source": "false"})
        found |= {str(document["_id"]) for document in answer["docs"] if document.get("found")}
    return found


def live_release(client: OpenSearch, name: str) -> str:
    """The index that the name points to; empty if there is none."""
    found = client.indices.get_alias(name=name, params={"ignore": 404})
    return ",".join(sorted(index for index in found if index.startswith(name)))
