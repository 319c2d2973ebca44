"""A command that waits for another one looks again when its turn comes: neither loses what the other did."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import orjson
import pytest

import aisle
from aisle.cluster import Cluster
from aisle.cluster.failures import RetryPolicy
from aisle.errors import InputError
from aisle.indexer.lease.lease import hold
from aisle.indexer.ledger.resume import ResumeContext
from aisle.indexer.ledger.store import Ledger
from aisle.indexer.options import IndexOptions
from aisle.indexer.releases.inventory import read_inventory
from aisle.indexer.releases.names import promote_actions, rollback_actions
from aisle.indexer.releases.release_meta import rewrite_meta
from aisle.indexer.run import index_catalogue
from aisle.mappings import BM25, DENSE, FusionSpec, pipeline_name
from aisle.mappings.ordering import NamedModel, NamedStage, Ordering
from aisle.mappings.signals import SignalBoosts
from aisle.search import read_live
from tests.support.command import failure, here
from tests.support.indexing import ENCODER, items, options
from tests.support.proxies.faulty import FaultyProxy, Request

RANKER = NamedModel("ab" * 32, "theirs")
RERANKER = NamedStage("cd" * 32, "slow", 20)
FUSION = FusionSpec((BM25, DENSE), (0.8125, 0.1875), rank_constant=1)


def while_held(client: Cluster, name: str, command: Callable[[], Any], theirs: Callable[[], Any]) -> Any:
    """A command that comes while somebody holds the lease, who does something before letting go of it."""
    with ThreadPoolExecutor(1) as pool:
        with hold(client, name, "the other", lease_s=30):
            ours = pool.submit(command)
            # Long enough to have looked; what looks later still is no worse off.
            time.sleep(1.0)
            theirs()
        return ours.result(timeout=60)


def three_releases(client: Cluster, name: str) -> None:
    for number in (10, 11, 12):
        index_catalogue(client, items(number), ENCODER, options(name, keep=9))


def move(client: Cluster, actions: list[dict[str, Any]]) -> None:
    client.indices.update_aliases(body={"actions": actions})


def test_of_two_binds_at_once_none_is_lost(client: Cluster, name: str) -> None:
    index_catalogue(client, items(10), ENCODER, options(name))
    release = f"{name}-v0001"
    before, theirs = Ordering(ranker=RANKER), Ordering(ranker=RANKER, reranker=(RERANKER,))
    rewrite_meta(client, release, {"ordering": before.to_json()})
    done = while_held(
        client,
        name,
        lambda: aisle.bind_models(name, ranker="none", wait_s=30, cluster=client),
        lambda: rewrite_meta(client, release, {"ordering": theirs.to_json()}),
    )
    assert (done.before, done.after, done.done) == (theirs, Ordering(reranker=(RERANKER,)), True)
    assert read_live(client, name).meta.ordering == done.after


@pytest.mark.parametrize("asked", ["", "-v0001", "-v0002"])
def test_nothing_is_bound_where_another_release_went_live(client: Cluster, name: str, asked: str) -> None:
    index_catalogue(client, items(10), ENCODER, options(name, keep=9))
    index_catalogue(client, items(11), ENCODER, options(name, keep=9, stage=True))
    first, second = f"{name}-v0001", f"{name}-v0002"
    for release in (first, second):
        rewrite_meta(client, release, {"ordering": Ordering(ranker=RANKER).to_json()})
    with pytest.raises(InputError, match=rf"live by now, and nothing was bound to it.*releases list {name}"):
        while_held(
            client,
            name,
            lambda: aisle.bind_models(name + asked, ranker="none", wait_s=30, cluster=client),
            lambda: move(client, promote_actions(name, second, (first,))),
        )
    assert all(read_live(client, one).meta.ordering.ranker == RANKER for one in (first, second))


def change_live(client: Cluster, name: str) -> None:
    changed = {"fusion": FUSION.to_json(), "ordering": Ordering(reranker=(RERANKER,)).to_json()}
    rewrite_meta(client, read_inventory(client, name).live[0], changed)


def takes_over(client: Cluster, name: str, release: str) -> None:
    meta = read_live(client, name).meta
    assert (meta.release, meta.fusion) == (release, FUSION)
    assert meta.ordering == Ordering(reranker=(RERANKER,)) and pipeline_name(FUSION) in meta.pipelines
    assert pipeline_name(FUSION) in client.transport.perform_request("GET", "/_search/pipeline")


def test_a_release_takes_over_what_was_tuned_and_bound_until_it_had_the_lease(
    client: Cluster, name: str
) -> None:
    index_catalogue(client, items(10), ENCODER, options(name))
    report = while_held(
        client,
        name,
        lambda: index_catalogue(client, items(11), ENCODER, options(name)),
        lambda: change_live(client, name),
    )
    takes_over(client, name, report.release)


def test_a_resumed_run_takes_over_what_was_tuned_and_bound_since_it_was_interrupted(
    client: Cluster, name: str, tmp_path: Path
) -> None:
    def run(asked: IndexOptions, *, resume: bool, **more: Any) -> Any:
        context = ResumeContext(ledger, {"the content of the catalogue": "a"}, resume)
        return index_catalogue(client, items(40), ENCODER, asked, context=context, **more)

    class Breaks:
        """A check that ends the run as a node that is away does."""

        def check(self, release: str) -> None:
            raise KeyboardInterrupt

    index_catalogue(client, items(10), ENCODER, options(name))
    first = f"{name}-v0001"
    boosts = SignalBoosts({"price": -0.2}).to_json()
    rewrite_meta(client, first, {"fusion": FusionSpec((BM25,), (1.0,)).to_json(), "boosts": boosts})
    with Ledger(tmp_path / "shop.sqlite") as ledger:
        with pytest.raises(KeyboardInterrupt):
            run(options(name), resume=False, checks=[Breaks()])
        rewrite_meta(client, first, {"boosts": None})
        change_live(client, name)
        report = run(options(name, retry=RetryPolicy()), resume=True)
    assert report.resumed == 40
    takes_over(client, name, f"{name}-v0002")
    assert read_live(client, name).meta.boosts is None


@pytest.mark.parametrize("rules", [True, False])
def test_of_two_that_go_back_at_once_one_does_and_the_other_is_told(
    client: Cluster, name: str, rules: bool
) -> None:
    three_releases(client, name)
    second, third = f"{name}-v0002", f"{name}-v0003"
    with pytest.raises(InputError, match=f"{second} is live by now, not {third}|{second} is live already"):
        while_held(
            client,
            name,
            lambda: aisle.rollback(name, rules=rules, wait_s=30, cluster=client),
            lambda: move(client, rollback_actions(name, second, (third,))),
        )
    assert read_inventory(client, name).live == (second,)


def test_a_release_is_promoted_only_over_the_one_that_it_was_held_against(
    client: Cluster,
    node_url: str,
    name: str,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    index_catalogue(client, items(10), ENCODER, options(name, keep=9))
    staged = [
        index_catalogue(client, items(number), ENCODER, options(name, keep=9, stage=True)).release
        for number in (11, 12)
    ]
    first = f"{name}-v0001"
    with pytest.raises(InputError, match=f"{staged[0]} is live by now, not {first}"):
        while_held(
            client,
            name,
            lambda: aisle.promote(name, staged[1], replacing=first, wait_s=30, cluster=client),
            lambda: move(client, promote_actions(name, staged[0], (first,))),
        )
    promote = ("releases", "promote", name, staged[1], "--replacing")
    told = here(monkeypatch, capfd, *promote, first, AISLE_URL=node_url)
    assert f"{staged[0]} is live by now, not {first}" in failure(told)
    assert here(monkeypatch, capfd, *promote, staged[0], AISLE_URL=node_url).code == 0
    assert read_inventory(client, name).live == (staged[1],)


def hiding(item: str) -> list[dict[str, Any]]:
    return [{"id": "one", "then": {"hide": [item]}}]


@pytest.mark.parametrize(
    "command",
    [
        lambda name, cluster: aisle.rollback_rules(name, cluster=cluster),
        lambda name, cluster: aisle.delete_rules(name, cluster=cluster),
        lambda name, cluster: aisle.put_rules(name, hiding("id-1"), cluster=cluster),
    ],
    ids=["rollback", "delete", "put"],
)
def test_rules_that_somebody_put_meanwhile_stay_and_one_is_told(
    client: Cluster, shaky: Cluster, proxy: FaultyProxy, name: str, command: Callable[..., Any]
) -> None:
    index_catalogue(client, items(10), ENCODER, options(name))
    for number in (1, 2):
        aisle.put_rules(name, hiding(f"id-{number}"), cluster=client)
    once = threading.Lock()

    def meanwhile(request: Request) -> None:
        # The command has read which versions there are, and asks for something else.
        seen = any(f"/aisle-rules/_doc/{name}" in path for path in asked)
        asked.append(request.path)
        if seen and once.acquire(blocking=False):
            aisle.put_rules(name, hiding("id-3"), cluster=client)

    asked: list[str] = []
    proxy.plan = meanwhile
    with pytest.raises(InputError, match="somebody else put rules"):
        command(name, shaky)
    (rule,) = aisle.show_rules(name, cluster=client)
    assert rule["then"] == {"hide": ["id-3"]}


def test_the_log_names_rules_that_were_put_and_that_came_back(
    client: Cluster,
    node_url: str,
    name: str,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    index_catalogue(client, items(10), ENCODER, options(name, keep=9))
    aisle.put_rules(name, hiding("id-1"), cluster=client)
    index_catalogue(client, items(11), ENCODER, options(name, keep=9))
    aisle.put_rules(name, hiding("id-2"), cluster=client)
    aisle.rollback(name, cluster=client)
    aisle.delete_rules(name, cluster=client)
    done = here(monkeypatch, capfd, "releases", "log", name, "--json", AISLE_URL=node_url)
    told = [(one["action"], one["release"][-1], one["note"]) for one in orjson.loads(done.out)]
    # Those of one second stand in the order in which they were found.
    assert sorted(one for one in told if one[0] == "rules") == [
        ("rules", "1", "version 1"),
        ("rules", "1", "version 3"),
        ("rules", "1", "version 4, no rules"),
        ("rules", "2", "version 2"),
    ]
    assert [one[0] for one in told].count("rollback") == 1
