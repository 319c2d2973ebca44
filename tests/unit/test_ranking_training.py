"""Training a ranker: what it learns, what it refuses, and what its artifact is held to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest
from numpy.typing import NDArray

from aisle._artifacts import verified_artifact
from aisle._train_ranker import judged_queries
from aisle.encoder import ArtifactStore
from aisle.encoder.artifact import read_manifest, write_manifest
from aisle.errors import (
    ArtifactCorrupt,
    ArtifactMismatch,
    ArtifactNotFound,
    EvaluationError,
    InputError,
    NoBetterRanker,
)
from aisle.evaluation import JudgedSet
from aisle.search.rank.artifact import SETTINGS, load_ranker, save_ranker
from aisle.search.rank.features import FEATURES
from aisle.search.rank.linear import Linear
from aisle.search.rank.ranker import RankModel
from aisle.search.rank.trees import Trees
from aisle.training.common.progress import Silent
from aisle.training.ranking.fit import fit
from aisle.training.ranking.job import RankerJob, gains_of, ways_of
from aisle.training.ranking.settings import ModelKind, RankerSettings, Unjudged
from aisle.training.ranking.table import RankingTable
from aisle.training.ranking.validate import validated
from aisle.types import Query
from tests.support.ranking_tables import column, ranking_rows

Damage = Callable[[Path], object]

QUICK = RankerSettings(trees=15, least_in_leaf=10, rate=0.3)
LINEAR = replace(QUICK, kind=ModelKind.LINEAR)
WAYS = (QUICK, LINEAR)


@pytest.fixture
def store(tmp_path: Path) -> ArtifactStore:
    return ArtifactStore(tmp_path / "store")


@pytest.mark.parametrize("way", WAYS, ids=["trees", "linear"])
def test_it_learns_the_order_and_says_what_it_learned_it_from(
    way: RankerSettings, store: ArtifactStore
) -> None:
    table = ranking_rows(judged=0.5)
    report = RankerJob(name="shop", ways=(way,)).run(table, store, Silent())
    assert report.held_out > report.fused + 0.2
    assert next(iter(report.importances)) == "dense: cosine"
    assert report.wins > report.losses
    assert report.judged == int(np.isfinite(table.grades).sum()) < report.candidates == len(table.rows)
    ranker, artifact = load_ranker("shop", store)
    assert artifact.path == report.artifact.path == verified_artifact("shop", store=store).path
    assert np.array_equal(ranker.model.scores(table.rows), fit(table, report.settings).scores(table.rows))
    assert artifact.manifest.metrics["held-out nDCG@20"] == report.held_out
    assert report.to_json()["settings"]["kind"] == way.kind.value


def test_the_same_seed_makes_the_same_artifact(store: ArtifactStore) -> None:
    jobs = [
        RankerJob(name="shop", ways=WAYS, folds=2).run(ranking_rows(40), store, Silent()) for _ in range(2)
    ]
    assert jobs[0].artifact.fingerprint == jobs[1].artifact.fingerprint
    assert jobs[0].to_json() == jobs[1].to_json()
    rows = ranking_rows(40)
    other = fit(rows, replace(QUICK, seed=QUICK.seed + 1)).scores(rows.rows)
    assert not np.array_equal(other, fit(rows, QUICK).scores(rows.rows))


@pytest.mark.parametrize("seed", range(3))
def test_a_ranker_trained_on_noise_is_not_written(store: ArtifactStore, seed: int) -> None:
    table = ranking_rows(60, seed=seed, taught=None)
    with pytest.raises(EvaluationError, match="no better than the fusion") as refused:
        RankerJob(name="shop", ways=WAYS).run(table, store, Silent())
    assert "without a ranker" in refused.value.fix
    assert store.list() == ()


def test_a_ranker_that_is_worse_for_certain_is_not_written(store: ArtifactStore) -> None:
    """The fusion orders these queries as they were judged, by nothing that a ranker is told of."""
    table = ranking_rows(60, taught=None)
    best_first = np.concatenate([np.sort(grades)[::-1] for grades in table.grades.reshape(60, 20)])
    table = replace(table, grades=best_first)
    with pytest.raises(NoBetterRanker, match=r"against 1\.0000"):
        RankerJob(name="shop", ways=(LINEAR,)).run(table, store, Silent())
    assert store.list() == ()


def test_how_to_train_is_chosen_without_the_queries_that_are_measured() -> None:
    table, weak = ranking_rows(60, taught="dense: cosine"), replace(QUICK, trees=1, leaves=2)
    before = validated(table, (weak, LINEAR), 3, 7, Silent())
    assert before.chosen == (LINEAR,) * 3
    # What is measured first, in the opposite order: there what learned least is least wrong.
    measured = np.flatnonzero(
        np.isin(np.arange(60), np.array_split(np.random.default_rng(7).permutation(60), 3)[0])
    )
    grades = table.grades.reshape(60, 20).copy()
    grades[measured] = 3 - grades[measured]
    turned = replace(
        table, grades=grades.ravel(), judged=tuple(tuple(sorted(of, reverse=True)) for of in grades.tolist())
    )
    after = validated(turned, (weak, LINEAR), 3, 7, Silent())
    assert after.held_out[measured].mean() < before.held_out[measured].mean() - 0.2
    assert after.chosen[0] == LINEAR


def test_what_was_chosen_without_a_query_does_not_know_it() -> None:
    """A column that gives each query's own answer away teaches nothing about the others."""
    table = ranking_rows(60, taught=None)
    draw = np.random.default_rng(1)
    codes = np.repeat(draw.permutation(60) * 1.0, 20)
    table.rows[:, column("query: words")] = codes
    found = validated(table, (replace(QUICK, leaves=64, least_in_leaf=1),), 3, 7, Silent())
    assert abs(found.delta) < 0.1


def test_queries_of_one_text_are_one_question() -> None:
    """Else the answer of one would be learned from its twin, and a few questions would look like many."""
    texts = {"a": "Red  Lamp", "b": "drill", "c": "red lamp", "d": "chair", "e": "RED LAMP"}
    qrels = {"a": {"1": 3, "2": 1}, "b": {"3": 2}, "c": {"2": 2, "4": 0}, "d": {"5": 1}, "e": {"6": 1}}
    judged = JudgedSet("shop", "train", tuple(Query(id_, text) for id_, text in texts.items()), qrels)
    found = judged_queries(judged, 2, None)
    assert [query.id for query in found.queries] == ["a", "b"]
    assert found.qrels == {"a": {"1": 3, "2": 2, "4": 0}, "b": {"3": 2}}
    assert [query.id for query in judged_queries(judged, 2, 1).queries] == ["a"]


def test_one_query_is_too_few_to_measure_and_enough_to_fit() -> None:
    table = ranking_rows(1)
    for way in WAYS:
        assert np.isfinite(fit(table, way).scores(table.rows)).all()
    with pytest.raises(InputError, match="1 judged queries") as refused:
        validated(table, WAYS, 3, 7, Silent())
    assert "judge more" in refused.value.fix
    with pytest.raises(InputError, match="8 judged queries"):
        validated(ranking_rows(8), WAYS, 3, 7, Silent())
    assert len(validated(ranking_rows(9), (LINEAR,), 3, 7, Silent()).held_out) == 9


@pytest.mark.parametrize("way", WAYS, ids=["trees", "linear"])
def test_constant_and_missing_features_change_nothing(way: RankerSettings) -> None:
    table = ranking_rows(40)
    model = fit(table, way)
    moved = model.contributions(table.rows)
    for name in ("query: corrected", "sparse: rank"):
        assert not moved[:, column(name)].any()
    empty = np.full((3, len(FEATURES)), np.nan)
    assert np.isfinite(model.scores(empty)).all()
    assert moved.sum(axis=1) + model.base == pytest.approx(model.scores(table.rows), abs=1e-9)


@pytest.mark.parametrize("way", WAYS, ids=["trees", "linear"])
def test_more_of_what_can_only_be_better_never_lowers_a_score(way: RankerSettings) -> None:
    """Whatever the judgments say: here grades fall as the cosine rises."""
    table = ranking_rows(40, noise=0.5)
    rows = table.rows.copy()
    rows[:, column("dense: cosine")] *= -1
    table = RankingTable(table.queries, table.bounds, rows, table.grades, table.judged)

    def worst(model: RankModel) -> float:
        found = []
        for at, feature in enumerate(FEATURES):
            if feature.sign:
                more = rows.copy()
                more[:, at] += 0.5
                found.append(float((feature.sign * (model.scores(more) - model.scores(rows))).min()))
        return min(found)

    assert worst(fit(table, way)) >= -1e-12
    assert worst(fit(table, replace(way, monotone=False))) < -1e-3


@pytest.mark.parametrize("way", WAYS, ids=["trees", "linear"])
def test_a_catalogue_without_what_it_learned_from_is_ordered_by_the_rest(way: RankerSettings) -> None:
    model = fit(ranking_rows(60), way)
    elsewhere = ranking_rows(5, seed=9).rows
    missing = [at for at, feature in enumerate(FEATURES) if feature.name.startswith(("dense:", "brand:"))]
    elsewhere[:, missing] = np.nan
    scores, moved = model.scores(elsewhere), model.contributions(elsewhere)
    assert np.isfinite(scores).all() and len(set(scores.tolist())) > 1
    assert moved.sum(axis=1) + model.base == pytest.approx(scores, abs=1e-9)


def test_what_nobody_judged_is_taken_for_what_was_asked() -> None:
    """Grades follow a feature among the judged; what is not judged has more of it and none of their worth."""
    table = ranking_rows(60, judged=0.5)
    rows = table.rows.copy()
    rows[~np.isfinite(table.grades), column("dense: cosine")] += 10
    table = RankingTable(table.queries, table.bounds, rows, table.grades, table.judged)
    free = replace(LINEAR, monotone=False)

    def weight(unjudged: Unjudged) -> float:
        model = fit(table, replace(free, unjudged=unjudged, sampled=5))
        assert isinstance(model, Linear)
        return float(model.weights[column("dense: cosine")])

    left_out, sampled, irrelevant = map(weight, (Unjudged.LEFT_OUT, Unjudged.SAMPLED, Unjudged.IRRELEVANT))
    assert left_out > 0 > irrelevant
    assert irrelevant < sampled < left_out


@pytest.mark.parametrize(
    "other",
    [{"feature_version": 0}, {"features": [feature.name for feature in reversed(FEATURES)]}],
    ids=["version", "order"],
)
def test_a_ranker_of_other_features_is_refused(store: ArtifactStore, other: dict[str, object]) -> None:
    table = ranking_rows(20)
    model = fit(table, LINEAR)
    assert isinstance(model, Linear)
    path = save_ranker(model, "shop", store, table.rows).path
    described = orjson.loads((path / SETTINGS).read_bytes())
    (path / SETTINGS).write_bytes(orjson.dumps(described | other))
    write_manifest(path, read_manifest(path))
    with pytest.raises(ArtifactMismatch, match="not those of this Aisle") as refused:
        load_ranker(path, store)
    assert "aisle train ranker" in refused.value.fix


def test_a_ranker_whose_scores_differ_is_refused(store: ArtifactStore) -> None:
    table = ranking_rows(20)
    model = fit(table, LINEAR)
    assert isinstance(model, Linear)
    path = save_ranker(model, "shop", store, table.rows).path
    np.savez(
        path / "model.npz",
        allow_pickle=False,
        **Linear(model.weights * 1.001, model.means, model.scales).arrays(),
    )
    write_manifest(path, read_manifest(path))
    with pytest.raises(ArtifactCorrupt, match="recorded candidate"):
        load_ranker(path, store)


def _described(**other: object) -> Damage:
    return lambda path: (path / SETTINGS).write_bytes(
        orjson.dumps(orjson.loads((path / SETTINGS).read_bytes()) | other)
    )


def _changed(file: str, **other: Callable[[NDArray[Any]], NDArray[Any]]) -> Damage:
    def damage(path: Path) -> None:
        with np.load(path / file) as held:
            arrays = {name: other[name](held[name]) if name in other else held[name] for name in held}
        np.savez(path / file, allow_pickle=False, **arrays)

    return damage


DAMAGES: dict[str, Damage] = {
    "no depth": _described(depth=0),
    "too deep": _described(depth=10_001),
    "no such model": _described(model="forest"),
    "no settings": lambda path: (path / SETTINGS).write_bytes(b"[]"),
    "a root that is no node": _changed("model.npz", roots=lambda held: held - 10**6),
    "a feature that is none": _changed("model.npz", features=lambda held: held + 999),
    "a tree that is a circle": _changed("model.npz", left=np.zeros_like),
    "a list cut short": _changed("model.npz", right=lambda held: held[:3]),
    "thresholds that are no numbers": _changed("model.npz", thresholds=lambda held: held * np.nan),
    "a self-test of other features": _changed("golden.npz", rows=lambda held: held[:, :5]),
    "no zip file": lambda path: (path / "model.npz").write_bytes(b"PK"),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_ranker_is_refused_even_where_its_hashes_agree(
    store: ArtifactStore, damage: Damage
) -> None:
    table = ranking_rows(20)
    model = fit(table, QUICK)
    assert isinstance(model, Trees)
    path = save_ranker(model, "shop", store, table.rows).path
    load_ranker(path, store)
    damage(path)
    write_manifest(path, read_manifest(path))
    with pytest.raises(ArtifactCorrupt) as refused:
        load_ranker(path, store)
    assert refused.value.fix


def test_no_ranker_of_a_name_says_how_one_is_made(store: ArtifactStore) -> None:
    with pytest.raises(ArtifactNotFound, match="no ranker 'shop'") as refused:
        load_ranker("shop", store)
    assert "aisle train ranker" in refused.value.fix


@pytest.mark.parametrize("words", [("forest", "irrelevant"), ("trees", "ignored")])
def test_unknown_words_are_refused(words: tuple[str, str]) -> None:
    with pytest.raises(InputError, match="there is no"):
        ways_of(*words)
    with pytest.raises(InputError, match="there is no gains 'odd'"):
        gains_of("odd")


@pytest.mark.parametrize(
    "wrong",
    [{"folds": 1}, {"seed": -1}, *({"guard_p": p} for p in (0.0, -0.5, 1.5, float("nan")))],
)
def test_numbers_that_no_guard_can_go_by_are_refused_before_anything_is_asked(
    wrong: dict[str, float],
) -> None:
    with pytest.raises(InputError, match="cannot be"):
        RankerJob(name="shop", **wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "wrong", [{"trees": 0}, {"leaves": 65}, {"rate": 0.0}, {"share": 1.5}, {"sampled": 0}, {"penalty": 0.0}]
)
def test_settings_that_cannot_be_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(InputError, match=next(iter(wrong))):
        RankerSettings(**wrong)  # type: ignore[arg-type]


def test_ndcg_counts_what_no_leg_found() -> None:
    table = ranking_rows(2, 4, taught=None)
    table = RankingTable(
        table.queries,
        table.bounds,
        table.rows,
        np.array([3, 0, np.nan, 1, 0, 0, 0, 0.0]),
        ((3, 3, 1, 0), (0.0,)),
    )
    first, second = table.ndcg(np.array([4, 3, 2, 1, 0, 0, 0, 0.0]), 3)
    assert first == pytest.approx(7 / (7 + 7 / np.log2(3) + 1 / 2))
    assert second == 0.0


def test_linear_gains_make_a_grade_worth_itself() -> None:
    table = RankingTable(
        ("q",), np.array([0, 3]), ranking_rows(1, 3).rows, np.array([0.5, np.nan, 6]), ((6, 4, 0.5),)
    )
    found = table.with_linear_gains().ndcg(table.fused(), 3)
    best = 6 + 4 / np.log2(3) + 0.5 / 2
    assert found == pytest.approx([(0.5 + 6 / 2) / best])
    assert np.isnan(table.with_linear_gains().grades[1])


def test_grades_under_the_least_one_count_as_unjudged() -> None:
    table = RankingTable(
        ("q",), np.array([0, 4]), ranking_rows(1, 4).rows, np.array([2, np.nan, 3, 0]), ((3, 3, 2, 0),)
    )
    found = table.with_least_grade(3)
    assert found.judged == ((3, 3),)
    assert np.isnan(found.grades).tolist() == [True, True, False, True]
    assert found.ndcg(table.fused(), 3) == pytest.approx([(7 / 2) / (7 + 7 / np.log2(3))])
