"""`aisle train codes`: from a shop's orders to semantic IDs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from aisle.encoder import ArtifactStore
from aisle.encoder.code_artifact import load_codes
from tests.support.command import Done, here

ITEMS = 24
WORDS = ("lip balm", "nail polish", "hair brush")


class Shop:
    """A working folder with products of three kinds, each bought by users of its own."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch, capture: pytest.CaptureFixture[str]) -> None:
        (folder / "shop").mkdir()
        titles = (f"i{number},{WORDS[number % 3]} {number}" for number in range(ITEMS))
        (folder / "shop" / "products.csv").write_text("\n".join(["id,title", *titles]) + "\n")
        walks = (
            (user, (user + 3 * step * (1 + user % 2)) % ITEMS, step)
            for user in range(90)
            for step in range(6)
        )
        rows = (f"u{user},i{item},2026-01-{1 + step:02}" for user, item, step in walks)
        (folder / "shop" / "orders.csv").write_text("\n".join(["customer,sku,date", *rows]) + "\n")
        patch.chdir(folder)
        self.folder, self._patch, self._capture = folder, patch, capture

    @property
    def store(self) -> ArtifactStore:
        return ArtifactStore(self.folder / "home" / "artifacts")

    def train(self, *arguments: str) -> Done:
        given = ("train", "codes", "--encoder", "none", "--name", "shop", *arguments)
        return here(self._patch, self._capture, *given, AISLE_HOME=str(self.folder / "home"))


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Shop:
    return Shop(tmp_path, monkeypatch, capfd)


def test_orders_become_codes(shop: Shop) -> None:
    done = shop.train("--data", "shop", "--sizes", "3,4,8", "--json")
    assert done.code == 0, done
    report = json.loads(done.out)
    assert report["report"]["items"] == ITEMS
    assert report["report"]["colliding_after"] == 0
    first = report["report"]["affinity"][0]
    assert first["share"] > 2 * first["chance"]
    assert {word for label in report["labels"] for word in label["words"]} >= set(" ".join(WORDS).split())
    known, artifact = load_codes("shop", shop.store)
    assert (known.quantizer.sizes, str(artifact.path)) == ((3, 4, 8), report["path"])


def test_what_it_says_in_words(shop: Shop) -> None:
    done = shop.train("--data", "shop", "--sizes", "3,8")
    assert "540 of 540 events of 90 users" in done.err
    said = done.out
    assert "of 24 items shared all codes" in said and "0.0% share theirs now" in said
    assert "times as often as by chance" in said
    assert " items, " in said


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--data", "shop", "--sizes", "99"), "24 items cannot fill a level of 99 codes"),
        (("--data", "shop", "--sizes", "4,4"), "24 items cannot have one of 16 tuples each"),
        (("--data", "shop", "--sizes", "2,x"), "cannot read the sizes '2,x'"),
        (("--data", "shop", "--co-purchase-weight", "0"), "there are no vectors to make codes of"),
        ((), "there are no items"),
        (("--catalogue", "gone.csv"), "gone.csv"),
    ],
)
def test_what_makes_no_codes_ends_clearly(shop: Shop, arguments: tuple[str, ...], message: str) -> None:
    done = shop.train(*arguments)
    assert done.code != 0
    assert message in done.err
    assert shop.store.list() == ()
