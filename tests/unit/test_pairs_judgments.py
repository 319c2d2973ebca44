"""A BEIR folder as a training set."""

import json
from pathlib import Path

import pytest

from aisle.errors import InputError
from aisle.training.data.sources import judged_pairs
from aisle.training.data.training_set import UNKNOWN_ITEM, Pair, PairSource


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    items = [
        {"_id": "a", "title": "Red  mug", "text": "Holds tea"},
        {"_id": "b", "title": "Lamp", "text": ""},
    ]
    (tmp_path / "corpus.jsonl").write_text("\n".join(map(json.dumps, items)))
    queries = [{"_id": "q1", "text": " tea\u200bcup\n"}, {"_id": "q2", "text": "light"}]
    (tmp_path / "queries.jsonl").write_text("\n".join(map(json.dumps, queries)))
    (tmp_path / "qrels").mkdir()
    (tmp_path / "qrels" / "train.tsv").write_text("q1\ta\t3\nq1\tb\t1\nq1\tgone\t3\nq2\tb\t1\n")
    return tmp_path


def test_judgments_become_pairs(folder: Path) -> None:
    data = judged_pairs(folder)
    assert data.pairs == (Pair("q1", "teacup", "a", 3, PairSource.JUDGMENTS),)
    assert data.items == {"a": "Red mug. Holds tea", "b": "Lamp"}
    assert data.grades == {"q1": {"a": 3, "b": 1}, "q2": {"b": 1}}
    assert data.dropped == {UNKNOWN_ITEM: 1}


def test_relevant_decides_what_is_positive(folder: Path) -> None:
    assert len(judged_pairs(folder, relevant=1).pairs) == 3
    with pytest.raises(InputError, match="no positive pairs"):
        judged_pairs(folder, relevant=4)
    with pytest.raises(InputError, match="no judgments for split 'dev'"):
        judged_pairs(folder, "dev")
