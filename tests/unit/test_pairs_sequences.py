"""User sequences as item-to-item pairs."""

from pathlib import Path

import pytest

from aisle.catalogue.sequence_file import UserSequence, read_user_sequences
from aisle.errors import InputError
from aisle.training.data.sequences import SequenceOptions, sequence_pairs
from aisle.training.data.training_set import UNKNOWN_ITEM

ITEMS = {name: f"item {name}" for name in "abcdefg"}
USER = UserSequence("u", tuple("abcdyz"))


def steps(*sequences: UserSequence, **options: int) -> list[str]:
    data = sequence_pairs(sequences, ITEMS, SequenceOptions(**options))
    return [p.query_id.removeprefix("item:") + p.item_id for p in data.pairs]


def test_windows_never_reach_the_held_out_items() -> None:
    # y and z are not in the catalogue: would they be used, they would be counted as dropped.
    assert steps(USER) == ["ab", "bc", "cd"]
    assert steps(USER, window=2) == ["ab", "ac", "bc", "bd", "cd"]
    assert steps(USER, window=9) == ["ab", "ac", "bc", "ad", "bd", "cd"]
    assert sequence_pairs([USER], ITEMS).dropped == {}


def test_the_latest_pairs_stay() -> None:
    assert steps(USER, max_pairs=2) == ["bc", "cd"]


def test_all_users_share_an_items_query() -> None:
    data = sequence_pairs(
        [USER, UserSequence("v", tuple("aabcayz")), UserSequence("w", tuple("adyz"))], ITEMS
    )
    assert [(p.query_id, p.query, p.item_id) for p in data.pairs if p.query_id == "item:a"] == [
        ("item:a", "item a", "b"),
        ("item:a", "item a", "d"),
    ]
    assert data.positives("item:a") == {"a", "b", "d"}
    assert "aa" not in [p.query_id[5:] + p.item_id for p in data.pairs]


def test_unknown_items_and_short_histories() -> None:
    data = sequence_pairs([UserSequence("u", tuple("axbcyz")), UserSequence("v", ("a", "b", "c"))], ITEMS)
    assert [p.item_id for p in data.pairs] == ["c"]
    assert data.dropped == {UNKNOWN_ITEM: 2}
    with pytest.raises(InputError, match="no positive pairs"):
        sequence_pairs([UserSequence("v", ("a", "b", "c"))], ITEMS)
    with pytest.raises(InputError, match="under 1"):
        SequenceOptions(window=0)


def test_reading(tmp_path: Path) -> None:
    path = tmp_path / "s.txt"
    path.write_text("u a b\n\nv c\n")
    assert list(read_user_sequences(path)) == [UserSequence("u", ("a", "b")), UserSequence("v", ("c",))]
    path.write_text("u a b\nu c\n")
    with pytest.raises(InputError, match=r"s.txt line 2: user 'u' occurs twice"):
        list(read_user_sequences(path))
    path.write_bytes(b"u \xff\n")
    with pytest.raises(InputError, match="not UTF-8"):
        list(read_user_sequences(path))
    path.write_text("\n")
    with pytest.raises(InputError, match="holds no users"):
        list(read_user_sequences(path))
