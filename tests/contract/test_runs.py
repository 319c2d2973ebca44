"""Trainings on record in MLflow's own SQLite store, where tracking is on; and nothing where it is off."""

from __future__ import annotations

import sqlite3
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

import aisle
from tests.support.command import Done, failure, here

pytestmark = pytest.mark.slow

Command = Callable[..., Done]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with orders; the record is made once, as that takes seconds."""
    folder = tmp_path_factory.mktemp("runs")
    rows = [f"u{user},i{(user + step) % 9},2026-01-{step + 1:02d}" for user in range(40) for step in range(4)]
    (folder / "orders.csv").write_text("user,item,time\n" + "\n".join(rows) + "\n")
    return folder


@pytest.fixture
def command(place: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Command:
    settings = {"AISLE_HOME": str(place / "home"), "AISLE_TRACKING": "on"}
    return lambda *arguments, **env: here(monkeypatch, capfd, *arguments, **settings | env)


def train(command: Command, place: Path, *more: str, data: str = "orders.csv", **env: str) -> Done:
    given = ("--data", str(place / data), "--name", "shop", "--encoder", "none", *more)
    return command("train", "recommender", *given, **env)


def listed(command: Command) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = orjson.loads(command("runs", "list", "--json").out)
    return found


def test_a_training_is_on_record_only_if_tracking_is_on(command: Command, place: Path) -> None:
    off = train(command, place, AISLE_TRACKING="off")
    assert off.code == 0 and not (place / "home" / "mlflow.db").exists(), off.err
    on = train(command, place, "--json")
    assert on.code == 0, on.err
    made = orjson.loads(on.out)
    (run,) = listed(command)
    assert run["fingerprint"] == made["fingerprint"] and run["kind"] == "recommender"
    assert run["status"] == "FINISHED" and run["aliases"] == ["challenger"] and run["seconds"] >= 0
    assert run["artifact"] == f"recommender/shop-{made['fingerprint'][:12]}"
    assert run["metrics"] == pytest.approx(
        {name.replace("@", "_at_"): value for name, value in made["metrics"].items()}
    )
    assert any(name.startswith("settings.") for name in run["params"])
    # Nobody is told of it.
    from mlflow.telemetry import get_telemetry_client

    assert get_telemetry_client() is None
    # It is MLflow's own store: its tools find the same.
    with sqlite3.connect(place / "home" / "mlflow.db") as file:
        assert file.execute("select count(*) from runs").fetchone() == (1,)


def test_champion_and_challenger(command: Command, place: Path) -> None:
    first = listed(command)[0]
    named = command("runs", "champion", first["fingerprint"][:12])
    assert named.code == 0 and "is the champion" in named.out
    assert train(command, place, "--seed", "5").code == 0
    newest, older = listed(command)[:2]
    assert (older["id"], older["aliases"]) == (first["id"], ["champion"])
    assert newest["aliases"] == ["challenger"]
    table = command("runs", "list", "--kind", "recommender").out
    assert "champion" in table and "challenger" in table
    assert "no training is on record" in command("runs", "list", "--kind", "encoder").out
    assert "no run goes by" in failure(command("runs", "champion", "0" * 12))
    assert "no run goes by" in failure(command("runs", "champion", first["fingerprint"][:4]))
    assert "nothing of the kind" in failure(command("runs", "list", "--kind", "x' or '1"))


def test_what_fails_is_told_as_failed_and_a_bad_place_before_the_training(
    command: Command, place: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    nowhere = failure(train(command, place, AISLE_TRACKING=f"sqlite:///{tmp_path}/file/mlflow.db"))
    assert "no record of trainings" in nowhere
    # MLflow would try each of these for minutes.
    (tmp_path / "text.db").write_text("this is no database, whatever its name says, and never was" * 20)
    for bad in (tmp_path, tmp_path / "text.db"):
        began = time.monotonic()
        assert "no record of trainings" in failure(train(command, place, AISLE_TRACKING=f"sqlite:///{bad}"))
        assert time.monotonic() - began < 20
    odd = failure(train(command, place, AISLE_TRACKING="ftp://user:secret@example.org/x"))
    assert "AISLE_TRACKING" in odd and "secret" not in odd
    before = len(listed(command))
    monkey = pytest.MonkeyPatch()
    with monkey.context() as patch:
        patch.setenv("AISLE_HOME", str(place / "home"))
        patch.setenv("AISLE_TRACKING", "on")
        from aisle._tracking import tracked

        with pytest.raises(ZeroDivisionError), tracked("encoder", "broken"):
            _ = 1 / 0
    after = listed(command)
    assert len(after) == before + 1
    assert (after[0]["name"], after[0]["status"], after[0]["aliases"]) == ("encoder broken", "FAILED", [])


def test_nothing_is_imported_where_tracking_is_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AISLE_TRACKING", raising=False)
    monkeypatch.setitem(sys.modules, "mlflow", None)
    from aisle._tracking import tracked

    with tracked("encoder", "shop") as run:
        run.made(Path("nowhere"))
    with pytest.raises(aisle.AisleError, match=r"mlflow is not installed"):
        aisle.list_runs()
