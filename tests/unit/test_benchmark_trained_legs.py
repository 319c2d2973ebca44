"""Trained legs, asked once: other fusions of what they found, and features of whole vectors."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from aisle.evaluation import JudgedSet
from aisle.mappings import BM25, DENSE, SPARSE, FusionSpec
from aisle.mappings.fusion import L2
from aisle.search.rank.evidence import Candidate, Evidence
from aisle.search.rank.features import FEATURES
from aisle.training.ranking.table import RankingTable
from aisle.types import Query
from benchmarks.learned_ranking.added import Candidates, cosines, likeness, with_columns
from benchmarks.learned_ranking.told import candidates_by, fused_by, leg_runs, read_told, write_told
from benchmarks.learned_ranking.trained_legs import alone, recall
from tests.support.ranking_tables import column

LEGS = (BM25, DENSE, SPARSE)


def candidate(id_: str, place: int, **legs: tuple[int, float]) -> Candidate:
    """An item with the rank and the score of each leg that found it."""
    return Candidate(
        id_,
        1.0 / (1 + place),
        place,
        {leg: score for leg, (_, score) in legs.items()},
        {leg: rank for leg, (rank, _) in legs.items()},
        {"title": 2.0},
        (1.0, 0.0),
        f"Title {id_} 5 in.",
        measures=("5in", "in"),
        signals={},
    )


TOLD = Evidence(
    "red 5 in drill",
    ("red", "drill"),
    (("5in", "in"),),
    LEGS,
    (
        candidate("a", 0, bm25=(1, 9.0), dense=(2, 0.5)),
        candidate("b", 1, bm25=(2, 4.0), sparse=(1, 7.0)),
        candidate("c", 2, dense=(1, 0.9)),
    ),
)
JUDGED = JudgedSet("shop", "dev", (Query("q", "red 5 in drill"),), {"q": {"b": 3.0, "c": 2.0, "gone": 2.0}})


@pytest.fixture
def told(tmp_path: Path) -> Path:
    write_told([("q", TOLD)], tmp_path / "dev.jsonl.gz")
    return tmp_path / "dev.jsonl.gz"


def test_what_an_index_said_is_read_back_as_it_was(told: Path) -> None:
    assert list(read_told(told)) == [("q", TOLD)]


def test_an_interrupted_write_leaves_no_file(tmp_path: Path) -> None:
    def broken() -> object:
        yield "q", TOLD
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_told(broken(), tmp_path / "dev.jsonl.gz")  # type: ignore[arg-type]
    assert not list(tmp_path.iterdir())


def test_another_fusion_knows_only_what_its_legs_found() -> None:
    words = FusionSpec((BM25, SPARSE), (0.6, 0.4), normalisation=L2)
    found = fused_by(TOLD, words, 200)
    assert [each.id for each in found.candidates] == ["b", "a"]
    assert found.legs == (BM25, SPARSE)
    assert found.candidates[1].scores == {BM25: 9.0}
    assert [each.place for each in found.candidates] == [0, 1]
    assert [each.id for each in fused_by(TOLD, words, 1).candidates] == ["b"]


def test_candidates_are_rows_with_their_items(told: Path) -> None:
    spec = FusionSpec(LEGS, (0.6, 0.2, 0.2))
    found = candidates_by(told, JUDGED, spec, 200, {"c": 0, "b": 1, "a": 2})
    assert found.items.tolist() == [2, 1, 0]
    grades = found.table.grades
    assert np.isnan(grades[0]) and grades[1:].tolist() == [3.0, 2.0]
    # Of three relevant items one was never found.
    assert recall(found.table, found.table.fused()) == {"R@200": pytest.approx(2 / 3)}


def test_runs_of_the_legs_are_what_they_found(told: Path) -> None:
    runs = leg_runs(told, JUDGED, 200)
    assert runs.legs == LEGS
    assert runs.runs[DENSE].rankings == {"q": {"c": 0.9, "a": 0.5}}
    assert alone(DENSE, runs.runs[DENSE], JUDGED)["R@200"] == pytest.approx(1 / 3)


def table(bounds: list[int]) -> RankingTable:
    number, queries = bounds[-1], len(bounds) - 1
    rows = np.full((number, len(FEATURES)), np.nan)
    names = tuple(f"q{at}" for at in range(queries))
    return RankingTable(names, np.array(bounds), rows, np.zeros(number), ((),) * queries)


def test_whole_vectors_are_compared_with_the_query_and_with_the_best() -> None:
    items = np.array([[1, 0], [0, 1], [0.6, 0.8]], dtype=np.float32)
    found = Candidates(table([0, 2, 4]), np.array([0, 2, 1, 0]))
    queries = np.array([[1, 0], [0, 1]], dtype=np.float32)
    assert cosines(found, queries, items) == pytest.approx([1.0, 0.6, 1.0, 0.0])
    # Of two candidates each is held to the other one, never to itself.
    assert likeness(found, items) == pytest.approx([0.6, 0.6, 0.0, 0.0])


def test_added_features_take_the_place_of_signals_alone() -> None:
    bare = table([0, 2])
    more = with_columns(bare, [np.array([0.25, 0.75])])
    assert more.rows[:, column("signal: popularity")].tolist() == [0.25, 0.75]
    assert np.isnan(bare.rows).all()
    with pytest.raises(ValueError, match="no room"):
        with_columns(more, [np.array([0.25, 0.75])])
