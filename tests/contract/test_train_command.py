"""`aisle train encoder`, from a BEIR folder to an artifact."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest
from typer.testing import CliRunner, Result

from aisle.cli.train import app
from aisle.encoder import DenseEncoder
from aisle.errors import InputError
from tests.support.tiny_catalogue import split, write_beir
from tests.support.tiny_training import tiny_model

pytestmark = pytest.mark.slow


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_beir(tmp_path / "shop")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AISLE_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def train(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["encoder", *map(str, arguments)])


def test_from_judgments_to_an_artifact(data: Path, home: Path, tmp_path: Path) -> None:
    base = tiny_model(tmp_path / "tiny")
    options: tuple[object, ...] = (
        "--data", data, "--base", base, "--name", "shop", "--no-titles", "--epochs", 1,
        "--rounds", 0, "--no-measure", "--held-out", data, "--json",
    )  # fmt: skip
    done = train(*options)
    assert done.exit_code == 0, done.output
    report: dict[str, Any] = orjson.loads(done.stdout)
    assert report["manifest"]["name"] == "shop"
    rows = {stage["name"]: stage["rows"] for stage in report["training"]["stages"]}
    assert list(rows) == ["principal-axes", "in-batch-negatives", "head"]
    assert rows["in-batch-negatives"] == len([p for p in split(held_out=False) if p.grade == 2])
    encoder = DenseEncoder.load("shop")
    assert encoder.fingerprint == report["fingerprint"]
    assert encoder.encode_queries(["thinga stylea"], dims=32).shape == (1, 32)
    assert (home / "training" / "shop" / "training.json").is_file()
    refused = train(*options)
    assert isinstance(refused.exception, InputError)
    assert "--resume" in refused.exception.fix
    again = train(*options, "--resume")
    assert orjson.loads(again.stdout)["fingerprint"] == report["fingerprint"]


def failed(*arguments: object) -> InputError:
    error = train(*arguments).exception
    assert isinstance(error, InputError), error
    return error


def test_one_source_is_needed(data: Path, home: Path) -> None:
    assert "one of --data" in failed().fix
    assert "2 sources" in failed("--data", data, "--reviews", data).message
    assert not home.exists()


def test_a_name_that_no_artifact_can_have(data: Path, home: Path) -> None:
    assert "'my shop' is no name" in failed("--data", data, "--name", "my shop").message
    assert not home.exists()


def test_no_positive_pairs(data: Path, home: Path) -> None:
    (data / "qrels" / "train.tsv").write_text("query-id\tcorpus-id\tscore\nq0-1\ti0-1\t1\n")
    assert "no positive pairs" in failed("--data", data).message
    assert not home.exists()


def test_held_out_queries_are_not_trained_on(data: Path, tmp_path: Path, home: Path) -> None:
    train_file, dev_file = (data / "qrels" / f"{name}.tsv" for name in ("train", "dev"))
    own, leaking = train_file.read_bytes(), dev_file.read_bytes().partition(b"\n")[2]
    train_file.write_bytes(own + leaking)
    base = tiny_model(tmp_path / "tiny")
    # By its older word, which also meant: measured on.
    done = train(
        "--data", data, "--check-data", data, "--base", base, "--no-titles", "--rounds", 0, "--json",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    report = orjson.loads(done.stdout)
    assert {"ndcg", "ndcg_fp32"} <= report["manifest"]["metrics"].keys()
    stages = report["training"]["stages"]
    assert stages[1]["rows"] == len([p for p in split(held_out=False) if p.grade == 2])
    train_file.write_bytes(dev_file.read_bytes())
    assert "no positive pairs" in failed("--data", data, "--check-data", data, "--name", "other").message


def test_sequences_need_a_file_of_them(data: Path, home: Path) -> None:
    assert "holds no events" in failed("--sequences", data).message
