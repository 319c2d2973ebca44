"""`aisle train preferences`: the best of a recommender, ranked by what users took of them."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from tests.support.command import Done, failure, here

Patch = pytest.MonkeyPatch
Capture = pytest.CaptureFixture[str]


def orders(users: int) -> str:
    """Threes that belong together, and bags that many take, though never last."""
    draw = random.Random(1)
    rows = ["Customer,SKU,Date,Qty"]
    for user in range(users):
        turn, first = draw.randrange(3), 3 * (user % 20)
        steps = [f"i{first + (turn + step) % 3}" for step in range(3)]
        for bag in draw.sample(range(6), 3):
            steps.insert(draw.randrange(2), f"bag{bag}")
        rows += [f"c{user},{item},2026-03-{day:02} 10:00,1" for day, item in enumerate(steps, 1)]
    return "\n".join(rows) + "\n"


class Shop:
    """A working folder with orders and a recommender of them."""

    def __init__(self, folder: Path, patch: Patch, capture: Capture, users: int) -> None:
        (folder / "orders.csv").write_text(orders(users))
        patch.chdir(folder)
        self.folder = folder
        self._patch, self._capture = patch, capture
        made = self.run("train", "recommender", "--data", "orders.csv", "--name", "shop")
        assert made.code == 0, made

    def run(self, *arguments: str) -> Done:
        return here(self._patch, self._capture, *arguments, AISLE_HOME=str(self.folder / "home"))

    def train(self, *arguments: str) -> Done:
        return self.run(
            "train",
            "preferences",
            "--data",
            "orders.csv",
            "--recommender",
            "shop",
            "--epochs",
            "3",
            *arguments,
        )


def test_preferences_are_found_by_their_recommenders_name(
    tmp_path: Path, monkeypatch: Patch, capfd: Capture
) -> None:
    shop = Shop(tmp_path, monkeypatch, capfd, 600)
    asked = ("recommend", "--name", "shop", "--history", "bag0,i0,i1", "--json")
    before = json.loads(shop.run(*asked).out)["items"]
    trained = shop.train("--pool", "20", "--json")
    assert trained.code == 0, trained
    report = json.loads(trained.out)
    assert report["pool"] == 20
    assert report["metrics"]["N@10"] > report["metrics"]["N@10 base"]
    after = json.loads(shop.run(*asked).out)["items"]
    assert "preference" not in before[0]["signals"]
    assert after[0]["id"] == "i2"
    for item in after:
        assert item["score"] == pytest.approx(sum(item["signals"].values()), abs=1e-4)


def test_nothing_is_kept_that_was_learned_from_too_few(
    tmp_path: Path, monkeypatch: Patch, capfd: Capture
) -> None:
    shop = Shop(tmp_path, monkeypatch, capfd, 60)
    assert "users took an item that the recommender had among its best" in failure(shop.train())
    assert not (tmp_path / "home" / "artifacts" / "preferences").exists()
    assert "no recommender 'nope'" in failure(shop.train("--recommender", "nope"))
