"""A shop's orders as baskets: columns, what is left out, wholesale orders."""

from pathlib import Path

import numpy as np
import pytest

from aisle.baskets import Baskets, baskets_from, baskets_of
from aisle.catalogue.baskets import ReadBaskets, read_baskets, read_baskets_of
from aisle.catalogue.interactions import InteractionFiles
from aisle.catalogue.order_lines import OrderOptions
from aisle.errors import InputError
from aisle.recommendation.item_to_item.basket_counts import BasketCountOptions, count_baskets
from aisle.sequences import sequences_of


def table(folder: Path, *lines: str) -> Path:
    path = folder / "orders.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def contents(baskets: Baskets) -> dict[str, str]:
    ends = baskets.offsets.tolist()
    return {
        name: "".join(baskets.items[member] for member in baskets.members[begin:end])
        for name, begin, end in zip(baskets.ids, ends, ends[1:], strict=False)
    }


def skipped(read: ReadBaskets) -> dict[str, int]:
    return dict(read.skipped)


def test_lines_in_any_order_become_baskets_by_time(tmp_path: Path) -> None:
    path = table(
        tmp_path,
        "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,CustomerID",
        "7,b,Bolt,1,2026-02-01,u",
        "5,c,Cup,2,2026-01-01 10:00,",
        "7,a,Axe,1,2026-02-01,u",
        "5,a,Old axe,1,2026-01-01 10:00,",
        "7,b,Bolt,3,2026-02-01,u",
        "6,a,Axe,1,2026-01-02,u",
    )
    read = read_baskets(path)
    assert contents(read.baskets) == {"5": "ca", "7": "ba"}
    assert read.baskets.ids == ("5", "7"), "the oldest first"
    assert read.baskets.times is not None
    assert np.diff(read.baskets.times) > 0
    assert dict(zip(read.baskets.items, read.titles, strict=True)) == {"a": "Axe", "b": "Bolt", "c": "Cup"}
    assert skipped(read) == {"again the same item of a basket": 1, "item is alone in its basket": 1}
    assert read.words().startswith("4 of 6 lines in 2 baskets; skipped: 1 ")


def test_returns_and_what_is_no_product_are_left_out_and_counted(tmp_path: Path) -> None:
    path = table(
        tmp_path,
        "order id,sku,name,qty",
        "1,a,Axe,1",
        "1,b,Bolt,1",
        "1,POST,Dotcom Postage,1",
        "C2,a,Axe,-1",
        "C2,b,Bolt,-4",
        "3,a,Axe,1",
        "3,b,Bolt,0",
        "4,c,Cup,1",
        "4,D,Discount,1",
    )
    read = read_baskets(path)
    assert contents(read.baskets) == {"1": "ab"}
    assert read.baskets.times is None
    assert read.baskets.items == ("a", "b"), "items that are in no basket of two are no items"
    assert skipped(read) == {
        "quantity is below 1: returned or cancelled": 3,
        "line is no product: postage, discount, fee": 2,
        "item is alone in its basket": 2,
    }
    assert read_baskets(path, ["a", "b", "c", "POST"]).baskets.items == ("a", "b", "c", "POST")
    assert contents(read_baskets(path, options=OrderOptions(products="[ac]|D")).baskets) == {"4": "cD"}


def test_ids_in_other_capitals_are_one_item_only_where_it_is_said(tmp_path: Path) -> None:
    path = table(tmp_path, "order,sku", "1,x1A", "1,X1a", "1,y", "2,x1a", "2,Y")
    assert read_baskets(path).baskets.items == ("x1A", "X1a", "y", "x1a", "Y")
    folded = read_baskets(path, options=OrderOptions(ignore_case=True))
    assert folded.baskets.items == ("x1A", "y")
    assert [*folded.baskets.lengths] == [2, 2]
    known = read_baskets(path, ["X1A", "y"], OrderOptions(ignore_case=True))
    assert known.baskets.members.tolist() == [0, 1, 0, 1]
    two = read_baskets(path, ["X1A", "x1A", "y"], OrderOptions(ignore_case=True))
    assert two.skipped["item is not in the catalogue"] == 2, "which of the two is meant is not known"


def test_what_cannot_be_read_is_refused_with_a_fix(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no column of orders.csv is the basket .*--map basket=COLUMN"):
        read_baskets(table(tmp_path, "customer,sku", "1,a", "1,b"))
    alone = table(tmp_path, "order,sku", "1,a", "2,b")
    with pytest.raises(InputError, match=r"no basket of orders.csv has two items"):
        read_baskets(alone)
    with pytest.raises(
        InputError, match=r"no event of orders.csv can be used; most often: quantity is below 1"
    ):
        read_baskets(table(tmp_path, "order,sku,qty", "1,a,-1", "1,b,-1"))
    with pytest.raises(InputError, match="no regular expression"):
        OrderOptions(products="[")


def test_a_users_sequence_is_a_basket(tmp_path: Path) -> None:
    (tmp_path / "sequences.txt").write_text("u a b a c\nv c\nw c a\n")
    read = read_baskets_of(InteractionFiles(tmp_path / "sequences.txt"))
    assert contents(read.baskets) == {"u": "abc", "w": "ca"}
    assert skipped(read) == {"item is alone in its basket": 1, "again the same item of a basket": 1}
    assert contents(baskets_of(sequences_of(("a", "b"), [[1, 0, 1], []]))) == {"0": "ba", "1": ""}


def test_an_item_is_no_neighbour_of_its_own() -> None:
    with pytest.raises(InputError, match="twice"):
        Baskets(("a", "b"), ("1",), np.array([0, 2]), np.array([1, 1], dtype=np.int32))
    counts = count_baskets(baskets_from(("a", "b", "c"), [[0, 0, 1], [2], []]))
    assert counts.together.diagonal().tolist() == [0, 0, 0]
    assert counts.together.toarray()[2].tolist() == [0, 0, 0], "a basket of one item has no pairs"
    assert counts.taken.tolist() == [1, 1, 1]


def test_wholesale_baskets_count_little_or_not_at_all() -> None:
    items = tuple(map(str, range(1200)))
    small, wholesale, huge = [0, 1], list(range(1000)), list(range(1200))
    baskets = baskets_from(items, [small, wholesale, huge])
    counts = count_baskets(baskets)
    assert counts.equals(count_baskets(baskets.of_baskets(np.array([1, 0]))))
    weights = counts.options.weights(np.array([2, 1000]))
    both = counts.together.toarray()
    assert (both[0, 1], both[0, 2]) == (weights.sum(), weights[1])
    assert weights[0] > 6 * weights[1]
    all_of_them = count_baskets(baskets, BasketCountOptions(log_power=0, largest=2000))
    assert all_of_them.together.toarray()[0, 1] == 3 * 2**20
    shared = BasketCountOptions(log_power=0, power=1).weights(np.array([2, 1000]))
    assert shared.tolist() == [2**19, round(2**20 / 1000)]
    with pytest.raises(InputError, match="weigh no baskets"):
        BasketCountOptions(power=-1)
    with pytest.raises(InputError, match="no pairs"):
        BasketCountOptions(largest=1)
