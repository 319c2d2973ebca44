"""Changes of a live release: what each does, in which order, and what a repeat does."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import orjson
import pytest

from aisle.cluster import Cluster, capabilities
from aisle.errors import ArtifactMismatch, IndexNotFound, InputError
from aisle.indexer.lease.lease import hold
from aisle.indexer.updates import BatchApplier, Encoding, UpdateOptions, UpdateReport
from aisle.indexer.updates.apply import update_alias
from aisle.indexer.vectors import ItemEncoder, Vectors, without_vectors
from aisle.mappings import IndexMeta, IndexSettings, VectorSpace, fields, index_body
from aisle.types import Item
from tests.support.hash_vector_catalogue import DIMS, FINGERPRINT, direction
from tests.support.indexing import SPACE, vectors
from tests.support.update_stream import (
    PATIENT,
    Counting,
    SameEncoder,
    content,
    letters,
    load,
    random_changes,
    update,
    write_lines,
)


def test_upsert_update_and_delete(client: Cluster, name: str, tmp_path: Path) -> None:
    load(client, name)
    before = content(client, name)
    changes = [
        {"id": "new", "title": "Boot", "brand": "Acme", "attributes": {"Size": 42}},
        {"op": "upsert", "id": "id-1", "title": "Boot 1"},
        {"op": "update", "id": "id-2", "price": 99.5, "attributes": {"Colour": None, "Stock": "3"}},
        {"op": "delete", "id": "id-3"},
        {"op": "delete", "id": "never-there"},
    ]
    report = update(client, name, write_lines(tmp_path / "c.jsonl", changes), folder=tmp_path)
    after = content(client, name)
    assert set(after) == (set(before) | {"new"}) - {"id-3"}
    assert after["new"]["facet"] == ["Size=42"] and after["new"]["brand"] == "Acme"
    # An upsert is the whole item: what it does not name is gone.
    assert set(after["id-1"]) == {"id", "title", "group", "group_hash", "codes", "dense"}
    assert after["id-2"]["price"] == 99.5
    assert after["id-2"]["attributes"] == {"Stock": ["3"]} and after["id-2"]["facet"] == ["Stock=3"]
    unchanged = {"title", "text", "brand", "category", "dense"}
    assert {f: after["id-2"][f] for f in unchanged} == {f: before["id-2"][f] for f in unchanged}
    assert {i: after[i] for i in ("id-0", "id-4")} == {i: before[i] for i in ("id-0", "id-4")}
    assert (report.lines, report.indexed, report.deleted, report.dead) == (5, 3, 2, 0)
    assert report.release == f"{name}-v0001" and not letters(tmp_path)


def test_a_release_of_before_there_were_hashes_of_texts_takes_changes(
    client: Cluster, name: str, tmp_path: Path
) -> None:
    release = f"{name}-v0001"
    settings = IndexSettings(dims=DIMS, engine=capabilities(client).best_engine)
    features = replace(settings.features, hashes_texts=False)
    spaces = {fields.DENSE: VectorSpace(FINGERPRINT, "hash", DIMS)}
    body = index_body(settings, IndexMeta(release, spaces, settings.engine, (), features=features))
    del body["mappings"]["_meta"]["aisle"]["vectors"]
    del body["mappings"]["properties"][fields.TEXT_HASH]
    client.indices.create(index=release, body={**body, "aliases": {name: {}}})

    def encode(batch: Sequence[Item]) -> Vectors:
        titles = [item.title for item in batch]
        return {fields.DENSE: np.stack(list(map(direction, titles))), fields.TEXT_HASH: [1] * len(titles)}

    encoder = ItemEncoder(spaces, encode)
    changes = write_lines(tmp_path / "c.jsonl", [{"id": "new", "title": "Boot"}])
    report = update(client, name, changes, folder=tmp_path, encoder=encoder)
    assert (report.indexed, letters(tmp_path)) == (1, [])
    assert len(content(client, name)["new"][fields.DENSE]) == DIMS


def test_only_a_new_text_is_encoded(client: Cluster, name: str, tmp_path: Path) -> None:
    load(client, name)
    before = content(client, name)
    encoder = Counting()
    changes = [
        {"op": "update", "id": "id-1", "price": 7, "brand": "Acme", "attributes": {"Stock": 0}},
        {"op": "update", "id": "id-2", "title": "shoe 2", "image": "x.png"},
        # The whole item, with the text that it had.
        {"id": "id-4", "title": "shoe 4", "text": "a running shoe", "price": 1},
        {"op": "update", "id": "id-3", "title": "boot 3"},
        {"op": "update", "id": "id-3", "text": "warm"},
        # Business signals are no text.
        {"op": "update", "id": "id-2", "popularity": 17, "rating": 4.5, "stock": 0, "added": "2026-11-29"},
    ]
    report = update(
        client, name, write_lines(tmp_path / "c.jsonl", changes), folder=tmp_path, encoder=encoder
    )
    after = content(client, name)
    assert encoder.texts == ["boot 3. warm"] and report.encoded == 1
    for id_ in ("id-1", "id-2", "id-4"):
        assert after[id_]["dense"] == before[id_]["dense"]
    assert after["id-2"]["popularity"] == 17 and after["id-2"]["popularity_rank"] == 17
    assert after["id-1"]["price"] == 7 and after["id-4"]["price"] == 1
    assert after["id-3"]["dense"] != before["id-3"]["dense"]
    # A search by vector finds it where the new text is.
    body = {"query": {"knn": {"dense": {"vector": after["id-3"]["dense"], "k": 1}}}, "size": 1}
    assert client.search(index=name, body=body)["hits"]["hits"][0]["_id"] == "id-3"


@pytest.mark.parametrize("seed", [1, 2])
def test_batches_of_any_size_end_in_the_same_state(
    client: Cluster, name: str, tmp_path: Path, seed: int
) -> None:
    stream = write_lines(tmp_path / "c.jsonl", random_changes(seed, 50))
    states, dead = [], []
    for lines in (1, 13, 1000):
        folder = tmp_path / str(lines)
        folder.mkdir()
        load(client, name)
        update(client, name, stream, folder=folder, lines=lines)
        states.append(content(client, name))
        dead.append([(letter["line"], letter["reason"]) for letter in letters(folder)])
    assert states[0] == states[1] == states[2]
    assert sorted(dead[0]) == sorted(dead[1]) == sorted(dead[2]) and dead[0]


def test_a_replay_of_the_same_file_changes_nothing(client: Cluster, name: str, tmp_path: Path) -> None:
    load(client, name)
    stream = write_lines(tmp_path / "c.jsonl", random_changes(3, 50))
    update(client, name, stream, folder=tmp_path)
    once = content(client, name)
    update(client, name, stream, folder=tmp_path)
    assert content(client, name) == once


def test_a_write_that_arrives_late_changes_nothing(client: Cluster, name: str, tmp_path: Path) -> None:
    load(client, name)
    write_lines(tmp_path / "a.jsonl", [{"op": "update", "id": f"id-{n}", "price": 1} for n in (1, 2, 3)])
    update(client, name, tmp_path / "a.jsonl", folder=tmp_path)
    old = client.mget(index=name, body={"ids": ["id-1", "id-2", "id-3"]})["docs"]
    assert all(document["_version"] >= 1000 for document in old)
    changes = [
        {"op": "update", "id": "id-1", "price": 2},
        {"op": "delete", "id": "id-2"},
        {"op": "delete", "id": "id-3"},
        {"id": "id-3", "title": "again"},
    ]
    update(client, name, write_lines(tmp_path / "b.jsonl", changes), folder=tmp_path, lines=1)
    then = content(client, name)
    late = []
    for document in old:
        meta = {"_id": document["_id"], "version": document["_version"], "version_type": "external_gte"}
        late += [{"index": meta}, document["_source"]]
    answer = client.bulk(index=update_alias(f"{name}-v0001"), body=late, params={"require_alias": "true"})
    assert [item["index"]["status"] for item in answer["items"]] == [409, 409, 409]
    assert content(client, name) == then and "id-2" not in then
    # So long that no request is under way any more.
    settings = client.indices.get_settings(index=f"{name}-v0001")[f"{name}-v0001"]["settings"]
    assert settings["index"]["gc_deletes"] == "1h"


def test_versions_go_on_above_what_is_stored(client: Cluster, name: str, tmp_path: Path) -> None:
    load(client, name)
    write_lines(tmp_path / "a.jsonl", [{"op": "update", "id": "id-1", "price": 1}])
    update(client, name, tmp_path / "a.jsonl", folder=tmp_path)
    # The state index of the cluster is lost; its sequence begins anew.
    client.delete(index="aisle-state", id=name)
    write_lines(tmp_path / "b.jsonl", [{"op": "update", "id": "id-1", "price": 2}])
    report = update(client, name, tmp_path / "b.jsonl", folder=tmp_path)
    assert report.superseded == 0 and content(client, name)["id-1"]["price"] == 2


BAD = [
    (b"not json", "invalid JSON"),
    (b'{"id": "a", "title": "caf\xe9"}', "not UTF-8"),
    (b"[1, 2]", "not a JSON object"),
    (b'"text"', "not a JSON object"),
    (b'{"op": "remove", "id": "a"}', "op is none of upsert, update, delete"),
    (b'{"op": ["delete"], "id": "a"}', "op is none of upsert, update, delete"),
    (b'{"title": "no id"}', "id is missing or empty"),
    (b'{"op": "delete"}', "id is missing or empty"),
    (b'{"op": "delete", "id": {"a": 1}}', "id is not text"),
    (b'{"id": "a"}', "title is missing or empty"),
    (b'{"op": "update", "id": "id-1", "title": null}', "title is missing or empty"),
    (b'{"op": "update", "id": "id-1", "price": "cheap"}', "price cannot be read"),
    (b'{"op": "update", "id": "id-1", "price": -1}', "price is negative"),
    (b'{"op": "update", "id": "id-1"}', "an update without a field to change"),
    (b'{"op": "update", "id": "id-1", "prize": 3}', "unknown field (facets of your own go under attributes)"),
    (b'{"op": "update", "id": "id-1", "attributes": "red"}', "attributes is not an object"),
    (b'{"op": "update", "id": "id-1", "attributes": {"a": {"b": 1}}}', "an attribute is not text"),
    (b'{"op": "update", "id": "unknown", "price": 3}', "no such item"),
    (b'{"id": "%s", "title": "x"}' % (b"i" * 513), "id is over 512 bytes"),
    (b'{"id": "a\\u0000", "title": "x"}', "id holds control characters"),
]


def test_malformed_lines_of_many_kinds(client: Cluster, name: str, tmp_path: Path) -> None:
    load(client, name)
    good = [orjson.dumps({"op": "update", "id": f"id-{n}", "price": 1000 + n}) for n in range(20)]
    mixed = [line for pair in zip((row for row, _ in BAD), good, strict=True) for line in pair]
    report = update(client, name, write_lines(tmp_path / "c.jsonl", [b"", *mixed, b"  "]), folder=tmp_path)
    assert {i: doc["price"] for i, doc in content(client, name).items()} == {
        f"id-{n}": 1000 + n for n in range(20)
    }
    found = sorted(letters(tmp_path), key=lambda letter: letter["line"])
    assert [(letter["line"], letter["reason"]) for letter in found] == [
        (2 + 2 * number, reason) for number, (_, reason) in enumerate(BAD)
    ]
    assert report.dead == len(BAD) and report.lines == 42 and report.indexed == 20
    assert found[0]["row"] == "not json" and found[6]["row"] == {"title": "no id"}
    assert found[17]["id"] == "unknown" and found[17]["attempts"] == 1


def test_a_stream_is_applied_promptly_and_lets_others_in(client: Cluster, name: str, tmp_path: Path) -> None:
    load(client, name)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reports: list[UpdateReport] = []
    running = threading.Thread(
        target=lambda: reports.append(update(client, name, pipe, folder=tmp_path, lines=1000, refresh=True))
    )
    running.start()
    with pipe.open("wb", buffering=0) as sending:
        sending.write(b'{"op": "update", "id": "id-1", "price": 555}\n{"op": "upda')
        wait_for(lambda: client.get(index=name, id="id-1")["_source"].get("price") == 555)
        found = {"query": {"term": {"price": 555}}}
        wait_for(lambda: client.search(index=name, body=found)["hits"]["total"]["value"] == 1)
        # While it waits for more, nobody is kept out.
        with hold(client, name, "a test", wait_s=5, policy=PATIENT):
            sending.write(b'te", "id": "id-2", "price": 556}\n')
            time.sleep(0.5)
            assert client.get(index=name, id="id-2")["_source"]["price"] == 0.5
        wait_for(lambda: client.get(index=name, id="id-2")["_source"].get("price") == 556)
    running.join(timeout=60)
    assert reports[0].lines == 2


def test_stop_applies_what_was_read(client: Cluster, name: str, tmp_path: Path) -> None:
    load(client, name)
    stop = threading.Event()
    changes = [{"op": "update", "id": f"id-{n % 20}", "price": n} for n in range(2000)]
    report = update(
        client,
        name,
        write_lines(tmp_path / "c.jsonl", changes),
        folder=tmp_path,
        lines=200,
        checkpoint=True,
        stop=stop,
        progress=lambda _: stop.set(),
    )
    # Of 100 kB the first 64 kB were read; each whole line of those is applied.
    assert 200 < report.line < 2000
    prices = {f"id-{n % 20}": float(n) for n in range(report.line)}
    assert {i: doc["price"] for i, doc in content(client, name).items()} == prices
    again = update(client, name, tmp_path / "c.jsonl", folder=tmp_path, lines=1000, checkpoint=True)
    assert again.skipped == report.line and again.lines == 2000 - report.line
    assert content(client, name)["id-19"]["price"] == 1999


def test_of_two_at_once_one_is_told_who_the_other_is(client: Cluster, name: str, tmp_path: Path) -> None:
    load(client, name)
    stream = write_lines(tmp_path / "c.jsonl", [{"op": "update", "id": "id-1", "price": 1}])
    with hold(client, name, "aisle index", lease_s=1, policy=PATIENT):
        with pytest.raises(InputError, match=rf"being changed by aisle index \(process {os.getpid()} on"):
            update(client, name, stream, folder=tmp_path, wait_s=0)
        assert content(client, name)["id-1"]["price"] == 0.25
        waiting = threading.Thread(
            target=update, args=(client, name, stream), kwargs={"folder": tmp_path, "wait_s": 60.0}
        )
        waiting.start()
        time.sleep(1)
        assert content(client, name)["id-1"]["price"] == 0.25
    waiting.join(timeout=60)
    assert content(client, name)["id-1"]["price"] == 1


def test_nothing_or_too_much_is_live(client: Cluster, name: str, tmp_path: Path) -> None:
    stream = write_lines(tmp_path / "c.jsonl", [{"id": "a", "title": "x"}])
    with pytest.raises(IndexNotFound, match=r"no release .* is live"):
        update(client, name, stream, folder=tmp_path)
    assert not client.indices.exists(index=f"{name}*", params={"allow_no_indices": "false"})
    load(client, name)
    client.indices.create(index=f"{name}-v0002", body={"aliases": {name: {}}})
    with pytest.raises(InputError, match="stands for 2 releases"):
        update(client, name, stream, folder=tmp_path)


@pytest.mark.parametrize(
    "encoder",
    [
        ItemEncoder({fields.DENSE: VectorSpace("cd" * 32, "other", SPACE.dims)}, vectors),
        ItemEncoder({fields.DENSE: VectorSpace(SPACE.fingerprint, "wider", 16)}, vectors),
        without_vectors(),
    ],
    ids=["model", "width", "none"],
)
def test_two_vector_spaces_never_meet(client: Cluster, name: str, encoder: ItemEncoder) -> None:
    load(client, name)
    applier = BatchApplier(
        client, Encoding(SameEncoder(encoder), lambda item: item.title), UpdateOptions(name)
    )
    with pytest.raises(ArtifactMismatch):
        applier.check()


def wait_for(true: object, seconds: float = 60) -> None:
    """Until a condition holds."""
    assert callable(true)
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.02)
