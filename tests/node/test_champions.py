"""With tracking on, what is live is the champion on record: after indexing, a promotion and a rollback."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import orjson
import pytest

from aisle.cluster import Cluster
from tests.support.command import Done, failure, here

pytestmark = pytest.mark.slow

Command = Callable[..., Done]


@pytest.fixture
def command(
    node_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Command:
    settings = {"AISLE_URL": node_url, "AISLE_HOME": str(tmp_path / "home"), "AISLE_TRACKING": "on"}
    return lambda *arguments, **env: here(monkeypatch, capfd, *arguments, **settings | env)


def champions(command: Command) -> list[str]:
    listed = orjson.loads(command("runs", "list", "--json").out)
    return [run["fingerprint"] for run in listed if "champion" in run["aliases"]]


def trained(command: Command, orders: Path, seed: int) -> str:
    done = command(
        *("train", "recommender", "--data", str(orders), "--encoder", "none"),
        *("--name", "shop", "--seed", str(seed), "--json"),
    )
    assert done.code == 0, done.err
    return str(orjson.loads(done.out)["fingerprint"])


def test_what_is_live_is_the_champion(client: Cluster, name: str, command: Command, tmp_path: Path) -> None:
    rows = [f"u{user},i{(user + step) % 9},2026-01-{step + 1:02d}" for user in range(40) for step in range(4)]
    orders, products = tmp_path / "orders.csv", tmp_path / "products.csv"
    orders.write_text("user,item,time\n" + "\n".join(rows) + "\n")
    products.write_text("id,title\n" + "".join(f"i{item},a lamp of {item} watts\n" for item in range(9)))
    index = ("index", str(products), "--name", name, "--encoder", "none", "--recommender")

    first = trained(command, orders, 1)
    assert command(*index, first).code == 0
    assert champions(command) == [first]
    orders.write_text(orders.read_text() + "u41,i1,2026-02-01\nu41,i4,2026-02-02\nu41,i7,2026-02-03\n")
    second = trained(command, orders, 2)
    assert second != first
    assert command(*index, second, "--stage").code == 0
    assert champions(command) == [first]
    assert command("releases", "promote", name, "--dry-run").code == 0
    assert champions(command) == [first]
    promoted = command("releases", "promote", name)
    assert promoted.code == 0 and champions(command) == [second], promoted.err
    assert command("releases", "rollback", name).code == 0
    assert champions(command) == [first]

    # What goes live does not wait for the record; it is mended afterwards.
    (tmp_path / "file").write_text("")
    broken = f"sqlite:///{tmp_path}/file/mlflow.db"
    forward = command("releases", "rollback", name, "--to", f"{name}-v0002", AISLE_TRACKING=broken)
    assert forward.code == 0 and "champions on record are not those" in forward.err
    assert list(client.indices.get_alias(name=name)) == [f"{name}-v0002"]
    assert champions(command) == [first]
    named = command("runs", "champion", "--live", name)
    assert named.code == 0 and f"recommender/shop-{second[:12]} is the champion" in named.out
    assert champions(command) == [second]
    # Of a release without models nothing is on record.
    assert command(*index[:6], "--stage").code == 0
    assert "nothing that" in failure(command("runs", "champion", "--live", f"{name}-v0003"))
    assert "either one training" in failure(command("runs", "champion"))
