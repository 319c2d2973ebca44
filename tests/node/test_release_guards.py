"""A bad file does not empty a shop: what ``aisle index`` does before the swap."""

from __future__ import annotations

import csv
import json
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

import aisle
from aisle.cluster import Cluster
from aisle.errors import IndexingFailed
from aisle.indexer import Progress
from aisle.types import CatalogueWarning
from tests.support.command import Done, failure, here
from tests.support.indexing import count, releases

Patch = pytest.MonkeyPatch
Capture = pytest.CaptureFixture[str]
Run = Callable[..., Done]
# What somebody names is read, whatever it holds.
COLUMNS = {"id": "id", "title": "title"}
NAMED = ("--map", "id=id", "--map", "title=title")
HEADER = ("id", "title", "price", "brand")


def write(path: Path, rows: Iterable[tuple[object, ...]]) -> Path:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([HEADER, *rows])
    return path


def products(number: int) -> list[tuple[object, ...]]:
    return [(f"p{n}", f"Trail Mug {n}", f"{n}.50", "Norvik") for n in range(number)]


@pytest.fixture
def shop(client: Cluster, name: str, tmp_path: Path, monkeypatch: Patch) -> Path:
    """A folder, and 50 products that are live."""
    monkeypatch.setenv("AISLE_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    aisle.index(write(tmp_path / "good.csv", products(50)), name, encoder=None, cluster=client)
    return tmp_path


@pytest.fixture
def run(node_url: str, name: str, shop: Path, monkeypatch: Patch, capfd: Capture) -> Run:
    """``aisle index`` in that folder."""

    def index(*arguments: str) -> Done:
        env = {"AISLE_URL": node_url, "AISLE_HOME": str(shop / "home")}
        return here(monkeypatch, capfd, "index", *arguments, "--name", name, "--encoder", "none", **env)

    return index


def untouched(client: Cluster, name: str) -> bool:
    """The first release is live with all its products, and there is no other."""
    return releases(client, name) == {f"{name}-v0001": {name}} and count(client, name) == 50


def test_a_file_of_rejected_rows_does_not_go_live(client: Cluster, name: str, shop: Path, run: Run) -> None:
    rows = [("", *row[1:]) if n < 5 else (row[0], "", *row[2:]) for n, row in enumerate(products(17))]
    write(shop / "bad.csv", [*rows, *products(50)[17:]])
    done = run("bad.csv", *NAMED)
    said = failure(done)
    assert untouched(client, name)
    assert "17 of 50 rows were rejected (34.0 %), and 5 % may be" in said
    assert f"and the live {name}-v0001 50: 34.0 % fewer, and 20 % may be" in said
    assert (
        "5 x id is missing or empty in column 'id' (line 2: id=, title=Trail Mug 0, price=0.50, brand=Norvik)"
        in said
    )
    assert "12 x title is missing or empty in column 'title' (line 7: id=p5" in said
    assert said.endswith("--max-rejected 0.34 --max-shrink 0.34")
    assert "50 rows in = 33 items + 0 merged + 0 left out + 17 dead letters" in done.err
    letters = (shop / f"{name}-dead-letters.jsonl").read_text().splitlines()
    assert [json.loads(line)["line"] for line in letters] == [*range(2, 19)]
    again = run("bad.csv", *NAMED, "--max-rejected", "0.34", "--max-shrink", "0.34")
    assert again.code == 0, again
    assert count(client, name) == 33


def test_a_twentieth_of_the_file_does_not_go_live(client: Cluster, name: str, shop: Path, run: Run) -> None:
    write(shop / "cut.csv", products(3))
    said = failure(run("cut.csv"))
    assert f"holds 3 documents, and the live {name}-v0001 50: 94.0 % fewer, and 20 % may be" in said
    assert "--max-shrink 0.94" in said and "--max-rejected" not in said
    assert untouched(client, name)
    # Nor a limit that was forgotten.
    assert "--max-shrink 0.96" in failure(run("good.csv", "--limit", "2"))
    assert untouched(client, name)


def test_the_first_release_is_held_to_its_rows_alone(
    client: Cluster, name: str, tmp_path: Path, monkeypatch: Patch
) -> None:
    monkeypatch.setenv("AISLE_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    bad = write(tmp_path / "bad.csv", [*products(10), *products(2)])
    with pytest.raises(IndexingFailed, match=r"2 of 12 rows were rejected .* 2 x duplicate id"):
        aisle.index(bad, name, columns=COLUMNS, encoder=None, cluster=client)
    assert aisle.list_releases(name, cluster=client) == []
    report = aisle.index(bad, name, columns=COLUMNS, encoder=None, cluster=client, max_rejected=0.17)
    assert report.documents == 10 and report.rows is not None and report.rows.rejected == 2


def test_a_dry_run_says_that_it_would_be_stopped(client: Cluster, name: str, shop: Path, run: Run) -> None:
    write(shop / "cut.csv", [*products(3), ("", "nothing", "1", "Norvik")])
    done = run("cut.csv", "--dry-run")
    said = failure(done)
    assert "this would be stopped: 1 of 4 rows were rejected (25.0 %)" in said and "94.0 % fewer" in said
    assert f"{name} would not go live as {name}-v0002" in done.out
    assert "4 rows in = 3 items + 0 merged + 0 left out + 1 dead letters" in done.out
    found = run("cut.csv", "--dry-run", "--json")
    assert found.code == 1
    content = json.loads(found.out)
    assert "1 of 4 rows" in content["stopped"] and "--max-rejected 0.25" in content["fix"]
    assert (content["rows"]["rows"], content["rows"]["rejected"]) == (4, 1)
    assert run("good.csv", "--dry-run").code == 0


def test_a_resumed_run_is_held_to_the_limits_too(client: Cluster, name: str, shop: Path, run: Run) -> None:
    """It reads the file anew, and so counts all of its rows."""
    bad = write(shop / "bad.csv", [*products(45), *[("", "Mug", "5", "Norvik")] * 5])

    def stop_at_the_end(now: Progress) -> None:
        if now.accepted:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        aisle.index(bad, name, columns=COLUMNS, encoder=None, cluster=client, progress=stop_at_the_end)
    said = failure(run("bad.csv", *NAMED, "--resume"))
    assert "5 of 50 rows were rejected (10.0 %)" in said
    assert untouched(client, name)


def test_a_field_that_is_gone_is_a_warning_and_with_strict_an_error(
    client: Cluster,
    name: str,
    shop: Path,
    run: Run,
) -> None:
    write(
        shop / "unpriced.csv", [(*row[:2], "" if n else row[2], row[3]) for n, row in enumerate(products(50))]
    )
    line = f"price: 2% of the items have it, 100% in {name}-v0001"
    said = failure(run("unpriced.csv", "--strict"))
    assert line in said and "without --strict" in said
    assert untouched(client, name)
    done = run("unpriced.csv", "--json")
    assert done.code == 0, done
    assert f"warning: {line}" in done.err
    assert json.loads(done.out)["lost_coverage"] == [line]
    with warnings.catch_warnings():
        # Now it is what the live release has.
        warnings.simplefilter("error", CatalogueWarning)
        aisle.index(shop / "unpriced.csv", name, encoder=None, cluster=client, strict=True)
