"""A student of a tiny teacher: it learns, it is smaller, it can be exported."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import orjson
import pytest
from safetensors.numpy import load_file, save_file

from aisle.encoder import ArtifactStore, DenseEncoder
from aisle.encoder.export import DenseExport, Fp32, export
from aisle.errors import InputError
from aisle.evaluation.encoders.samples import sample_texts
from aisle.training.distillation.student import StudentSettings
from aisle.training.distillation.train import distil_student
from tests.support.tiny_bert import tiny_bert

pytestmark = pytest.mark.slow

TEXTS = sample_texts(300)
WORDS = {word.lower() for text in TEXTS for word in text.split() if word.isalpha()}
SETTINGS = StudentSettings(keep=(0, 2), widths=(16,), epochs=6, batch=32, learning_rate=2e-3)


@pytest.fixture(scope="module")
def teacher(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tiny_bert(tmp_path_factory.mktemp("teacher") / "big", WORDS, layers=3)
    # Fresh weights are so small that every layer passes on what it gets; larger ones make layers matter.
    path = folder / "model.safetensors"
    weights = load_file(path)
    large = {
        name: 8 * value
        for name, value in weights.items()
        if re.search(r"layer\..*dense.weight|value.weight", name)
    }
    save_file(weights | large, path, metadata={"format": "pt"})
    return folder


@pytest.fixture(scope="module")
def student(teacher: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return distil_student(
        TEXTS, replace(SETTINGS, base=str(teacher)), tmp_path_factory.mktemp("student") / "small"
    )


def vectors(folder: Path, store: Path, dims: int | None = None) -> np.ndarray:
    options = DenseExport(model=str(folder), precision=Fp32())
    return DenseEncoder.load(export(options, ArtifactStore(store)).path).encode_items(TEXTS, dims)


def test_a_student_is_nearer_to_its_teacher_than_the_layers_it_began_with(
    teacher: Path, student: Path, tmp_path: Path
) -> None:
    still = StudentSettings(base=str(teacher), keep=(0, 2), epochs=1, batch=32, learning_rate=1e-12)
    untrained = distil_student(TEXTS, still, tmp_path / "untrained")
    for dims in (None, 16):
        goal = vectors(teacher, tmp_path / "a", dims)
        before = (vectors(untrained, tmp_path / "b", dims) * goal).sum(axis=1).mean()
        after = (vectors(student, tmp_path / "c", dims) * goal).sum(axis=1).mean()
        assert 1 - after < (1 - before) / 5


def test_a_student_has_fewer_layers_and_the_rest_of_its_teacher(teacher: Path, student: Path) -> None:
    configs = [orjson.loads((folder / "config.json").read_bytes()) for folder in (teacher, student)]
    assert [config["num_hidden_layers"] for config in configs] == [3, 2]
    assert (teacher / "tokenizer.json").read_bytes() == (student / "tokenizer.json").read_bytes()
    sizes = [(folder / "model.safetensors").stat().st_size for folder in (teacher, student)]
    assert sizes[1] < sizes[0]


def test_the_same_seed_makes_the_same_student(teacher: Path, student: Path, tmp_path: Path) -> None:
    again = distil_student(TEXTS + TEXTS[:9], replace(SETTINGS, base=str(teacher)), tmp_path / "again")
    np.testing.assert_allclose(vectors(again, tmp_path / "a"), vectors(student, tmp_path / "b"), atol=1e-3)
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_layers_that_the_teacher_lacks_and_too_few_texts_are_refused(teacher: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="3 layers, none of number 5") as caught:
        distil_student(TEXTS, StudentSettings(base=str(teacher)), tmp_path / "out")
    assert "0 to 2" in caught.value.fix
    with pytest.raises(InputError, match="from 1 texts"):
        distil_student(["drill", "drill"], SETTINGS, tmp_path / "out")
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize(
    "values",
    [
        *(
            {"keep": ()},
            {"keep": (2, 1)},
            {"keep": (-1,)},
            {"widths": (0,)},
            {"similarity": -1},
            {"scale": 0},
        ),
        *({"epochs": 0}, {"batch": 1}, {"learning_rate": 0}, {"warmup": 1}, {"tokens": 2}),
    ],
)
def test_settings_that_cannot_be_are_refused_by_name(values: dict[str, object]) -> None:
    with pytest.raises(InputError, match=next(iter(values))):
        StudentSettings(**values)  # type: ignore[arg-type]


def test_settings_are_plain_json() -> None:
    assert orjson.loads(orjson.dumps(StudentSettings().as_dict()))["keep"] == [0, 2, 5]
