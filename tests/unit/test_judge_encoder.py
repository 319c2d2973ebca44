"""The whole judgment, of tiny encoders on generated folders."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from aisle.catalogue.judged import beir_task
from aisle.cli.eval_encoder import eval_encoder
from aisle.encoder.artifact import MODEL
from aisle.errors import InputError
from aisle.evaluation.encoders.exact import Floats, Neighbours, exact_neighbours
from aisle.evaluation.encoders.hnsw import HnswSearch
from aisle.evaluation.encoders.judge import EncoderReport, JudgeOptions, judge_encoder
from aisle.evaluation.encoders.markdown import to_markdown, verdict
from aisle.evaluation.encoders.quality import METRICS
from tests.support.judge_parts import artifact, judged_folder, tiny, weights

QUICK = JudgeOptions(timed_texts=0)


def backwards(queries: Floats, items: Floats, ids: Sequence[str], depth: int) -> list[list[str]]:
    """A search that finds all and ranks it upside down."""
    return [found[::-1] for found in exact_neighbours(queries, items, ids, depth)]


def test_model_loss_and_index_loss_are_told_apart(tmp_path: Path) -> None:
    task = beir_task(judged_folder(tmp_path / "shop"))
    graphs: dict[str, Neighbours] = {
        "same": exact_neighbours,
        "hnsw": HnswSearch(),
        "backwards": backwards,
    }
    report = judge_encoder(tiny(), task, JudgeOptions(widths=(32, 16, 5), graphs=graphs, timed_texts=0))
    assert [(width.dims, width.trained) for width in report.widths] == [(32, True), (16, True), (5, False)]
    assert (report.items, report.queries, report.dataset) == (60, 20, "shop")
    full = report.widths[0]
    # A query that is an item's own title finds it.
    assert full.exact["nDCG@10"] > 0.9 and full.exact["R@200"] == 1
    same, hnsw, upside_down = full.graphs
    assert same.overlap == hnsw.overlap == upside_down.overlap == 1
    assert set(same.change) == set(METRICS)
    assert all(change == 0 for change in (*same.change.values(), *hnsw.change.values()))
    assert upside_down.change["nDCG@10"] < -0.5 and upside_down.change["R@200"] == 0
    assert any("not trained for 5 dimensions" in note for note in report.notes)


def test_a_text_is_encoded_once_for_all_widths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    encoder, task = tiny(), beir_task(judged_folder(tmp_path))
    seen: list[int] = []
    encode = encoder.encode_items

    def counted(texts: Sequence[str]) -> Floats:
        seen.append(len(texts))
        return encode(texts)

    monkeypatch.setattr(encoder, "encode_items", counted)
    judge_encoder(encoder, task, JudgeOptions(widths=(32, 16, 8), timed_texts=0))
    assert seen == [len(task.ids)]


def test_a_model_that_is_its_own_base_forgets_nothing(tmp_path: Path) -> None:
    own, other = (beir_task(judged_folder(tmp_path / name, seed=seed)) for seed, name in enumerate("ab"))
    report = judge_encoder(tiny(), own, QUICK, base=tiny(), outside=[other])
    assert [(change.dataset, change.outside) for change in report.changes] == [("a", False), ("b", True)]
    for change in report.changes:
        assert change.model == change.base
        assert [(c.metric, c.delta, c.p_value) for c in change.comparisons] == [
            ("nDCG@10", 0, 1),
            ("R@200", 0, 1),
        ]
    assert verdict(report.changes) == "a +0.0000 (p = 1.0000); outside: b +0.0000 (p = 1.0000)"
    assert "the base is this very artifact" in report.notes


def test_what_another_model_does_better_is_shown_as_forgotten(tmp_path: Path) -> None:
    task = beir_task(judged_folder(tmp_path / "shop", items=80, queries=40))
    # One dimension cannot tell 80 titles apart: a model that has lost nearly all it knew.
    poor = judge_encoder(tiny(dims=1), task, QUICK, base=tiny(), outside=[task])
    for change in poor.changes:
        assert change.main is not None and change.base is not None
        assert change.main.delta == pytest.approx(change.model["nDCG@10"] - change.base["nDCG@10"])
        assert change.main.delta < -0.3 and change.main.p_value < 0.01
    assert "outside: shop -0." in verdict(poor.changes)


def test_without_a_base_the_outside_figures_stand_alone(tmp_path: Path) -> None:
    task = beir_task(judged_folder(tmp_path / "shop"))
    report = judge_encoder(tiny(), task, QUICK, outside=[task])
    (change,) = report.changes
    assert change.outside and change.base is None and change.main is None
    assert change.model == report.widths[0].exact
    assert verdict(report.changes) == ""
    assert any("gain and forgetting are not known" in note for note in report.notes)
    assert "without a base" in to_markdown(report)


def test_costs_stand_beside_fp32_of_the_same_weights(tmp_path: Path) -> None:
    task = beir_task(judged_folder(tmp_path / "shop"))
    encoder = tiny()
    report = judge_encoder(encoder, task, JudgeOptions(timed_texts=30, weights=str(weights())))
    assert [cost.name for cost in report.costs] == ["int8 onnxruntime", "fp32 onnxruntime", "fp32 torch"]
    assert report.costs[0].model_bytes == (encoder.artifact.path / MODEL).stat().st_size
    assert report.costs[0].model_bytes < report.costs[1].model_bytes
    assert all(cost.p50_ms > 0 and cost.texts_per_s > 0 for cost in report.costs)
    alone = judge_encoder(encoder, task, JudgeOptions(timed_texts=30))
    assert [cost.name for cost in alone.costs] == ["int8 onnxruntime"]


def test_the_weights_of_another_model_are_refused(tmp_path: Path) -> None:
    task = beir_task(judged_folder(tmp_path))
    with pytest.raises(InputError, match="not the weights of tiny"):
        judge_encoder(tiny(), task, JudgeOptions(timed_texts=10, weights=str(weights(seed=11))))


def test_json_and_markdown_say_the_same(tmp_path: Path) -> None:
    own = beir_task(judged_folder(tmp_path / "own|shop"))
    report = judge_encoder(
        tiny(), own, JudgeOptions(graphs={"hnsw": HnswSearch()}, timed_texts=20), base=tiny(seed=4)
    )
    report.write(tmp_path / "report.json")
    read = json.loads((tmp_path / "report.json").read_text())
    assert set(read) == set(EncoderReport.__slots__)
    assert read["widths"][0]["exact"] == report.widths[0].exact
    assert read["widths"][0]["graphs"][0]["overlap"] == 1
    assert read["changes"][0]["comparisons"][0]["metric"] == "nDCG@10"
    assert read["costs"][0]["p50_ms"] == report.costs[0].p50_ms
    text = to_markdown(report)
    assert f"{report.widths[0].exact['nDCG@10']:.4f}" in text
    assert "own\\|shop dev" in text
    rows = [line for line in text.splitlines() if line.startswith("|")]
    columns = {line.replace("\\|", "").count("|") for line in rows}
    assert columns == {9, 12, 8}


def command(*arguments: str) -> str:
    app = typer.Typer()
    app.command()(eval_encoder)
    done = CliRunner().invoke(app, arguments, env={"COLUMNS": "200"}, catch_exceptions=False)
    assert done.exit_code == 0
    return done.stdout


def test_the_command_prints_json_or_a_report(tmp_path: Path) -> None:
    folder = str(judged_folder(tmp_path / "shop"))
    usual = (str(artifact()), "--data", folder, "--widths", "32,8", "--texts", "0")
    read = json.loads(command(*usual, "--json", "-"))
    assert [width["dims"] for width in read["widths"]] == [32, 8]
    assert [graph["engine"] for graph in read["widths"][0]["graphs"]] == ["faiss HNSW"]
    shown = command(*usual, "--json", str(tmp_path / "out.json"), "--base", str(artifact()))
    assert "Model loss and index loss" in shown and "faiss HNSW" in shown
    assert json.loads((tmp_path / "out.json").read_text())["base"].startswith("tiny (")
