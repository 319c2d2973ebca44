"""List, compare, go back and clean up, on a real node."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from typer.testing import CliRunner, Result

from aisle.cli.releases import app
from aisle.cluster import Cluster, ClusterSettings, connect
from aisle.errors import InputError
from aisle.indexer.lease.lease import hold
from aisle.indexer.releases.diff import diff_releases, documents
from aisle.indexer.releases.inventory import list_releases
from aisle.indexer.releases.names import loading_alias
from aisle.indexer.releases.prune import prune_releases
from aisle.indexer.releases.rollback import rollback
from aisle.indexer.run import index_catalogue
from aisle.indexer.vectors import without_vectors
from aisle.mappings import SCHEMA_VERSION, fields
from aisle.types import Item
from tests.support.command import failure, here
from tests.support.indexing import ENCODER, QUICK, count, items, options, releases
from tests.support.proxies.faulty import FaultyProxy, LoseAnswer, first

Release = Callable[..., str]
Command = Callable[..., Result]


def now() -> str:
    """As a release's ``created`` is written."""
    return datetime.now(UTC).isoformat(timespec="seconds")


@pytest.fixture
def release(client: Cluster, name: str) -> Release:
    """Makes the next release of ``name`` live; keeps all."""

    def make(stream: Iterator[Item] | list[Item], **changes: Any) -> str:
        encoder = changes.pop("encoder", ENCODER)
        return index_catalogue(client, stream, encoder, options(name, keep=9, **changes)).release

    return make


@pytest.fixture
def unfinished(client: Cluster, name: str) -> Callable[[int], str]:
    """Makes an index that looks as one whose run was killed."""

    def make(version: int) -> str:
        index = f"{name}-v{version:04d}"
        client.indices.create(index=index, body={"aliases": {loading_alias(index): {}}})
        return index

    return make


@pytest.fixture
def command(node_url: str, monkeypatch: pytest.MonkeyPatch) -> Command:
    """``aisle releases ...``; an error of Aisle is in ``exception``."""
    monkeypatch.setenv("AISLE_URL", node_url)
    monkeypatch.setenv("COLUMNS", "240")
    return lambda *arguments: CliRunner().invoke(app, arguments)


def test_a_list_tells_what_each_release_is(
    client: Cluster, name: str, release: Release, unfinished: Callable[[int], str], command: Command
) -> None:
    before = now()
    release(items(20))
    release(items(30))
    release(items(40), encoder=without_vectors())
    rollback(client, name, f"{name}-v0002", policy=QUICK)
    unfinished(4)
    rows = {row.release[-1]: row for row in list_releases(client, name)}
    assert [row.state.value for row in rows.values()] == ["kept", "live", "withdrawn", "unfinished"]
    assert [row.documents for row in rows.values()] == [20, 30, 40, 0]
    assert rows["1"].encoders == {"dense": f"test@8 {'ab' * 6}"} and rows["3"].encoders == {}
    assert (rows["1"].schema_version, rows["4"].schema_version) == (SCHEMA_VERSION, None)
    assert all(row.size_bytes for row in rows.values())
    # Whole seconds: two releases may share one.
    moments = [before, *(row.created for row in rows.values()), now()]
    assert moments == sorted(moments)
    told = orjson.loads(command("list", name, "--json").stdout)
    assert told == [orjson.loads(orjson.dumps(row.to_json())) for row in rows.values()]
    table = command("list", name).stdout
    assert all(word in table for word in (f"{name}-v0002", "withdrawn", "words alone", "test@8"))


@pytest.mark.parametrize(
    "arguments",
    [("list",), ("list", "--json"), ("prune", "--keep", "1"), ("prune", "--keep", "1", "--dry-run")],
)
def test_a_name_that_is_a_typing_error_is_told(
    node_url: str,
    name: str,
    arguments: tuple[str, ...],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    command, *options = arguments
    done = here(monkeypatch, capfd, "releases", command, f"{name}-typo", *options, AISLE_URL=node_url)
    assert f"{name}-typo has no releases" in failure(done) and done.out == ""


def test_a_rollback_goes_back_says_what_is_live_and_can_be_undone(
    client: Cluster, name: str, release: Release, command: Command
) -> None:
    for number in (20, 30, 40):
        release(items(number))
    would = command("rollback", name, "--dry-run")
    assert would.stdout.splitlines() == [
        f"{name} would be {name}-v0002 (it was {name}-v0003)",
        "its models: test abababababab",
    ]
    assert count(client, name) == 40
    done = orjson.loads(command("rollback", name, "--json").stdout)
    assert done == {
        "name": name,
        "live": f"{name}-v0002",
        "withdrawn": f"{name}-v0003",
        "done": True,
        "rules": None,
        "served_with": ["test abababababab"],
    }
    assert count(client, name) == 30
    # What was withdrawn is no way back: the next one is older still.
    assert f"is now {name}-v0001" in command("rollback", name).stdout
    again = command("rollback", name)
    assert isinstance(again.exception, InputError) and "no older" in str(again.exception)
    assert command("rollback", name, "--to", f"{name}-v0003").exit_code == 0
    assert releases(client, name) == {
        f"{name}-v0001": {f"{name}-v0001-withdrawn"},
        f"{name}-v0002": {f"{name}-v0002-withdrawn"},
        f"{name}-v0003": {name},
    }


def test_the_run_after_a_rollback_deletes_what_was_withdrawn_and_keeps_the_good_one(
    client: Cluster, name: str, release: Release
) -> None:
    for number in (20, 30):
        release(items(number))
    rollback(client, name, policy=QUICK)
    report = index_catalogue(client, items(40), ENCODER, options(name, keep=1))
    assert report.deleted == (f"{name}-v0002",)
    assert releases(client, name) == {f"{name}-v0001": set(), f"{name}-v0003": {name}}
    assert rollback(client, name, policy=QUICK).live == f"{name}-v0001"


def test_a_rollback_refuses_what_it_cannot_go_to(
    client: Cluster, name: str, release: Release, unfinished: Callable[[int], str], command: Command
) -> None:
    release(items(5))
    unfinished(2)
    before = releases(client, name)
    for to, said in ((1, "live already"), (2, "never finished"), (7, "no release")):
        refused = command("rollback", name, "--to", f"{name}-v{to:04d}")
        assert isinstance(refused.exception, InputError) and said in str(refused.exception)
    assert isinstance(command("rollback", "No Name").exception, InputError)
    assert releases(client, name) == before


def test_a_rollback_whose_answer_is_lost_is_done_once(
    client: Cluster, node_url: str, name: str, release: Release
) -> None:
    release(items(20))
    release(items(30))
    with FaultyProxy(node_url) as proxy, connect(ClusterSettings(url=proxy.url)) as shaky:
        proxy.plan = first(4, "/_aliases", LoseAnswer())
        done = rollback(shaky, name, policy=QUICK)
    assert (done.live, done.withdrawn) == (f"{name}-v0001", f"{name}-v0002")
    assert releases(client, name) == {
        f"{name}-v0001": {name},
        f"{name}-v0002": {f"{name}-v0002-withdrawn"},
    }


def test_rollback_and_prune_wait_for_the_lease(client: Cluster, name: str, release: Release) -> None:
    release(items(5))
    release(items(6))
    before = releases(client, name)
    with hold(client, name, "a long run", lease_s=1):
        for change in (lambda: rollback(client, name), lambda: prune_releases(client, name, 0)):
            with pytest.raises(InputError, match="is being changed by a long run"):
                change()
        # Looking disturbs nobody.
        assert rollback(client, name, dry_run=True).live == f"{name}-v0001"
        assert prune_releases(client, name, 0, dry_run=True).deleted == (f"{name}-v0001",)
    assert releases(client, name) == before


def test_prune_deletes_what_nobody_needs(
    client: Cluster, name: str, release: Release, unfinished: Callable[[int], str], command: Command
) -> None:
    for number in range(1, 5):
        release(items(number))
    rollback(client, name, policy=QUICK)
    unfinished(5)
    would = orjson.loads(command("prune", name, "--keep", "1", "--dry-run", "--json").stdout)
    assert would["deleted"] == [f"{name}-v0001"] and not would["done"]
    assert len(releases(client, name)) == 5
    done = command("prune", name, "--keep", "1").stdout
    assert f"deleted: {name}-v0001\n" in done and f"{name}-v0003 is live" in done
    assert set(releases(client, name)) == {f"{name}-v000{n}" for n in (2, 3, 4, 5)}
    assert command("prune", name, "--keep", "0", "--unfinished").exit_code == 0
    # The number of a release that was live is never given to another one.
    assert releases(client, name) == {
        f"{name}-v0003": {name},
        f"{name}-v0004": {f"{name}-v0004-withdrawn"},
    }
    assert count(client, name) == 3
    release(items(5))
    assert command("prune", name, "--keep", "0").exit_code == 0
    assert releases(client, name) == {f"{name}-v0005": {name}}


def test_a_diff_names_what_differs(client: Cluster, name: str, release: Release, command: Command) -> None:
    old = list(items(60))
    new = [*old[5:59], replace(old[59], price=999.0, brand="other"), Item("new-1", "a new shoe")]
    release(old, shards=2)
    release(new, encoder=without_vectors())
    found = diff_releases(client, name, f"{name}-v0001", f"{name}-v0002", examples=3, policy=QUICK)
    counted = found.documents
    assert (counted.added, counted.removed, counted.changed, counted.same) == (1, 5, 1, 54)
    assert counted.added_ids == ["new-1"] and counted.removed_ids == ["id-0", "id-1", "id-2"]
    assert counted.changed_fields == {"id-59": [fields.BRAND, fields.PRICE]}
    assert found.index["settings"]["index.number_of_shards"] == ("2", "1")
    assert found.index["meta"]["aisle.spaces.dense.name"] == ("test", None)
    assert ("properties.dense.dimension" in found.index["mapping"]) is True
    told = orjson.loads(command("diff", name, f"{name}-v0001", f"{name}-v0002", "--json").stdout)
    assert told["documents"]["changed_fields"] == {"id-59": ["brand", "price"]}
    text = command("diff", name, f"{name}-v0001", f"{name}-v0002").stdout
    assert "1 added, 5 removed, 1 changed, 54 the same" in text
    assert "index.number_of_shards: 2 → 1" in text
    missing = command("diff", name, f"{name}-v0001", f"{name}-v0009")
    assert isinstance(missing.exception, InputError) and f"{name}-v0009" in str(missing.exception)


def test_a_release_streams_in_order_page_by_page_and_as_it_was(
    client: Cluster, name: str, release: Release
) -> None:
    index = release(items(250), shards=3)
    with documents(client.retrying(QUICK), index, [fields.DENSE], page=50) as stream:
        start = next(stream)
        client.delete(index=index, id="id-99", params={"refresh": "true"})
        ids = [start[0], *(identity for identity, source in stream if fields.DENSE not in source)]
    assert ids == sorted(f"id-{n}" for n in range(250))
    # Nothing is left open behind it.
    pits = client.transport.perform_request("GET", "/_search/point_in_time/_all", params={"ignore": 404})
    assert not pits.get("pits")
