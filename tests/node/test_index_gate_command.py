"""``aisle index --gate``: a judged set decides, with a real encoder and without."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

import aisle
from aisle.cluster import Cluster
from tests.support.command import Done, failure, here
from tests.support.encoder_artifact import minilm
from tests.support.indexing import count, releases

Run = Callable[..., Done]
# Item and a question for it; but for the last no word is in both.
SHOP = {
    "television": "black TV set to watch films",
    "sofa": "couch for the living room",
    "refrigerator": "fridge to keep food cold",
    "automobile tyre": "car wheel rubber",
    "trousers": "pants for men",
    "mobile telephone": "smart phone",
    "infant bed": "crib for a baby",
    "garden hose": "garden hose",
}


@pytest.fixture
def run(
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    node_url: str,
    name: str,
    tmp_path: Path,
) -> Run:
    """`aisle index FILE --name NAME ...` in a folder with a catalogue, a spoilt one and a judged set."""
    rows = [{"id": f"i{n}", "title": title} for n, title in enumerate(SHOP)]
    spoilt = [{**row, "title": f"thing {n}"} if n else row for n, row in enumerate(rows)]
    for file, some in (("shop.jsonl", rows), ("spoilt.jsonl", spoilt)):
        (tmp_path / file).write_text("".join(f"{json.dumps(row)}\n" for row in some))
    (tmp_path / "judged" / "qrels").mkdir(parents=True)
    queries = [{"_id": f"q{n}", "text": text} for n, text in enumerate(SHOP.values())]
    (tmp_path / "judged" / "queries.jsonl").write_text("".join(f"{json.dumps(one)}\n" for one in queries))
    grades = "".join(f"q{n}\ti{n}\t3\n" for n in range(len(SHOP)))
    (tmp_path / "judged" / "qrels" / "dev.tsv").write_text(f"query-id\tcorpus-id\tscore\n{grades}")
    monkeypatch.chdir(tmp_path)
    env = {"AISLE_URL": node_url, "AISLE_HOME": str(tmp_path / "home")}
    return lambda file, *options, encoder="none": here(
        monkeypatch, capfd, "index", file, "--name", name, "--encoder", encoder, *options, **env
    )


def test_a_worse_release_is_refused_and_a_good_one_goes_live(client: Cluster, name: str, run: Run) -> None:
    # In no store: the live release's encoder is found by the name that the new one is given.
    dense = str(minilm())
    gate = ("--gate", "judged")
    assert run("shop.jsonl", *gate, "--gate-floor", "0.8", encoder=dense).code == 0
    said = failure(run("spoilt.jsonl", *gate, encoder=dense))
    assert f"{name}-v0002 does not go live: nDCG@10 on judged is 0." in said and f"of {name}-v0001" in said
    assert releases(client, name) == {f"{name}-v0001": {name}}
    assert run("shop.jsonl", *gate, encoder=dense).code == 0
    live = [index for index, aliases in releases(client, name).items() if name in aliases]
    assert live == [f"{name}-v0003"] and count(client, name) == len(SHOP)


def test_a_worse_encoder_is_refused(client: Cluster, name: str, run: Run, tmp_path: Path) -> None:
    store = tmp_path / "home" / "artifacts" / "dense"
    store.mkdir(parents=True)
    (store / minilm().name).symlink_to(minilm())
    assert run("shop.jsonl", encoder=minilm().name).code == 0
    # Words alone do not know what a couch is.
    said = failure(run("shop.jsonl", "--gate", "judged", "--gate-metric", "R@10", "--gate-drop", "0.1"))
    assert f"{name}-v0002 does not go live: R@10 on judged is 0." in said and "more than 0.1 below" in said
    assert releases(client, name) == {f"{name}-v0001": {name}}


def test_rules_that_hide_what_was_judged_count_as_they_do_in_aisle_gate(
    client: Cluster, name: str, run: Run
) -> None:
    dense = str(minilm())
    gate = ("--gate", "judged", "--gate-metric", "R@10", "--gate-floor", "0.8")
    assert run("shop.jsonl", *gate, encoder=dense).code == 0
    hiding = [{"id": "x", "then": {"hide": [f"i{number}" for number in range(4)]}}]
    aisle.put_rules(name, hiding, cluster=client)
    said = failure(run("shop.jsonl", *gate, encoder=dense))
    assert "R@10 on judged is 0.5000, below the floor of 0.8" in said
    aisle.delete_rules(name, history=True, cluster=client)


def test_what_a_gate_needs_is_said_before_anything_is_loaded(client: Cluster, name: str, run: Run) -> None:
    assert "no such folder" in failure(run("shop.jsonl", "--gate", "nothing"))
    assert "knows no metric" in failure(run("shop.jsonl", "--gate", "judged", "--gate-metric", "best"))
    assert "from 0 to 1" in failure(run("shop.jsonl", "--gate", "judged", "--gate-drop", "2"))
    assert "no such folder" in failure(run("shop.jsonl", "--gate", "nothing", "--dry-run"))
    for option, value in (("--gate-metric", "R@10"), ("--gate-floor", "0.5"), ("--gate-drop", "0")):
        alone = run("shop.jsonl", option, value)
        assert alone.code == 2 and "need --gate FOLDER" in " ".join(alone.err.split())
    assert client.indices.get(index=f"{name}-v*") == {}
