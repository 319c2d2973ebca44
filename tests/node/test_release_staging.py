"""A release is staged, gated, promoted, and gone back from with its rules, while searches go on."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

import orjson
import pytest

import aisle
from aisle.cluster import Cluster
from aisle.encoder import ArtifactStore, DenseEncoder, item_text
from aisle.errors import IndexingFailed, IndexNotFound, InputError
from aisle.indexer.lease.lease import hold
from aisle.indexer.releases.inventory import list_releases, read_inventory
from aisle.indexer.releases.log import read_log
from aisle.indexer.releases.prune import prune_releases
from aisle.indexer.run import index_catalogue
from aisle.indexer.vectors import ItemEncoder, Vectors, dense_item_encoder, without_vectors
from aisle.search import Page, SearchClient
from aisle.search.rules.live import RulesReader
from aisle.types import Item
from tests.support.command import Done, failure, here, put_encoder
from tests.support.hash_vector_catalogue import HashEncoder
from tests.support.indexing import ENCODER, count, items, options, releases
from tests.support.proxies.faulty import Answer, FaultyProxy, Request

Command = Callable[..., Done]


def pinning(item: str) -> list[dict[str, object]]:
    return [{"id": "week", "when": {"query": "running shoe"}, "then": {"pin": [{"id": item, "at": 1}]}}]


@pytest.fixture
def command(
    node_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Command:
    settings = {"AISLE_URL": node_url, "AISLE_HOME": str(tmp_path / "home")}
    return lambda *arguments, **env: here(monkeypatch, capfd, *arguments, **settings | env)


def staged(client: Cluster, name: str, number: int, encoder: ItemEncoder = ENCODER) -> str:
    report = index_catalogue(client, items(number), encoder, options(name, keep=9, stage=True))
    assert report.staged and report.replaced == "" and report.deleted == ()
    return report.release


def test_a_staged_release_waits_until_it_is_promoted(client: Cluster, name: str, command: Command) -> None:
    index_catalogue(client, items(10), ENCODER, options(name, keep=9))
    index_catalogue(client, items(20), ENCODER, options(name, keep=9))
    new = staged(client, name, 30)
    assert count(client, name) == 20 and count(client, new) == 30
    assert [row.state.value for row in list_releases(client, name)] == ["kept", "live", "staged"]
    # It was never live: no rollback goes there, and cleaning up leaves it alone.
    assert aisle.rollback(name, dry_run=True, cluster=client).live == f"{name}-v0001"
    with pytest.raises(InputError, match=r"was never live. Fix: aisle releases promote"):
        aisle.rollback(name, new, cluster=client)
    assert new in prune_releases(client, name, 9, dry_run=True).kept
    assert new in prune_releases(client, name, 0, dry_run=True).kept
    would = command("releases", "promote", name, "--dry-run")
    assert would.out.splitlines()[0] == f"{name} would be {new} (it was {name}-v0002)"
    assert would.out.splitlines()[1].startswith("its models: ") and count(client, name) == 20
    with hold(client, name, "a long run", lease_s=1), pytest.raises(InputError, match="is being changed"):
        aisle.promote(name, cluster=client)
    done = orjson.loads(command("releases", "promote", name, new, "--json").out)
    models = done.pop("served_with")
    assert done == {"name": name, "live": new, "replaced": f"{name}-v0002", "done": True}
    assert len(models) == 1 and models[0] in would.out
    assert count(client, name) == 30
    assert releases(client, name) == {f"{name}-v0001": set(), f"{name}-v0002": set(), new: {name}}
    # What was live is the way back.
    assert aisle.rollback(name, cluster=client).live == f"{name}-v0002"
    told = [(one.action, one.release[-1], one.before[-1:]) for one in aisle.release_log(name, cluster=client)]
    assert told == [
        ("index", "1", ""),
        ("index", "2", "1"),
        ("stage", "3", ""),
        ("promote", "3", "2"),
        ("rollback", "2", "3"),
    ]
    shown = command("releases", "log", name)
    assert "promote" in shown.out and "@" in shown.out and shown.code == 0
    assert len(orjson.loads(command("releases", "log", name, "--json").out)) == 5


def test_what_cannot_be_promoted_is_told(client: Cluster, name: str, command: Command) -> None:
    index_catalogue(client, items(10), ENCODER, options(name))
    none = command("releases", "promote", name)
    assert f"0 releases of {name} are staged" in failure(none) and "--stage" in failure(none)
    staged(client, name, 11)
    staged(client, name, 12)
    assert "2 releases of" in failure(command("releases", "promote", name))
    for release, said in ((1, "is live already"), (7, "no staged release")):
        refused = failure(command("releases", "promote", name, f"{name}-v{release:04d}"))
        assert said in refused and f"choose from {name}-v0002, {name}-v0003" in refused
    assert "has no releases" in failure(command("releases", "log", f"{name}-typo"))
    # The next release makes those that waited, and are older, superfluous: they are no ways back.
    index_catalogue(client, items(13), ENCODER, options(name, keep=5))
    assert set(releases(client, name)) == {f"{name}-v0001", f"{name}-v0004"}
    before = failure(command("releases", "promote", name, f"{name}-v0001"))
    assert "was live before" in before and f"aisle releases rollback {name} --to {name}-v0001" in before
    # A log that somebody else wrote stops no release.
    client.index(index="aisle-state", id=f"{name}:log", body={"entries": [{"x": 1}]})
    assert index_catalogue(client, items(14), ENCODER, options(name)).release == f"{name}-v0005"
    with pytest.raises(InputError, match="cannot be read"):
        read_log(client, name)


@dataclass(slots=True)
class Load:
    """Searches, one after the other, until told to stop."""

    client: Cluster
    name: str
    stop: threading.Event = field(default_factory=threading.Event)
    pages: list[Page] = field(default_factory=list)

    def ask(self) -> None:
        shop = SearchClient(self.client, self.name, HashEncoder(), rules=RulesReader(self.client, 0.1))
        while not self.stop.wait(0.05):
            self.pages.append(shop.search("running shoe", size=5))

    def wait_for(self, more: int) -> None:
        wanted, deadline = len(self.pages) + more, time.monotonic() + 30
        while len(self.pages) < wanted and time.monotonic() < deadline:
            time.sleep(0.02)


def test_one_command_takes_back_a_release_with_its_rules_and_no_search_fails(
    client: Cluster, name: str
) -> None:
    index_catalogue(client, items(50, "shoe1"), ENCODER, options(name, keep=9))
    aisle.put_rules(name, pinning("id-7"), cluster=client)
    index_catalogue(client, items(50, "shoe2"), ENCODER, options(name, keep=9))
    aisle.put_rules(name, pinning("id-9"), cluster=client)
    load = Load(client, name)
    with ThreadPoolExecutor(2) as pool:
        searching = [pool.submit(load.ask) for _ in range(2)]
        try:
            load.wait_for(10)
            done = aisle.rollback(name, cluster=client)
            after = len(load.pages)
            load.wait_for(20)
        finally:
            load.stop.set()
        for one in searching:
            # Raises what any search raised.
            one.result(timeout=60)
    assert (done.live, done.rules) == (f"{name}-v0001", 3)
    seen = [(page.release[-1], page.hits[0].item.id) for page in load.pages]
    assert seen[0] == ("2", "id-9") and seen[-1] == ("1", "id-7")
    assert {release for release, _ in seen[after + 2 :]} == {"1"}
    (rule,) = aisle.show_rules(name, cluster=client)
    assert rule["then"] == {"pin": [{"id": "id-7", "at": 1}]}


def test_rules_go_back_to_none_and_what_is_not_known_any_more_changes_nothing(
    client: Cluster, name: str, command: Command
) -> None:
    index_catalogue(client, items(10), ENCODER, options(name, keep=9))
    index_catalogue(client, items(20), ENCODER, options(name, keep=9))
    aisle.put_rules(name, pinning("id-1"), cluster=client)
    would = command("releases", "rollback", name, "--dry-run")
    assert "would be" in would.out and "its rules: none" in would.out
    assert aisle.list_rules(name, cluster=client)[-1].rules == 1
    assert "its rules: none" in command("releases", "rollback", name).out
    assert aisle.list_rules(name, cluster=client)[-1].rules == 0
    # Forth again, to the release that they were put with.
    assert aisle.rollback(name, f"{name}-v0002", cluster=client).rules == 3
    for number in range(25):
        aisle.put_rules(name, pinning(f"id-{number % 9 + 2}"), cluster=client)
    refused = failure(command("releases", "rollback", name, "--to", f"{name}-v0001"))
    assert "are not kept any more" in refused and "without them (--keep-rules)" in refused
    assert read_inventory(client, name).live == (f"{name}-v0002",)
    kept = command("releases", "rollback", name, "--keep-rules", "--to", f"{name}-v0001")
    assert "its rules" not in kept.out and kept.code == 0
    assert aisle.list_rules(name, cluster=client)[-1].version == 28


def test_a_rollback_whose_rules_cannot_be_put_says_what_is_live_and_how_to_go_on(
    client: Cluster, shaky: Cluster, proxy: FaultyProxy, name: str
) -> None:
    index_catalogue(client, items(10), ENCODER, options(name, keep=9))
    aisle.put_rules(name, pinning("id-1"), cluster=client)
    index_catalogue(client, items(20), ENCODER, options(name, keep=9))
    aisle.put_rules(name, pinning("id-2"), cluster=client)

    def no_writing(request: Request) -> Answer | None:
        return Answer(403) if request.path.startswith("/aisle-rules/") and request.method == "PUT" else None

    proxy.plan = no_writing
    with pytest.raises(IndexingFailed, match=f"{name} is {name}-v0001, but its rules are as they") as stopped:
        aisle.rollback(name, cluster=shaky)
    assert stopped.value.fix == f"aisle rules rollback --name {name} --release {name}-v0001"
    assert read_inventory(client, name).live == (f"{name}-v0001",)
    assert aisle.rollback_rules(name, release=f"{name}-v0001", cluster=client).live.version == 3
    (rule,) = aisle.show_rules(name, cluster=client)
    assert rule["then"] == {"pin": [{"id": "id-1", "at": 1}]}


QUERIES = 24


@pytest.fixture
def judged(tmp_path: Path) -> Path:
    """Queries for items by their title's number."""
    folder = tmp_path / "judged"
    (folder / "qrels").mkdir(parents=True)
    queries = [{"_id": f"q{n}", "text": f"shoe {n}" + (" running" if n % 2 else "")} for n in range(QUERIES)]
    (folder / "queries.jsonl").write_bytes(b"\n".join(map(orjson.dumps, queries)))
    rows = [f"q{n}\tid-{n}\t3" for n in range(QUERIES)]
    (folder / "qrels" / "dev.tsv").write_text("query-id\tcorpus-id\tscore\n" + "\n".join(rows) + "\n")
    (tmp_path / "golden.tsv").write_text("shoe 3\tid-3\nshoe 5\tid-5\n")
    (tmp_path / "gate.toml").write_text("segment_queries = 5\nlatency_slack_ms = 1000.0\n")
    return folder


@pytest.fixture
def encoder(tmp_path: Path) -> ItemEncoder:
    """The packaged model, in the store of this test."""
    store = ArtifactStore(put_encoder(tmp_path / "home") / "artifacts")
    model = DenseEncoder.load(store.list()[0][0])
    return dense_item_encoder(model, item_text, name=model.manifest.name, dims=64)


def shuffled(encoder: ItemEncoder) -> ItemEncoder:
    """Vectors that belong to other items of the batch."""

    def encode(batch: Sequence[Item]) -> Vectors:
        order = list(batch)
        random.Random(0).shuffle(order)
        return encoder.encode(order)

    return replace(encoder, encode=encode)


def other_titles(number: int) -> Iterator[Item]:
    """The same items, but half of the titles belong to others: a feed that was put together wrongly."""
    for item in items(number):
        place = int(item.id.removeprefix("id-"))
        yield replace(item, title=f"shoe {place + 20 if place < QUERIES // 2 else place}", price=None)


def test_a_gate_lets_the_same_through_and_stops_a_worse_release(
    client: Cluster, name: str, encoder: ItemEncoder, judged: Path, tmp_path: Path, command: Command
) -> None:
    index_catalogue(client, items(60), encoder, options(name))
    asked = [
        *("--against", name, "--data", str(judged), "--golden", str(tmp_path / "golden.tsv")),
        *("--policy", str(tmp_path / "gate.toml"), "--sample", "60"),
    ]
    same = staged(client, name, 60, encoder)
    passed = command("gate", same, *asked, "--json")
    told = orjson.loads(passed.out)
    assert passed.code == 0 and told["passed"] and told["failures"] == []
    assert {one["gate"] for one in told["checks"]} == {
        *("metric against live", "significance", "segment against live", "golden queries"),
        *(
            "own titles and vectors",
            "vectors as made now",
            "coverage of fields",
            "documents",
            "size",
            "latency",
        ),
    }
    assert {"nDCG@10, words 2", "nDCG@10, category shoes"} <= {one["name"] for one in told["checks"]}
    assert read_inventory(client, name).live == (f"{name}-v0001",)
    # Vectors of other items: each is found by its title, and by its own vector is not.
    wrong = staged(client, name, 60, shuffled(encoder))
    stopped = command("gate", wrong, *asked, "--report", str(tmp_path / "gate.md"))
    assert stopped.code == 1 and "Traceback" not in stopped.err
    assert f"# {wrong} does not go live" in stopped.out
    assert (
        "**no** | own titles and vectors | items found by their vector" in (tmp_path / "gate.md").read_text()
    )
    told = orjson.loads(command("gate", wrong, *asked, "--json").out)
    assert "vectors as made now" in {one["gate"] for one in told["failures"]}
    # A feed that lost its prices and mixed up its titles.
    report = index_catalogue(client, other_titles(60), encoder, options(name, stage=True))
    found = aisle.gate_release(
        report.release,
        name,
        judged=judged,
        golden=tmp_path / "golden.tsv",
        policy=tmp_path / "gate.toml",
        cluster=client,
        store=ArtifactStore(tmp_path / "home" / "artifacts"),
    )
    assert {"metric against live", "golden queries", "coverage of fields", "segment against live"} <= {
        one.gate.value for one in found.failures
    }


def test_segments_by_demand_by_labels_and_of_fresh_items_are_looked_at(
    client: Cluster, name: str, judged: Path, tmp_path: Path, command: Command
) -> None:
    index_catalogue(client, items(14), without_vectors(), options(name))
    more = staged(client, name, QUERIES, without_vectors())
    (tmp_path / "popular.tsv").write_text("".join(f"shoe {n}\t{100 if n < 6 else 20}\n" for n in range(14)))
    (tmp_path / "labels.tsv").write_text("".join(f"q{n}\tsummer\n" for n in range(7)))
    asked = [
        *("--against", name, "--data", str(judged), "--policy", str(tmp_path / "gate.toml")),
        *("--popular", str(tmp_path / "popular.tsv"), "--labels", str(tmp_path / "labels.tsv"), "--json"),
    ]
    told = orjson.loads(command("gate", more, *asked).out)
    segments = {one["name"]: one for one in told["checks"] if one["gate"] == "segment against live"}
    assert {f"nDCG@10, {which}" for which in ("tail", "summer", "fresh items")} <= set(segments)
    fresh = segments["nDCG@10, fresh items"]
    assert fresh["note"] == f"{QUERIES - 14} queries" and fresh["value"] > fresh["live"] == 0
    # The other way round the release has lost them: one that is asked for what it does not have.
    aisle.promote(name, more, cluster=client)
    less = staged(client, name, 14, without_vectors())
    stopped = orjson.loads(command("gate", less, *asked).out)
    assert "segment against live" in {one["gate"] for one in stopped["failures"]}
    for option, said in (("--popular", "missing.tsv"), ("--labels", "missing.tsv")):
        assert said in failure(command("gate", less, *asked[:-1], option, str(tmp_path / "missing.tsv")))
    (tmp_path / "labels.tsv").write_text("q1\n")
    assert "labels.tsv, line 1 is not a query's id" in failure(command("gate", less, *asked))


def test_a_release_is_gated_with_the_rules_that_act_on_it(
    client: Cluster, name: str, judged: Path, tmp_path: Path, command: Command
) -> None:
    index_catalogue(client, items(60), without_vectors(), options(name))
    same = staged(client, name, 60, without_vectors())
    hidden = [f"id-{n}" for n in range(QUERIES // 2)]
    harmful, harmless = tmp_path / "harmful.json", tmp_path / "harmless.json"
    harmful.write_bytes(orjson.dumps([{"id": "clearance", "when": {}, "then": {"hide": hidden}}]))
    harmless.write_bytes(orjson.dumps([{"id": "gone", "when": {}, "then": {"hide": ["id-59"]}}]))
    asked = [
        *("--against", name, "--data", str(judged), "--golden", str(tmp_path / "golden.tsv")),
        *("--policy", str(tmp_path / "gate.toml"), "--json"),
    ]
    assert orjson.loads(command("gate", same, *asked).out)["rules"] == "none"
    for release in (same, name):
        passed = command("gate", release, *asked, "--rules", str(harmless))
        told = orjson.loads(passed.out)
        assert passed.code == 0 and told["passed"] and told["rules"] == "harmless.json (1)"
        stopped = command("gate", release, *asked, "--rules", str(harmful))
        told = orjson.loads(stopped.out)
        assert stopped.code == 1
        assert {"metric against live", "golden queries"} <= {one["gate"] for one in told["failures"]}
    shown = command("gate", name, *asked[:-1], "--rules", str(harmful))
    assert f"# {name}-v0001 with rules harmful.json (1) does not go live" in shown.out
    # What is live already acts on both: the release is no worse for it.
    aisle.put_rules(name, harmful, cluster=client)
    told = orjson.loads(command("gate", same, *asked[:4], *asked[6:]).out)
    assert told["passed"] and told["rules"] == "version 1 (1)"
    (mean,) = [one for one in told["checks"] if one["name"] == "nDCG@10"]
    assert mean["value"] == mean["live"] < 0.6
    assert aisle.list_rules(name, cluster=client)[-1].version == 1
    harmful.write_text("[{")
    assert "harmful.json is no JSON" in failure(command("gate", same, *asked, "--rules", str(harmful)))


def test_of_two_deploys_at_once_one_is_refused_or_comes_after_the_other(client: Cluster, name: str) -> None:
    index_catalogue(client, items(10), ENCODER, options(name, keep=9))
    new = [staged(client, name, number) for number in (11, 12)]

    def deploy(release: str) -> str:
        try:
            return aisle.promote(name, release, cluster=client).live
        except InputError as refused:
            return refused.message

    with ThreadPoolExecutor(2) as pool:
        told = list(pool.map(deploy, new))
    (live,) = read_inventory(client, name).live
    done = [entry for entry in read_log(client, name) if entry.action == "promote"]
    assert done[-1].release == live and {entry.release for entry in done} == set(told) & set(new)
    assert all(one in new or "is being changed" in one for one in told)
    # Whoever waited goes on from what is there then.
    other = next(release for release in new if release != live)
    if other not in told:
        assert aisle.promote(name, other, wait_s=5, cluster=client).replaced == live


def test_a_gate_without_judgments_looks_at_the_rest_and_bad_questions_are_told(
    client: Cluster, name: str, tmp_path: Path, command: Command
) -> None:
    index_catalogue(client, items(60), without_vectors(), options(name))
    small = staged(client, name, 30, without_vectors())
    stopped = command("gate", small, "--against", name, "--json")
    told = orjson.loads(stopped.out)
    assert stopped.code == 1 and [one["gate"] for one in told["failures"]] == ["documents"]
    assert told["skipped"]["metric against live"] == "there is no judged set"
    assert f"{name}-v0001 is both" in failure(command("gate", name, "--against", f"{name}-v0001"))
    (tmp_path / "golden.tsv").write_text("shoe 3\n")
    bad = command("gate", small, "--against", name, "--golden", str(tmp_path / "golden.tsv"))
    assert "golden.tsv, line 1 is not a query, a tab and an item's id" in failure(bad)
    with pytest.raises(IndexNotFound):
        aisle.gate_release(f"{name}-v0009", name, cluster=client)
    assert command("gate", small).code == 2
    printed = command("gate", "--print-policy")
    assert printed.code == 0 and "segment_drop = 0.05" in printed.out
