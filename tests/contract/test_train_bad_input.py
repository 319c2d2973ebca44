"""What cannot be trained is refused before any time is spent on it."""

from __future__ import annotations

import shutil
from collections import namedtuple
from pathlib import Path

import orjson
import pytest

from aisle.errors import InputError
from aisle.training.data.training_set import Pair, PairSource, training_set
from aisle.training.dense.stages.contrastive import InBatchStage
from aisle.training.dense.train import train_encoder
from aisle.training.dense.trainer import Schedule
from tests.support.tiny_bert import MAX_POSITIONS
from tests.support.tiny_catalogue import tiny_training_set
from tests.support.tiny_training import Diary, tiny_model, tiny_settings

STAGE = InBatchStage(Schedule(1, 5e-3, 32))


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_model(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture
def base(tiny: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny, tmp_path / "tiny"))


def refused(base: Path, work: Path, message: str) -> InputError:
    """Nothing is begun, nothing is written."""
    diary = Diary()
    with pytest.raises(InputError, match=message) as caught:
        train_encoder(tiny_training_set(), tiny_settings(base, STAGE), work, progress=diary, device="cpu")
    assert diary.stages == []
    assert not work.exists()
    return caught.value


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model_type": "roberta"}, "model_type is 'roberta'"),
        ({"hidden_act": "relu"}, "hidden_act is 'relu'"),
        ({"num_hidden_layers": 3}, "encoder.layer.2"),
    ],
)
def test_another_architecture(base: Path, tmp_path: Path, change: dict[str, object], message: str) -> None:
    config = base / "config.json"
    config.write_bytes(orjson.dumps(orjson.loads(config.read_bytes()) | change))
    refused(base, tmp_path / "work", message)


def test_another_tokenizer(base: Path, tmp_path: Path) -> None:
    path = base / "tokenizer.json"
    content = orjson.loads(path.read_bytes())
    content["model"]["vocab"] |= {f"more{n}": len(content["model"]["vocab"]) + n for n in range(5)}
    path.write_bytes(orjson.dumps(content))
    assert (
        "belongs to the model" in refused(base, tmp_path / "work", r"tokens, the model \d+ word vectors").fix
    )


def test_a_file_that_is_no_tokenizer(base: Path, tmp_path: Path) -> None:
    (base / "tokenizer.json").write_text("{}")
    refused(base, tmp_path / "work", "is no tokenizer")


def test_a_model_that_is_nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    refused(Path("nobody/nothing"), tmp_path / "work", "no weights for")


def test_a_full_disk_is_said_before_training(
    base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage(10**9, 10**9, 1000))
    with pytest.raises(InputError, match="0 MB free, a stage of training needs") as caught:
        train_encoder(tiny_training_set(), tiny_settings(base, STAGE), tmp_path / "work", device="cpu")
    assert "make room" in caught.value.fix


def test_long_texts_are_cut_and_said_once(base: Path, tmp_path: Path) -> None:
    items = {str(n): f"kinda {n} " * (100 if n < 3 else 1) for n in range(8)}
    pairs = [Pair(str(n), f"thinga {n}", str(n), 2, PairSource.JUDGMENTS) for n in range(8)]
    diary = Diary()
    settings = tiny_settings(base, InBatchStage(Schedule(1, 1e-3, 4)))
    run = train_encoder(training_set(pairs, items), settings, tmp_path / "work", progress=diary, device="cpu")
    assert run.history[0].truncated == 3
    assert diary.notes == [
        f"0 queries of more than {MAX_POSITIONS} tokens and 3 items of more than {MAX_POSITIONS} were cut"
    ]


def test_one_pair_has_nothing_to_be_told_from(base: Path, tmp_path: Path) -> None:
    data = training_set([Pair("q", "thinga", "i", 2, PairSource.JUDGMENTS)], {"i": "kinda"})
    with pytest.raises(InputError, match="has 1 examples"):
        train_encoder(data, tiny_settings(base, STAGE), tmp_path / "work", device="cpu")
