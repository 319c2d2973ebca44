"""What commit 8376a69 stored, put where this machine looks for it; and what it said of it."""

from __future__ import annotations

import hashlib
import json
import math
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from opensearchpy import OpenSearch

STORED: Final = Path(__file__).parents[1] / "data" / "stored_by_8376a69"
RELEASES: Final = ("shop-v0001", "shop-v0002", "shop-v0003")
STATE: Final = "aisle-state"
TOLERANCE: Final = 1e-4
"""Scores pass through float32 and INT8 kernels."""
_VOLATILE: Final = frozenset(
    (
        *("seconds", "docs_per_s", "load_s", "stage_s", "took", "timings_ms", "created", "size_bytes"),
        *("p50_ms", "README.md"),
    )
)


def put_files(work: Path) -> None:
    """The folder that the commands ran in, with its AISLE_HOME at ``home``."""
    for name in ("shop", "base", "runs"):
        shutil.copytree(STORED / name, work / name)
    for path in STORED.glob("*.*"):
        shutil.copyfile(path, work / path.name)
    for kind in ("artifacts", "training"):
        shutil.copytree(STORED / "home" / kind, work / "home" / kind)


def put_state_of_runs(work: Path, cluster_uuid: str) -> None:
    """The unfinished run's ledger and the checkpoint of the changes, named for this cluster and this path."""
    path = hashlib.sha256(str((work / "changes.jsonl").resolve()).encode()).hexdigest()[:12]
    for source, target in (
        ("indexing/CLUSTER_UUID/shop.sqlite", f"indexing/{cluster_uuid}/shop.sqlite"),
        ("updates/CLUSTER_UUID/shop-PATH_HASH.json", f"updates/{cluster_uuid}/shop-{path}.json"),
        ("nodes/old.json", "nodes/old.json"),
    ):
        (work / "home" / target).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(STORED / "home" / source, work / "home" / target)


def put_indexes(client: OpenSearch) -> None:
    """The three releases of `shop` and the document of its lease."""
    for name, body in json.loads((STORED / "node" / "pipelines.json").read_text("utf-8")).items():
        client.http.put(f"/_search/pipeline/{name}", body=body)
    for name in RELEASES:
        client.indices.create(index=name, body=_read(f"node/{name}.json"))
        body = (STORED / "node" / f"{name}.ndjson").read_text("utf-8")
        answer = client.bulk(index=name, body=body, params={"refresh": "true"})
        assert not answer["errors"], answer
    if not client.indices.exists(index=STATE):
        client.indices.create(index=STATE, body=_read(f"node/{STATE}.json"))
    put_lease(client, "aisle-state.ndjson")


def put_lease(client: OpenSearch, file: str) -> None:
    """The document of the lease as one of the files has it (its version is the node's own)."""
    document = (STORED / "node" / file).read_text("utf-8").splitlines()[1]
    client.index(index=STATE, id="shop", body=json.loads(document), params={"refresh": "true"})


def lease(client: OpenSearch) -> dict[str, Any]:
    found: dict[str, Any] = client.get(index=STATE, id="shop")["_source"]
    return found


def delete_shop(client: OpenSearch) -> None:
    """Remove what a test left of the catalogue `shop`."""
    for index in client.indices.get(index="shop-v*", params={"allow_no_indices": "true"}):
        client.indices.delete(index=index)
    client.delete(index=STATE, id="shop", params={"refresh": "true"}, ignore=404)


def expected(name: str) -> dict[str, Any]:
    """What 8376a69 said: its command, its exit code, its notes and errors, its JSON."""
    return _read(f"expected/{name}.json")


def _read(path: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((STORED / path).read_text("utf-8"))
    return found


def with_items_of_today(then: Any) -> Any:
    """What 8376a69 said, with its items in the words of today.

    A category is a path of one level, an image a list of one, and an attribute has several values.
    """
    if isinstance(then, list):
        return [with_items_of_today(each) for each in then]
    if not isinstance(then, dict):
        return then
    if {"id", "title", "category", "image", "attributes"} <= then.keys():
        return {
            **{name: value for name, value in then.items() if name not in ("category", "image")},
            "categories": [[then["category"]]] if then["category"] else [],
            "images": [then["image"]] if then["image"] else [],
            "attributes": {name: [value] for name, value in then["attributes"].items()},
        }
    return {name: with_items_of_today(value) for name, value in then.items()}


# Words count otherwise today, and totals and facets are of what the words match.
_COUNTED_OTHERWISE: Final = frozenset(("raw_score", "contribution", "score", "total", "facets"))


def without_scores(then: Any) -> Any:
    """What 8376a69 said, without what is counted otherwise today."""
    if isinstance(then, list):
        return [without_scores(each) for each in then]
    if not isinstance(then, dict):
        return then
    return {name: without_scores(each) for name, each in then.items() if name not in _COUNTED_OTHERWISE}


def differences(then: Any, now: Any, where: str = "") -> list[str]:
    """Where today's answer does not say what 8376a69 said. It may say more."""
    return list(_differences(then, now, where))


def _differences(then: Any, now: Any, where: str) -> Iterator[str]:
    if isinstance(then, dict) and isinstance(now, dict):
        for key in then.keys() - _VOLATILE:
            if key in now:
                yield from _differences(then[key], now[key], f"{where}.{key}")
            else:
                yield f"{where}.{key} is missing"
    elif isinstance(then, list) and isinstance(now, list) and len(then) == len(now):
        for at, (one, other) in enumerate(zip(then, now, strict=True)):
            yield from _differences(one, other, f"{where}[{at}]")
    elif isinstance(then, float) and isinstance(now, int | float):
        if not math.isclose(then, now, rel_tol=TOLERANCE, abs_tol=TOLERANCE):
            yield f"{where}: {now}, not {then}"
    elif then != now:
        yield f"{where}: {now!r}, not {then!r}"
