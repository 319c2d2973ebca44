"""Work folders as versions before the common training.json left them: continued, or named and left alone."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import orjson
import pytest
from typer.testing import CliRunner, Result

from aisle.cli.train import app
from aisle.errors import InputError
from aisle.training.common.base_model import find_base
from aisle.training.common.run_folder import starting_point
from tests.support.command import listing
from tests.support.tiny_catalogue import write_beir
from tests.support.tiny_reranker import tiny_cross_encoder
from tests.support.tiny_training import tiny_model


@pytest.fixture
def training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of trainings: one of each kind, as 8376a69 was killed in it; data and base are beside it."""
    write_beir(tmp_path / "shop")
    tiny_model(tmp_path / "base")
    folder = tmp_path / "home" / "training"
    (folder / "sparse").mkdir(parents=True)
    (folder / "sparse" / "shop-sparse.new.checkpoint").write_bytes(b"torch's own")
    teacher = tiny_cross_encoder(tmp_path / "teacher", ("kinda",))
    shutil.copytree(teacher, folder / "shop-reranker" / "teacher-ae521c53")
    stage = folder / "shop-dense" / "1-principal-axes-ac39160b"
    shutil.copytree(tmp_path / "base", stage)
    record = {
        "key": "ac39160b", "name": "principal-axes", "folder": stage.name, "rows": 200, "steps": 0,
        "seconds": 1.5, "losses": [], "truncated": 0, "evaluation": {},
    }  # fmt: skip
    (stage.parent / "training.json").write_bytes(orjson.dumps({"key": "5f", "stages": [record]}))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AISLE_HOME", str(tmp_path / "home"))
    return folder


def train(line: str, *more: str) -> Result:
    return CliRunner().invoke(app, [*line.split(), *more])


ENCODER = "encoder --data shop --base base --name shop-dense --no-titles --rounds 0 --no-measure --json"
SPARSE = "sparse --data shop --base base --name shop-sparse --titles 0 --no-measure --json"
RERANKER = (
    "reranker --data shop --base base --name shop-reranker --layers 1 --epochs 1 --teacher-epochs 1"
    " --max-tokens 24 --no-measure --json"
)


def test_an_encoders_training_goes_on_where_it_was(training: Path) -> None:
    assert train(ENCODER, "--name", "new").exit_code == 0
    path = training / "new" / "training.json"
    content = orjson.loads(path.read_bytes())
    # What that version wrote: the key alone, and less of each stage.
    stages = [{name: v for name, v in stage.items() if name != "ran_on"} for stage in content["stages"][:2]]
    path.write_bytes(orjson.dumps({"key": content["key"], "stages": stages}))
    done = train(ENCODER, "--name", "new", "--resume")
    assert done.exit_code == 0, done.output
    found = orjson.loads(done.stdout)["training"]["stages"]
    assert [stage["name"] for stage in found] == ["principal-axes", "in-batch-negatives", "head"]
    assert [stage["seconds"] for stage in found[:2]] == [stage["seconds"] for stage in stages]
    assert "stage 3 of 3: head: begins" in done.stderr
    assert "stage 2 of 3" not in done.stderr


def test_an_encoders_training_with_other_settings_is_refused(training: Path) -> None:
    before = listing(training)
    refused = train(ENCODER, "--resume").exception
    assert isinstance(refused, InputError)
    assert "of an older version of Aisle with other settings" in refused.message
    assert listing(training) == before
    assert starting_point("shop-dense") == str(training / "shop-dense" / "1-principal-axes-ac39160b")


def test_a_sparse_training_is_named_and_another_one_leaves_it_alone(training: Path) -> None:
    state = training / "sparse" / "shop-sparse.new.checkpoint"
    content = state.read_bytes()
    refused = train(SPARSE, "--resume").exception
    assert isinstance(refused, InputError)
    assert str(state) in refused.message
    assert "without --resume" in refused.fix
    # In the place that the old command line gave it, too.
    beside = train(SPARSE, "--resume", "--work", str(training / "sparse")).exception
    assert isinstance(beside, InputError)
    assert str(state) in beside.message
    done = train(SPARSE)
    assert done.exit_code == 0, done.output
    assert (training / "shop-sparse" / "training.json").is_file()
    assert state.read_bytes() == content


def test_a_reranker_training_is_named_and_its_teacher_taken_as_the_fix_says(training: Path) -> None:
    before = listing(training)
    for more in ((), ("--resume",)):
        refused = train(RERANKER, *more).exception
        assert isinstance(refused, InputError)
        assert "models of an older version of Aisle (teacher-ae521c53)" in refused.message
        assert listing(training) == before
    teacher = training / "shop-reranker" / "teacher-ae521c53"
    assert isinstance(refused, InputError)
    assert f"--teacher {teacher}" in refused.fix
    done = train(RERANKER, "--name", "anew", "--teacher", str(teacher))
    assert done.exit_code == 0, done.output
    assert listing(training / "shop-reranker") == [
        name.partition("/")[2] for name in before if name.startswith("shop-reranker/")
    ]


def test_a_finished_sparse_training_of_old_is_still_a_base(training: Path) -> None:
    old = Path(shutil.copytree("base", training / "sparse" / "words"))
    assert starting_point("words") == str(old)
    base = find_base("words")
    assert (base.folder, base.name) == (old, "words")


def test_two_kinds_of_training_do_not_share_a_folder(training: Path) -> None:
    before = listing(training)
    refused = train("sparse --data shop --base base --name shop-dense --no-measure", "--resume").exception
    assert isinstance(refused, InputError)
    assert "a training of the kind encoder, not sparse" in refused.message
    assert "another --name" in refused.fix
    assert listing(training) == before


def test_a_training_is_no_base_before_its_first_stage_or_of_a_reranker(training: Path) -> None:
    def written(**content: Any) -> None:
        (training / "shop-dense" / "training.json").write_bytes(orjson.dumps({"key": "", **content}))

    written(kind="sparse", stages=[])
    with pytest.raises(InputError, match="no finished stage") as caught:
        starting_point("shop-dense")
    assert "aisle train sparse --name shop-dense --resume" in caught.value.fix
    written(kind="reranker", stages=[{"folder": "1-teacher"}])
    with pytest.raises(InputError, match="is of a reranker"):
        starting_point("shop-dense")
