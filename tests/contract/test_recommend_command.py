"""`aisle train recommender`, `recommend` and `eval --sequences`: from a shop's orders to an answer."""

from __future__ import annotations

import json
import random
from pathlib import Path

import numpy as np
import pytest

import aisle
from tests.support.command import Done, failure, here, listing

Patch = pytest.MonkeyPatch
Capture = pytest.CaptureFixture[str]
PATHS = (
    ("drill", "bits", "case"),
    ("lamp", "bulb", "bulb"),
    ("drill", "case", "lamp"),
    ("bulb", "lamp", "bits"),
)
PRODUCTS = (
    "id,title\ndrill,18 V drill\nbits,Drill bits\ncase,Case for a drill\nlamp,Desk lamp\nbulb,LED bulb\n"
)


UNTITLED = ("eval", "--baskets", "shop/orders.csv", "--map", "basket=Customer")


def orders() -> str:
    draw = random.Random(2)
    rows = [
        f"c{user},{item},2026-{1 + user % 12:02}-{1 + day:02} 10:00,1"
        for user in range(80)
        for day, item in enumerate(draw.choice(PATHS))
    ]
    rows += ["c1,drill,2026-02-20,-1", "c2,gone,2026-02-20,1", ",drill,2026-02-20,1"]
    draw.shuffle(rows)
    return "\n".join(["Customer,SKU,Date,Qty", *rows]) + "\n"


class Shop:
    """The working folder of a shop with orders and products."""

    def __init__(self, folder: Path, patch: Patch, capture: Capture) -> None:
        (folder / "shop").mkdir()
        (folder / "shop" / "orders.csv").write_text(orders())
        (folder / "shop" / "products.csv").write_text(PRODUCTS)
        patch.chdir(folder)
        self.folder = folder
        self._patch, self._capture = patch, capture

    def run(self, *arguments: str) -> Done:
        return here(self._patch, self._capture, *arguments, AISLE_HOME=str(self.folder / "home"))

    def train(self, *arguments: str) -> Done:
        return self.run(
            "train", "recommender", "--data", "shop", "--name", "shop", "--encoder", "none", *arguments
        )


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: Patch, capfd: Capture) -> Shop:
    return Shop(tmp_path, monkeypatch, capfd)


def test_orders_become_recommendations(shop: Shop) -> None:
    trained = shop.train("--json")
    assert trained.code == 0, trained
    report = json.loads(trained.out)
    assert (report["users"], report["events"], report["items"]) == (80, 240, 5)
    assert report["skipped"] == {
        "quantity is below 1: returned or cancelled": 1,
        "item is not in the catalogue": 1,
        "user's id is missing or empty": 1,
    }
    assert report["chosen_on"] == 80
    assert Path(report["path"]).is_dir()
    found = json.loads(shop.run("recommend", "--name", "shop", "--history", "drill,nope", "--json").out)
    assert found["unknown"] == ["nope"]
    assert found["items"][0]["id"] in ("bits", "case")
    assert found["items"][0]["because"] == "drill"
    shown = shop.run(
        *("recommend", "-n", "shop", "--history", "drill", "--history", "no\x1b[31m", "--exclude", "bits")
    )
    assert shown.code == 0
    assert "Case for a drill" in shown.out and "18 V drill" in shown.out and "Drill bits" not in shown.out
    assert "skipped, as unknown: no\\x1b[31m" in shown.out
    nobody = shop.run("recommend", "--name", "shop", "--size", "2")
    assert nobody.code == 0 and "many buy it" in nobody.out
    asked = ("recommend", "--name", "shop", "--history", '"bolt-M8,40", drill,nope', "--history", '7" saw')
    assert json.loads(shop.run(*asked, "--json").out)["unknown"] == ["bolt-M8,40", "nope", '7" saw']
    assert "cannot read the ids" in failure(shop.run("recommend", "--name", "shop", "--history", '"drill'))


def test_what_trained_says_in_words(shop: Shop) -> None:
    said = shop.train().out
    assert "240 of 243 events of 80 users; skipped: 1" in said
    assert "settings are chosen on 80 users (R@10" in said
    assert "aisle recommend --name shop --history ID,ID" in said


def test_nothing_left_to_recommend_is_a_failure(shop: Shop) -> None:
    assert shop.train().code == 0
    done = shop.run("recommend", "--name", "shop", "--exclude", "drill,bits,case,lamp,bulb", "--json")
    assert (done.code, json.loads(done.out)["items"]) == (1, [])


def test_the_table_of_baskets_says_its_protocol(shop: Shop) -> None:
    rows = ["Order number,SKU,Created at,Quantity"]
    for order in range(60):
        pair = ("drill", "bits") if order % 2 else ("lamp", "bulb")
        rows += [f"{order},{item},2026-01-01 {order // 60:02}:{order % 60:02},1" for item in pair]
        rows += [f"{order},case,2026-01-01 00:00,-1", f"{order},SHIPPING,2026-01-01 00:00,1"]
    (shop.folder / "baskets.csv").write_text("\n".join(rows) + "\n")
    done = shop.run("eval", "--baskets", "baskets.csv", "--encoder", "none", "--json", "report.json")
    assert done.code == 0, done
    report = json.loads((shop.folder / "report.json").read_text())
    assert report["protocol"].startswith("baskets by time, the last 20% asked")
    assert (report["baskets"], report["learned_from"], report["items"]) == (12, 48, 4)
    assert report["systems"]["weighted counts"]["R@10"] == 1
    assert "60 quantity is below 1" in report["read"] and "60 line is no product" in report["read"]
    assert "weighted counts" in done.out and "skipped" in done.out


def test_two_heads_are_trained_on_orders_and_opened(shop: Shop) -> None:
    rows = ["Order number,SKU,Created at,Quantity"]
    for order in range(500):
        pair = ("drill", "bits") if order % 2 else ("lamp", "bulb")
        rows += [f"{order},{item},2026-01-{1 + order // 20:02},1" for item in pair]
    (shop.folder / "baskets.csv").write_text("\n".join(rows) + "\n")
    options = ("--catalogue", "shop/products.csv", "--name", "shop", "--encoder", "none", "--epochs", "30")
    train = ("train", "item-to-item", *options)
    trained = shop.run(*train, "--data", "baskets.csv", "--json")
    assert trained.code == 0, trained
    report = json.loads(trained.out)
    assert (report["baskets"], report["items"], report["chosen_on"]) == (500, 5, 63)
    assert "1,000 of 1,000 lines in 500 baskets" in trained.err
    model = aisle.open_item_to_item(report["path"])
    best = model.engagement_scores(np.arange(5))
    np.fill_diagonal(best, -np.inf)
    assert [model.items[place] for place in best.argmax(axis=1)[[0, 3]]] == ["bits", "bulb"]
    assert shop.run("encoder", "show", "item-to-item/shop", "--json").code == 0
    assert "no basket" in failure(
        shop.run(*train, "--data", "shop/products.csv", "--map", "basket=title", "--map", "item=id")
    )
    untitled = ("train", "item-to-item", "--data", "baskets.csv", "--encoder", "nosuch")
    assert "no item has a text that nosuch could read" in failure(shop.run(*untitled))
    few = ("\n".join(rows[:9]) + "\n").encode()
    (shop.folder / "few.csv").write_bytes(few)
    said = shop.run(*train, "--data", "few.csv").out
    assert "4 baskets are too few to choose" in said and "usual one, 4; 400 baskets choose it" in said
    assert "in common" not in said, "lists of five items share all that they have"
    assert (
        "aisle similar ID --name shop" in said and "aisle index CATALOGUE --name shop --item-to-item" in said
    )


def test_the_table_of_sequences_says_its_protocol(shop: Shop) -> None:
    done = shop.run("eval", "--sequences", "shop", "--encoder", "none", "--json", "report.json")
    assert done.code == 0, done
    report = json.loads((shop.folder / "report.json").read_text())
    assert report["protocol"].startswith("leave-last-out")
    assert "seen items excluded" in report["protocol"]
    assert list(report["systems"]) == ["popularity", "counts, last item", "item kNN", "EASE", "counts"]
    assert "leave-last-out" in done.out and "EASE" in done.out
    other = shop.run(
        *(
            "eval",
            "--sequences",
            "shop",
            "--encoder",
            "none",
            "--by-time",
            "--keep-seen",
            "--refit",
            "--no-ease",
        ),
        *("--json", "report.json"),
    )
    assert other.code == 0, other
    report = json.loads((shop.folder / "report.json").read_text())
    assert report["protocol"].startswith("time split")
    assert "seen items kept" in report["protocol"] and "with the validation's items" in report["protocol"]
    assert "EASE" not in report["systems"]
    (shop.folder / "again.txt").write_text("".join(f"u{user} i1 i2 i1 i2 i1\n" for user in range(30)))
    again = ("eval", "--sequences", "again.txt", "--encoder", "none", "--no-ease")
    assert "30 of 30 users took what they had before" in " ".join(shop.run(*again).out.split())
    assert "had before" not in shop.run(*again, "--keep-seen").out


@pytest.mark.slow
def test_a_router_is_found_by_its_recommender(shop: Shop) -> None:
    assert shop.train().code == 0
    router = ("train", "router", "--data", "shop", "--recommender", "shop", "--name", "shop")
    trained = shop.run(*router, "--epochs", "8", "--json")
    assert trained.code == 0, trained
    assert "stage 2 of 2: sequences, all of them" in trained.err
    report = json.loads(trained.out)
    assert (report["chosen_on"], report["prefixes"], report["codes"]) == (80, {}, "")
    assert report["weight"] > 0
    found = json.loads(shop.run("recommend", "--name", "shop", "--history", "drill,nope", "--json").out)
    assert found["unknown"] == ["nope"]
    assert set(found["items"][0]["signals"]) == {"counts", "popularity", "sequence"}
    assert shop.run("encoder", "show", "router/shop", "--json").code == 0
    empty = json.loads(shop.run("recommend", "--name", "shop", "--json").out)
    assert empty["items"][0]["signals"]["sequence"] == 0
    assert "no codes" in failure(shop.run(*router, "--codes", "other"))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ("train", "router", "--data", "shop", "--recommender", "no", "--name", "shop"),
            "no recommender 'no' (there: none)",
        ),
        (
            ("train", "router", "--data", "shop", "--recommender", "no", "--name", "a/b"),
            "no name for an artifact",
        ),
        (("train", "recommender", "--data", "no.csv"), "no such file: no.csv"),
        (("train", "recommender", "--data", "empty"), "holds no events"),
        (("train", "recommender", "--data", "shop", "--name", "a/b"), "no name for an artifact"),
        (("train", "recommender", "--data", "shop", "--map", "user"), "cannot read the mapping 'user'"),
        (("train", "recommender", "--data", "shop", "--map", "shoe=x"), "orders have no field 'shoe'"),
        (
            ("train", "recommender", "--data", "shop/products.csv", "--encoder", "none"),
            "no column of products.csv is the user",
        ),
        (("recommend", "--name", "shop", "--history", "drill"), "no recommender 'shop' (there: none)"),
        (("eval",), "nothing to evaluate"),
        (("eval", "--baskets", "shop", "--by-time"), "options of --sequences and of --baskets do not mix"),
        (("eval", "--sequences", "shop", "--new-items"), "of --sequences and of --baskets do not mix"),
        (("eval", "--baskets", "shop", "--encoder", "a", "--judge", "a"), "a reads the texts and cannot"),
        (("eval", "--baskets", "shop", "--products", "["), "'[' is no regular expression"),
        (("eval", "--baskets", "shop/orders.csv"), "no column of orders.csv is the basket"),
        ((*UNTITLED, "--encoder", "nosuch"), "no item has a text that nosuch could read"),
        ((*UNTITLED, "--encoder", "none", "--judge", "nosuch"), "text that nosuch could read"),
        (
            ("train", "recommender", "--data", "shop/orders.csv", "--encoder", "nosuch"),
            "no item has a text that nosuch could read",
        ),
        (("eval", "judged", "--sequences", "shop"), "judgments and sequences are measured apart"),
        (("eval", "--sequences", "shop", "--cold", "1"), "no share of the items"),
    ],
)
def test_bad_input_is_one_error_and_leaves_nothing(shop: Shop, arguments: tuple[str, ...], said: str) -> None:
    (shop.folder / "empty").mkdir()
    before = listing(shop.folder)
    assert said in failure(shop.run(*arguments))
    assert [path for path in listing(shop.folder) if path not in before] in ([], ["home", "home/artifacts"])
