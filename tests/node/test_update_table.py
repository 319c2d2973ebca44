"""``aisle update`` reads what ``aisle index`` reads."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from aisle.cluster import Cluster
from tests.node.test_update_faults import load_words
from tests.support.command import Done, failure, here
from tests.support.indexing import count
from tests.support.update_stream import content

Run = Callable[..., Done]


@pytest.fixture
def run(
    client: Cluster,
    node_url: str,
    name: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> Iterator[Run]:
    """``aisle update`` of a live catalogue of 20 items, in an empty folder."""
    load_words(client, name)
    monkeypatch.chdir(tmp_path)
    env = {"AISLE_URL": node_url, "AISLE_HOME": str(tmp_path / "home")}
    yield lambda *arguments: here(monkeypatch, capfd, "update", name, *arguments, "--refresh", **env)


def test_a_table_of_products_is_upserted(client: Cluster, name: str, run: Run, tmp_path: Path) -> None:
    rows = ["Variant SKU;Title;Variant Price", *(f'n-{n};"Cup; {n}";{n},50' for n in range(30)), "n-30;;1,00"]
    (tmp_path / "new.csv").write_text("\n".join(rows))
    done = run("new.csv", "--map", "id=Variant SKU", "--batch", "10")
    assert done.code == 0, done
    assert "30 documents written" in done.out
    assert "set aside: 1 x title is missing or empty" in done.out
    assert count(client, name) == 50
    assert content(client, name)["n-7"]["price"] == 7.5 and content(client, name)["n-7"]["title"] == "Cup; 7"
    again = run("new.csv", "--map", "id=Variant SKU", "--json")
    assert json.loads(again.out)["lines"] == 0 and "31 lines were applied before" in again.err
    # The file goes on: its rows are what the old ones were.
    (tmp_path / "new.csv").write_text("\n".join([*rows, "n-31;Cup 31;31,00"]))
    report = json.loads(run("new.csv", "--map", "id=Variant SKU", "--json").out)
    assert (report["skipped"], report["indexed"]) == (31, 1)
    letters = (tmp_path / f"{name}-update-dead-letters.jsonl").read_text().splitlines()
    assert [json.loads(line)["row"]["Variant SKU"] for line in letters] == ["n-30"]


def test_a_table_of_prices_changes_prices_alone(client: Cluster, name: str, run: Run, tmp_path: Path) -> None:
    before = content(client, name)["id-1"]
    rows = ["op,sku,price", 'update,id-1,"1.299,00"', "delete,id-2,", "update,gone,1.00", "Update,id-3,4"]
    (tmp_path / "prices.csv").write_text("\n".join(rows))
    done = run("prices.csv", "--decimal", "comma", "--json")
    report = json.loads(done.out)
    assert (report["indexed"], report["deleted"], report["dead"], report["encoded"]) == (2, 1, 1, 0)
    assert report["reasons"] == {"no such item": 1}
    after = content(client, name)
    assert after["id-1"] == {**before, "price": 1299.0, "price_max": 1299.0}
    assert "id-2" not in after and after["id-3"]["price"] == 4


def test_rows_that_could_be_no_items_update(client: Cluster, name: str, run: Run, tmp_path: Path) -> None:
    before = content(client, name)["id-1"]
    (tmp_path / "prices.csv").write_text("sku,price\nid-1,9.50\ngone,1.00\n")
    report = json.loads(run("prices.csv", "--json").out)
    assert (report["indexed"], report["reasons"]) == (1, {"no such item": 1})
    assert content(client, name)["id-1"] == {**before, "price": 9.5, "price_max": 9.5}


@pytest.mark.parametrize(
    ("header", "said"),
    [("op,sku,Colour", "no field of an item is called 'Colour'"), ("op,price", "no column is the id")],
)
def test_a_column_that_is_no_field_is_told_before_anything_is_applied(
    run: Run, tmp_path: Path, header: str, said: str
) -> None:
    (tmp_path / "prices.csv").write_text(f"{header}\nupdate,{','.join(header.split(',')[1:])}\n")
    assert said in failure(run("prices.csv"))


def test_attributes_of_a_table_are_named(client: Cluster, name: str, run: Run, tmp_path: Path) -> None:
    (tmp_path / "colours.csv").write_text("op,sku,Colour\nupdate,id-1,Red\n")
    assert run("colours.csv", "--map", "attributes=Colour").code == 0
    assert content(client, name)["id-1"]["attributes"]["Colour"] == ["Red"]


def test_json_arrays_and_lines_of_products_are_read_as_a_catalogue(
    client: Cluster, name: str, run: Run, tmp_path: Path
) -> None:
    products = [{"sku": f"n-{n}", "name": f"Cup {n}", "Colour": "Red"} for n in range(3)]
    (tmp_path / "new.json").write_text(json.dumps(products, indent=1))
    assert run("new.json").code == 0
    (tmp_path / "new.jsonl").write_text(
        "".join(json.dumps({**one, "sku": f"l{one['sku']}"}) + "\n" for one in products)
    )
    # Lines of changes may not hold what is no field.
    assert run("new.jsonl").code == 1 and count(client, name) == 23
    assert run("new.jsonl", "--format", "jsonl").code == 0
    assert count(client, name) == 26
    assert content(client, name)["ln-1"]["attributes"]["Colour"] == ["Red"]
