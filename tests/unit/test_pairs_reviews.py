"""Reviews: layouts, cleaning, filters, masking, held-out splits."""

import gzip
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from aisle.catalogue import read_review_queries
from aisle.catalogue.rejects import Rejects
from aisle.errors import InputError
from aisle.training.data.review_pairs import mask_title_words, read_review_folder, review_judged, review_pairs
from aisle.training.data.reviews import (
    BOILERPLATE,
    FEW_LETTERS,
    FEW_WORDS,
    LOW_RATING,
    REPEATED,
    TOO_SHORT,
    Review,
    ReviewOptions,
    clean_review,
    cut_at_word,
    kept_reviews,
    read_reviews,
)
from aisle.training.data.training_set import EMPTY_QUERY, UNKNOWN_ITEM
from aisle.types import Query

LONG = "This mug keeps tea hot for hours and never leaks a drop."
ITEMS = {"m": "Steel travel mug", "l": "Lamp"}


def review(identity: str = "u:m:1", item: str = "m", text: str = LONG, rating: float | None = 5.0) -> Review:
    return Review(identity, item, "", "Great mug", text, rating)


def write(path: Path, rows: Sequence[Mapping[str, object]]) -> Path:
    path.write_bytes(gzip.compress("\n".join(map(json.dumps, rows)).encode()))
    return path


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("It&#39;s good.<br /><br>Really &amp; truly", "It's good. Really & truly"),
        ("a &lt;br&gt; b", "a b"),
        ("5 < 6 and 7 > 3, I <3 it", "5 < 6 and 7 > 3, I <3 it"),
        ("[[VIDEOID:abc123]] see\n\n\tthis", "see this"),
        ("<span class='x'>", ""),
    ],
)
def test_cleaning(raw: str, clean: str) -> None:
    assert clean_review(raw) == clean


def test_cut_at_word() -> None:
    assert [cut_at_word("red mug", chars) for chars in (3, 5, 6, 7, 2)] == [
        "red",
        "red",
        "red",
        "red mug",
        "re",
    ]


def test_amazon_in_both_layouts(tmp_path: Path) -> None:
    raw = {
        "user_id": "U",
        "parent_asin": "B",
        "timestamp": 7000,
        "title": "Nice",
        "text": "a<br />b",
        "rating": 4.0,
    }
    plain = {
        "user_id": "U",
        "item_id": "B",
        "timestamp_ms": 7000,
        "review_title": "Nice",
        "review": "a<br />b",
        "rating": 4.0,
    }
    expected = [Review("U:B:7000", "B", "", "Nice", "a b", 4.0)]
    path = write(tmp_path / "raw.jsonl.gz", [raw])
    assert list(read_reviews(path)) == expected
    assert list(read_reviews(write(tmp_path / "plain.jsonl.gz", [plain]))) == expected
    assert next(read_review_queries(path))[0].id == expected[0].id


def test_reviews_that_name_their_item_by_title(tmp_path: Path) -> None:
    row = {"item_title": "Big  Lamp", "review_title": "ok", "review": LONG, "rating": "none"}
    write(tmp_path / "reviews.jsonl.gz", [row, {**row, "item_title": "Mug"}])
    items, reviews = read_review_folder(tmp_path, "reviews")
    assert items == {"Big Lamp": "Big Lamp", "Mug": "Mug"}
    assert [(r.item_id, r.rating) for r in reviews] == [("Big Lamp", None), ("Mug", None)]
    assert reviews[0].id != reviews[1].id
    assert [r.id for r in read_review_folder(tmp_path, "reviews")[1]] == [r.id for r in reviews]


def test_bad_rows_are_set_aside(tmp_path: Path) -> None:
    row = {"item_title": "Lamp", "review_title": "", "review": LONG, "rating": 1}
    path = write(
        tmp_path / "r.jsonl.gz", [row, {**row, "review": "<br />"}, {"x": 1}, {**row, "item_title": ""}]
    )
    rejects = Rejects()
    assert len(list(read_reviews(path, rejects))) == 1
    assert set(rejects.reasons) == {
        "review is empty",
        "columns of no known kind of reviews",
        "id is missing or empty",
    }
    with pytest.raises(InputError, match=r"holds no reviews.*parent_asin"):
        list(read_reviews(write(tmp_path / "x.jsonl.gz", [{"x": 1}])))


def test_each_filter_counts_what_it_drops() -> None:
    rows = [
        review(),
        review(),
        review("short", text="Nice mug"),
        review("40", text="x" * 40),
        review("words", text="Superkalifragilistic expialigetically wonderful"),
        review("letters", text="1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 ok ok"),
        review("rating", text=LONG + " Not.", rating=1.0),
        review("no rating", text=LONG + " Hm.", rating=None),
        *(review(f"u:{item}:9", item, "Arrived on time, item as described, thank you!") for item in "abcd"),
        *(review(f"u:{item}:8", item, "Same text, but on three products only: it stays") for item in "abc"),
    ]
    kept, lost = kept_reviews(rows, ReviewOptions(min_rating=2))
    assert [r.id for r in kept] == ["u:m:1", "u:a:8", "u:b:8", "u:c:8"]
    assert lost == {
        REPEATED: 1,
        TOO_SHORT: 2,
        FEW_WORDS: 1,
        FEW_LETTERS: 1,
        LOW_RATING: 2,
        BOILERPLATE: 4,
    }


def test_no_filter_keeps_all() -> None:
    rows = [review(str(n), item, "Ok") for n, item in enumerate("abcd")]
    assert len(kept_reviews(rows, ReviewOptions(0, min_words=0, min_letters=0, max_items=None))[0]) == 4


def test_pairs_and_their_text() -> None:
    rows = [review(), review("u:x:1", "x", LONG + " And more.")]
    data = review_pairs(rows, ITEMS)
    assert [(p.query_id, p.query, p.item_id, p.grade) for p in data.pairs] == [("u:m:1", LONG, "m", 3)]
    assert data.dropped == {UNKNOWN_ITEM: 1}
    assert data.one_class

    def query(options: ReviewOptions) -> str:
        return review_pairs(rows, ITEMS, options).pairs[0].query

    assert query(ReviewOptions(with_title=True)) == f"Great mug. {LONG}"
    assert query(ReviewOptions(max_chars=42)) == "This mug keeps tea hot for hours and never"
    assert query(ReviewOptions(mask=True)) == "This keeps tea hot for hours and never leaks a drop."
    assert query(ReviewOptions(mask=True, with_title=True)).startswith("Great This keeps")


def test_a_review_that_masking_empties_is_counted() -> None:
    rows = [review(), review("u:m:2", text="Steel travel mug! " * 4)]
    data = review_pairs(rows, ITEMS, ReviewOptions(mask=True))
    assert len(data.pairs) == 1
    assert data.dropped == {EMPTY_QUERY: 1}


@pytest.mark.parametrize("bad", [{"max_chars": 10}, {"min_letters": 1.5}, {"max_items": 0}])
def test_options_out_of_range(bad: dict[str, int]) -> None:
    with pytest.raises(InputError):
        ReviewOptions(**bad)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "title", "plurals", "left"),
    [
        ("My MUG, the mugs and Muggles.", "Mug", False, "My the mugs and Muggles."),
        ("My MUG, the mugs and Muggles.", "Mug", True, "My the and Muggles."),
        ("Brushes and batteries, a brush, one glass", "Brush Battery Glasses", True, "and a one"),
        ("Maybelline's best", "Maybelline (2 oz)", False, "best"),
        ("it's a Women's shoe", "Women's", False, "it a shoe"),
        ("caf\u00e9-style, cafe", "Cafe\u0301", False, "-style,"),
        ("a lip\u00adstick", "Lipstick", False, "a"),
        ("unrelated  words\nstay", "", False, "unrelated words stay"),
    ],
)
def test_masking(text: str, title: str, plurals: bool, left: str) -> None:
    assert mask_title_words(text, title, plurals=plurals) == left


def test_a_held_out_split_for_evaluation(tmp_path: Path) -> None:
    row = {"user_id": "U", "item_id": "m", "timestamp_ms": 1, "review_title": "", "review": LONG, "rating": 1}
    write(
        tmp_path / "dev.jsonl.gz",
        [row, {**row, "timestamp_ms": 2, "review": "x" * 41}, {**row, "review": "no"}],
    )
    write(tmp_path / "items.jsonl.gz", [{"_id": key, "title": title} for key, title in ITEMS.items()])
    strict = ReviewOptions(min_words=30, min_rating=5, mask=True)
    items, judged = review_judged(tmp_path, "dev", strict)
    assert items == ITEMS
    assert judged.name == f"{tmp_path.name}-masked"
    assert judged.queries == (
        Query("U:m:1", "This keeps tea hot for hours and never leaks a drop."),
        Query("U:m:2", "x" * 41),
    )
    assert judged.qrels == {"U:m:1": {"m": 3}, "U:m:2": {"m": 3}}
    with pytest.raises(InputError, match=r"no reviews of split 'train' \(found: dev\)"):
        review_judged(tmp_path, "train")
    with pytest.raises(InputError, match="found: none"):
        read_review_folder(tmp_path / "gone", "dev")


def test_reviews_without_any_item(tmp_path: Path) -> None:
    row = {"user_id": "U", "item_id": "m", "timestamp_ms": 1, "review_title": "", "review": LONG, "rating": 1}
    write(tmp_path / "dev.jsonl.gz", [row])
    with pytest.raises(InputError, match=r"name no items.*items\.jsonl"):
        read_review_folder(tmp_path, "dev")
