"""`aisle diagnose semantic-ids`: from a shop's orders and artifacts to a report."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.command import Done, here

ITEMS = 60
KINDS = ("lip balm", "nail polish", "hair brush")


class Shop:
    """A working folder with products of three kinds, each bought by users of its own."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch, capture: pytest.CaptureFixture[str]) -> None:
        (folder / "shop").mkdir()
        titles = (f"i{n},{KINDS[n % 3]} {n},Beauty > {KINDS[n % 3]}" for n in range(ITEMS))
        (folder / "shop" / "products.csv").write_text("\n".join(["id,title,category", *titles]) + "\n")
        walks = (
            (user, (user + 3 * step * (1 + user % 2)) % ITEMS, step)
            for user in range(120)
            for step in range(6)
        )
        rows = (f"u{user},i{item},2026-01-{1 + step:02}" for user, item, step in walks)
        (folder / "shop" / "orders.csv").write_text("\n".join(["customer,sku,date", *rows]) + "\n")
        patch.chdir(folder)
        self.folder, self._patch, self._capture = folder, patch, capture

    def run(self, *arguments: str) -> Done:
        return here(self._patch, self._capture, *arguments, AISLE_HOME=str(self.folder / "home"))

    def train(self, what: str, *arguments: str) -> None:
        given = ("train", what, "--data", "shop", "--encoder", "none", "--name", "shop", *arguments)
        done = self.run(*given)
        assert done.code == 0, done

    def diagnose(self, *arguments: str) -> Done:
        return self.run("diagnose", "semantic-ids", "--data", "shop", "--name", "shop", *arguments)


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Shop:
    return Shop(tmp_path, monkeypatch, capfd)


def test_codes_and_a_recommender_are_looked_at(shop: Shop) -> None:
    shop.train("codes", "--sizes", "3,4,8")
    shop.train("recommender")
    done = shop.diagnose("--out", "report", "--json")
    assert done.code == 0, done
    found = json.loads(done.out)
    assert found["codes"]["items"] == ITEMS and found["codes"]["colliding_after"] == 0
    first = found["codes"]["affinity"][0]
    assert first["share"] > 1.5 * first["chance"]
    purity = found["codes"]["purity"][0]
    assert purity["purity"] > purity["chance"] + 0.1
    assert {word for label in found["labels"] for word in label["words"]} >= set(" ".join(KINDS).split())
    coverage = found["candidates"]["coverage"]
    assert set(coverage) == {"counts", "popularity", "prefixes by counts", "union"}
    assert coverage["counts"]["20"] > coverage["popularity"]["20"]
    assert found["candidates"]["gap"]["train"]["R@10"] >= found["candidates"]["gap"]["validation"]["R@10"]
    assert {"counts", "whole, with reasons"} <= set(found["candidates"]["milliseconds"])
    assert set(found["missing"]) == {"router", "preferences"}
    assert json.loads((shop.folder / "report" / "diagnosis.json").read_text())["codes"] == found["codes"]
    report = (shop.folder / "report" / "report.md").read_text()
    for plot in ("levels", "affinity", "coverage", "strata", "latency"):
        assert f"![{plot}]({plot}.png)" in report
        assert (shop.folder / "report" / f"{plot}.png").read_bytes().startswith(b"\x89PNG")
    assert "aisle train router" in report


def test_what_is_not_there_is_said_with_how_to_make_it(shop: Shop) -> None:
    done = shop.diagnose()
    assert (
        done.code != 0
        and "neither codes nor a recommender" in done.err
        and "aisle train recommender" in done.err
    )
    assert not (shop.folder / "diagnosis").exists()
    shop.train("recommender")
    done = shop.diagnose()
    assert done.code == 0
    assert (
        "not looked at: codes: no codes 'shop'; aisle train codes --data orders.csv --name shop" in done.out
    )
    assert "counts" in done.out
    done = shop.diagnose("--codes", "rival")
    assert done.code != 0 and "no codes 'rival'" in done.err
    (shop.folder / "file").write_text("")
    done = shop.diagnose("--out", "file")
    assert done.code != 0 and "cannot write" in done.err
