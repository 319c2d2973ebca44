"""The same raw product gives the same text in training, export, indexing, search and on the page."""

# ruff: noqa: RUF001 - other scripts

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest
from numpy.typing import NDArray

from aisle.catalogue import read_catalogue
from aisle.encoder import item_text, query_text
from aisle.encoder.artifact import Prefixes
from aisle.encoder.text import TEXT_VERSION
from aisle.indexer import dense_item_encoder
from aisle.mappings.document import document, item_of
from aisle.search.legs import checked_question
from aisle.training.data.sources import judged_pairs
from aisle.training.data.training_set import calibration_texts, item_texts

# A change of what is expected here is a change of TEXT_VERSION.
VERSION: Final = "2"
ROWS: Final = (
    ("Tom &amp; Jerry&#39;s mug", "<p>Holds 0.5&nbsp;l</p><ul><li>white</li></ul>"),
    ("Cafe\u0301 cup&trade;", "&lt;p&gt;For Cafe\u0301s&lt;/p&gt;"),
    ("Size <M> shirt, a <3", "x < y<script>alert(1)</script>"),
    ("soft\u00adware \u200bbox\ufeff", "line\none\ttwo\x00three"),
    ("<b>Bold</b> Mug", "<b>Bold</b> Mug"),
    ("日本 ＡＢＣ", "می\u200cخواهم 👩\u200d👧"),
)
TEXTS: Final = (
    "Tom & Jerry's mug. Holds 0.5 l white",
    "Café cup™. For Cafés",
    "Size <M> shirt, a <3. x < y",
    "software box. line one two three",
    "Bold Mug",
    "日本 ＡＢＣ. می\u200cخواهم 👩\u200d👧",
)
DISPLAYED: Final = ("Tom & Jerry's mug", "Holds 0.5 l\nwhite")
QUERIES: Final = (("Cafe\u0301 cup", "Café cup"), ("Tom &amp; Jerry", "Tom & Jerry"), ("a <b> c", "a <b> c"))


@pytest.fixture
def catalogue(tmp_path: Path) -> Path:
    """A BEIR folder whose every query is judged for the first product."""
    (tmp_path / "qrels").mkdir()
    rows = ({"_id": str(n), "title": title, "text": text} for n, (title, text) in enumerate(ROWS))
    (tmp_path / "corpus.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    asked = ({"_id": f"q{n}", "text": raw} for n, (raw, _) in enumerate(QUERIES))
    (tmp_path / "queries.jsonl").write_text("".join(json.dumps(row) + "\n" for row in asked))
    (tmp_path / "qrels" / "train.tsv").write_text("".join(f"q{n}\t0\t3\n" for n in range(len(QUERIES))))
    return tmp_path


class Recorder:
    """A model that keeps the texts it is given."""

    fingerprint = "0" * 64

    def __init__(self) -> None:
        self.texts: list[str] = []

    def encode_items(self, texts: list[str], dims: int | None = None) -> NDArray[np.float32]:
        self.texts += texts
        return np.ones((len(texts), dims or 1), dtype=np.float32)


def test_the_version_is_that_of_these_texts() -> None:
    assert TEXT_VERSION == VERSION


def test_training_export_and_indexing_see_one_text(catalogue: Path) -> None:
    data = judged_pairs(catalogue)
    assert tuple(item_texts(catalogue).values()) == tuple(data.items.values()) == TEXTS
    assert set(calibration_texts(data, Prefixes())) == {*TEXTS, *(plain for _, plain in QUERIES)}
    model, items = Recorder(), list(read_catalogue(catalogue))
    dense_item_encoder(model, item_text, name="recorder", dims=1).encode(items)
    assert tuple(model.texts) == TEXTS


def test_what_is_found_and_shown_is_what_was_read(catalogue: Path) -> None:
    items = list(read_catalogue(catalogue))
    assert (items[0].title, items[0].text) == DISPLAYED
    sources: Sequence[dict[str, Any]] = [document(item, {}) for item in items]
    # As the node stores it, and search and rerankers read it back.
    found = [
        item_of(item.id, json.loads(json.dumps(source))) for item, source in zip(items, sources, strict=True)
    ]
    assert found == items
    assert tuple(map(item_text, found)) == TEXTS


@pytest.mark.parametrize(("raw", "plain"), QUERIES)
def test_queries_are_one_in_training_and_search(raw: str, plain: str) -> None:
    assert query_text(raw) == plain
    assert checked_question(raw) == plain
