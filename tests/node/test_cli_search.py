"""`aisle index`, `search` and `eval` on one indexed folder: what they print, and every fault on the way."""

from __future__ import annotations

import json
import signal
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from aisle.catalogue.values import MAX_TITLE_CHARS
from aisle.cluster import Cluster
from tests.support.command import Done, aisle, failure, here, listing, open_folder, put_encoder, start
from tests.support.indexing import count, releases
from tests.support.proxies.faulty import Delay, Down, Fault, FaultyProxy, Request

GOOD = 60
Patch = pytest.MonkeyPatch
Capture = pytest.CaptureFixture[str]
COLOURS = ("red", "blue", "green")


@dataclass(frozen=True, slots=True)
class Shop:
    """A BEIR folder with bad rows, indexed once by `aisle index`.

    Attributes:
        folder: where it stands; also the working folder.
        name: alias of the index.
        env: settings of the command.
        indexed: what `aisle index --json` said.
    """

    folder: Path
    name: str
    env: dict[str, str]
    indexed: dict[str, Any]


def product(number: int, **more: object) -> dict[str, object]:
    colour = COLOURS[number % 3]
    return {"_id": f"p{number}", "title": f"{colour} shoe size {number}", "text": "for running", **more}


def write_folder(folder: Path) -> None:
    """Sixty good products, and one bad one of each kind."""
    bad = (
        product(100, title="T" * 1_000_000),
        product(101, _id="p\u0001"),
        product(102, title={"words": 7}),
        product(103, _id=["p103"]),
        product(7, title="a second p7"),
        product(104, title=" \u0007 "),
        {"title": "no id"},
    )
    strange = product(
        GOOD - 1, title="bell\u0007 shoe\u0000 \u001b[31mred\u001b[0m [bold]markup[/]", price="1.299,00 EUR"
    )
    rows = [product(number) for number in range(GOOD - 1)] + [strange]
    (folder / "corpus.jsonl").write_text("".join(json.dumps(row) + "\n" for row in (*rows, *bad)))
    queries = {"q1": "red shoe", "q2": "blue shoe for running"}
    texts = ({"_id": key, "text": text} for key, text in queries.items())
    (folder / "queries.jsonl").write_text("".join(json.dumps(row) + "\n" for row in texts))
    (folder / "qrels").mkdir()
    (folder / "qrels" / "dev.tsv").write_text("query-id\tcorpus-id\tscore\nq1\tp0\t3\nq1\tp1\t0\nq2\tp1\t2\n")
    (folder / "qrels" / "foreign.tsv").write_text("q1\tsomewhere-else\t3\n")
    (folder / "qrels" / "zeros.tsv").write_text("q1\tp0\t0\n")


@pytest.fixture(scope="module")
def shop(client: Cluster, node_url: str) -> Iterator[Shop]:
    name = f"test-cli-{uuid.uuid4().hex[:8]}"
    with open_folder() as folder:
        write_folder(folder)
        env = {"AISLE_URL": node_url, "AISLE_HOME": str(put_encoder(folder / "home"))}
        more = ("--max-rejected", "0.2", "--json")
        done = aisle("index", ".", "--name", name, *more, cwd=folder, env=env)
        assert done.code == 0, done.err
        yield Shop(folder, name, env, json.loads(done.out))
    for index in client.indices.get(index=f"{name}*", allow_no_indices=True):
        client.indices.delete(index=index)


@pytest.fixture
def ask(shop: Shop, monkeypatch: Patch, capfd: Capture) -> Iterator[Any]:
    """Runs a command on the shop, in this process."""
    monkeypatch.chdir(shop.folder)
    yield lambda *arguments, **env: here(
        monkeypatch,
        capfd,
        *(part.replace("NAME", shop.name) for part in arguments),
        **{**shop.env, **env},
    )


def test_bad_rows_are_set_aside_and_the_rest_goes_on(shop: Shop, client: Cluster) -> None:
    reasons = shop.indexed["dead_letters"]
    assert shop.indexed["documents"] == count(client, shop.name) == GOOD
    assert sum(reasons.values()) == 7
    assert {
        f"title is over {MAX_TITLE_CHARS:,} characters in column 'title'",
        "title is not text in column 'title'",
        "title is missing or empty in column 'title'",
        "id holds control characters in column '_id'",
        "id is not text in column '_id'",
        "id is missing or empty in column '_id'",
        "duplicate id",
    } == set(reasons)
    lines = [
        json.loads(line)
        for line in (shop.folder / f"{shop.name}-dead-letters.jsonl").read_text().splitlines()
    ]
    assert sorted(line["line"] for line in lines) == list(range(GOOD + 1, GOOD + 8))
    # Whole rows, but for the one over 1 MB.
    assert next(line["row"] for line in lines if line["id"] == "p7")["title"] == "a second p7"
    assert 400_000 < max(len(json.dumps(line["row"])) for line in lines) <= 1_000_000
    assert client.get(index=shop.name, id="p7")["_source"]["title"] == "blue shoe size 7"
    kept = client.get(index=shop.name, id=f"p{GOOD - 1}")["_source"]
    assert kept["title"].isprintable() and kept["price"] == 1299.0


def test_a_list_is_sorted_counted_and_goes_on_by_cursor(ask: Any) -> None:
    done = ask("browse", "-n", "NAME", "--sort", "title", "--size", "2", "--cursor", "*", "--facet", "price")
    assert done.code == 0 and "title:asc" in done.out and "score" not in done.out
    assert "price: 1299 to 1299" in done.out and "counts of everything listed" in done.out
    cursor = done.out.partition("--cursor ")[2].strip()
    page = json.loads(ask("browse", "-n", "NAME", "--sort", "title", "--cursor", cursor, "--json").out)
    assert [hit["rank"] for hit in page["hits"]] == list(range(3, 13))
    assert (page["path"], page["total"], page["sorted_by"]) == ("browse", GOOD, "title:asc")
    done = ask("search", "red shoe", "-n", "NAME", "--sort", "title:desc", "--exhaustive", "--json")
    assert json.loads(done.out)["hits"][0]["item"]["title"].startswith("red shoe size")


def test_hits_carry_their_signals(ask: Any, shop: Shop) -> None:
    done = ask("search", "red shoe", "-n", "NAME", "--size", "5", "--json")
    assert done.code == 0
    page = json.loads(done.out)
    assert page["release"] == f"{shop.name}-v0001"
    assert page["reachable"] >= len(page["hits"]) == 5
    for rank, hit in enumerate(page["hits"], 1):
        assert hit["rank"] == rank and hit["item"]["title"]
        assert list(hit["signals"]) == ["bm25", "dense"]
        for told in hit["signals"].values():
            assert set(told) == {"rank", "raw_score", "weight", "contribution"}
        added = sum(told["contribution"] for told in hit["signals"].values())
        assert added == pytest.approx(hit["score"])
    alone = json.loads(ask("search", "red shoe", "-n", "NAME", "--legs", "bm25", "--json").out)
    assert all(list(hit["signals"]) == ["bm25"] for hit in alone["hits"])


@pytest.mark.parametrize(
    "query",
    [
        'title:"red" AND (shoe OR',
        "*:* [/bold] [red]",
        "red~^9 \\ /x/ shoe",
        "\x1b[31m red shoe\x07",
        "shoe " * 1900,
    ],
)
def test_a_query_is_words(ask: Any, query: str) -> None:
    done = ask("search", query, "-n", "NAME", "--size", "1")
    assert done.code == 0, done.err
    assert "shoe" in done.out
    assert "\x1b" not in done.out and "\x07" not in done.out


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("search", "", "-n", "NAME"), "the query is empty"),
        (("search", " \t\x00", "-n", "NAME"), "the query is empty"),
        (("search", "word " * 10_000, "-n", "NAME"), "more than 2,000 words"),
        (("search", "red", "-n", "no-such-shop"), "there is no index or alias 'no-such-shop'"),
        (("search", "red", "-n", "no-such-shop-v0007"), "aisle releases list no-such-shop"),
        (("search", "red", "-n", ""), "'' names no one index"),
        (("search", "red", "-n", "test-cli-*"), "'test-cli-*' names no one index"),
        (("search", "red", "-n", "_all"), "'_all' names no one index"),
        (("search", "red", "-n", "a\udcff"), "names no one index"),
        (("search", "red", "-n", "NAME", "--size", "0"), "page 1 of size 0 does not exist"),
        (("search", "red", "-n", "NAME", "--page", "-1"), "does not exist"),
        (("search", "red", "-n", "NAME", "--window", "0"), "a window of 0 cannot be asked"),
        (("search", "red", "-n", "NAME", "--window", "99999"), "use 1 to 10,000"),
        (("search", "red", "-n", "NAME", "--facets", "-1"), "-1 values per facet cannot be counted"),
        (
            ("search", "red", "-n", "NAME", "--sort", "rating"),
            "cannot be sorted by 'rating' (it has: price, title)",
        ),
        (("search", "red", "-n", "NAME", "--exhaustive"), "nothing is sorted: no --sort"),
        (("browse", "-n", "NAME", "--cursor", "x"), "the cursor cannot be read"),
        (("browse", "-n", "NAME", "--facet-search", "brand"), "is not NAME=VALUE"),
        (("search", "red", "-n", "NAME", "--legs", "sparse"), "there is no leg 'sparse'"),
        (("search", "red", "-n", "NAME", "--fusion", "best"), "there is no fusion 'best'"),
        (("search", "red", "-n", "NAME", "--price-min", "nan"), "a price bound is not a number"),
        (("search", "red", "-n", "NAME", "--attribute", "Colour"), "is not NAME=VALUE"),
        (("search", "red", "-n", "NAME", "--near", "52.5,13.4"), "is no place with a distance"),
        (("search", "red", "-n", "NAME", "--encoder", "nobody"), "no single artifact 'nobody'"),
        (("eval", ".", "-n", "no-such-shop"), "there is no index or alias 'no-such-shop'"),
        (("eval", ".", "-n", "NAME", "--split", "foreign"), "no system found any of the items"),
        (("eval", ".", "-n", "NAME", "--split", "zeros"), "no query has an item of grade 2 or more"),
        (("eval", ".", "-n", "NAME", "--relevant", "0"), "would count every item"),
        (("eval", ".", "-n", "NAME", "--json", "qrels"), "cannot write qrels: it is a folder"),
        (("eval", ".", "-n", "NAME", "--runs", "corpus.jsonl"), "cannot write corpus.jsonl/bm25.run"),
        (("index", ".", "-n", "NAME", "--dead-letters", "qrels"), "cannot write qrels: it is a folder"),
        (("index", "corpus.jsonl", "-n", "NAME", "--dims", "9999"), "9999 dimensions"),
        (("index", "corpus.jsonl", "-n", "NAME-v0001"), "must not end like a release"),
    ],
)
def test_each_fault_is_one_line_and_the_live_release_stays(
    ask: Any, shop: Shop, client: Cluster, command: tuple[str, ...], said: str
) -> None:
    before = listing(shop.folder)
    live = releases(client, shop.name)
    done = ask(*command)
    assert said in failure(done)
    # How the file was read may have been told by then.
    assert done.out == "" or (command[0] == "index" and done.out.startswith("corpus.jsonl: jsonl"))
    assert listing(shop.folder) == before
    assert releases(client, shop.name) == live == {f"{shop.name}-v0001": {shop.name}}


def test_eval_writes_the_promised_report(ask: Any, shop: Shop) -> None:
    done = ask("eval", ".", "-n", "NAME", "--split", "dev", "--json", "reports/dev.json", "--runs", "runs")
    assert done.code == 0, done.err
    report = json.loads((shop.folder / "reports" / "dev.json").read_text())
    assert report["dataset"] == shop.folder.name
    assert (report["split"], report["queries"], report["relevant"]) == ("dev", 2, 2)
    assert list(report["systems"]) == ["bm25", "dense", "hybrid"]
    for name, row in report["systems"].items():
        assert {"nDCG@10", "nDCG@20", "R@10", "R@200", "p50_ms"} <= set(row)
        # All sixty products are within reach, and so is what was judged.
        assert 0 < row["nDCG@10"] <= row["nDCG@20"] <= 1 and row["R@200"] == 1 and row["p50_ms"] > 0
        assert name in done.out
        assert (shop.folder / "runs" / f"{name}.run").read_text().startswith("q1 Q0 ")


def test_eval_ends_when_the_node_does(ask: Any, shop: Shop) -> None:
    with FaultyProxy(shop.env["AISLE_URL"]) as proxy:
        proxy.plan = lambda request: Down() if proxy.count("/_search") > 3 else None
        done = ask("eval", ".", "-n", "NAME", "--json", "never.json", AISLE_URL=proxy.url)
    assert "nothing answers at the OpenSearch address" in failure(done)
    assert not (shop.folder / "never.json").exists()


def test_index_gives_up_on_a_node_that_stays_away(ask: Any, shop: Shop, client: Cluster) -> None:
    def gone_while_loading(request: Request) -> Fault | None:
        return Down() if proxy.count("/_bulk") else None

    with FaultyProxy(shop.env["AISLE_URL"]) as proxy:
        proxy.plan = gone_while_loading
        done = ask("index", "corpus.jsonl", "-n", "NAME", "--patience", "1", AISLE_URL=proxy.url)
    said = failure(done)
    assert "OpenSearch took no more requests for 1 s" in said and "with --resume it goes on" in said
    left = releases(client, shop.name)
    assert left.pop(f"{shop.name}-v0001") == {shop.name}
    # What the node keeps of the new release is not live; drop it for the tests to come.
    assert all(shop.name not in aliases for aliases in left.values())
    for index in left:
        client.indices.delete(index=index)


def test_index_ends_when_the_flood_stage_is_reached_while_loading(
    ask: Any, shop: Shop, client: Cluster
) -> None:
    def flood(request: Request) -> Fault | None:
        if "/_bulk" in request.path and proxy.count("/_bulk") == 1:
            # What the node itself does to an index once its disk is almost full.
            client.indices.put_settings(
                index=request.path.split("/")[1].removesuffix("-loading"),
                body={"index.blocks.read_only_allow_delete": True},
            )
        return None

    with FaultyProxy(shop.env["AISLE_URL"]) as proxy:
        proxy.plan = flood
        done = ask("index", "corpus.jsonl", "-n", "NAME", "--encoder", "none", AISLE_URL=proxy.url)
    said = failure(done)
    assert "disk" in said and "free" in said and "with --resume it goes on" in said
    drop_unfinished(client, shop)


def test_ctrl_c_while_indexing(shop: Shop, client: Cluster) -> None:
    with FaultyProxy(shop.env["AISLE_URL"]) as proxy:
        proxy.plan = lambda request: Delay(1.0) if "/_bulk" in request.path else None
        command = ("index", "corpus.jsonl", "--name", shop.name)
        process = start(*command, cwd=shop.folder, env={**shop.env, "AISLE_URL": proxy.url})
        deadline = time.monotonic() + 60
        while not proxy.count("/_bulk") and time.monotonic() < deadline:
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    done = Done(process.returncode, out, err)
    assert done.code == 130, done
    assert "Traceback" not in done.err
    assert [line for line in done.err.splitlines() if line.strip()][-1].startswith("interrupted: ")
    assert "go on with --resume" in done.err
    assert done.out.startswith("corpus.jsonl: jsonl") and "documents" not in done.out
    drop_unfinished(client, shop)


def drop_unfinished(client: Cluster, shop: Shop) -> None:
    """The release that waits to be resumed, which is not live; for the tests to come."""
    left = releases(client, shop.name)
    assert left.pop(f"{shop.name}-v0001") == {shop.name}
    ((index, aliases),) = left.items()
    assert aliases == {f"{index}-loading"}
    client.indices.delete(index=index)
