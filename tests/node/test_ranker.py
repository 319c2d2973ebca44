"""A ranker from judged queries to the searches that it orders, on a real node."""

from __future__ import annotations

import json
import random
import shutil
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import aisle
from aisle.cluster import Cluster
from aisle.encoder.artifact import QUERY_HASHES, read_manifest, write_manifest
from aisle.errors import InputError, InvalidQuery
from aisle.evaluation.seen import query_sketch
from aisle.indexer.releases.release_meta import rewrite_meta
from aisle.mappings import BM25, FusionSpec
from aisle.mappings.ordering import AS_FUSED, NamedModel, Ordering
from aisle.search import read_live
from aisle.search.tuning.fusion_file import FusionFile
from aisle.service.catalogues import IndexedCatalogue
from tests.node.test_tune_commands import write_bestsellers, write_shop
from tests.support.command import Done, failure, here, open_folder, put_encoder
from tests.support.tiny_reranker import tiny_reranker

Patch = pytest.MonkeyPatch
Capture = pytest.CaptureFixture[str]
Ask = Callable[..., Done]


@pytest.fixture(scope="module")
def shop() -> Iterator[tuple[Path, str]]:
    with open_folder() as folder:
        write_shop(folder)
        write_bestsellers(folder)
        _write_other_queries(folder)
        put_encoder(folder / "home")
        yield folder, f"test-ranker-{uuid.uuid4().hex[:8]}"


def _write_other_queries(folder: Path) -> None:
    """The split `test`: the same needs in other words."""
    asked = [json.loads(line) for line in (folder / "queries.jsonl").read_text().splitlines()]
    turned = [{"_id": f"t{row['_id']}", "text": " ".join(reversed(row["text"].split()))} for row in asked]
    (folder / "queries.jsonl").write_text("".join(json.dumps(row) + "\n" for row in (*asked, *turned)))
    grades = (folder / "qrels" / "dev.tsv").read_text().splitlines()
    (folder / "qrels" / "test.tsv").write_text("".join(f"t{line}\n" for line in grades))


@pytest.fixture
def ask(
    shop: tuple[Path, str], client: Cluster, node_url: str, monkeypatch: Patch, capfd: Capture
) -> Iterator[Ask]:
    folder, name = shop
    env = {"AISLE_URL": node_url, "AISLE_HOME": str(folder / "home")}
    monkeypatch.chdir(folder)
    yield lambda *parts, **more: here(
        monkeypatch, capfd, *(part.replace("NAME", name) for part in parts), **env, **more
    )
    for index in client.indices.get(index=f"{name}*", allow_no_indices=True):
        client.indices.delete(index=index)


def told(done: Done) -> Any:
    assert done.code == 0, done.err
    return json.loads(done.out)


def test_a_ranker_learns_what_sells_and_says_so(
    ask: Ask, shop: tuple[Path, str], client: Cluster, node_url: str
) -> None:
    folder, name = shop
    # Nothing is trained yet: searches are as they were, and a name that is none is refused.
    assert ask("index", ".", "--name", "NAME").code == 0
    assert "no ranker 'mine'" in failure(ask("search", "red lamp", "--name", "NAME", "--ranker", "mine"))
    assert "no ranker 'mine'" in failure(ask("serve", "--name", "NAME", "--port", "0", "--ranker", "mine"))
    train = ("train", "ranker", "--index", "NAME", "--data", ".", "--split", "dev", "--name", "mine")
    release = read_live(client, name).meta.release
    rewrite_meta(client, release, {"fusion": FusionSpec((BM25,), (1.0,)).to_json()})
    assert f"the fusion of {release} leaves out dense, of which the ranker is told nothing" in ask(*train).err
    rewrite_meta(client, release, {"fusion": None})
    learned = ask(*train, "--json")
    assert "leaves out" not in learned.err
    report = told(learned)
    assert report["held_out"] > report["fused"] + 0.2
    assert next(iter(report["importances"])) == "signal: popularity"
    printed = ask(*train)
    assert printed.code == 0
    assert "signal: popularity" in printed.out
    assert "--ranker mine" in printed.out

    page = told(ask("search", "red lamp", "--name", "NAME", "--ranker", "mine", "--json"))
    plain = told(ask("search", "red lamp", "--name", "NAME", "--json"))
    lamps = [hit["item"] for hit in page["hits"] if hit["item"]["title"] == "red lamp"]
    # Of two that sell alike, the one that the legs happen to find first may win.
    sold = [item["signals"]["popularity"] for item in lamps]
    assert page["hits"][0]["item"]["signals"]["popularity"] > 0.9 * max(sold) > 1.5 * min(sold)
    assert page["ranked"] > 0 == plain["ranked"]
    for hit in page["hits"]:
        said = hit["ranker"]
        assert said["base"] + sum(said["contributions"].values()) == pytest.approx(said["score"])
        assert said["rank"] == hit["rank"]
        # The fused score and its parts stay what they were.
        parts = sum(signal["contribution"] for signal in hit["signals"].values())
        assert parts + sum(hit["additions"].values()) == pytest.approx(hit["score"])
    assert {hit["ranker"] is None for hit in plain["hits"]} == {True}
    shown = ask("search", "red lamp", "--name", "NAME", "--ranker", "mine")
    assert "ranker: rank before" in shown.out
    assert "signal: popularity" in shown.out

    systems = ("--systems", "hybrid,hybrid+ranker", "--ranker", "mine", "--json", "report.json")
    assert ask("eval", ".", "--name", "NAME", "--split", "test", *systems).code == 0
    scored = json.loads((folder / "report.json").read_text())["systems"]
    assert scored["hybrid+ranker"]["nDCG@10"] > scored["hybrid"]["nDCG@10"] + 0.2
    assert "no ranker" in failure(ask("eval", ".", "--name", "NAME", "--systems", "hybrid+ranker"))
    ladder = ("tune", "ladder", ".", "--name", "NAME", "--ranker", "mine")
    assert "ranker mine learned from 24 of 24 judged queries" in failure(ask(*ladder))
    decided = told(ask(*ladder, "--split", "test", "--json"))
    fused, ranked = decided["rungs"]
    assert (fused["name"], ranked["name"], decided["ranker"]) == ("fusion", "ranker", "mine")
    assert fused["mean"] == pytest.approx(scored["hybrid"]["nDCG@10"])
    assert ranked["mean"] == pytest.approx(scored["hybrid+ranker"]["nDCG@10"])
    assert ranked["kept"] and ranked["p_value"] < 0.05 and ranked["wins"] > ranked["losses"]
    assert "next: aisle releases bind" in ask(*ladder, "--split", "test").out
    # What it learned from, it is too good at; what is bound and did not win is to be taken away.
    learned_from = ask("eval", ".", "--name", "NAME", "--split", "dev", *systems)
    assert "ranker mine learned from 24 of 24 judged queries" in " ".join(learned_from.err.split())
    assert "learned from" not in ask("eval", ".", "--name", "NAME", "--split", "test", *systems).err
    _pages_sorts_and_rules(name, folder, client)


def _pages_sorts_and_rules(name: str, folder: Path, client: Cluster) -> None:
    store = aisle.ArtifactStore(folder / "home" / "artifacts")
    found = aisle.open_search(name, ranker="mine", cluster=client, store=store)
    whole = found.search("blue drill", size=60)
    pages = [found.search("blue drill", size=7, page=page) for page in range(1, 4)]
    assert [hit.item.id for page in pages for hit in page.hits] == [hit.item.id for hit in whole.hits[:21]]
    off = found.search("blue drill", size=60, ranker=False)
    assert [hit.item.id for hit in off.hits] == [each.id for each in found.rank("blue drill").fused[:60]]
    by_rating = found.search("blue drill", sort="rating:desc")
    assert by_rating.ranked == 0
    with pytest.raises(InvalidQuery, match="no ranker orders"):
        found.search("blue drill", sort="rating:desc", ranker=True)
    last = whole.hits[5].item.id
    assert found.search(last).hits[0].item.id == last
    only = found.search("blue drill", filters=aisle.Filters(attributes={}), group=aisle.GroupOptions())
    assert only.ranked
    served = IndexedCatalogue(name, client, store, ranker="mine").open()
    asked = aisle.SearchRequest("blue drill", size=60)
    assert [hit.item.id for hit in served.ask(asked).hits] == [hit.item.id for hit in whole.hits]
    bare = aisle.open_search(name, cluster=client, store=store)
    with pytest.raises(InputError, match="no ranker") as refused:
        bare.search("blue drill", ranker=True)
    assert "--ranker" in refused.value.fix


def test_judgments_that_follow_nothing_make_no_ranker(ask: Ask, shop: tuple[Path, str]) -> None:
    folder, _ = shop
    assert ask("index", ".", "--name", "NAME").code == 0
    lines = [f"q{place}\tp{place}-{place * 7 % 5}\t3\n" for place in range(24)]
    (folder / "qrels" / "chance.tsv").write_text("".join(lines))
    done = ask("train", "ranker", "--index", "NAME", "--data", ".", "--split", "chance", "--name", "noise")
    assert "no better than the fusion" in failure(done)
    assert "'noise'" in failure(ask("search", "red lamp", "--name", "NAME", "--ranker", "noise"))


def test_clicks_teach_a_ranker(ask: Ask, shop: tuple[Path, str]) -> None:
    folder, _ = shop
    assert ask("index", ".", "--name", "NAME").code == 0
    write_clicks(folder)
    assert ask("ubi", "export", "clicks", "--from", "events").code == 0
    train = ("train", "ranker", "--index", "NAME", "--data", "clicks", "--name", "clicked", "--relevant", "1")
    report = told(ask(*train, "--gains", "linear", "--json"))
    assert report["queries"] == 24
    assert report["held_out"] > report["fused"] + 0.1
    assert next(iter(report["importances"])) == "signal: popularity"
    assert "there is no gains" in failure(ask(*train, "--gains", "odd"))


def test_of_made_queries_their_own_items_teach_alone(ask: Ask, shop: tuple[Path, str]) -> None:
    folder, _ = shop
    assert ask("index", ".", "--name", "NAME").code == 0
    made = folder / "made"
    (made / "qrels").mkdir(parents=True)
    shutil.copy(folder / "queries.jsonl", made)
    own = (folder / "qrels" / "dev.tsv").read_text()
    pairs = [f"q{place}\tp{place}-{number}\t" for place in range(24) for number in range(3)]
    others = "".join(f"{pair}2\n" for pair in pairs if pair not in own)
    (made / "qrels" / "train.tsv").write_text(others + own)
    train = ("train", "ranker", "--index", "NAME", "--data", "made", "--name", "made", "--json")
    whole = told(ask(*train))
    (made / "pairs.json").write_text("{}")
    alone = told(ask(*train))
    assert alone["judged"] == 24 < whole["judged"]
    assert told(ask(*train, "--least-grade", "2"))["judged"] == whole["judged"]


def write_clicks(folder: Path) -> None:
    """Shoppers see the six items of a query in any order, and mostly click the one that is wanted."""
    draw = random.Random(0)
    wanted = dict(line.split("\t")[:2] for line in (folder / "qrels" / "dev.tsv").read_text().splitlines())
    asked = [json.loads(line) for line in (folder / "queries.jsonl").read_text().splitlines()]
    queries, events = [], []
    for place, query in enumerate(query for query in asked if query["_id"] in wanted):
        for time in range(30):
            shown = draw.sample([f"p{place}-{number}" for number in range(6)], 6)
            common = {"query_id": f"{place}-{time}", "user_query": query["text"]}
            queries.append(common | {"query_response_hit_ids": shown})
            clicked = wanted[query["_id"]] if draw.random() < 0.8 else draw.choice(shown)
            position = {"ordinal": shown.index(clicked) + 1}
            attributes = {"object": {"object_id": clicked}, "position": position}
            events.append(common | {"action_name": "click", "event_attributes": attributes})
    (folder / "events").mkdir()
    for name, rows in (("queries", queries), ("events", events)):
        lines = "".join(json.dumps(row) + "\n" for row in rows)
        (folder / "events" / f"ubi_{name}.jsonl").write_text(lines)


def test_what_cannot_be_is_refused(ask: Ask) -> None:
    assert ask("index", ".", "--name", "NAME").code == 0
    for options, said in (
        (("--split", "none"), "none.tsv"),
        (("--split", "dev", "--relevant", "9"), "grade 9"),
        (("--split", "dev", "--model", "forest"), "there is no model 'forest'"),
        (("--split", "dev", "--queries", "4"), "4 judged queries"),
        (("--split", "dev", "--name", "a/b"), "no name for an artifact"),
    ):
        assert said in failure(ask("train", "ranker", "--index", "NAME", "--data", ".", *options))
    for named, said in (
        ((), "no rung above the fusion"),
        (("--ranker", "none-such"), "no ranker 'none-such'"),
        (("--ranker", "none-such", "--metric", "Judged@10"), "cannot be tuned for 'Judged@10'"),
        (("--ranker", "none-such", "--guard-p", "0"), "a guard at p = 0"),
    ):
        assert said in failure(ask("tune", "ladder", ".", "--name", "NAME", *named))


def test_a_release_brings_its_models_and_a_rollback_those_of_the_release_before(
    ask: Ask, shop: tuple[Path, str], client: Cluster
) -> None:
    folder, name = shop[0], f"{shop[1]}-bound"
    store = aisle.ArtifactStore(folder / "home" / "artifacts")
    assert ask("index", ".", "--name", "NAME-bound").code == 0
    train = ("train", "ranker", "--index", "NAME-bound", "--data", ".", "--split", "dev", "--name", "bound")
    fingerprint = told(ask(*train, "--json"))["fingerprint"]
    shutil.copytree(tiny_reranker(folder / "reranker"), folder / "home" / "artifacts" / "reranker" / "tiny")
    assert ask("index", ".", "--name", "NAME-bound", "--stage", "--keep", "9").code == 0
    bind = ("releases", "bind", "NAME-bound-v0002", "--ranker", "bound", "--rerank", "tiny:7")
    assert "would be served with ranker bound" in ask(*bind, "--dry-run").out
    assert told(ask(*bind, "--json"))["after"]["ranker"] == {"fingerprint": fingerprint, "name": "bound"}
    assert told(ask(*bind, "--json"))["done"] is False, "it was so already"
    # The one that is live is as it was.
    asked = ("search", "red lamp", "--name", "NAME-bound", "--json")
    plain = told(ask(*asked))
    assert (plain["ranked"], plain["reranked"]) == (0, 0)
    # The gate measures the candidate with its own models.
    report = ask(
        "gate", "NAME-bound-v0002", "--against", "NAME-bound", "--data", ".", "--sample", "0", "--json"
    )
    metric = next(
        check for check in json.loads(report.out)["checks"] if check["gate"] == "metric against live"
    )
    assert metric["value"] != metric["live"]

    promoted = told(ask("releases", "promote", "NAME-bound", "--json"))
    assert f"ranker bound {fingerprint[:12]}" in promoted["served_with"]
    page = told(ask(*asked))
    assert page["ranked"] > 0 and page["reranked"] == 7
    # In 80 columns a result keeps its title; what the legs say of it has no room beside both models.
    narrow = ask("search", "red lamp", "--name", "NAME-bound", COLUMNS="80").out
    assert "red lamp  " in narrow.split("rerank", 1)[1] and "in a wider window, or --json" in narrow
    assert "per leg:" in ask("search", "red lamp", "--name", "NAME-bound", "--rerank", "none").out
    bare = told(ask(*asked, "--ranker", "none", "--rerank", "none"))
    assert [hit["item"] for hit in bare["hits"]] == [hit["item"] for hit in plain["hits"]]
    served = aisle.push_release(name, str(folder / "registry"), cluster=client, store=store).manifest
    assert [one.role for one in served.artifacts] == ["encoder", "ranker", "reranker 1"]
    # The next release takes them over; one of another encoder does so without a ranker, and says it.
    assert ask("index", ".", "--name", "NAME-bound", "--keep", "9").code == 0
    assert read_live(client, name).meta.ordering.ranker is not None
    words = ask("index", ".", "--name", "NAME-bound", "--keep", "9", "--encoder", "none")
    assert words.code == 0 and "begins without its ranker" in words.err
    assert [one.name for one in read_live(client, name).meta.ordering.reranker] == ["tiny-3"]
    other = failure(ask("releases", "bind", "NAME-bound", "--ranker", "bound"))
    assert "learned scores of dense" in other and "has words alone" in other

    back = told(ask("releases", "rollback", "NAME-bound", "--to", "NAME-bound-v0002", "--json"))
    assert f"ranker bound {fingerprint[:12]}" in back["served_with"]
    assert told(ask(*asked))["hits"] == page["hits"]
    first = ask("releases", "rollback", "NAME-bound", "--to", "NAME-bound-v0001")
    assert "its models: " in first.out and "ranker bound" not in first.out
    assert told(ask(*asked))["ranked"] == 0
    log = told(ask("releases", "log", "NAME-bound", "--json"))
    notes = {entry["action"]: entry["note"] for entry in log if entry["release"].endswith("v0002")}
    assert notes["bind"] == f"ranker bound {fingerprint[:12]}; reranker tiny-3:7 {_first(store)}"
    assert notes["rollback"].endswith(notes["bind"]) and notes["promote"].endswith(notes["bind"])


def test_a_ranker_is_held_to_the_release_that_it_is_named_for(ask: Ask, shop: tuple[Path, str]) -> None:
    """Whoever names one for a search hears what a release that names it would."""
    name = shop[1]
    for index, encoder in (("NAME", ()), ("NAME-words", ("--encoder", "none")), ("NAME-other", ())):
        assert ask("index", ".", "--name", index, *encoder).code == 0
    train = ("train", "ranker", "--index", "NAME", "--data", ".", "--split", "dev", "--model", "linear")
    assert ask(*train, "--name", "held").code == 0
    there = ("--name", "NAME-words", "--ranker", "held")
    for asked in (
        "search lamp",
        "eval . --split test --systems hybrid,hybrid+ranker",
        "tune ladder . --split test",
        "serve --port 0",
    ):
        said = failure(ask(*asked.split(), *there))
        assert "learned scores of dense" in said and "has words alone" in said, asked
    # The same encoder over other items: nothing is refused, but whether it helps there is not known.
    assert (
        "learned on the catalogue" not in ask("search", "red lamp", "--name", "NAME", "--ranker", "held").err
    )
    for other in (
        ask("search", "red lamp", "--name", "NAME-other", "--ranker", "held"),
        ask("releases", "bind", "NAME-other", "--ranker", "held"),
    ):
        assert other.code == 0
        said = " ".join(other.err.split())
        assert f"held learned on the catalogue {name}, and {name}-other-v0001 is of {name}-other" in said
        assert f"aisle tune ladder JUDGED --name {name}-other --ranker held" in said
    # It is said when someone chooses, not with each search afterwards.
    later = ask("search", "red lamp", "--name", "NAME-other", "--json")
    assert told(later)["ranked"] > 0 and "learned on" not in later.err


def test_a_ranker_that_is_bound_to_what_is_live_is_the_champion_on_record(ask: Ask) -> None:
    on = {"AISLE_TRACKING": "on"}
    assert ask("index", ".", "--name", "NAME").code == 0
    train = ("train", "ranker", "--index", "NAME", "--data", ".", "--split", "dev", "--model", "linear")
    assert ask(*train, "--name", "recorded", **on).code == 0
    (run,) = told(ask("runs", "list", "--json", **on))
    # How many queries it learned, not a hash of each.
    assert run["aliases"] == ["challenger"] and run["params"]["query_hashes"].isdigit()
    assert ask("releases", "bind", "NAME", "--ranker", "recorded", **on).code == 0
    (run,) = told(ask("runs", "list", "--json", **on))
    assert sorted(run["aliases"]) == ["challenger", "champion"]


def test_a_ranker_over_other_legs_than_it_learned_is_to_be_measured_again(
    ask: Ask, shop: tuple[Path, str], client: Cluster
) -> None:
    name = f"{shop[1]}-legs"
    assert ask("index", ".", "--name", "NAME-legs").code == 0
    train = ("train", "ranker", "--index", "NAME-legs", "--data", ".", "--split", "dev", "--model", "linear")
    assert ask(*train, "--name", "legs").code == 0
    bind = ("releases", "bind", "NAME-legs", "--ranker", "legs")
    assert "learned over" not in ask(*bind).err
    words = FusionSpec((BM25,), (1.0,))
    with pytest.warns(UserWarning, match="ranker legs, and this fusion asks bm25 in place of bm25, dense"):
        aisle.apply_fusion(name, FusionFile(words, {}, name), cluster=client)
    said = " ".join(ask("search", "red lamp", "--name", "NAME-legs", "--ranker", "legs").err.split())
    assert "legs learned over a fusion of bm25, dense" in said and "-legs-v0001 asks bm25:" in said
    # A ladder over which it no longer wins says how it is taken away.
    ladder = ("tune", "ladder", ".", "--name", "NAME-legs", "--split", "test", "--guard-p", "1e-9")
    lost = ask(*ladder, "--ranker", "legs").out
    assert "nothing beats the fusion" in lost and f"aisle releases bind {name} --ranker none" in lost


def test_queries_that_an_encoder_learned_are_named_and_a_ranker_goes_where_it_is_told(
    ask: Ask, shop: tuple[Path, str], client: Cluster
) -> None:
    folder, name = shop
    assert ask("index", ".", "--name", "NAME").code == 0
    train = ("train", "ranker", "--index", "NAME", "--data", ".", "--split", "dev", "--model", "linear")
    plain = ask(*train, "--out", "elsewhere", "--json", "--name", "out")
    assert told(plain)["path"].startswith("elsewhere/ranker/out-")
    assert "learned from" not in plain.err
    assert "no ranker 'out'" in failure(ask("search", "lamp", "--name", "NAME", "--ranker", "out"))
    # The same encoder, which says that it learned from two thirds of the queries.
    knowing = folder / "knowing" / "dense" / "minilm"
    knowing.parent.mkdir(parents=True)
    shutil.copytree(next((folder / "home" / "artifacts" / "dense").iterdir()), knowing)
    manifest = read_manifest(knowing)
    texts = [json.loads(line)["text"] for line in (folder / "queries.jsonl").read_text().splitlines()[:16]]
    write_manifest(knowing, manifest.model_copy(update={"training": {QUERY_HASHES: query_sketch(texts)}}))
    with pytest.warns(UserWarning, match="learned from 16 of 24 of these queries"):
        aisle.train_ranker(
            name,
            folder,
            name="out",
            split="dev",
            model="linear",
            cluster=client,
            store=aisle.ArtifactStore(folder / "knowing"),
            out=aisle.ArtifactStore(folder / "elsewhere"),
        )
    assert [path.name for path in (folder / "knowing").iterdir()] == ["dense"]


def test_a_long_query_is_ordered_too_and_one_that_cannot_be_asked_is_named(
    ask: Ask, shop: tuple[Path, str], client: Cluster
) -> None:
    folder, name = shop
    assert ask("index", ".", "--name", "NAME").code == 0
    train = ("train", "ranker", "--index", "NAME", "--data", ".", "--split", "dev", "--model", "linear")
    assert ask(*train, "--name", "long").code == 0
    store = aisle.ArtifactStore(folder / "home" / "artifacts")
    found = aisle.open_search(name, ranker="long", cluster=client, store=store)
    words = "red lamp " + " ".join(f"w{at}" for at in range(1900))
    assert found.search(words).ranked > 0
    # More parts than even the legs can be asked for end a training, which names the query.
    parts = ".".join(f"w{at}" for at in range(300))
    many = folder / "many"
    (many / "qrels").mkdir(parents=True)
    (many / "qrels" / "train.tsv").write_text("long\tp0-0\t3\n")
    (many / "queries.jsonl").write_text(json.dumps({"_id": "long", "text": parts}) + "\n")
    assert "query long: the query has more words" in failure(
        ask("train", "ranker", "--index", "NAME", "--data", "many", "--name", "many")
    )


def _first(store: aisle.ArtifactStore) -> str:
    return next(held.fingerprint for _, held in store.list() if held.name == "tiny-3")[:12]


def test_a_release_that_names_what_is_not_here_or_cannot_be_says_so(
    ask: Ask, shop: tuple[Path, str], client: Cluster
) -> None:
    name = f"{shop[1]}-lost"
    assert ask("index", ".", "--name", "NAME-lost").code == 0
    for options, said in (
        ((), "nothing is to be bound"),
        (("--ranker", "nosuch"), "no ranker 'nosuch'"),
        (("--rerank", "nosuch"), "nosuch"),
        (("--rerank", ","), "names no reranker"),
        (("--preferences", "nosuch"), "no preferences 'nosuch'"),
    ):
        assert said in failure(ask("releases", "bind", "NAME-lost", *options))
    assert read_live(client, name).meta.ordering == AS_FUSED
    lost = Ordering(ranker=NamedModel("ab" * 32, "lost"))
    rewrite_meta(client, f"{name}-v0001", {"ordering": lost.to_json()})
    said = failure(ask("search", "red lamp", "--name", "NAME-lost"))
    assert "served with lost (abababababab), which is not on this machine" in said
    assert "aisle artifacts pull" in said
    assert ask("search", "red lamp", "--name", "NAME-lost", "--ranker", "none").code == 0
