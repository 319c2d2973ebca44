"""`aisle train reranker`, from a BEIR folder to an artifact."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest
from typer.testing import CliRunner, Result

from aisle.cli.train import app
from aisle.encoder import CrossEncoder
from aisle.errors import ArtifactNotFound, InputError
from tests.support.tiny_catalogue import write_beir
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
    return CliRunner().invoke(app, ["reranker", *map(str, arguments)])


def test_from_judgments_to_artifacts_and_the_same_again_for_nothing(
    data: Path, home: Path, tmp_path: Path
) -> None:
    base = tiny_model(tmp_path / "tiny")
    options: tuple[object, ...] = (
        "--data", data, "--base", base, "--name", "shop", "--layers", 1, "--epochs", 1, "--teacher-epochs", 1,
        "--max-tokens", 16, "--with-teacher", "--no-measure", "--held-out", data, "--json",
    )  # fmt: skip
    done = train(*options)
    assert done.exit_code == 0, done.output
    report: dict[str, Any] = orjson.loads(done.stdout)
    small, large = report["artifacts"]
    assert small["manifest"]["name"] == "shop"
    assert large["manifest"]["name"] == "shop-teacher"
    assert small["manifest"]["base_model"] == "tiny"
    assert str(tmp_path) not in orjson.dumps(small["manifest"]).decode()
    assert report["training"]["lists"] == 160
    assert report["training"]["kept"] == [0]
    model = CrossEncoder.load("shop")
    assert model.manifest.max_length == 16
    assert model.fingerprint == small["fingerprint"]
    assert CrossEncoder.load("shop-teacher").fingerprint == large["fingerprint"]
    work = home / "training" / "shop"
    models = sorted(path.name for path in work.iterdir() if path.name != "checkpoints")
    assert [name.rpartition("-")[0] or name for name in models] == [
        "1-teacher",
        "2-reranker",
        "training.json",
    ]
    refused = train(*options).exception
    assert isinstance(refused, InputError)
    assert "--resume" in refused.fix
    again = train(*options, "--resume")
    assert again.exit_code == 0, again.output
    assert orjson.loads(again.stdout)["training"] == report["training"]
    assert orjson.loads(again.stdout)["artifacts"][0]["fingerprint"] == small["fingerprint"]
    other = train(*options, "--resume", "--seed", 14).exception
    assert isinstance(other, InputError)
    assert "teacher.seed was 13 and is 14 now" in other.message
    assert sorted(path.name for path in work.iterdir() if path.name != "checkpoints") == models
    teacher = work / models[0]
    given = train(
        "--data", data, "--teacher", teacher, "--name", "given", "--layers", 2, "--epochs", 1, "--no-measure",
    )  # fmt: skip
    assert given.exit_code == 0, given.output
    assert "--rerank given" in given.stdout
    assert not list((home / "training" / "given").glob("*teacher-*"))


def test_bad_input_is_said_clearly_and_leaves_nothing(data: Path, home: Path, tmp_path: Path) -> None:
    missing = train("--data", tmp_path / "nothing").exception
    assert isinstance(missing, InputError)
    unknown = train("--data", data, "--encoder", "nobody").exception
    assert isinstance(unknown, ArtifactNotFound)
    layers = train("--data", data, "--layers", 0).exception
    assert isinstance(layers, InputError)
    named = train("--data", data, "--name", "my shop").exception
    assert isinstance(named, InputError)
    assert "'my shop' is no name" in named.message
    assert not home.exists()


@pytest.mark.parametrize("word", ["--held-out", "--check-data"])
def test_held_out_queries_are_not_trained_on(data: Path, home: Path, tmp_path: Path, word: str) -> None:
    train_file, dev_file = (data / "qrels" / f"{name}.tsv" for name in ("train", "dev"))
    train_file.write_bytes(train_file.read_bytes() + dev_file.read_bytes().partition(b"\n")[2])
    done = train(
        "--data", data, word, data, "--base", tiny_model(tmp_path / "tiny"), "--layers", 1, "--epochs", 1,
        "--teacher-epochs", 1, "--max-tokens", 16, "--no-measure", "--json",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert orjson.loads(done.stdout)["training"]["lists"] == 160
