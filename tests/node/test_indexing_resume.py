"""A run that broke off is gone on with: nothing is encoded twice, and what changed meanwhile is named."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from aisle._index_run import IndexSource, index_folder
from aisle.catalogue import ReadOptions
from aisle.cluster import Cluster
from aisle.cluster.failures import RetryPolicy
from aisle.errors import ClusterUnavailable, DiskFull, IndexingFailed, InputError
from aisle.indexer import (
    DeadLetters,
    IndexOptions,
    IndexReport,
    ItemEncoder,
    Ledger,
    Progress,
    ResumeContext,
    index_catalogue,
)
from aisle.indexer.dead_letters import cells_of
from aisle.indexer.lease.state import STATE_INDEX
from aisle.indexer.ledger.store import Positions, RunPhase
from aisle.indexer.pipeline import PipelineOptions
from aisle.indexer.vectors import Vectors, stored_as
from aisle.mappings import fields
from aisle.mappings.vector_types import Quantisation, VectorStorage, VectorType, clipped
from aisle.types import Item
from tests.support.indexing import DIMS, ENCODER, SPACE, count, items, options, releases, vectors
from tests.support.proxies.faulty import Answer, Down, Fault, FaultyProxy, LoseAnswer, Request

SOURCE = {"the content of the catalogue": "a"}
# A node that is away fails at once; one that is slow does not.
IMPATIENT = RetryPolicy(deadline_s=0.5, first_wait_s=0.02, longest_wait_s=0.1, request_timeout_s=30)
ONE_WRITER = PipelineOptions(batch_items=25, max_body_docs=25, writers=1)
NUMBER = 300


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger(tmp_path / "shop.sqlite") as opened:
        yield opened


class Counting:
    """The encoder of the tests; remembers what it was given."""

    def __init__(self, broken: frozenset[str] = frozenset()) -> None:
        self.texts: list[str] = []
        self._broken = broken

    def encoder(self) -> ItemEncoder:
        return ItemEncoder({fields.DENSE: SPACE}, self._encode)

    def _encode(self, batch: Sequence[Item]) -> Vectors:
        self.texts += [item.id for item in batch]
        matrix = np.array(vectors(batch)[fields.DENSE])
        matrix[[item.id in self._broken for item in batch]] = np.nan
        return {fields.DENSE: matrix}


def load(client: Cluster, name: str, ledger: Ledger, *, resume: bool = True, **more: object) -> IndexReport:
    settings = options(name, pipeline=ONE_WRITER, retry=IMPATIENT, max_refused_share=0.1)
    return index_catalogue(
        client,
        items(NUMBER),
        more.pop("encoder", ENCODER),  # type: ignore[arg-type]
        more.pop("settings", settings),  # type: ignore[arg-type]
        context=ResumeContext(ledger, more.pop("source", SOURCE), resume),  # type: ignore[arg-type]
        **more,  # type: ignore[arg-type]
    )


def interrupt_after(documents: int) -> Callable[[Progress], None]:
    def look(now: Progress) -> None:
        if now.accepted >= documents:
            raise KeyboardInterrupt

    return look


def break_off(
    proxy: FaultyProxy,
    shaky: Cluster,
    name: str,
    ledger: Ledger,
    *,
    reachable: str = f"/{STATE_INDEX}/",
    **more: object,
) -> Positions:
    """A run whose node goes away after the fourth body; returns what is settled.

    What is still ``reachable`` lets go of the lease, which the next run would wait for otherwise.
    """
    proxy.plan = lambda request: (
        Down() if proxy.count("/_bulk") > 4 and not (reachable and reachable in request.path) else None
    )
    with pytest.raises(ClusterUnavailable):
        load(shaky, name, ledger, resume=False, **more)
    proxy.plan = lambda _: None
    settled = ledger.before().settled
    assert len(settled) == 100
    return settled


def test_a_resumed_run_encodes_and_sends_only_what_is_left(
    proxy: FaultyProxy, shaky: Cluster, client: Cluster, name: str, ledger: Ledger
) -> None:
    index_catalogue(client, items(20), ENCODER, options(name))
    broken = frozenset({"id-7", "id-60", "id-150"})
    first, second = Counting(broken), Counting(broken)
    settled = break_off(proxy, shaky, name, ledger, reachable="", encoder=first.encoder())
    assert releases(client, name) == {
        f"{name}-v0001": {name},
        f"{name}-v0002": {f"{name}-v0002-loading"},
    }
    assert count(client, name) == 20
    before = proxy.count("/_bulk")
    report = load(shaky, name, ledger, encoder=second.encoder())
    assert second.texts == [f"id-{n}" for n in range(NUMBER) if n not in settled]
    assert proxy.count("/_bulk") - before == (NUMBER - len(settled)) / 25
    assert (report.documents, report.refused, report.resumed) == (297, 3, 98)
    assert report.release == f"{name}-v0002" and count(client, name) == 297
    letters = list(ledger.refused())
    assert [letter.id for letter in letters] == ["id-7", "id-60", "id-150"]
    assert [letter.position for letter in letters] == [7, 60, 150]
    assert (cells_of(letters[1]) or {})["title"] == "shoe 60"
    run = ledger.run()
    assert run is not None and run.state is RunPhase.LIVE


def test_bytes_are_gone_on_with_by_the_same_scale_or_not_at_all(
    proxy: FaultyProxy, shaky: Cluster, client: Cluster, name: str, ledger: Ledger
) -> None:
    def kept(storage: VectorStorage) -> IndexOptions:
        return options(name, pipeline=ONE_WRITER, retry=IMPATIENT, vectors=storage)

    storage = VectorStorage(VectorType.BYTE, Quantisation(190.0))
    settled = break_off(proxy, shaky, name, ledger, settings=kept(storage))
    for other in (VectorStorage(VectorType.BYTE, Quantisation(120.0)), VectorStorage()):
        with pytest.raises(InputError, match=r"the index settings .*--vectors"):
            load(client, name, ledger, settings=kept(other))
    report = load(client, name, ledger, settings=kept(storage))
    assert report.resumed == len(settled) and report.documents == NUMBER
    codes = np.asarray(stored_as(ENCODER, storage).encode(list(items(NUMBER)))[fields.DENSE])
    found = client.search(index=name, body={"size": NUMBER, "_source": [fields.DENSE]})["hits"]["hits"]
    stored = {hit["_id"]: hit["_source"][fields.DENSE] for hit in found}
    assert stored == {item.id: code.tolist() for item, code in zip(items(NUMBER), codes, strict=True)}
    left = [n for n in range(NUMBER) if n not in settled]
    assert report.vectors is not None and report.vectors.clipped == clipped(codes[left]) > 0


def test_ctrl_c_and_again_and_then_to_the_end(client: Cluster, name: str, ledger: Ledger) -> None:
    def slow(batch: Sequence[Item]) -> Vectors:
        # The counters are looked at four times a second.
        time.sleep(0.1)
        return vectors(batch)

    encoder = ItemEncoder(ENCODER.spaces, slow)
    for documents in (50, 150):
        stop = interrupt_after(documents)
        with pytest.raises(KeyboardInterrupt):
            load(client, name, ledger, resume=documents > 50, encoder=encoder, progress=stop)
        assert documents <= len(ledger.before().settled) < NUMBER
    report = load(client, name, ledger)
    assert report.documents == count(client, name) == NUMBER
    assert report.release == f"{name}-v0001" and report.resumed >= 150


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"source": {"the content of the catalogue": "b"}}, "the content of the catalogue"),
        (
            {"encoder": ItemEncoder({fields.DENSE: replace(SPACE, fingerprint="cd" * 32)}, vectors)},
            "the encoder",
        ),
        ({"shards": 2}, "the index settings"),
    ],
)
def test_what_changed_is_named_and_the_unfinished_release_stays(
    proxy: FaultyProxy,
    shaky: Cluster,
    client: Cluster,
    name: str,
    ledger: Ledger,
    changed: dict[str, object],
    said: str,
) -> None:
    settled = break_off(proxy, shaky, name, ledger)
    more = {"settings": options(name, shards=2)} if "shards" in changed else changed
    with pytest.raises(InputError, match=f"cannot be resumed: changed since then: {said}"):
        load(client, name, ledger, **more)
    assert releases(client, name) == {f"{name}-v0001": {f"{name}-v0001-loading"}}
    assert ledger.before().settled == settled
    assert load(client, name, ledger).resumed == 100


def test_a_release_that_is_gone_is_begun_anew(
    proxy: FaultyProxy, shaky: Cluster, client: Cluster, name: str, ledger: Ledger
) -> None:
    break_off(proxy, shaky, name, ledger)
    client.indices.delete(index=f"{name}-v0001")
    with pytest.warns(UserWarning, match="no longer there to go on with: beginning anew"):
        report = load(client, name, ledger)
    assert (report.documents, report.resumed) == (NUMBER, 0) and count(client, name) == NUMBER


def test_nothing_to_resume_is_said(client: Cluster, name: str, ledger: Ledger) -> None:
    for release in ("v0001", "v0002"):
        with pytest.warns(UserWarning, match="was interrupted: beginning anew"):
            assert load(client, name, ledger).release == f"{name}-{release}"


def test_without_resume_a_run_begins_anew_and_prunes_what_was_left(
    proxy: FaultyProxy, shaky: Cluster, client: Cluster, name: str, ledger: Ledger
) -> None:
    break_off(proxy, shaky, name, ledger)
    report = load(client, name, ledger, resume=False)
    assert (report.release, report.resumed, report.documents) == (f"{name}-v0002", 0, NUMBER)
    assert set(releases(client, name)) == {f"{name}-v0002"}


def test_a_final_failure_drops_release_and_ledger(client: Cluster, name: str, ledger: Ledger) -> None:
    wide = ItemEncoder(ENCODER.spaces, lambda batch: {fields.DENSE: np.ones((len(batch), DIMS + 1), "f4")})
    with pytest.raises(IndexingFailed, match="were refused"):
        load(client, name, ledger, resume=False, encoder=wide)
    assert releases(client, name) == {} and ledger.run() is None
    # They are what tells the user why.
    assert len(list(ledger.refused())) > 0


def test_a_validation_that_fails_keeps_the_release_from_going_live(
    client: Cluster, name: str, ledger: Ledger
) -> None:
    seen: list[tuple[str, int]] = []

    class Refusing:
        def check(self, release: str) -> None:
            seen.append((release, client.count(index=release)["count"]))
            raise IndexingFailed("not good enough", fix="-")

    with pytest.raises(IndexingFailed, match="not good enough"):
        load(client, name, ledger, resume=False, checks=[Refusing()])
    assert seen == [(f"{name}-v0001", NUMBER)]
    assert releases(client, name) == {}


def test_a_full_disk_is_waited_out_and_the_run_resumed(
    proxy: FaultyProxy, shaky: Cluster, client: Cluster, name: str, ledger: Ledger
) -> None:
    def block(value: bool | None) -> None:
        client.indices.put_settings(
            index=f"{name}-v0001", body={"index.blocks.read_only_allow_delete": value}
        )

    def fill_up(request: Request) -> Fault | None:
        if "/_bulk" in request.path and proxy.count("/_bulk") == 5:
            block(True)
        return None

    proxy.plan = fill_up
    with pytest.raises(DiskFull):
        load(shaky, name, ledger, resume=False)
    with pytest.raises(DiskFull, match=f"has not lifted its block of {name}-v0001"):
        load(client, name, ledger)
    assert len(ledger.before().settled) == 100
    block(None)
    report = load(client, name, ledger)
    assert (report.documents, report.resumed) == (NUMBER, 100) and count(client, name) == NUMBER


def test_a_swap_whose_answer_was_lost_is_found_to_be_done(
    proxy: FaultyProxy, shaky: Cluster, client: Cluster, name: str, ledger: Ledger
) -> None:
    index_catalogue(client, items(20), ENCODER, options(name))

    def gone_after_the_swap(request: Request) -> Fault | None:
        if "/_aliases" in request.path:
            return LoseAnswer()
        # So that the lease is let go of, which the next run would wait for.
        return Down() if proxy.count("/_aliases") and STATE_INDEX not in request.path else None

    proxy.plan = gone_after_the_swap
    with pytest.raises(ClusterUnavailable):
        load(shaky, name, ledger, resume=False)
    assert releases(client, name)[f"{name}-v0002"] == {name}
    counting = Counting()
    report = load(client, name, ledger, encoder=counting.encoder())
    assert (report.release, report.documents, counting.texts) == (f"{name}-v0002", NUMBER, [])
    assert count(client, name) == NUMBER


def test_what_has_no_fixed_content_cannot_be_resumed(client: Cluster, name: str, tmp_path: Path) -> None:
    source = IndexSource("hub:owner/name", ReadOptions())
    with pytest.raises(InputError, match="has no fixed content"):
        index_folder(client, source, options(name), DeadLetters(tmp_path / "dead.jsonl"), resume=True)


def test_two_runs_of_one_name_exclude_each_other(
    proxy: FaultyProxy, shaky: Cluster, client: Cluster, name: str, ledger: Ledger
) -> None:
    said: list[InputError] = []

    def second_run(request: Request) -> Fault | None:
        if "/_bulk" in request.path and proxy.count("/_bulk") == 1:
            with pytest.raises(InputError) as refused:
                index_catalogue(client, items(7), ENCODER, options(name))
            said.append(refused.value)
        return Answer(503) if proxy.count("/_bulk") == 1 and "/_bulk" in request.path else None

    proxy.plan = second_run
    settings = options(
        name, pipeline=ONE_WRITER, retry=replace(IMPATIENT, deadline_s=30, request_timeout_s=30)
    )
    assert load(shaky, name, ledger, resume=False, settings=settings).documents == NUMBER
    assert "is being changed by aisle index" in said[0].message
