"""The arithmetic of the fault trials: what counts as lost, missing or doubled, and how it is shown."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest
import typer
from typer.testing import CliRunner

from aisle.errors import InputError
from benchmarks.faults.__main__ import faults
from benchmarks.faults.storms import EVERYTHING, SHARE, STORMS, plans, storm
from benchmarks.faults.table import KILLS, fault_attempts, fault_goals, fault_rows
from benchmarks.faults.trial import Course, Trial, balance, write_shop
from benchmarks.harness.result_file import CPU, BenchmarkResult
from benchmarks.readme_figures import FIGURES
from tests.support.proxies.faults import Request

KILLED = "killed"
GOOD = Trial(
    fault=KILLED,
    point="3 bodies",
    rows=110,
    documents=100,
    dead_letters=10,
    acknowledged=100,
    sent=120,
    lost=0,
    missing=0,
    doubled=0,
    disturbed=0,
    runs=2,
    seconds=4.0,
)
STORM = replace(GOOD, fault="storm", sent=150, seconds=9.0, searches=7, repeated=2)


def test_rows_are_sums_by_fault_and_medians() -> None:
    trials = [GOOD, STORM, replace(GOOD, seconds=6.04, lost=1), replace(GOOD, seconds=50.0)]
    killed, storm_row = fault_rows(trials)
    assert (killed["fault"], killed["trials"], killed["rows"]) == (KILLED, 3, 330)
    assert (killed["lost"], killed["sent"], killed["runs"], killed["median_s"]) == (1, 360, 6, 6.0)
    assert [one["seconds"] for one in killed["each"]] == [4.0, 6.0, 50.0]
    assert (storm_row["trials"], storm_row["searches"], storm_row["repeated"]) == (1, 7, 2)


def test_goals_by_hand() -> None:
    enough = [GOOD] * KILLS
    assert all(goal.met for goal in fault_goals([*enough, STORM], KILLED))
    # A storm is no kill of the indexer.
    assert [goal.met for goal in fault_goals([*enough[1:], STORM], KILLED)] == [False] + [True] * 5


@pytest.mark.parametrize("field", ["lost", "missing", "doubled", "disturbed", "failed"])
def test_one_loss_in_any_trial_misses_its_goal_alone(field: str) -> None:
    spoilt = replace(STORM, **{field: 1})  # type: ignore[arg-type]
    goals = fault_goals([*[GOOD] * KILLS, spoilt], KILLED)
    missed = [goal for goal in goals if not goal.met]
    assert [goal.value for goal in missed] == [1]


def test_what_repeats_cost() -> None:
    costs = {one["tried"].rpartition(", ")[2]: one["value"] for one in fault_attempts([GOOD, GOOD, STORM])}
    assert costs == {KILLED: 1.2, "storm": 1.5}


def test_the_figure() -> None:
    trials = [*[GOOD] * KILLS, replace(STORM, lost=1)]
    shown = FIGURES["indexing-faults"].render(result(trials))
    assert f"| {KILLED} | {KILLS} | 2,750 | 2,500 | 0 | 0 | 0 | 4 |" in shown
    assert "| storm | 1 | 110 | 100 | 1 | 0 | 0 | 9 |" in shown
    assert "| documents acknowledged and not readable ≤ 0 | 1 | **no** |" in shown


def result(trials: Sequence[Trial]) -> BenchmarkResult:
    return BenchmarkResult(
        benchmark="indexing-faults",
        command="python -m benchmarks.faults",
        commit="0123456789abcdef",
        cpu="A CPU, 2 cores",
        date="2026-01-02T03:04:05+00:00",
        where=CPU,
        rows=fault_rows(trials),
        attempts=fault_attempts(trials),
        goals=fault_goals(trials, KILLED),
    )


@pytest.mark.parametrize(
    ("documents", "there", "letters", "found"),
    [
        (4, {"0", "1", "2", "3"}, [2, 5], {"lost": 0, "missing": 0, "doubled": 0}),
        (3, {"0", "1", "3"}, [2, 5], {"lost": 1, "missing": 1, "doubled": 0}),
        (3, {"0", "1", "2"}, [2, 5], {"lost": 0, "missing": 1, "doubled": 0}),
        (4, {"0", "1", "2", "3"}, [2], {"lost": 0, "missing": 1, "doubled": 0}),
        (4, {"0", "1", "2", "3"}, [2, 5, 5], {"lost": 0, "missing": 0, "doubled": 1}),
        (5, {"0", "1", "2", "3"}, [2, 5], {"lost": 0, "missing": 0, "doubled": 1}),
        # One that is missing and one too many never cancel out.
        (4, {"0", "1", "2"}, [2, 5], {"lost": 0, "missing": 1, "doubled": 1}),
        (4, {"0", "1", "2", "3"}, [2, 5, 6], {"lost": 0, "missing": 1, "doubled": 0}),
    ],
)
def test_the_account_of_a_trial(
    tmp_path: Path, documents: int, there: set[str], letters: list[int], found: dict[str, int]
) -> None:
    shop = write_shop(tmp_path, good=4, bad=2, seed=1)
    trial = balance(
        shop,
        Course("x", "", 0, 1, 1.0),
        documents=documents,
        there=there,
        letters=letters,
        acknowledged={"0", "1", "2"},
        sent=4,
    )
    assert {name: getattr(trial, name) for name in found} == found
    assert trial.rows == 6


def test_the_catalogue_has_the_rows_that_it_promises(tmp_path: Path) -> None:
    shop = write_shop(tmp_path, good=200, bad=20, seed=6)
    lines = shop.catalogue.read_bytes().splitlines()
    good = [row["_id"] for row in map(loaded, lines) if row and "title" in row and row.get("_id")]
    assert len(lines) == 220
    assert set(good) == shop.ids and set(good[:1]) == {"0"}
    assert shop.catalogue.read_bytes() == write_shop(tmp_path, 200, 20, 6).catalogue.read_bytes()


def loaded(line: bytes) -> dict[str, Any]:
    try:
        row = orjson.loads(line)
    except orjson.JSONDecodeError:
        return {}
    return row if isinstance(row, dict) else {}


@pytest.mark.parametrize("kind", [*STORMS, EVERYTHING])
def test_a_storm_meets_its_share_of_the_bulk_requests_and_nothing_else(kind: str) -> None:
    late, early = plans(storm(kind), random.Random(1))
    bulk, other = Request(0, "POST", "/shop/_bulk", b""), Request(1, "GET", "/shop/_count", b"")
    met = sum(early(bulk) is not None or late(bulk) is not None for _ in range(4_000))
    assert met / 4_000 == pytest.approx(SHARE, abs=0.03)
    assert all(plan(other) is None for plan in (late, early) for _ in range(100))


def test_a_trial_never_overwrites_the_results() -> None:
    app = typer.Typer()
    app.command()(faults)
    for few in (["--kills", "2"], ["--node-kills", "0"], ["--storms", "0"]):
        refused = CliRunner().invoke(app, few)
        assert isinstance(refused.exception, InputError), few
