"""`aisle tune` from an index to an applied fusion, and what the next `aisle index` makes of it."""

from __future__ import annotations

import json
import random
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from aisle.cluster import Cluster
from aisle.mappings import DENSE
from aisle.search import read_live
from tests.support.command import Done, failure, here, open_folder, put_encoder

Patch = pytest.MonkeyPatch
Capture = pytest.CaptureFixture[str]
Ask = Callable[..., Done]
COLOURS = ("red", "blue", "green", "yellow")
THINGS = ("shoe", "lamp", "drill", "chair", "hose", "brush")


def write_shop(folder: Path) -> None:
    """48 products; 24 queries, each of the words of two of them."""
    pairs = [(colour, thing) for colour in COLOURS for thing in THINGS]
    rows = [
        {"_id": f"p{place}-{size}", "title": f"{colour} {thing}", "text": f"size {size}"}
        for place, (colour, thing) in enumerate(pairs)
        for size in ("small", "large")
    ]
    (folder / "corpus.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    asked = [{"_id": f"q{place}", "text": f"{colour} {thing}"} for place, (colour, thing) in enumerate(pairs)]
    (folder / "queries.jsonl").write_text("".join(json.dumps(row) + "\n" for row in asked))
    (folder / "qrels").mkdir()
    grades = "".join(
        f"q{place}\tp{place}-{size}\t3\n" for place in range(len(pairs)) for size in ("small", "large")
    )
    (folder / "qrels" / "dev.tsv").write_text(grades)


def write_bestsellers(folder: Path) -> None:
    """Six of each colour and thing, of which the one that is sold most is wanted; a rating says nothing."""
    draw = random.Random(0)
    rows, grades = [], []
    for place, (colour, thing) in enumerate((colour, thing) for colour in COLOURS for thing in THINGS):
        sold = draw.sample(range(1000), 6)
        for number, often in enumerate(sold):
            row = {"_id": f"p{place}-{number}", "title": f"{colour} {thing}", "text": ""}
            rows.append(row | {"popularity": often, "rating": round(draw.uniform(1, 5), 1)})
        grades.append(f"q{place}\tp{place}-{sold.index(max(sold))}\t3\n")
    (folder / "corpus.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "qrels" / "dev.tsv").write_text("".join(grades))


@pytest.fixture(scope="module")
def shop() -> Iterator[tuple[Path, str]]:
    with open_folder() as folder:
        write_shop(folder)
        put_encoder(folder / "home")
        yield folder, f"test-tune-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def ask(
    shop: tuple[Path, str], client: Cluster, node_url: str, monkeypatch: Patch, capfd: Capture
) -> Iterator[Ask]:
    folder, name = shop
    env = {"AISLE_URL": node_url, "AISLE_HOME": str(folder / "home")}
    monkeypatch.chdir(folder)
    yield lambda *parts: here(monkeypatch, capfd, *(part.replace("NAME", name) for part in parts), **env)
    for index in client.indices.get(index=f"{name}*", allow_no_indices=True):
        client.indices.delete(index=index)


def said(done: Done) -> Any:
    assert done.code == 0, done.err
    return json.loads(done.out)


def test_from_an_index_to_its_tuned_fusion_and_on_to_the_next_release(
    shop: tuple[Path, str], ask: Ask, client: Cluster
) -> None:
    folder, name = shop
    said(ask("index", ".", "--name", "NAME", "--json"))
    assert said(ask("tune", "show", "--name", "NAME", "--json"))["tuned"] is False

    assert "there is no system 'tuned'" in failure(ask("eval", ".", "--name", "NAME", "--systems", "tuned"))
    command = ("tune", "run", ".", "--runs", "runs", "--name", "NAME", "--folds", "2", "--json")
    first = said(ask(*command))
    assert sorted(path.name for path in (folder / "runs").iterdir()) == [
        "bm25.run",
        "dense.run",
        "fusion.json",
        "runs.json",
    ]
    assert (first["release"], first["queries"], first["window"]) == (f"{name}-v0001", 24, 200)
    assert first["means"]["bm25"] == pytest.approx(1.0)
    # The index is not asked again, and the answer is the same.
    before = (folder / "runs" / "runs.json").stat().st_mtime_ns
    assert said(ask(*command)) == first
    assert (folder / "runs" / "runs.json").stat().st_mtime_ns == before

    # Words answer all of it, so they are asked alone. To see two legs, the fusion is written by hand.
    spec = first["spec"] | {"legs": ["bm25", "dense"], "weights": [0.55, 0.45], "rank_constant": 3}
    (folder / "other.json").write_text(json.dumps(first | {"spec": spec}))
    assert "was changed by hand" in failure(ask("tune", "apply", "other.json", "--name", "NAME"))
    applied = said(ask("tune", "apply", "runs/fusion.json", "--name", "NAME", "--json"))
    assert (applied["after"], applied["before"], applied["done"]) == (first["spec"], None, True)
    shown = said(ask("tune", "show", "--name", "NAME", "--json"))
    assert shown == {
        "release": f"{name}-v0001",
        "tuned": True,
        "pipeline": first["pipeline"],
        "spec": first["spec"],
        "boosts": None,
    }
    page = said(ask("search", "red shoe", "--name", "NAME", "--json"))
    assert set(page["hits"][0]["signals"]) == set(first["spec"]["legs"])

    assert ask("eval", ".", "--name", "NAME", "--systems", "hybrid,tuned", "--json", "report.json").code == 0
    systems = json.loads((folder / "report.json").read_text())["systems"]
    assert systems["tuned"]["nDCG@10"] == pytest.approx(first["means"]["bm25"])

    again = ask("index", ".", "--name", "NAME", "--json")
    assert said(again)["release"] == f"{name}-v0002"
    assert "was tuned with" not in again.err
    assert said(ask("tune", "show", "--name", "NAME", "--json"))["spec"] == first["spec"]
    assert DENSE in read_live(client, name).meta.spaces

    words = ask("index", ".", "--name", "NAME", "--encoder", "none", "--json")
    assert said(words)["release"] == f"{name}-v0003"
    assert f"note: {name}-v0002 was tuned with other legs or encoders" in words.err
    assert said(ask("tune", "show", "--name", "NAME", "--json"))["tuned"] is False


def test_a_signal_that_helps_is_found_used_and_carried_on_and_one_of_chance_is_refused(
    shop: tuple[Path, str], ask: Ask
) -> None:
    folder, _ = shop
    write_bestsellers(folder)
    words = ("index", ".", "--name", "NAME", "--encoder", "none", "--no-suggest", "--skip-check", "--json")
    said(ask(*words))
    run = ("tune", "run", ".", "--runs", "sold", "--name", "NAME", "--folds", "3", "--metric", "RR@10")
    found = said(ask(*run, "--json"))
    verdicts = {verdict["signal"]: verdict for verdict in found["signals"]["verdicts"]}
    weight = verdicts["popularity"]["weight"]
    assert weight > 0
    assert verdicts["rating"]["weight"] == 0
    assert found["boosts"] == {"weights": {"popularity": weight}, "half_life_days": 30}
    assert found["means"]["tuned"] - found["means"]["bm25"] == pytest.approx(found["signals"]["delta"])
    told = ask(*run).out
    assert f"popularity: counts {weight:g}, adds +" in told
    assert "rating: does not count, adds " in told
    assert "business signals: used, +" in told
    assert f"winner: bm25 alone; business signals: popularity {weight:g}" in told

    before = said(ask("search", "red shoe", "--name", "NAME", "--json"))["hits"]
    assert not any(hit["additions"] for hit in before)
    apply = ("tune", "apply", "sold/fusion.json", "--name", "NAME")
    assert f"business signals: popularity {weight:g}; before: none" in ask(*apply, "--dry-run").out
    applied = said(ask(*apply, "--json"))
    assert (applied["boosts_before"], applied["boosts"]) == (None, found["boosts"])
    hits = said(ask("search", "red shoe", "--name", "NAME", "--json"))["hits"]
    assert [hit["item"]["id"] for hit in hits] != [hit["item"]["id"] for hit in before]
    for hit in hits:
        contributed = sum(signal["contribution"] for signal in hit["signals"].values())
        assert hit["additions"].keys() <= {"popularity"}
        assert contributed + sum(hit["additions"].values()) == pytest.approx(hit["score"])
    assert "popularity" in hits[0]["additions"]
    assert ask("eval", ".", "--name", "NAME", "--systems", "bm25,tuned", "--json", "sold.json").code == 0
    systems = json.loads((folder / "sold.json").read_text())["systems"]
    assert systems["tuned"]["RR@10"] > systems["bm25"]["RR@10"] + 0.2

    # Switched off for one search; what is sold now is known without encoding.
    plain = said(ask("search", "red shoe", "--name", "NAME", "--boost", "popularity=0", "--json"))["hits"]
    assert [hit["item"]["id"] for hit in plain] == [hit["item"]["id"] for hit in before]
    last = [hit["item"]["id"] for hit in hits if hit["item"]["title"] == "red shoe"][-1]
    (folder / "sold.jsonl").write_text(json.dumps({"op": "update", "id": last, "popularity": 5000}) + "\n")
    said(ask("update", "NAME", "sold.jsonl", "--refresh", "--json"))
    hits = said(ask("search", "red shoe", "--name", "NAME", "--json"))["hits"]
    lifted = next(hit for hit in hits if hit["item"]["id"] == last)
    assert lifted["item"]["signals"]["popularity"] == 5000
    contributed = lifted["signals"]["bm25"]["contribution"]
    assert lifted["additions"]["popularity"] == pytest.approx(weight * contributed)

    said(ask(*words))
    assert said(ask("tune", "show", "--name", "NAME", "--json"))["boosts"] == found["boosts"]
    again = said(ask(*run, "--ask-again", "--json"))
    assert again["means"]["default"] >= again["means"]["tuned"]
    assert again["boosts"] == found["boosts"]
