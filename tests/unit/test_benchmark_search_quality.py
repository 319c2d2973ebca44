"""The search quality benchmark's arithmetic: rungs, rows, goals and tables, from hand-made lists."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from aisle.encoder import ArtifactStore
from aisle.errors import ArtifactNotFound, InputError
from aisle.evaluation import Run, evaluate
from aisle.mappings import BM25, DENSE, FusionSpec
from aisle.search import CascadeStage
from aisle.search.tuning.guard import folds_of
from aisle.search.tuning.tune import TuneOptions
from benchmarks.harness.result_file import CPU, BenchmarkResult, Goal
from benchmarks.readme_figures import FIGURES
from benchmarks.search_quality.__main__ import search_quality
from benchmarks.search_quality.figures import (
    search_goals_table,
    search_ladder,
    search_outside,
    search_reranked,
    search_speed_table,
    search_summary,
)
from benchmarks.search_quality.fused import (
    PER_QUERY,
    TUNED,
    TYPED,
    Rung,
    chosen_without,
    climb,
    fused_alike,
    held_out_specs,
    ids_of,
)
from benchmarks.search_quality.measure import left_out, notes
from benchmarks.search_quality.rerank import HELD_OUT, WEIGHTS, Remembered, pool_lists, rerank_rungs, sampled
from benchmarks.search_quality.shop import Asked, find_artifacts, judged_among
from benchmarks.search_quality.table import (
    ALL,
    LADDER,
    OUTSIDE,
    PAIR,
    PAIRS,
    POOL,
    RERANKED,
    SPEED,
    STUDENT,
    STUDENT_MODEL,
    TEACHER,
    TORCH_MODEL,
    Row,
    rung_rows,
    search_goals,
    share_of_gain,
)
from tests.support.encoder_artifact import minilm
from tests.support.leg_runs import ITEMS, always, judged_set, leg_runs

JUDGED = judged_set(40)
LEGS = {BM25: always(0.5), DENSE: always(0.2), "sparse": always(0.4)}
METRICS = {"nDCG@10": 0.4, "nDCG@20": 0.5, "R@200": 0.9}


def asked(pinned: dict[str, list[str]] | None = None) -> Asked:
    runs = leg_runs(JUDGED, LEGS)
    texts = {query.id: query.text for query in JUDGED.queries}
    typed = {query: list(found) for query, found in runs.runs[BM25].rankings.items()}
    return Asked(runs, texts, pinned or {}, typed)


def row(part: str, system: str, **more: object) -> dict[str, object]:
    return {
        "part": part,
        "dataset": "homedepot",
        "system": system,
        "fusion": "",
        "queries": 700,
        **METRICS,
        **more,
    }


ROWS: list[Row] = [
    row(LADDER, BM25),
    row(LADDER, DENSE, **{"nDCG@10": 0.45}),
    row(LADDER, f"{PAIR}{TUNED}", **{"nDCG@20": 0.48}),
    row(LADDER, f"{ALL}{TUNED}", before=ALL, delta=0.01, p=0.03, **{"p to bm25": 0.001, "R@200": 0.91}),
    row(RERANKED, f"{ALL}{TUNED}", **{"nDCG@20": 0.5}),
    row(RERANKED, f"{STUDENT}{HELD_OUT}", before=f"{ALL}{TUNED}", **{"nDCG@20": 0.54}),
    row(RERANKED, f"{TEACHER}{HELD_OUT}", before=f"{ALL}{TUNED}", **{"nDCG@20": 0.55}),
    row(POOL, STUDENT_MODEL, **{"nDCG@10": 0.94}),
    row(OUTSIDE, STUDENT, dataset="icecat", **{"nDCG@10": 0.8}),
    {"part": SPEED, "system": PAIR, "p50_ms": 10.0, "queries_per_s": 90.0},
    {"part": SPEED, "system": ALL, "p50_ms": 14.0, "queries_per_s": 75.0},
    {"part": SPEED, "system": STUDENT, "p50_ms": 120.0},
    {"part": PAIRS, "system": STUDENT_MODEL, "p50_ms": 100.0},
    {"part": PAIRS, "system": TORCH_MODEL, "p50_ms": 500.0},
]


def result(goals: Sequence[Goal]) -> BenchmarkResult:
    return BenchmarkResult(
        benchmark="search-quality",
        command="python -m benchmarks.search_quality",
        commit="0" * 40,
        cpu="a CPU",
        date="2026-11-21T00:00:00+00:00",
        where=CPU,
        rows=ROWS,
        attempts=left_out(["teacher (no artifact x)"]),
        goals=goals,
    )


def test_goals_are_those_of_the_rows() -> None:
    goals = [(round(goal.value, 3), round(goal.goal, 4), goal.met) for goal in search_goals(ROWS)]
    assert goals == [
        (0.45, 0.43, True),
        (0.91, 0.90, True),
        (0.5, 0.50, True),
        (0.54, 0.55, False),
        (0.94, 0.93, True),
        (0.8, 0.85, False),
        (0.2, 0.1667, False),
        (0.8, 0.97, False),
        (1.4, 1.5, True),
        (75.0, 70, True),
    ]


def test_what_was_left_out_has_no_goal() -> None:
    two_legs = [one for one in ROWS if one["system"] in (BM25, DENSE, PAIR, f"{PAIR}{TUNED}")]
    names = [goal.name for goal in search_goals(two_legs)]
    assert names == [
        "homedepot best single leg (dense) nDCG@10",
        "homedepot hybrid nDCG@20",
        f"whole search without rerank ({PAIR}), 4 clients, queries/s",
    ]


def test_a_teacher_that_adds_nothing_has_no_share() -> None:
    some = [one for one in ROWS if one["part"] == RERANKED]
    assert share_of_gain(some) == pytest.approx(0.8)
    assert share_of_gain(some[:2]) is None
    assert share_of_gain([*some[:2], {**some[2], "nDCG@20": 0.5}]) is None


def test_each_rung_is_compared_with_the_best_of_those_before() -> None:
    qrels = {f"q{n}": {"good": 3, "fair": 1} for n in range(20)}
    best, worse = dict.fromkeys(qrels, ("good", "fair")), dict.fromkeys(qrels, ("fair", "good"))
    none = dict.fromkeys(qrels, ("other",))
    rungs = [Rung(BM25, none), Rung("a", worse), Rung("b", best, ("a", BM25)), Rung("c", worse, ("a", "b"))]
    rows = rung_rows(LADDER, "toys", rungs, qrels)
    # Gains 7 and 1, discounts 1 and 1 / log2(3).
    swapped = (1 + 7 / np.log2(3)) / (7 + 1 / np.log2(3))
    assert [one["nDCG@10"] for one in rows] == [0.0, round(swapped, 4), 1.0, round(swapped, 4)]
    assert rows[2]["before"] == "a"
    assert rows[2]["delta"] == round(1 - swapped, 4)
    assert rows[2]["p"] < 0.001
    assert (rows[3]["before"], rows[3]["delta"]) == ("b", round(swapped - 1, 4))
    assert "before" not in rows[0]
    assert "p to bm25" not in rows[0]
    assert rows[1]["delta to bm25"] == round(swapped, 4)


def test_the_ladder_has_every_leg_pair_and_all_and_its_figure_is_that_of_the_tuning() -> None:
    ladder = climb(asked(), JUDGED, TuneOptions(folds=4))
    names = [rung.name for rung in ladder.rungs]
    pairs = ("bm25+dense", "bm25+sparse", "dense+sparse", ALL)
    expected = [TYPED, BM25, DENSE, "sparse"]
    for pair in pairs:
        expected += [pair, f"{pair}{TUNED}"]
    assert names == [*expected, f"{ALL}{PER_QUERY}"]
    # The lists that are scored here are fused one by one, the tuning's by matrices.
    stitched = evaluate(Run("tuned", ids_of(ladder.fused)), JUDGED.qrels, ["nDCG@10"])
    assert stitched.mean("nDCG@10") == pytest.approx(ladder.tuned.means["tuned"], abs=1e-9)
    assert len(rung_rows(LADDER, "toys", ladder.rungs, JUDGED.qrels)) == 13
    assert any("the sparse leg" in note["trial"] for note in notes(ladder.tuned, 0.7))


def test_every_query_has_the_fusion_that_was_chosen_without_it() -> None:
    ladder = climb(asked(), JUDGED, TuneOptions(folds=4))
    marked = replace(
        ladder.tuned,
        winners=tuple(
            replace(winner, spec=FusionSpec((BM25, DENSE), (number + 1.0, 1.0)))
            for number, winner in enumerate(ladder.tuned.winners)
        ),
    )
    queries = tuple(JUDGED.qrels)
    specs = held_out_specs(marked, queries)
    for winner, fold in zip(marked.winners, folds_of(len(queries), 4, 0), strict=True):
        assert {specs[queries[at]] for at in fold} == {winner.spec}
    assert specs.keys() == set(queries)


def test_items_that_a_query_names_come_first_where_words_are_asked() -> None:
    found = asked({"q0": ["item-000", "nowhere"]})
    both = ids_of(fused_alike(found, FusionSpec.equal(BM25, DENSE)))
    assert set(both["q0"][:2]) == {"item-000", "nowhere"}
    assert "nowhere" not in ids_of(fused_alike(found, FusionSpec.equal(DENSE)))["q0"]


def test_a_setting_is_chosen_without_the_queries_it_is_used_for() -> None:
    values = np.array([[1.0, 0.0, 0.0, 0.4], [0.0, 0.2, 0.2, 0.3]])
    folds = [np.array([0]), np.array([1, 2, 3])]
    assert chosen_without(values, folds).tolist() == [1, 0, 0, 0]


class Grades:
    """Scores a text by the number at its end, and counts the pairs."""

    fingerprint = "ab" * 32

    def __init__(self) -> None:
        self.pairs = 0

    def score(self, query: str, texts: Sequence[str]) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
        self.pairs += len(texts)
        return np.array([float(text.split()[-1]) for text in texts], dtype=np.float32)


def test_weights_and_held_out_weight_share_the_scores() -> None:
    found, model = asked(), Grades()
    texts = {item: f"{item} {number}" for number, item in enumerate(ITEMS)}
    fused = fused_alike(found, FusionSpec.equal(BM25))
    stages = [CascadeStage(Remembered(model), 10)]
    rungs, best = rerank_rungs("r", stages, found, fused, texts, JUDGED.qrels, BM25)
    assert [rung.name for rung in rungs] == [*(f"r, weight {weight:g}" for weight in WEIGHTS), f"r{HELD_OUT}"]
    # Two query texts share what they score of the same item.
    asked_for = {
        (found.searched[query], each.id) for query, each_list in fused.items() for each in each_list[:10]
    }
    assert model.pairs == len(asked_for)
    *weighed, held_out = rungs
    alone = weighed[0].lists["q0"][:10]
    assert alone == sorted(alone, reverse=True)
    assert best in WEIGHTS
    assert all(held_out.lists[q] in [rung.lists[q] for rung in weighed] for q in JUDGED.qrels)


def test_the_judged_pool_holds_the_judged_items_alone() -> None:
    texts = {item: f"{item} {number}" for number, item in enumerate(ITEMS) if item != "item-000"}
    lists = pool_lists(Grades(), JUDGED, texts)
    assert all(set(lists[q]) == set(items) - {"item-000"} for q, items in JUDGED.qrels.items())
    assert all(found == sorted(found, reverse=True) for found in lists.values())


def test_a_sample_is_drawn_once_and_in_order() -> None:
    drawn = sampled(JUDGED, 15, 0)
    assert len(set(drawn)) == 15
    assert drawn == [query for query in JUDGED.qrels if query in set(drawn)]
    assert drawn == sampled(JUDGED, 15, 0) != sampled(JUDGED, 15, 1)
    assert sampled(JUDGED, 99, 0) == list(JUDGED.qrels)


def test_a_trial_asks_only_what_its_products_can_answer() -> None:
    known = dict.fromkeys(ITEMS[:20])
    some = judged_among(JUDGED, known, 5)
    assert 0 < len(some.queries) <= 5
    assert {query.id for query in some.queries} == some.qrels.keys()
    assert all(items.keys() <= known.keys() and max(items.values()) >= 2 for items in some.qrels.values())


def test_tables_show_every_part() -> None:
    one = result(search_goals(ROWS))
    ladder = search_ladder(one).splitlines()
    assert ladder[5] == (
        f"| {ALL}{TUNED} | 0.4000 | 0.5000 | 0.9100 |  |  | {ALL} | +0.0100 | 0.0300 | 0.0010 |"
    )
    assert f"| {ALL}{TUNED} | 0.4000 | 0.5000 | 0.9100 |" in search_summary(one)
    assert f"| {ALL} | 0" not in search_summary(one)
    assert "| judged-pool" in search_summary(one)
    assert f"| {STUDENT}{HELD_OUT} | 700 | 0.4000 | 0.5400 | 0.9000 | 120.0 |" in search_reranked(one)
    assert f"| {STUDENT_MODEL} | 700 | 0.9400 |" in search_reranked(one)
    assert f"| icecat | {STUDENT} | 0.8000 |" in search_outside(one)
    assert f"| {ALL} | 14.0 | 75.0 |" in search_speed_table(one)
    assert f"| {STUDENT} | 120.0 |  |" in search_speed_table(one)
    assert f"| {STUDENT_MODEL} | 100.0 | 0.2 |" in search_speed_table(one)
    assert "| teacher (no artifact x) | left out, and with it its goals | - |" in search_goals_table(one)


def test_the_figures_are_registered() -> None:
    names = [name for name, figure in FIGURES.items() if figure.benchmark == "search-quality"]
    assert names == [
        "summary",
        "search-quality-summary",
        "search-quality",
        "search-quality-reranked",
        "search-quality-outside",
        "search-quality-speed",
        "search-quality-goals",
    ]


def test_missing_artifacts_are_named_and_need_another_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = ArtifactStore(tmp_path / "artifacts")
    with pytest.raises(ArtifactNotFound):
        find_artifacts(store, "none", "a", "b", "c")
    # A dense artifact is no reranker, whatever its name.
    found = find_artifacts(store, str(minilm()), "no-sparse", str(minilm()), "no-teacher")
    assert (found.encoder, found.sparse, found.reranker, found.teacher) == (minilm(), None, None, None)
    assert found.missing[0] == "sparse leg (no artifact no-sparse)"
    assert len(found.missing) == 3
    monkeypatch.setenv("AISLE_HOME", str(tmp_path))
    with pytest.raises(InputError, match="must not overwrite"):
        search_quality(encoder=str(minilm()))
