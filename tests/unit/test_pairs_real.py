"""Pairs of the real data: the counts that docs/explanation/training-data.md states."""

import os
from pathlib import Path

import pytest

from aisle.evaluation import read_judged_set
from aisle.training.data.leakage import LeakKind, check_leakage, without_leaks
from aisle.training.data.review_pairs import mask_title_words, read_review_folder, review_judged, review_pairs
from aisle.training.data.reviews import ReviewOptions
from aisle.training.data.sources import judged_pairs

DATA = Path(os.environ.get("AISLE_DATA") or Path("..", "shared", "data"))


def folder(*parts: str) -> Path:
    path = DATA.joinpath(*parts)
    if not path.is_dir():
        pytest.skip(f"{path} is not there: set AISLE_DATA to the folder of the real data")
    return path


def test_homedepot() -> None:
    data = judged_pairs(folder("homedepot"))
    assert (len(data.pairs), len(data.items), sum(map(len, data.grades.values()))) == (29_810, 54_667, 43_885)
    assert not data.dropped
    assert not data.one_class
    report = check_leakage(data, read_judged_set(folder("homedepot"), "dev"))
    assert dict(report.counts) == {LeakKind.QUERY_TEXT: 1}
    assert report.examples[0].text == "broil-mate"


def test_amazon_reviews() -> None:
    reviews = folder("reviews", "amazon2023")
    items, rows = read_review_folder(reviews, "train")
    train = review_pairs(rows, items)
    _, dev = review_judged(reviews, "dev")
    assert (len(items), len(train.pairs), len(dev.queries)) == (3_154, 979, 520)
    assert check_leakage(train, dev).total == 0
    every = review_pairs(rows, items, ReviewOptions(min_chars=1, min_words=1, max_items=None))
    everything = review_judged(reviews, "dev", ReviewOptions(min_chars=1))[1]
    kept, report = without_leaks(every, everything)
    assert dict(report.counts) == {LeakKind.QUERY_TEXT: 20}
    assert len(kept.pairs) == len(every.pairs) - 20


def test_masked_reviews_share_no_word_with_their_title() -> None:
    reviews = folder("reviews", "amazon2023")
    items, masked = review_judged(reviews, "dev", ReviewOptions(mask=True))
    plain = {query.id: query.text for query in review_judged(reviews, "dev")[1].queries}
    assert len(masked.queries) == 520
    for query in masked.queries:
        (item,) = masked.qrels[query.id]
        assert mask_title_words(query.text, items[item]) == query.text
        assert len(query.text) <= len(plain[query.id])
    assert any(query.text != plain[query.id] for query in masked.queries)
