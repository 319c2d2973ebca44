"""Names that no artifact can have are refused before anything is built."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import aisle
from aisle.encoder import ArtifactStore
from aisle.encoder.artifact import check_name
from aisle.errors import ArtifactNotFound, InputError
from tests.support.tiny_bert import tiny_bert


@pytest.mark.parametrize("name", ["e5", "my-model_2.1", "A"])
def test_words_are_names(name: str) -> None:
    assert check_name(name) == name


@pytest.mark.parametrize("name", ["", "a/b", "../a", "a b", ".a", "a\n", "é"])
def test_what_no_folder_should_be_called_is_none(name: str) -> None:
    with pytest.raises(InputError, match="no name for an artifact"):
        check_name(name)


@pytest.mark.parametrize("ref", [None, 7, ["shop"]])
def test_what_is_no_text_names_no_artifact(tmp_path: Path, ref: Any) -> None:
    with pytest.raises(InputError, match=f'is not named by a {type(ref).__name__}.*such as "shop"'):
        aisle.open_item_to_item(ref, store=ArtifactStore(tmp_path))


def test_an_error_never_steers_what_shows_it(tmp_path: Path) -> None:
    with pytest.raises(ArtifactNotFound) as raised:
        aisle.open_item_to_item("a\x1b[31m", store=ArtifactStore(tmp_path))
    assert raised.value.fix.endswith("--name a\\x1b[31m")
    error = InputError("lines of a log\nstay\x1b[2J lines", fix="close\x07 it\nwell")
    assert error.message == "lines of a log\nstay\\x1b[2J lines"
    assert str(error) == f"{error.message}. Fix: close\\x07 it\\nwell"


def test_an_export_says_so_and_leaves_no_trace(tmp_path: Path) -> None:
    store = ArtifactStore(tmp_path / "store")
    model = tiny_bert(tmp_path / "model")

    with pytest.raises(InputError, match="'a/b' is no name for an artifact"):
        aisle.export_encoder(model, name="a/b", store=store)

    assert store.list() == ()
    assert not store.home.exists()


def test_a_query_side_that_is_none_is_refused_with_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no query side 'both'.*inference_free, model"):
        aisle.train_sparse(tmp_path, query_side="both")
