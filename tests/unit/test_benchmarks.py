"""The benchmarks' own arithmetic, files and figures; the measurements themselves need quiet and real data."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisle.errors import InputError
from aisle.evaluation import JudgedSet
from aisle.evaluation.encoders.exact import mean_overlap
from aisle.indexer import IndexReport
from aisle.mappings import BM25, DENSE, RRF, FusionSpec, VectorSpace, default_fusion, fields
from aisle.search import LegResult
from aisle.types import Item, Query
from benchmarks.harness import topics
from benchmarks.harness.command_line import RESULTS, results_folder
from benchmarks.harness.file_to_alias import FileToAlias
from benchmarks.harness.pages import block, goals_table, number, rewrite, table
from benchmarks.harness.parts import PeakMemory, dataset
from benchmarks.harness.result_file import (
    CPU,
    HIGHER,
    LOWER,
    ROOT,
    BenchmarkResult,
    Goal,
    cpu_model,
    read_result,
    result_of_this_run,
)
from benchmarks.harness.topics import Figures, measure_topics
from benchmarks.indexing.table import harmonic_bound, indexing_attempts, indexing_goals, indexing_rows
from benchmarks.indexing.ways import BULK, CEILING, ENCODER, END_TO_END, PARALLEL, PIPELINE, WAYS, prepare
from benchmarks.quality.ask import Asked
from benchmarks.quality.table import fusion_attempts, fusion_name, quality_goals, quality_rows
from benchmarks.readme_figures import FIGURES, pages, readme_figures
from benchmarks.search_latency.table import Parts, latency_attempts, latency_goals, latency_rows, percentile

GOAL = Goal("things per second", 12.5, 10.0, HIGHER)
RESULT = BenchmarkResult(
    benchmark="indexing",
    command="python -m benchmarks.indexing",
    commit="0123456789abcdef-dirty",
    cpu="A CPU, 2 cores",
    date="2026-01-02T03:04:05+00:00",
    where=CPU,
    rows=({"way": "helpers.bulk", "docs_per_s": 713.4, "rounds": [713.4]},),
    attempts=({"tried": "something", "value": 1.0},),
    goals=(GOAL, Goal("megabytes", 700.0, 600.0, LOWER)),
)


@pytest.mark.parametrize(
    ("value", "better", "met"),
    [
        (9.9, HIGHER, False),
        (10, HIGHER, True),
        (10.1, HIGHER, True),
        (9.9, LOWER, True),
        (10, LOWER, True),
        (10.1, LOWER, False),
    ],
)
def test_a_goal_is_met_on_its_right_side(value: float, better: str, met: bool) -> None:
    assert Goal("x", value, 10, better).met is met


@pytest.mark.parametrize(
    ("value", "better"), [(1.0, "bigger"), (float("nan"), HIGHER), (float("inf"), LOWER)]
)
def test_a_goal_that_means_nothing_is_refused(value: float, better: str) -> None:
    with pytest.raises(InputError, match="things"):
        Goal("things", value, 1.0, better)


def test_a_result_states_goals_rows_and_where() -> None:
    for nothing in ({"goals": ()}, {"rows": ()}, {"where": "moon"}):
        with pytest.raises(InputError, match="indexing"):
            replace(RESULT, **nothing)


def test_a_result_file_holds_the_contract_and_reads_back(tmp_path: Path) -> None:
    path = tmp_path / "new" / "indexing.json"
    RESULT.write(path)
    written = json.loads(path.read_text())
    facts = ["benchmark", "command", "commit", "cpu", "date", "where"]
    assert list(written) == [*facts, "rows", "attempts", "goals", "sources"]
    assert written["goals"][0] == {
        "name": "things per second",
        "value": 12.5,
        "goal": 10.0,
        "better": "higher",
    }
    back = read_result(path)
    assert back.goals == RESULT.goals
    assert list(back.rows) == list(RESULT.rows)
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize("content", [None, "{", "[]", "{}", '{"goals": [{"name": "x"}]}', '{"goals": []}'])
def test_what_is_no_result_file_is_named_with_the_fix(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "search-latency.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(InputError, match=r"search-latency\.json") as refused:
        read_result(path)
    assert "make help" in refused.value.fix


def test_a_run_names_its_code_and_machine() -> None:
    result = result_of_this_run("x-y", "benchmarks.x", rows=RESULT.rows, attempts=(), goals=RESULT.goals)
    assert result.command.startswith("python -m benchmarks.x")
    assert cpu_model() in result.cpu
    assert result.commit == "unknown" or len(result.commit.removesuffix("-dirty")) == 40


def test_a_topic_that_is_measured_alone_leaves_the_others_their_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(topics, "RESULTS", tmp_path)
    measures = {
        name: (lambda name=name: Figures([{"of": name}], [{"tried": name}], [GOAL]))
        for name in ("first", "second", "third of all")
    }

    def run(only: str | None) -> BenchmarkResult:
        monkeypatch.setattr(sys, "argv", ["run", *(("--only", only) if only else ())])
        measure_topics("some", "benchmarks.some", measures, only, tmp_path)
        return read_result(tmp_path / "some.json")

    whole = run(None)
    assert set(whole.sources) == set(measures)
    assert {source.command for source in whole.sources.values()} == {"python -m benchmarks.some"}
    again = run("third of all,second")
    alone = "python -m benchmarks.some --only 'third of all,second'"
    commands = {topic: source.command for topic, source in again.sources.items()}
    assert commands == {"first": whole.command, "second": alone, "third of all": alone}
    assert again.sources["first"] == whole.sources["first"]
    assert [row["topic"] for row in again.rows] == ["first", "third of all", "second"]

    page = block(again, "table", topics=["first"])
    assert page.startswith("table\n\n`python -m benchmarks.some` \u00b7 ")
    both = block(again, "table").splitlines()[2:]
    assert [line.partition(" \u00b7 ")[0] for line in both] == [
        "- first: `python -m benchmarks.some`",
        f"- third of all, second: `{alone}`",
    ]
    lost = replace(again.source, command="", cpu="", commit="0123456789abcdef", date="2026-01-02T03:04:05")
    unknown = replace(again, sources={"first": lost})
    assert "Came with commit 0123456789ab on 2026-01-02; command and machine" in block(unknown, "table")
    many = {f"topic {at}": replace(lost, commit=f"{at:040d}") for at in range(5)}
    assert "Of 5 runs, 2026-01-02: " in block(replace(again, sources=many), "table")


@pytest.mark.parametrize("path", sorted(RESULTS.glob("*.json")), ids=lambda path: path.stem)
def test_every_topic_of_the_projects_result_files_has_its_run(path: Path) -> None:
    result = read_result(path)
    assert set(result.sources) == {row["topic"] for row in result.rows if "topic" in row}


def test_a_trial_cannot_overwrite_the_results(tmp_path: Path) -> None:
    assert results_folder(None, trial=False) == RESULTS
    assert results_folder(tmp_path, trial=True) == tmp_path
    with pytest.raises(InputError, match="trial"):
        results_folder(None, trial=True)


def test_missing_data_is_said_plainly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AISLE_DATA", str(tmp_path))
    with pytest.raises(InputError, match="homedepot") as refused:
        dataset("homedepot")
    assert "AISLE_DATA" in refused.value.fix
    (tmp_path / "homedepot").mkdir()
    assert dataset("homedepot") == tmp_path / "homedepot"


@pytest.mark.parametrize("module", ["quality", "indexing", "search_latency"])
def test_a_benchmark_without_its_data_fails_with_one_line(tmp_path: Path, module: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", f"benchmarks.{module}"],
        cwd=ROOT,
        env={**os.environ, "AISLE_DATA": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("error: there is no data set")
    assert "fix: set AISLE_DATA" in done.stderr
    assert done.stdout == ""


def test_overlap_is_the_mean_share_that_was_found() -> None:
    exact = {"q1": ["a", "b", "c"], "q2": ["x", "y"]}
    assert mean_overlap({"q1": ["b", "a", "z"], "q2": ["y", "x"]}, exact, 2) == 1.0
    assert mean_overlap({"q1": ["b", "z", "a"], "q2": ["z", "z2"]}, exact, 2) == 0.25


JUDGED = JudgedSet(
    "icecat", "dev", (Query("q1", "one"), Query("q2", "two")), {"q1": {"a": 3, "b": 0}, "q2": {"c": 2}}
)


def _asked(dims: int, dense: Mapping[str, list[str]], exact: Mapping[str, list[str]]) -> Asked:
    words = {"q1": ["b", "a"], "q2": ["d", "c"]}
    report = IndexReport("icecat", "icecat-v0001", "", (), 4, 0, 1.0, 4.0, 1.0, {}, 0)
    legs = {
        query: {
            BM25: LegResult(words[query], [2.0, 1.0]),
            DENSE: LegResult(found, [1.0 / rank for rank in range(1, len(found) + 1)]),
        }
        for query, found in dense.items()
    }
    return Asked(dims, report, legs, exact, {BM25: 1.0, DENSE: 2.0, "hybrid": 3.0})


def test_quality_rows_hold_every_leg_and_fusion_and_how_far_hnsw_is_from_exact() -> None:
    perfect = {"q1": ["a", "b"], "q2": ["c"]}
    lossy = {"q1": ["b", "a"], "q2": ["c"]}
    rows = quality_rows(JUDGED, [_asked(384, perfect, perfect), _asked(64, lossy, perfect)])
    words, full, narrow = rows[:3]
    assert (words["system"], words["queries"]) == (BM25, 2)
    assert words["nDCG@10"] == pytest.approx(1 / np.log2(3), abs=1e-4)
    assert full["nDCG@10"] == full["exact nDCG@10"] == 1.0
    assert (narrow["nDCG@10"], narrow["exact nDCG@10"]) == (pytest.approx(0.8155, abs=1e-4), 1.0)
    assert narrow["overlap@200"] == 1.0
    hybrid = [row for row in rows if row["system"] == "hybrid"]
    assert {row["dims"] for row in hybrid} == {384, 64}
    assert [row["fusion"] for row in hybrid if row["default"]] == [fusion_name(default_fusion())] * 2
    assert len({row["fusion"] for row in hybrid}) == len(hybrid) / 2 > 5
    default = next(row for row in hybrid if row["default"])
    assert default["nDCG@10 over bm25"] == pytest.approx(default["nDCG@10"] - words["nDCG@10"], abs=2e-4)
    assert 0 < default["p against bm25"] <= 1
    assert len(fusion_attempts(rows)) == len(hybrid) - 2
    goals = {goal.name: goal for goal in quality_goals(rows)}
    assert len(goals) == 3
    away = next(goal for name, goal in goals.items() if name.startswith("icecat dense 64"))
    assert away.value == pytest.approx(0.1845, abs=1e-4)
    assert (away.better, away.met) == (LOWER, False)
    assert any(name.startswith("icecat hybrid 384") and goal.goal == 0.75 for name, goal in goals.items())


def test_the_homedepot_goal_is_bm25s() -> None:
    rows = quality_rows(
        replace(JUDGED, name="homedepot"), [_asked(384, {"q1": ["a"], "q2": ["c"]}, {"q1": ["a"]})]
    )
    goal = quality_goals(rows)[0]
    assert (goal.name, goal.goal, goal.better) == ("homedepot bm25, nDCG@20", 0.40, HIGHER)
    assert goal.value == rows[0]["nDCG@20"]


def test_a_fusions_name_tells_unusual_settings() -> None:
    assert fusion_name(FusionSpec.equal(BM25, DENSE)) == RRF
    assert fusion_name(FusionSpec((BM25, DENSE), (3, 1), RRF, rank_constant=20)) == "rrf k=20 0.75/0.25"


ROUNDS = [
    {END_TO_END: 400.0, ENCODER: 600.0, BULK: 700.0, PARALLEL: 1400.0, PIPELINE: 1750.0, CEILING: 2000.0},
    {END_TO_END: 100.0, ENCODER: 160.0, BULK: 200.0, PARALLEL: 300.0, PIPELINE: 380.0, CEILING: 150.0},
    {END_TO_END: 450.0, ENCODER: 600.0, BULK: 700.0, PARALLEL: 1400.0, PIPELINE: 1400.0, CEILING: 2000.0},
]
RUNS = [FileToAlias(100, 1.0, 90.0, above, {"encode": 3.0}) for above in (100.0, 650.0, 120.0)]


def test_indexing_ratios_are_medians_of_rounds_and_memory_the_worst() -> None:
    to_bulk, to_slower, memory = indexing_goals(ROUNDS, RUNS)
    assert (to_bulk.value, to_bulk.met) == (2.0, True)  # rounds: 2.5, 1.9, 2.0
    assert to_slower.value == pytest.approx(0.6667)  # rounds: .667, .667, .75
    assert (memory.value, memory.met) == (650.0, False)
    assert indexing_rows(ROUNDS)[0]["docs_per_s"] == 400.0
    assert list(WAYS) == list(ROUNDS[0])
    attempts = {attempt["tried"]: attempt["value"] for attempt in indexing_attempts(ROUNDS, RUNS)}
    assert attempts[f"{END_TO_END} / harmonic bound 1/(1/encoder + 1/engine)"] == pytest.approx(0.975)


def test_two_stages_on_the_same_cores_add_their_costs() -> None:
    assert harmonic_bound(600, 600) == pytest.approx(300)
    assert harmonic_bound(600, 2000) == pytest.approx(461.5, abs=0.1)


def test_every_way_to_load_gets_the_same_documents() -> None:
    items = [Item(f"id-{n}", f"title {n}", brand="Acme", attributes={"Colour": ("red",)}) for n in range(7)]
    vectors = np.random.default_rng(0).standard_normal((7, 4)).astype(np.float32)
    load = prepare(items, vectors, VectorSpace("a" * 64, "test", 4))
    lines = b"".join(load.bodies).splitlines()
    assert len(lines) == 14
    for action, source, plain in zip(lines[::2], lines[1::2], load.documents, strict=True):
        sent = json.loads(source)
        rest = {k: v for k, v in plain.items() if k not in ("_index", "_id", fields.DENSE)}
        assert json.loads(action)["index"]["_id"] == plain["_id"]
        # As JSON writes it: lists for tuples.
        assert {k: v for k, v in sent.items() if k != fields.DENSE} == json.loads(json.dumps(rest))
        assert np.array_equal(np.float32(sent[fields.DENSE]), np.float32(plain[fields.DENSE]))
    looked_up = np.asarray(load.encoder().encode(items[::-1])[fields.DENSE])
    assert np.array_equal(looked_up, vectors[::-1])


def test_latency_parts_add_up() -> None:
    parts = [Parts(10.0, 6.0, 2.0), Parts(20.0, 12.0, 4.0), Parts(12.0, 6.0, 2.0)]
    assert [part.client for part in parts] == [2.0, 4.0, 4.0]
    (goal,) = latency_goals(parts)
    assert (goal.value, goal.goal, goal.better, goal.met) == (0.25, 0.20, LOWER, False)
    rows = {row["part"]: row for row in latency_rows(parts)}
    assert rows["client"]["p50_ms"] == 4.0
    assert rows["SearchClient.search"] == {
        "part": "SearchClient.search",
        "p50_ms": 12.0,
        "p99_ms": 20.0,
        "mean_ms": 14.0,
    }
    values = [attempt["value"] for attempt in latency_attempts(parts, cpu_ms=14.0)]
    assert values == [round(10 / 32, 3), round(7 / 35, 3), 2.0]


@given(st.lists(st.floats(0, 1e6), min_size=1), st.floats(0.01, 1))
def test_a_percentile_is_one_of_the_values_and_covers_its_share(values: list[float], share: float) -> None:
    found = percentile(values, share)
    assert found in values
    assert sum(value <= found for value in values) >= share * len(values) - 1e-9
    assert sum(value < found for value in values) < share * len(values) + 1e-9


def test_peak_memory_sees_what_was_freed_again() -> None:
    with PeakMemory() as memory:
        block = np.ones(60_000_000, dtype=np.uint8)
        # Held until it was seen: on a busy machine the sampling thread may have to wait for its turn.
        deadline = time.monotonic() + 30
        while memory.above_mb <= 50 and time.monotonic() < deadline:
            time.sleep(0.01)
        del block
    assert 50 < memory.above_mb < 200
    assert memory.baseline > 0


def test_tables_are_markdown() -> None:
    assert table(["a", "b"], [["x|y", "1"]]) == "| a | b |\n| --- | ---: |\n| x\\|y | 1 |"
    assert goals_table(RESULT.goals).splitlines()[2:] == [
        "| things per second ≥ 10 | 12.5 | yes |",
        "| megabytes ≤ 600 | 700 | **no** |",
    ]
    assert [number(value) for value in (0.75123, 12.5, 1484.4)] == ["0.7512", "12.5", "1,484"]


def test_the_quality_figure_shows_the_default_and_the_best_fusion() -> None:
    def row(system: str, ndcg: float, **more: object) -> dict[str, object]:
        means = {"nDCG@10": ndcg, "nDCG@20": 0.5, "R@10": 0.6, "R@200": 0.7}
        return {"dataset": "icecat", "system": system, "queries": 2, **means, **more}

    rows = [
        row("bm25", 0.7),
        row("dense", 0.5, dims=64, **{"exact nDCG@10": 0.5, "overlap@200": 0.99}),
        row("hybrid", 0.71, dims=64, fusion="rrf", default=True),
        row("hybrid", 0.72, dims=64, fusion="min_max", default=False),
        row("hybrid", 0.69, dims=64, fusion="l2", default=False),
    ]
    result = replace(RESULT, benchmark="quality", rows=rows)
    drawn = FIGURES["quality"].render(result)
    assert "| icecat | hybrid 64, rrf (default) | 0.7100 | 0.5000 | 0.6000 | 0.7000 |" in drawn
    assert "min_max" in drawn
    assert "l2" not in drawn
    assert "| things per second ≥ 10 | 12.5 | yes |" in drawn
    assert drawn.endswith(
        "`python -m benchmarks.indexing` · A CPU, 2 cores · 2026-01-02 · commit 0123456789ab-dirty"
    )
    assert "l2" in FIGURES["quality-fusions"].render(result)
    assert "| icecat | dense 64 | 0.5000 | 0.5000 | 0.9900 |" in FIGURES["quality-exact"].render(result)


def test_the_other_figures_are_drawn_from_their_rows() -> None:
    assert "| helpers.bulk | 713 |" in FIGURES["indexing"].render(RESULT)
    rows = latency_rows([Parts(10.0, 6.0, 2.0)])
    assert "| client | 2.0 | 2.0 | 2.0 |" in FIGURES["search-latency"].render(replace(RESULT, rows=rows))


PAGE = """# Title

<!-- figures:one -->
old
<!-- /figures -->
between
<!-- figures:two -->
<!-- /figures -->
end
"""


def test_blocks_are_drawn_anew_and_nothing_else_changes() -> None:
    fresh, stale = rewrite("p.md", PAGE, lambda name: f"figure {name}")
    assert fresh == PAGE.replace("old", "figure one").replace("two -->\n", "two -->\nfigure two\n")
    assert stale == ("one", "two")
    assert rewrite("p.md", fresh, lambda name: f"figure {name}") == (fresh, ())
    _, stale = rewrite("p.md", fresh, lambda name: f"figure {name}".replace("two", "2"))
    assert stale == ("two",)
    assert rewrite("p.md", "no blocks\n", str) == ("no blocks\n", ())


@pytest.mark.parametrize(
    "text",
    [
        "<!-- figures:one -->\nno end\n",
        "<!-- figures:one -->\n<!-- figures:two -->\n<!-- /figures -->\n",
    ],
)
def test_a_block_without_an_end_is_named(text: str) -> None:
    with pytest.raises(InputError, match=r"p\.md.*'one' has no end"):
        rewrite("p.md", text, str)


def test_figures_are_written_checked_and_refused(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    readme = tmp_path / "README.md"
    other = tmp_path / "docs" / "other.md"
    readme.write_text("<!-- figures:indexing -->\n<!-- /figures -->\n")
    other.write_text("nothing\n")
    with pytest.raises(InputError, match=r"indexing\.json"):
        readme_figures(check=False, root=tmp_path, results=tmp_path)
    RESULT.write(tmp_path / "indexing.json")
    before = readme.read_text()
    with pytest.raises(InputError, match=r"README\.md: indexing") as refused:
        readme_figures(check=True, root=tmp_path, results=tmp_path)
    assert readme.read_text() == before
    assert "make readme-figures" in refused.value.fix
    readme_figures(check=False, root=tmp_path, results=tmp_path)
    assert "| helpers.bulk | 713 |" in readme.read_text()
    readme_figures(check=True, root=tmp_path, results=tmp_path)
    other.write_text("<!-- figures:nothing -->\n<!-- /figures -->\n")
    with pytest.raises(InputError, match="nothing"):
        readme_figures(check=True, root=tmp_path, results=tmp_path)


def test_the_projects_own_pages_ask_for_figures_that_exist() -> None:
    asked: list[str] = []
    for page in pages(ROOT):
        rewrite(page.name, page.read_text(encoding="utf-8"), lambda name: asked.append(name) or "")  # type: ignore[func-returns-value]
    assert set(asked) <= set(FIGURES)
    assert {"quality", "indexing", "search-latency"} <= set(asked)
