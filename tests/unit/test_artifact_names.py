"""Names that no artifact can have are refused before anything is built."""

from __future__ import annotations

from pathlib import Path

import pytest

import aisle
from aisle.encoder import ArtifactStore
from aisle.encoder.artifact import check_name
from aisle.errors import InputError
from tests.support.tiny_bert import tiny_bert


@pytest.mark.parametrize("name", ["e5", "my-model_2.1", "A"])
def test_words_are_names(name: str) -> None:
    assert check_name(name) == name


@pytest.mark.parametrize("name", ["", "a/b", "../a", "a b", ".a", "a\n", "é"])
def test_what_no_folder_should_be_called_is_none(name: str) -> None:
    with pytest.raises(InputError, match="no name for an artifact"):
        check_name(name)


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
