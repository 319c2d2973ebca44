"""A shop's orders as sequences: columns, times, what is left out."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from aisle.catalogue.interactions import InteractionFiles, interaction_files, read_interactions_of, read_texts
from aisle.catalogue.moments import moments
from aisle.catalogue.order_lines import OrderOptions
from aisle.catalogue.orders import ReadSequences, read_orders
from aisle.catalogue.rejects import Unreadable
from aisle.errors import InputError


def table(folder: Path, *lines: str, name: str = "orders.csv") -> Path:
    path = folder / name
    path.write_text("\n".join(lines) + "\n")
    return path


def histories(read: ReadSequences) -> dict[str, str]:
    s = read.sequences
    return {user: "".join(s.items[step] for step in s.of(place)) for place, user in enumerate(s.users)}


def test_rows_in_any_order_become_sequences_by_time(tmp_path: Path) -> None:
    path = table(
        tmp_path,
        "order,Customer ID,SKU,Created at,Qty",
        "3,u,c,2026-01-03 10:00,1",
        "1,u,a,2026-01-01T10:00:00+02:00,2",
        "9,v,b,2026-01-02,1",
        "2,u,b,2026-01-01 09:00,1",
        "2,u,b,2026-01-01 09:00,1",
    )
    read = read_orders(path)
    assert histories(read) == {"u": "abc", "v": "b"}
    assert read.columns == {"user": "Customer ID", "item": "SKU", "time": "Created at", "quantity": "Qty"}
    assert read.skipped == {"again the same user, item and time": 1}
    assert read.words().startswith("4 of 5 events of 2 users; skipped: 1 again")
    assert read.sequences.times is not None
    assert read.sequences.times[0] == datetime(2026, 1, 1, 8, tzinfo=UTC).timestamp()


@pytest.mark.parametrize("item", ["Article no", "Article No.", "article_nr", "Product no", "Artikel-Nr"])
def test_an_item_has_the_names_that_shops_give_it(tmp_path: Path, item: str) -> None:
    path = table(tmp_path, f"Order no;Date;Customer;{item};Qty", "1;02.01.2026 09:37;u;a;1")
    read = read_orders(path)
    assert histories(read) == {"u": "a"} and read.columns["item"] == item


def test_what_cannot_count_is_left_out_and_counted(tmp_path: Path) -> None:
    rows = ["u,a,1,1", "u,b,2,-3", ",a,3,1", "u,,4,1", "u,gone,5,1", "u,a,never,1", "u,a,6,many", "u,b,7,"]
    read = read_orders(table(tmp_path, "user,item,time,quantity", *rows), ["a", "b", "c"])
    assert histories(read) == {"u": "ab"}
    assert read.sequences.items == ("a", "b", "c"), "items that nobody took are there"
    assert dict(read.skipped) == {
        "time or quantity cannot be read": 2,
        "quantity is below 1: returned or cancelled": 1,
        "user's id is missing or empty": 1,
        "item's id is missing or empty": 1,
        "item is not in the catalogue": 1,
    }


def test_repeats_stay_and_one_user_is_enough(tmp_path: Path) -> None:
    rows = [f"u,{'ab'[at % 2]},{at}" for at in range(40)]
    assert histories(read_orders(table(tmp_path, "user,item,time", *rows))) == {"u": "ab" * 20}


@pytest.mark.parametrize(
    ("cell", "days_first", "months_first"),
    [
        ("2026-04-03 12:30", "2026-04-03T12:30", "2026-04-03T12:30"),
        ("2026-04-03T12:30:05Z", "2026-04-03T12:30:05", "2026-04-03T12:30:05"),
        ("03/04/2026 1:30 PM", "2026-04-03T13:30", "2026-03-04T13:30"),
        ("13/04/2026", "2026-04-13", None),
        ("04/13/2026 08:05:09", None, "2026-04-13T08:05:09"),
        ("3.4.2026 09:15", "2026-04-03T09:15", "2026-04-03T09:15"),
        ("20260403", "2026-04-03", "2026-04-03"),
        (1775217600, "2026-04-03T12:00", "2026-04-03T12:00"),
        ("1775217600000", "2026-04-03T12:00", "2026-04-03T12:00"),
    ],
)
def test_moments(cell: object, days_first: str | None, months_first: str | None) -> None:
    for found, wanted in zip(moments(cell), (days_first, months_first), strict=True):
        if wanted is None:
            assert found != found  # noqa: PLR0124 - NaN
        else:
            assert found == datetime.fromisoformat(wanted).replace(tzinfo=UTC).timestamp()


@pytest.mark.parametrize("cell", ["", None, "soon", "32/13/2026", True, "2026-13-40"])
def test_no_moments(cell: object) -> None:
    with pytest.raises(Unreadable):
        moments(cell)


def test_days_and_months_are_told_apart_by_the_whole_column(tmp_path: Path) -> None:
    rows = ["u,a,01/02/2026", "u,b,03/01/2026"]
    with pytest.raises(InputError, match="nothing tells which comes first"):
        read_orders(table(tmp_path, "user,item,time", *rows))
    assert histories(read_orders(table(tmp_path, "user,item,time", *rows, ",x,13/01/2026"))) == {"u": "ba"}
    assert histories(read_orders(table(tmp_path, "user,item,time", *rows, ",x,01/13/2026"))) == {"u": "ab"}


def test_a_column_that_is_missing_is_named(tmp_path: Path) -> None:
    path = table(tmp_path, "who,item,time", "u,a,1")
    with pytest.raises(
        InputError, match=r"no column of orders.csv is the user \(there: who, item, time\)"
    ) as no:
        read_orders(path)
    assert no.value.fix == "name it: --map user=COLUMN"
    assert histories(read_orders(path, options=OrderOptions({"user": "WHO"}))) == {"u": "a"}
    with pytest.raises(InputError, match="is the nobody"):
        read_orders(path, options=OrderOptions({"user": "nobody"}))
    with pytest.raises(InputError, match="orders have no field 'basket'"):
        read_orders(path, options=OrderOptions({"basket": "who"}))


def test_codes_are_read_before_names(tmp_path: Path) -> None:
    path = table(
        tmp_path,
        "customer,email,product,product code,date,order date",
        "Eve,e@x,A cap,c,2026-01-02,2026-01-01",
    )
    assert read_orders(path).columns == {"user": "email", "item": "product code", "time": "order date"}


def test_a_table_without_a_usable_row_says_why(tmp_path: Path) -> None:
    path = table(tmp_path, "user,item,time", "u,x,1", "v,y,2")
    with pytest.raises(
        InputError, match=r"no event of orders.csv .* item is not in the catalogue \(2 of 2\)"
    ):
        read_orders(path, ["a"])


def test_a_folder_has_events_and_a_catalogue(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"holds no events \(found: nothing\)"):
        interaction_files(tmp_path)
    lines = table(tmp_path, "u a b x", "v b", "w x", name="user_sequence.txt")
    items = table(tmp_path, "id\ttitle", "a\tone", "b\t", "c\tthree", name="items.tsv")
    files = interaction_files(tmp_path)
    assert files == InteractionFiles(lines, items)
    known = read_texts(items)
    assert set(known.ids) == {"a", "b", "c"}, "an item without a title can still be taken"
    assert dict(zip(known.ids, known.titles, strict=True)) == {"a": "one", "b": "", "c": "three"}
    read = read_interactions_of(files, known)
    assert histories(read) == {"u": "ab", "v": "b"}
    assert read.skipped == {"item is not in the catalogue": 2}
    with pytest.raises(InputError, match=r"no item of user_sequence.txt is in the catalogue"):
        read_interactions_of(files, replace(known, ids=("z",)))
    table(tmp_path, "u a", name="sequences.txt")
    with pytest.raises(InputError, match="2 files of events"):
        interaction_files(tmp_path)


def test_orders_name_variants_by_their_skus(tmp_path: Path) -> None:
    products = table(
        tmp_path,
        "id,title,sku,gtin",
        "shirt,Shirt,S-1,4006381333931",
        "cap,Cap,C-1,9780306406157",
        "C-1,An odd one,O-1,9780306406157",
        name="products.csv",
    )
    table(
        tmp_path, "user,sku,time", "u,S-1,1", "u,4006381333931,2", "u,C-1,3", "u,9780306406157,4", "u,cap,5"
    )
    read = read_interactions_of(interaction_files(tmp_path), read_texts(products))
    s = read.sequences
    assert [s.items[step] for step in s.steps] == ["shirt", "shirt", "C-1", "cap"], "an id is never an alias"
    assert read.skipped == {"item is not in the catalogue": 1}, "a number of two items is nobody's"
