"""Saved runs and fusion files: they read back equal, and what was changed, cut off or mixed up is named."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from aisle.errors import AisleError, EvaluationError, ForeignIndex, InputError
from aisle.evaluation.runs import ScoredRun
from aisle.mappings import BM25, DENSE, FusionSpec, IndexMeta, VectorSpace, default_fusion, pipeline_name
from aisle.mappings.fusion import QueryWeights
from aisle.search import Bm25Leg, DenseLeg, Leg
from aisle.search.plan import resolve_fusion
from aisle.search.request import SearchRequest
from aisle.search.tuning.fusion_file import FusionFile, fusion_json, read_fusion, write_fusion
from aisle.search.tuning.runs import LegRuns, check_kinship, has_leg_runs, read_leg_runs, write_leg_runs
from aisle.search.tuning.tune import TuneOptions, tune
from tests.support.command import listing
from tests.support.leg_runs import always, judged_set, leg_runs

JUDGED = judged_set(30)
RUNS = leg_runs(JUDGED, {BM25: always(0.3), DENSE: always(0.2)})
MODEL = QueryWeights(("words",), ((0.7, 0.3), (0.2, 0.8)), (1.5,), (0.5,), ((0.0, 0.0), (-0.01, 0.02)))
SPECS = (
    default_fusion(),
    FusionSpec((BM25, DENSE, "sparse"), (1, 1, 1)),
    FusionSpec((BM25, DENSE, "sparse"), (0.7, 0.2, 0.1), "l2", "harmonic_mean", 7),
    FusionSpec((BM25,), (3.0,)),
    FusionSpec((BM25, DENSE), (0.7, 0.3), query_weights=MODEL),
)
Change = Callable[[Any], object]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_leg_runs(RUNS, tmp_path)
    return tmp_path


def test_runs_read_back_equal_with_queries_that_found_nothing(tmp_path: Path) -> None:
    silent = dict(RUNS.runs[BM25].rankings) | {"q3": {}}
    runs = replace(RUNS, runs=dict(RUNS.runs) | {BM25: ScoredRun(BM25, silent)})
    assert not has_leg_runs(tmp_path)
    write_leg_runs(runs, tmp_path)
    assert has_leg_runs(tmp_path)
    assert listing(tmp_path) == ["bm25.run", "dense.run", "runs.json"]
    read = read_leg_runs(tmp_path)
    assert read == runs
    assert read.legs == (BM25, DENSE)
    check_kinship(read, JUDGED)


def cut(folder: Path) -> None:
    content = (folder / "dense.run").read_bytes()
    (folder / "dense.run").write_bytes(content[: len(content) // 2])


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (cut, "dense.run is not what runs.json describes"),
        (lambda folder: (folder / "bm25.run").unlink(), "no such file"),
        (lambda folder: (folder / "bm25.run").write_bytes(b""), "it was changed or cut off"),
        (lambda folder: (folder / "runs.json").unlink(), "holds no runs"),
        (lambda folder: (folder / "runs.json").write_text("{"), "cannot be read"),
        (lambda folder: (folder / "runs.json").write_text("[]"), "cannot be read"),
        (lambda folder: (folder / "runs.json").write_text('{"schema_version": 2}'), "schema version 2"),
        (lambda folder: (folder / "runs.json").write_text('{"schema_version": 1}'), "is not whole"),
    ],
)
def test_a_folder_that_was_spoilt_is_named(folder: Path, spoil: Change, said: str) -> None:
    spoil(folder)
    with pytest.raises(InputError, match=said) as refused:
        read_leg_runs(folder)
    assert "--name NAME" in refused.value.fix


def test_a_write_that_breaks_off_leaves_no_runs_to_be_read(folder: Path) -> None:
    spaced = ScoredRun(DENSE, {query: {"two words": 1.0} for query in RUNS.runs[DENSE].rankings})
    with pytest.raises(EvaluationError):
        write_leg_runs(replace(RUNS, runs={BM25: RUNS.runs[BM25], DENSE: spaced}), folder)
    assert not has_leg_runs(folder)


def test_a_leg_that_was_not_asked_all_queries_is_named() -> None:
    fewer = {query: found for query, found in RUNS.runs[DENSE].rankings.items() if query != "q7"}
    with pytest.raises(EvaluationError, match="query 'q7' is in the run of bm25 and not in that of dense"):
        replace(RUNS, runs={BM25: RUNS.runs[BM25], DENSE: ScoredRun(DENSE, fewer)})


def test_empty_runs_and_runs_without_a_leg_of_the_default_are_refused() -> None:
    empty = ScoredRun(DENSE, {query: {} for query in RUNS.runs[DENSE].rankings})
    with pytest.raises(EvaluationError, match="the run of the dense leg is empty"):
        replace(RUNS, runs={BM25: RUNS.runs[BM25], DENSE: empty})
    for runs in ({}, {BM25: RUNS.runs[BM25]}):
        with pytest.raises(EvaluationError, match="the default fusion asks"):
            replace(RUNS, runs=runs)


def test_runs_of_another_catalogue_are_refused() -> None:
    def foreign(run: ScoredRun) -> ScoredRun:
        rows = run.rankings.items()
        return ScoredRun(run.name, {q: {f"x{item}": s for item, s in found.items()} for q, found in rows})

    other: LegRuns = replace(RUNS, runs={leg: foreign(run) for leg, run in RUNS.runs.items()})
    with pytest.raises(EvaluationError, match="no leg found any of the items that toys judges"):
        check_kinship(other, JUDGED)


@pytest.mark.parametrize("spec", SPECS, ids=pipeline_name)
def test_a_fusion_reads_back_equal(spec: FusionSpec) -> None:
    stored = json.loads(json.dumps(spec.to_json()))
    assert FusionSpec.from_json(stored) == spec
    assert ("query_weights" in stored) == (spec.query_weights is not None)
    meta = IndexMeta("r", {DENSE: VectorSpace("ab" * 32, "e", 8)}, "lucene", ("p",), fusion=spec)
    assert IndexMeta.from_mapping("r", {"_meta": {"aisle": json.loads(json.dumps(meta.to_json()))}}) == meta


def test_an_index_without_a_fusion_is_read_as_before() -> None:
    meta = IndexMeta("r", {}, "lucene", ())
    assert "fusion" not in meta.to_json()
    assert IndexMeta.from_mapping("r", {"_meta": {"aisle": meta.to_json()}}).fusion is None


@pytest.mark.parametrize(
    "change",
    [
        {"weights": [0.5]},
        {"weights": [0, 0]},
        {"weights": [-1, 2]},
        {"weights": ["high", 1]},
        {"weights": None},
        {"legs": [1, 2]},
        {"legs": ["bm25", "bm25"]},
        {"rank_constant": 0},
        {"rank_constant": "60"},
        {"rank_constant": True},
        {"normalisation": "softmax"},
        {"query_weights": {}},
        {"query_weights": MODEL.to_json() | {"choices": [[1.0], [1.0]]}},
        {"query_weights": MODEL.to_json() | {"choices": [[0.0, 0.0], [1.0, 1.0]]}},
        {"query_weights": MODEL.to_json() | {"scales": [0.0]}},
        {"query_weights": MODEL.to_json() | {"means": [1.0, 2.0]}},
        {"query_weights": MODEL.to_json() | {"coefficients": [[0.0, 0.0]]}},
    ],
)
def test_a_fusion_that_cannot_be_is_refused_wherever_it_is_stored(
    tmp_path: Path, change: dict[str, object]
) -> None:
    spec = default_fusion().to_json() | change
    with pytest.raises(InputError) as refused:
        FusionSpec.from_json(spec)
    assert refused.value.fix
    meta = IndexMeta("r", {}, "lucene", ()).to_json() | {"fusion": spec}
    with pytest.raises(ForeignIndex, match="unreadable"):
        IndexMeta.from_mapping("r", {"_meta": {"aisle": meta}})
    content = fusion_json(tune(RUNS, JUDGED, TuneOptions(folds=2)), RUNS) | {"spec": spec}
    write_fusion(content, tmp_path / "fusion.json")
    with pytest.raises(AisleError):
        read_fusion(tmp_path / "fusion.json")


def test_a_fusion_file_says_what_it_is_and_reads_back(tmp_path: Path) -> None:
    tuned = tune(RUNS, JUDGED, TuneOptions(folds=2))
    content = fusion_json(tuned, RUNS)
    write_fusion(content, tmp_path / "fusion.json")
    assert json.loads((tmp_path / "fusion.json").read_text()) == json.loads(json.dumps(content))
    assert read_fusion(tmp_path / "fusion.json") == FusionFile(tuned.spec, RUNS.spaces, "toys-v0001")
    assert content["pipeline"] == pipeline_name(tuned.spec)
    assert content["data"] == {"name": "toys", "split": "dev", "sha256": RUNS.data_hash}
    assert (content["metric"], content["window"], content["queries"]) == ("nDCG@10", 40, 30)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("", "is empty"),
        ("nothing", "is not JSON"),
        ("[]", "is no fusion file"),
        ("{}", "is no fusion file"),
        ('{"schema_version": 2}', "has schema version 2, this Aisle reads 1"),
        ('{"schema_version": 1}', "is not whole"),
        ({"spaces": {"dense": {"name": "e"}}}, "is not whole"),
        ({"spec": FusionSpec((BM25, DENSE), (0.1, 0.9)).to_json()}, "was changed by hand"),
    ],
)
def test_a_file_that_is_no_whole_fusion_is_named(
    tmp_path: Path, change: str | dict[str, object], said: str
) -> None:
    path = tmp_path / "fusion.json"
    if isinstance(change, str):
        path.write_text(change)
    else:
        write_fusion(fusion_json(tune(RUNS, JUDGED, TuneOptions(folds=2)), RUNS) | change, path)
    with pytest.raises(InputError, match=said) as refused:
        read_fusion(path)
    assert refused.value.fix


def test_a_search_that_names_nothing_takes_the_tuned_fusion() -> None:
    known: dict[str, Leg] = {BM25: Bm25Leg(), DENSE: DenseLeg()}
    tuned = FusionSpec((DENSE, BM25), (0.6, 0.4))
    plain = SearchRequest("drill")
    assert resolve_fusion(plain, known, tuned) == tuned
    assert resolve_fusion(plain, known, None) == default_fusion()
    assert resolve_fusion(SearchRequest("drill", legs=(BM25,)), known, tuned).legs == (BM25,)
    asked = SearchRequest("drill", fusion=default_fusion())
    assert resolve_fusion(asked, known, tuned) == default_fusion()
    alone = FusionSpec((BM25,), (1.0,))
    assert resolve_fusion(plain, known, alone) == alone
    # A client that was made without one of the legs asks those that it has.
    assert resolve_fusion(plain, {BM25: Bm25Leg()}, tuned).legs == (BM25,)
