"""ESCI examples and Amazon reviews."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from aisle.catalogue import (
    EsciOptions,
    read_catalogue,
    read_esci_examples,
    read_interactions,
    read_review_queries,
)
from aisle.catalogue.rejects import Rejects
from aisle.errors import InputError, MissingExtra
from aisle.types import Interaction, Judgment, Query

EXAMPLE = {
    "example_id": 0,
    "query": " revent 80 cfm",
    "query_id": 11,
    "product_id": "B000",
    "product_locale": "us",
    "esci_label": "E",
    "small_version": 1,
    "large_version": 1,
    "split": "test",
}


def test_esci_examples(tmp_path: Path) -> None:
    rows = [
        EXAMPLE,
        {**EXAMPLE, "product_id": "B001", "esci_label": "S"},
        {**EXAMPLE, "product_id": "B002", "esci_label": "C"},
        {**EXAMPLE, "product_id": "B003", "esci_label": "I"},
        {**EXAMPLE, "product_id": "B004", "esci_label": "?"},
        {**EXAMPLE, "query_id": 12, "product_locale": "es"},
        {**EXAMPLE, "query_id": 13, "split": "train"},
        {**EXAMPLE, "query_id": 14, "small_version": 0},
    ]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "e.parquet")
    rejects = Rejects()
    judged = read_esci_examples(tmp_path / "e.parquet", rejects=rejects)
    assert judged.queries == (Query("11", "revent 80 cfm"),)
    assert judged.qrels == {"11": {"B000": 3, "B001": 2, "B002": 1, "B003": 0}}
    assert rejects.first == (5, "label is none of E, S, C, I")
    whole = read_esci_examples(tmp_path / "e.parquet", EsciOptions(small=False))
    assert set(whole.qrels) == {"11", "14"}
    with pytest.raises(InputError, match="holds no example"):
        read_esci_examples(tmp_path / "e.parquet", EsciOptions(locale="jp"))


def test_reviews(tmp_path: Path) -> None:
    row = {
        "user_id": "U",
        "parent_asin": "B",
        "timestamp": 1_600_000_000_500,
        "title": "Fine",
        "text": "Flies <br> high",
    }
    path = tmp_path / "r.jsonl"
    path.write_text(json.dumps(row) + "\n" + json.dumps({**row, "timestamp": "soon"}) + "\n")
    rejects = Rejects()
    assert list(read_interactions(path, rejects)) == [Interaction("U", "B", 1_600_000_000.5)]
    assert rejects.first == (2, "timestamp is not in milliseconds")
    key = "U:B:1600000000500"
    assert list(read_review_queries(path)) == [(Query(key, "Fine\nFlies\nhigh"), Judgment(key, "B", 3))]


def test_not_reviews(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,title\n1,x\n")
    with pytest.raises(InputError, match="holds no reviews"):
        list(read_interactions(tmp_path / "a.csv"))
    with pytest.raises(InputError, match="has no column 'query_id'"):
        read_esci_examples(tmp_path / "a.csv")


def test_missing_extras_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pq.write_table(pa.Table.from_pylist([EXAMPLE]), tmp_path / "e.parquet")
    for module in ("pyarrow", "datasets"):
        monkeypatch.setitem(__import__("sys").modules, module, None)
    with pytest.raises(MissingExtra, match=r"pip install 'aisle\[parquet\]'"):
        read_catalogue(tmp_path / "e.parquet")
    with pytest.raises(MissingExtra, match=r"pip install 'aisle\[train\]'"):
        read_catalogue("hub:a/b")
    with pytest.raises(InputError, match="names no data set"):
        read_catalogue("hub:b")
