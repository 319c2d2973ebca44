"""What an adaptation won and cost: figures of spaces, checks, and the report of tiny encoders."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from typer.testing import CliRunner

from aisle.catalogue.judged import beir_task
from aisle.cli.adapt import app
from aisle.errors import InputError
from aisle.evaluation.encoders.adaptation import Home, report_adaptation
from aisle.evaluation.encoders.adaptation_report import Limits, to_markdown
from aisle.evaluation.encoders.tasks import sampled
from aisle.evaluation.encoders.vector_space import neighbour_overlap, space_figures
from tests.support.judge_parts import artifact, judged_folder, tiny


def unit(vectors: NDArray[np.float64]) -> NDArray[np.float32]:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)


def drawn(count: int, width: int, seed: int = 1) -> NDArray[np.float64]:
    return np.random.default_rng(seed).normal(size=(count, width))


def test_a_round_space_and_a_narrow_one() -> None:
    round_one = space_figures(unit(drawn(2000, 16)), unit(drawn(500, 16, 2)))
    narrow = space_figures(unit(drawn(2000, 16) * 0.1 + np.eye(16)[0]), unit(drawn(500, 16, 2)))
    assert abs(round_one.anisotropy) < 0.01 and narrow.anisotropy > 0.8
    # The mean of exp(-4 (1 - cos)) of independent directions in 16 dimensions.
    assert round_one.uniformity == pytest.approx(-3.5, abs=0.15)
    assert narrow.uniformity > -1
    assert round_one.effective_rank == pytest.approx(16, abs=0.2)
    flat = drawn(2000, 16)
    flat[:, 2:] = 0
    assert space_figures(unit(flat), unit(flat)).effective_rank < 2.1


def test_hubs_are_items_that_answer_everything() -> None:
    items, queries = unit(drawn(300, 16)), unit(drawn(300, 16, 2))
    usual = space_figures(items, queries).hubness
    middle = queries.mean(axis=0)
    items[:10] = unit((middle + 0.01 * drawn(10, 16, 3)).astype(np.float64))
    assert space_figures(items, unit(queries + 5 * middle)).hubness > 2 * usual
    assert space_figures(items, queries[:0]).hubness == 0


def test_neighbours_that_stay() -> None:
    items = unit(drawn(200, 16))
    turned = items @ np.linalg.qr(drawn(16, 16, 5))[0].astype(np.float32)
    assert neighbour_overlap(items, turned) > 0.99
    assert neighbour_overlap(items, unit(drawn(200, 16, 9))) < 0.2
    assert 0.2 < neighbour_overlap(items, unit((items + 0.2 * drawn(200, 16, 9)).astype(np.float64))) < 0.95
    assert neighbour_overlap(items[:1], items[:1]) == 1


def test_the_report_and_its_checks(tmp_path: Path) -> None:
    home = beir_task(judged_folder(tmp_path / "home"))
    outside = beir_task(judged_folder(tmp_path / "outside"))
    popularity = {item: float(place) for place, item in enumerate(home.ids)}
    labels = {query.id: "language de" for query in home.judged.queries}
    report = report_adaptation(tiny(5), tiny(), home, [outside], known=Home(popularity, labels))
    assert [(one.dataset, one.outside, one.dims) for one in report.changes] == [
        ("home", False, 32),
        ("outside", True, 32),
    ]
    assert set(report.popularity) == {"base", "adapted"}
    assert 0 < report.popularity["base"] < 1
    assert {one.name for one in report.slices} >= {"language de"}
    assert 0 <= report.stable <= 1
    plain = json.loads(json.dumps(report.to_json()))
    assert plain["passed"] is report.passed is all(check["met"] for check in plain["checks"])
    assert {"changes", "space", "stable_neighbours", "bytes_overlap", "int8", "slices"} <= set(plain)
    page = to_markdown(report)
    assert "share of nDCG@10 lost on outside" in page and "anisotropy" in page
    strict = report_adaptation(tiny(5), tiny(), home, [outside], limits=Limits(least_gain=0.99))
    assert not strict.passed
    missed = {check.name for check in strict.checks if not check.met}
    assert "R@200 won at home, 32 dimensions" in missed
    with pytest.raises(InputError, match="same artifact"):
        report_adaptation(tiny(), tiny(), home, [])
    with pytest.raises(InputError, match="has 16 dimensions, tiny 32"):
        report_adaptation(tiny(5), tiny(dims=16), home, [])
    assert report_adaptation(tiny(5, dims=16), tiny(), home, []).changes[0].dims == 16


def test_a_sample_keeps_what_is_judged(tmp_path: Path) -> None:
    task = beir_task(judged_folder(tmp_path / "home"))
    judged = {item for items in task.judged.qrels.values() for item in items}
    less = sampled(task, 7, len(judged) + 3)
    assert judged <= set(less.ids) and len(less.ids) == min(len(task.ids), len(judged) + 3)
    assert sampled(task, 7, 1).ids == tuple(item for item in task.ids if item in judged)
    assert (
        dict(zip(less.ids, less.texts, strict=True)).items()
        <= dict(zip(task.ids, task.texts, strict=True)).items()
    )
    assert replace(less, judged=task.judged) == less


def test_the_command_writes_what_a_gate_reads(tmp_path: Path) -> None:
    home, outside = judged_folder(tmp_path / "home"), judged_folder(tmp_path / "outside")
    options = [str(artifact(5)), "--data", str(home), "--base", str(artifact()), "--outside", str(outside)]
    path = tmp_path / "report.json"
    done = CliRunner().invoke(app, ["report", *options, "--json", str(path)])
    assert done.exit_code == 0, done.output
    written = json.loads(path.read_text())
    assert written["name"] == "tiny" and isinstance(written["passed"], bool)
    printed = CliRunner().invoke(app, ["report", *options, "--json", "-"])
    assert json.loads(printed.stdout) == written
    gated = CliRunner().invoke(app, ["report", *options, "--least-gain", "0.99", "--gate"])
    assert gated.exit_code == 1 and "MISSED" in gated.output
    same = CliRunner().invoke(app, ["report", *options, "--outside", str(home)]).exception
    assert isinstance(same, InputError) and "itself and outside" in same.message
