"""The role documents: enough for each job, and no more. A real node, behind a proxy that reads the documents.

The security plugin is not published for the embedded node. What a request needs comes from ``rest_actions``,
which the first test here holds to the node's own log of the actions that it performed.
"""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

import aisle
from aisle._rules import rules_to_ask_with
from aisle._suggest import SuggestOptions
from aisle._tune import apply_fusion
from aisle.cluster import Cluster, ClusterSettings, connect
from aisle.evaluation.experiments.design import Arm, Experiment
from aisle.evaluation.experiments.design import Kind as Comparison
from aisle.evaluation.watch.policy import WatchPolicy
from aisle.indexer import index_catalogue
from aisle.indexer.lease.lease import hold
from aisle.indexer.lease.state import STATE_INDEX
from aisle.indexer.releases.diff import diff_releases
from aisle.indexer.releases.inherit import Inherited, inherited
from aisle.indexer.releases.inventory import list_releases
from aisle.indexer.releases.prune import prune_releases
from aisle.indexer.releases.smoke_queries import check_release
from aisle.mappings import DENSE, default_fusion
from aisle.mappings.observations import OBSERVATIONS, Kind
from aisle.mappings.roles import Role, role_document
from aisle.mappings.ubi import EVENTS, QUERIES, Action
from aisle.search import SearchClient
from aisle.search.recommend.client import RecommendationClient
from aisle.search.rules.live import RulesReader
from aisle.search.rules.store import KEPT_VERSIONS, RULES_INDEX
from aisle.search.tuning.fusion_file import FusionFile
from aisle.service.events.writer import EventWriter, Outcome, Record
from tests.support.indexing import ENCODER, SPACE, items, options, releases
from tests.support.proxies.authorising import Authorising, authorising, password_of
from tests.support.recommending_shop import put_recommending_shop
from tests.support.rest_actions import needs
from tests.support.update_stream import update, write_lines

LOGGER = "logger.org.opensearch.tasks.TaskManager"
REGISTERED = re.compile(r" register \d+ \[transport\] \[(.+?)\] \[")
# What a node does by itself, as nobody: checkpoints of its shards and the sizes of its disks.
OF_ITS_OWN = {
    "retention_lease_background_sync",
    "retention_lease_sync",
    "indices:admin/seq_no/global_checkpoint_sync",
    "cluster:monitor/nodes/stats",
    "indices:monitor/stats",
}
DOCUMENT = {"a": "x"}
SCROLL = "that of the last search"


def requests(index: str, pit: str = "") -> list[tuple[str, str, Any]]:
    """One of each kind that Aisle sends, in an order in which each succeeds."""
    pipeline = f"/_search/pipeline/{index}"
    bulk = [{"index": {"_id": "1"}}, DOCUMENT, {"delete": {"_id": "9"}}]
    mapping = {"dynamic": "strict", "properties": {"a": {"type": "keyword"}}}
    return [
        ("GET", "/", None),
        ("GET", "/_nodes/plugins", None),
        ("GET", "/_nodes/stats/fs", None),
        ("GET", "/_cluster/settings", None),
        ("PUT", pipeline, {"description": "of a test"}),
        ("GET", pipeline, None),
        ("PUT", f"/{index}", {"mappings": mapping, "settings": {"number_of_replicas": 0}}),
        ("GET", f"/_cluster/health/{index}", None),
        ("POST", f"/{index}/_bulk", bulk),
        ("POST", "/_bulk", [{"create": {"_index": index, "_id": "3"}}, DOCUMENT]),
        ("POST", f"/{index}/_refresh", None),
        ("POST", f"/{index}/_flush", None),
        ("GET", f"/{index}/_count", None),
        ("POST", f"/{index}/_search", {"query": {"match_all": {}}}),
        ("POST", f"/{index}/_search?scroll=1m", {"size": 1}),
        ("POST", "/_search/scroll", {"scroll": "1m", "scroll_id": SCROLL}),
        ("DELETE", "/_search/scroll", {"scroll_id": SCROLL}),
        ("POST", f"/{index}/_mget", {"ids": ["1"]}),
        ("POST", f"/{index}/_msearch", [{}, {"query": {"match_all": {}}}]),
        ("GET", f"/{index}/_doc/1", None),
        ("PUT", f"/{index}/_doc/2", DOCUMENT),
        ("PUT", f"/{index}/_settings", {"index": {"refresh_interval": "5s"}}),
        ("PUT", f"/{index}/_mapping", {"_meta": {"a": "x"}}),
        ("PUT", f"/{index}/_alias/{index}-a", None),
        ("GET", f"/{index}/_alias", None),
        ("POST", "/_aliases", {"actions": [{"remove": {"index": index, "alias": f"{index}-a"}}]}),
        ("GET", f"/{index}", None),
        ("HEAD", f"/{index}", None),
        ("POST", f"/{index}/_forcemerge", None),
        ("DELETE", f"/{index}", None),
    ]


def test_the_node_performs_the_very_actions_that_are_checked(
    client: Cluster, name: str, node_log: Path
) -> None:
    index = f"{name}-v0001"
    client.cluster.put_settings(body={"transient": {LOGGER: "trace"}})
    try:
        with node_log.open("rb") as log:
            scroll = ""
            for method, path, body in requests(index):
                log.seek(0, 2)
                sent = as_bytes(body).replace(SCROLL.encode(), scroll.encode())
                answer = client.transport.perform_request(method, path, body=sent)
                scroll = answer.get("_scroll_id", scroll) if isinstance(answer, dict) else scroll
                performed = read_actions(log, until=needs(method, path, as_bytes(body)))
                wanted = {need.action for need in needs(method, path, as_bytes(body)) or ()}
                # The parts of a bulk request are no actions of their own to a node, but are to the plugin.
                parts = (
                    {"indices:data/write/index", "indices:data/write/delete"} if "_bulk" in path else set()
                )
                # A single document goes on as a bulk request, without a new task.
                handed_on = {"indices:data/write/bulk"} if "/_doc/2" in path else set()
                assert wanted - parts - handed_on <= performed, (method, path)
                assert performed - OF_ITS_OWN <= wanted, (method, path)
    finally:
        client.cluster.put_settings(body={"transient": {LOGGER: None}})
        client.transport.perform_request("DELETE", f"/_search/pipeline/{index}", params={"ignore": 404})


# Needed by whoever is the first in a cluster, or the first to take the lease of a catalogue.
FIRST_ONLY = {
    ("cluster:admin/search/pipeline/put", ()),
    ("indices:admin/create", (STATE_INDEX,)),
    ("indices:admin/get", (STATE_INDEX,)),
    ("indices:admin/create", (RULES_INDEX,)),
    ("indices:admin/get", (RULES_INDEX,)),
    ("indices:admin/create", (OBSERVATIONS, EVENTS, QUERIES)),
}


def test_each_role_does_its_job_and_needs_all_that_it_has(
    client: Cluster, node_url: str, name: str, tmp_path: Path
) -> None:
    first, second = f"{name}-v0001", f"{name}-v0002"
    with authorising(node_url, {str(role): role_document(role, name) for role in Role}) as proxy:
        indexer, updater, manager, searcher, merchandiser, recorder, watcher = (
            connected(proxy, user) for user in Role
        )
        for _ in range(3):
            asked = options(name, force_merge=True, keep=1, replicas=1)
            made = SuggestOptions().builder(indexer, asked.retry)
            report = index_catalogue(indexer, made.watch(items(40)), ENCODER, asked, suggestions=made)
        with hold(indexer, name, "a test"):
            check_release(indexer, report.release, list(items(5)), encoder=ENCODER)
        spaces = {DENSE: SPACE}
        apply_fusion(name, FusionFile(default_fusion(), spaces, report.release), cluster=indexer)
        assert inherited(indexer, name, spaces) == Inherited(default_fusion())
        # What a gate of `aisle index` asks beside searches.
        assert rules_to_ask_with(indexer, name, None)[1] == "none"
        changes = [{"id": "new", "title": "Boot"}, {"op": "delete", "id": "id-3"}]
        update(updater, name, write_lines(tmp_path / "changes.jsonl", changes), folder=tmp_path, refresh=True)
        # What the command names the checkpoint after.
        assert updater.info()["cluster_uuid"]
        hiding = [{"id": "hiding", "then": {"hide": ["id-1"]}}]
        assert aisle.put_rules(name, hiding, cluster=merchandiser).live.release == report.release
        found = SearchClient(searcher, name, ENCODED, rules=RulesReader(searcher)).search(
            "boot", legs=["bm25"]
        )
        assert [hit.item.id for hit in found.hits] == ["new"]
        assert found.rules is not None and (found.rules.version, found.rules.problem) == (1, "")
        measured = {"systems": {"bm25": {"nDCG@10": 0.4}}}
        (tmp_path / "report.json").write_text(json.dumps(measured))
        assert aisle.record_report(name, tmp_path / "report.json", cluster=recorder) == 1
        assert written_by_the_service(recorder, name) == dict.fromkeys((QUERIES, EVENTS, OBSERVATIONS), 1)
        watched_by(watcher, client, name, tmp_path)
        suggested = SearchClient(searcher, name, ENCODED).suggest("sho")
        assert [query.text for query in suggested.queries] == ["shoe"]
        with pytest.raises(NotImplementedError):
            # As far as the pipeline's check, which comes before the query is encoded.
            SearchClient(searcher, name, ENCODED).search("boot")
        assert [row.release for row in list_releases(manager, name)] == [second, f"{name}-v0003"]
        # What `aisle artifacts push` asks beside that: which cluster it is, and the catalogue's rules.
        assert manager.info()["cluster_uuid"] and aisle.list_rules(name, cluster=manager) is not None
        diff_releases(manager, name, second, f"{name}-v0003")
        # There were no rules yet: they are switched off, and come back with the release that had them.
        assert aisle.rollback(name, cluster=manager).live == second
        for number in range(KEPT_VERSIONS - 2):
            aisle.put_rules(name, [hiding[0] | {"id": f"hiding-{number}"}], cluster=merchandiser)
        assert aisle.rollback(name, f"{name}-v0003", cluster=manager).rules == KEPT_VERSIONS + 1
        aisle.delete_rules(name, history=True, cluster=merchandiser)
        assert prune_releases(manager, name, 0).deleted == (second,)
        artifacts = put_recommending_shop(client, f"{name}-v0004")
        recommended = RecommendationClient(searcher, f"{name}-v0004", artifacts).recommend(["item-010"])
        assert len(recommended.items) == 10
        # Of a release on faiss it is asked whether the nodes have it; who may not know that goes on.
        refused = {need.action for _, need in proxy.refused}
        assert (refused - {"cluster:monitor/nodes/info"}, proxy.unknown) == (set(), [])
        unneeded = {user: missing(proxy, user) - FIRST_ONLY for user in proxy.roles}
    assert unneeded == {user: set() for user in proxy.roles}
    assert first not in releases(client, name)
    client.indices.delete(index=f"{QUERIES},{EVENTS},{OBSERVATIONS}", ignore_unavailable=True)


def watched_by(watcher: Cluster, client: Cluster, name: str, folder: Path) -> None:
    """A round of `aisle watch`, the report of an experiment, and what judged queries ask beside that."""
    common = {"application": name, "query_id": "w", "client_id": "c", "user_query": "boot"}
    arm = {"kind": "search", "matched": "words", "page": 1, "experiment": "roles", "search_config": "words"}
    at = datetime.now(UTC).isoformat(timespec="milliseconds")
    click = {"object": {"object_id": "new"}, "position": {"ordinal": 1}}
    for index, more in (
        (QUERIES, {"query_attributes": arm, "query_response_hit_ids": ["new"]}),
        (EVENTS, {"action_name": Action.CLICK, "event_attributes": click}),
    ):
        client.index(index=index, body={**common, "timestamp": at, **more}, params={"refresh": "true"})
    found = aisle.watch(name, policy=WatchPolicy(least_searches=1), state=folder / "w.json", cluster=watcher)
    assert found.well and "traffic" not in found.state.skipped
    experiment = Experiment("roles", name, Comparison.SPLIT, (Arm("words", 50, system="bm25"),))
    assert aisle.report_experiment(experiment, cluster=watcher).arms[1].clicks == 1
    judging = SearchClient(watcher, name, ENCODED, rules=RulesReader(watcher))
    assert [one.id for one in judging.rank("boot", legs=["bm25"]).fused] == ["new"]
    with pytest.raises(NotImplementedError):
        judging.rank("boot")


class Counted(Counter[str]):
    """Counts what was written, by its index."""

    def count(self, index: str, outcome: Outcome, why: str = "", number: int = 1) -> None:
        self[index] += number if outcome is Outcome.WRITTEN else 0


def written_by_the_service(cluster: Cluster, name: str) -> dict[str, int]:
    """An answer, its observation and a click, as `aisle serve --events` records them."""
    counted = Counted()
    writer = EventWriter(cluster, counted, 1_000, every_s=0.01)
    observed = {"kind": Kind.SEARCH, "catalogue": name}
    records = [
        Record(QUERIES, {"query_id": "q", "application": name}),
        Record(EVENTS, {"query_id": "q", "application": name, "action_name": Action.CLICK}),
        Record(OBSERVATIONS, {"query_id": "q", "timestamp": 0, **observed}),
    ]
    writer.start()
    assert writer.put(records)
    writer.stop(30)
    return dict(counted)


FORBIDDEN: dict[str, list[tuple[str, str, Any]]] = {
    "searcher": [
        ("POST", "/NAME/_bulk", [{"index": {"_id": "1"}}, {"title": "x"}]),
        ("PUT", "/NAME/_doc/1", {"title": "x"}),
        ("DELETE", "/NAME-v0001", None),
        ("PUT", "/NAME-v0002", None),
        ("POST", "/_aliases", {"actions": [{"add": {"index": "NAME-v0001", "alias": "NAME-x"}}]}),
        ("PUT", "/_search/pipeline/NAME", {"description": "x"}),
        ("GET", "/aisle-state/_doc/NAME", None),
        ("PUT", "/aisle-rules/_doc/NAME", {"versions": []}),
        ("POST", "/other-v0001/_search", {}),
    ],
    "merchandiser": [
        ("POST", "/NAME/_bulk", [{"index": {"_id": "1"}}, {"title": "x"}]),
        ("DELETE", "/aisle-rules", None),
        ("GET", "/aisle-state/_doc/NAME", None),
        ("POST", "/other-v0001/_search", {}),
    ],
    "watcher": [
        ("POST", "/NAME/_bulk", [{"index": {"_id": "1"}}, {"title": "x"}]),
        ("PUT", "/ubi_events/_doc/1", {"title": "x"}),
        ("PUT", "/aisle-rules/_doc/NAME", {"versions": []}),
        ("GET", "/aisle-state/_doc/NAME", None),
        ("POST", "/_aliases", {"actions": [{"add": {"index": "NAME-v0001", "alias": "NAME-x"}}]}),
        ("POST", "/other-v0001/_search", {}),
    ],
    "recorder": [
        ("POST", "/NAME/_bulk", [{"index": {"_id": "1"}}, {"title": "x"}]),
        ("POST", "/ubi_events/_search", {}),
        ("DELETE", "/ubi_events", None),
        ("GET", "/aisle-state/_doc/NAME", None),
    ],
    "updater": [
        ("DELETE", "/NAME-v0001", None),
        ("PUT", "/NAME-v0002", None),
        ("POST", "/NAME/_forcemerge", None),
        ("POST", "/other/_bulk", [{"index": {"_id": "1"}}, {"title": "x"}]),
    ],
    "releases": [
        ("POST", "/NAME/_bulk", [{"index": {"_id": "1"}}, {"title": "x"}]),
        ("PUT", "/NAME-v0002", None),
        ("DELETE", "/other-v0001", None),
    ],
    "indexer": [
        ("DELETE", "/other-v0001", None),
        ("PUT", "/NAMEplus", None),
        ("DELETE", "/aisle-state", None),
        ("POST", "/_aliases", {"actions": [{"add": {"index": "other-v0001", "alias": "NAME"}}]}),
        ("GET", "/other/_alias", None),
    ],
}


@pytest.mark.parametrize("user", FORBIDDEN)
def test_no_role_reaches_beyond_its_job(client: Cluster, node_url: str, name: str, user: str) -> None:
    client.indices.create(index=f"{name}-v0001", body={"aliases": {name: {}}})
    before = client.indices.get(index=f"{name}*")
    with authorising(node_url, {user: role_document(Role(user), name)}) as proxy:
        asking = connected(proxy, user)
        for method, path, body in FORBIDDEN[user]:
            said = as_bytes(body).replace(b"NAME", name.encode())
            status = asking.transport.perform_request(
                method, path.replace("NAME", name), body=said, params={"ignore": 403}
            )
            assert status["status"] == 403 and "no permissions for" in str(status), (method, path)
        assert len(proxy.refused) == len(FORBIDDEN[user])
        assert proxy.unknown == []
    assert client.indices.get(index=f"{name}*") == before
    assert client.count(index=name)["count"] == 0


class Encoded:
    """The space of the tests' vectors; nothing is asked with vectors here."""

    fingerprint = SPACE.fingerprint

    def encode_queries(self, texts: list[str], dims: int | None = None) -> Any:
        raise NotImplementedError


ENCODED = Encoded()


@pytest.fixture
def node_log(client: Cluster) -> Iterator[Path]:
    """The session node's own log."""
    nodes = client.nodes.info(metric="settings", filter_path="nodes.*.settings.path.logs")["nodes"]
    path = Path(next(iter(nodes.values()))["settings"]["path"]["logs"]) / "node.log"
    assert path.is_file(), "these tests read the log of an embedded node on this machine"
    yield path


def connected(proxy: Authorising, user: str) -> Cluster:
    password = SecretStr(password_of(user))
    return connect(ClusterSettings(url=proxy.url, user=user, password=password, timeout_s=120))


def missing(proxy: Authorising, user: str) -> set[tuple[str, tuple[str, ...]]]:
    """Permissions of the user's role that nothing has needed."""
    role = proxy.roles[user]
    given: set[tuple[str, tuple[str, ...]]] = {(action, ()) for action in role["cluster_permissions"]}
    for permission in role["index_permissions"]:
        given |= {(action, tuple(permission["index_patterns"])) for action in permission["allowed_actions"]}
    return given - proxy.used.get(user, set())


def as_bytes(body: Any) -> bytes:
    if isinstance(body, list):
        return b"".join(json.dumps(line).encode() + b"\n" for line in body)
    return json.dumps(body).encode() if body is not None else b""


def read_actions(log: Any, until: Any) -> set[str]:
    """Actions that the log names from here on; waits a moment, as the last line may be on its way."""
    found: set[str] = set()
    for _ in range(20):
        found |= set(REGISTERED.findall(log.read().decode(errors="replace")))
        if {need.action for need in until or ()} <= found:
            return found
        time.sleep(0.02)
    return found
