"""Rollbacks while a service is asked 50 times a second: how long they take, and who notices."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

import orjson
import urllib3

import aisle
from aisle.evaluation import read_judged_set
from benchmarks.harness.bare_socket import Request
from benchmarks.harness.command_line import say
from benchmarks.releases.faults import HONEST
from benchmarks.releases.shop import NAME, DrillShop
from benchmarks.service.load import Load, open_load
from benchmarks.service.shop import Shop, serving

PATH: Final = f"/v1/catalogues/{NAME}"
PER_S: Final = 50.0
_BETWEEN_S: Final = 6.0
_POLL_S: Final = 0.2
_PATIENCE_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class GoneBack:
    """What a number of rollbacks did.

    Attributes:
        command_s: seconds of each, until it was done.
        served_s: until the service answered with the release before and all of its models.
        load: what was asked meanwhile.
    """

    command_s: Sequence[float]
    served_s: Sequence[float]
    load: Load


def go_back(shop: DrillShop, url: str, rollbacks: int) -> GoneBack:
    """Between two releases of other encoders, rankers and rules, to and fro."""
    pinned = [item.id for item in shop.items[:2]]
    releases = []
    for number, ranker in enumerate((HONEST, "none")):
        vectors = shop.vectors["right" if number == 0 else "untuned"]
        release = shop.stage(vectors=vectors, live=True)
        aisle.bind_models(release, ranker=ranker, cluster=shop.client, store=shop.store)
        rules = [
            {"id": "week", "when": {"query": "drill"}, "then": {"pin": [{"id": pinned[number], "at": 1}]}}
        ]
        aisle.put_rules(NAME, rules, cluster=shop.client)
        releases.append(release)
    texts = tuple(query.text for query in read_judged_set(shop.folder, "dev").queries)
    asked = [Request("POST", f"{PATH}/search", orjson.dumps({"text": text})) for text in texts]
    search = aisle.open_search(NAME, cluster=shop.client, store=shop.store)
    served = Shop(url, NAME, len(shop.items), shop.client, search, texts)
    command_s: list[float] = []
    served_s: list[float] = []
    seconds = (rollbacks + 1) * _BETWEEN_S + rollbacks * 3
    os.environ["AISLE_HOME"] = str(shop.folder)
    with serving(served) as service:
        found: list[Load] = []
        thread = threading.Thread(target=lambda: found.append(open_load(service.url, asked, PER_S, seconds)))
        thread.start()
        for number in range(rollbacks):
            time.sleep(_BETWEEN_S)
            target = releases[number % 2]
            began = time.perf_counter()
            aisle.rollback(NAME, target, cluster=shop.client)
            command_s.append(time.perf_counter() - began)
            expected = Answered(target, number % 2 == 0, pinned[number % 2])
            served_s.append(_until(service.url, expected, began))
            say(f"back at {target}: {command_s[-1]:.2f} s, served after {served_s[-1]:.2f} s")
        thread.join()
    return GoneBack(command_s, served_s, found[0])


@dataclass(frozen=True, slots=True)
class Answered:
    """What tells a release and all of its models: itself, whether a ranker ordered, what is pinned."""

    release: str
    ranked: bool
    first: str


def _until(url: str, expected: Answered, began: float) -> float:
    """Seconds until the service answers so."""
    http = urllib3.PoolManager()
    while time.perf_counter() - began < _PATIENCE_S:
        answer = http.request("GET", f"{url}{PATH}/search", fields={"q": "drill", "size": "3"})
        if answer.status == HTTPStatus.OK:
            page = orjson.loads(answer.data)
            first = page["hits"][0]["item"]["id"]
            if Answered(page["release"], page["ranked"] > 0, first) == expected:
                return time.perf_counter() - began
        time.sleep(_POLL_S)
    return float("inf")
