"""The arithmetic of the plan's benchmark, and the shape of `aisle plan`'s answer."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import islice

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from aisle.cli.plan import plan
from aisle.encoder import item_text
from aisle.errors import InputError
from aisle.indexer import dense_item_encoder
from aisle.indexer.capacity.formulas import VectorBytes
from aisle.mappings import fields
from aisle.mappings.vector_types import VectorType
from aisle.types import Item
from benchmarks.harness.result_file import CPU, BenchmarkResult
from benchmarks.plan_check.products import KnownVectors, random_encoder, varied_products
from benchmarks.plan_check.table import Checked, IndexFiles, plan_attempts, plan_goals, plan_rows, read_files
from benchmarks.readme_figures import FIGURES
from benchmarks.vector_sizes import size_goals, size_rows, sizes_table
from tests.support.judge_parts import tiny

SAMPLE = Checked("varied-10", 10, 64, 16, IndexFiles(11_000, 2_560, 600, 0, 1), 1.0, grown=True)
LARGE = replace(SAMPLE, name="varied-100", docs=100, files=IndexFiles(110_000, 25_600, 6_000, 0, 1))


def test_files_by_what_they_hold() -> None:
    sizes = {"vec": 100, "vemf": 1, "vex": 30, "vem": 2, "cfs": 7, "tim": 60}
    body = {"count": 3, "file_sizes": {name: {"size_in_bytes": size} for name, size in sizes.items()}}
    files = read_files({"segments": body})
    assert files == IndexFiles(200, 101, 32, 7, 3)
    assert files.text == 60 and files.searched == 133
    sizes |= {"veq": 40, "vemq": 1}
    body = {"count": 3, "file_sizes": {name: {"size_in_bytes": size} for name, size in sizes.items()}}
    copied = read_files({"segments": body})
    assert copied == IndexFiles(241, 101, 32, 7, 3, quantised=41)
    assert copied.text == 60 and copied.searched == 73


def test_goals_by_hand() -> None:
    # Text is 784 bytes a document in the sample. Its 10 vectors have 9 links of 1.25 bytes each, and 2 more:
    # the plan says 7,840 + 2,560 + 133; of 100 they have 24, so it says 78,400 + 25,600 + 3,200.
    goals = {goal.name: goal for goal in plan_goals([SAMPLE, LARGE], SAMPLE)}
    own = goals["index size off a plan from the smallest size, worst"]
    assert own.value == pytest.approx(11_000 / 10_533 - 1, abs=1e-3)
    vectors = goals["vector files off the plan, worst catalogue"]
    assert vectors.value == pytest.approx(3_160 / 2_693 - 1, abs=1e-3)
    assert goals["vector files / memory formula, worst catalogue"].value == pytest.approx(
        316 / 422.4, abs=1e-3
    )
    rows = plan_rows([SAMPLE, LARGE], SAMPLE)
    assert [row["text_per_doc"] for row in rows] == [784.0, 784.0]


def test_vectors_of_each_type_by_hand() -> None:
    # 10 vectors have 9 links of 1.25 bytes each, and 2 more: 133. In bytes they take 640; on disk, 2,560
    # are floats, and searches read 10 * (64 + 4) instead.
    files = IndexFiles(11_000, 640, 133, 0, 1)
    exact = replace(SAMPLE, files=files, kept_as=VectorType.BYTE)
    assert exact.vectors_measured == exact.vectors == VectorBytes(memory=773, disk=773)
    larger = replace(
        SAMPLE, files=IndexFiles(11_000, 2_560, 200, 0, 1, quantised=680), kept_as=VectorType.DISK
    )
    assert larger.vectors == VectorBytes(memory=813, disk=3_373)
    disk, memory = size_goals([exact, larger])
    assert disk.value == pytest.approx(3_440 / 3_373 - 1, abs=1e-3) and disk.met
    assert memory.value == pytest.approx(880 / 813 - 1, abs=1e-3) and memory.met
    rows = size_rows([exact, larger])
    assert [row["disk_to_planned"] for row in rows] == [1.0, 1.02]
    assert [row["vectors_per_doc"] for row in rows] == [64.0, 324.0]
    result = BenchmarkResult(
        benchmark="vector-sizes", command="-", commit="0" * 40, cpu="a CPU", date="2026-11-30", where=CPU,
        rows=rows, attempts=(), goals=(disk, memory),
    )  # fmt: skip
    assert "| varied-10 | disk | 64 | 324 | 20 | 337 | 1.02 | 81.3 | 1.082 |" in sizes_table(result)


def test_known_vectors_are_those_of_an_index_at_any_width() -> None:
    items = [Item(id=str(n), title=f"red oak chair {n}") for n in range(4)]
    known = KnownVectors(tiny(), items)
    for dims in (32, 16):
        expected = dense_item_encoder(tiny(), item_text, name="tiny", dims=dims)
        assert known.at(dims).spaces == expected.spaces
        found = np.asarray(known.at(dims).encode(items[2:])[fields.DENSE])
        assert np.allclose(found, np.asarray(expected.encode(items[2:])[fields.DENSE]), atol=1e-5)


def test_the_page_shows_every_index_and_goal() -> None:
    real = replace(SAMPLE, name="shop", grown=False)
    result = BenchmarkResult(
        benchmark="indexing-plan",
        command="python -m benchmarks.plan_check",
        commit="0" * 40,
        cpu="a CPU",
        date="2026-11-21T00:00:00+00:00",
        where=CPU,
        rows=plan_rows([real, SAMPLE, LARGE], SAMPLE),
        attempts=plan_attempts([real, SAMPLE, LARGE]),
        goals=plan_goals([real, SAMPLE, LARGE], SAMPLE),
    )
    shown = FIGURES["indexing-plan"].render(result)
    assert "| shop, 10 | 0.0121 | 0.01049 | 0.867 |  | 784 | 256 | 60 |" in shown
    assert "| varied-100, 100 | 0.1228 | 0.1049 | 0.854 | 1.026 | " in shown
    assert shown.count("**no**") == sum(not goal.met for goal in result.goals)


def test_varied_products_are_all_distinct_and_seeded() -> None:
    real = [Item(id=str(n), title=f"Red lamp {n}", text=f"one two three {n}") for n in range(3)]
    made = list(islice(varied_products(real), 50))
    assert len({item.title for item in made}) == len({item.id for item in made}) == 50
    assert [item.title for item in made[:3]] == [item.title for item in real]
    assert made == list(islice(varied_products(real), 50))
    assert sorted(made[10].text.split()[-4:]) == sorted(real[10 % 3].text.split())


def test_random_vectors_have_unit_length() -> None:
    encoder = random_encoder(8)
    encoded = encoder.encode([Item(id="1", title="a"), Item(id="2", title="b")])
    rows = np.asarray(encoded[fields.DENSE])
    assert rows.shape == (2, 8) and rows.dtype == np.float32
    assert np.linalg.norm(rows, axis=1) == pytest.approx(1.0, abs=1e-6)


@pytest.fixture
def app() -> typer.Typer:
    made = typer.Typer()
    made.command()(plan)
    return made


def test_the_command_says_its_numbers_and_what_they_rest_on(app: typer.Typer) -> None:
    done = CliRunner().invoke(app, ["--docs", "100M"], env={"COLUMNS": "200"})
    assert done.exit_code == 0, done.output
    for said in (
        "39.3 GiB of memory for one copy, 78.7 GiB in all",
        "It rests on:",
        "0.83 for 0.91",
        "HNSW memory",
    ):
        assert said in done.stdout
    assert (
        "aisle index DATA --name NAME --dims 64 --shards 10 --replicas 1 --keep 1 --force-merge"
        in done.stdout
    )


def test_the_command_as_json(app: typer.Typer) -> None:
    done = CliRunner().invoke(app, ["--docs", "10k", "--replicas", "0", "--engine", "lucene", "--json"])
    said = json.loads(done.stdout)
    assert (said["shards"], said["nodes"]["count"], said["request"]["docs"]) == (1, 1, 10_000)


def test_bad_input_is_one_clear_error(app: typer.Typer) -> None:
    assert isinstance(CliRunner().invoke(app, ["--docs", "many"]).exception, InputError)
    assert isinstance(CliRunner().invoke(app, ["--docs", "5", "--dim", "-1"]).exception, InputError)
    assert isinstance(CliRunner().invoke(app, ["--docs", "5", "--node-memory", "1"]).exception, InputError)
    assert CliRunner().invoke(app, ["--docs", "5", "--engine", "nmslib"]).exit_code == 2
