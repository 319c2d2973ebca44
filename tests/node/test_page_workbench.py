"""Compare and judge, on the page: two answers with their differences, and grades that `aisle eval` reads."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Final

import numpy as np
import pytest
from starlette.testclient import TestClient

from aisle.cluster import Cluster
from aisle.evaluation import read_judged_set
from aisle.mappings import BM25, DENSE
from aisle.search import SearchClient
from aisle.search.tuning.grid import grid
from aisle.search.tuning.profiles import weight_profiles
from aisle.service.app import create_app
from aisle.service.catalogues import Catalogues
from aisle.service.settings import ServiceSettings
from tests.support.hash_vector_catalogue import HashEncoder, put_shelf, shelf_items
from tests.support.served import TestCatalogue

SHOP: Final = "test-workbench"
COMPARE, JUDGE = f"/c/{SHOP}/compare", f"/c/{SHOP}/judge"
QUERY: Final = "red oak"


@pytest.fixture(scope="module")
def shelf(client: Cluster) -> Iterator[SearchClient]:
    client.indices.delete(index=f"{SHOP}-*", ignore_unavailable=True)
    put_shelf(client, f"{SHOP}-v0001", shelf_items(80))
    put_shelf(client, f"{SHOP}-v0002", shelf_items(60, seed=9))
    client.indices.put_alias(index=f"{SHOP}-v0001", name=SHOP)
    yield SearchClient(client, SHOP, HashEncoder(), window=50)
    client.indices.delete(index=f"{SHOP}-*")


@pytest.fixture
def web(client: Cluster, shelf: SearchClient, tmp_path: Path) -> Iterator[TestClient]:
    catalogues = Catalogues([TestCatalogue(SHOP, client, HashEncoder())])
    catalogues.open()
    settings = ServiceSettings(deadline_ms=60_000, check_s=60, judgments=tmp_path / "judged")
    with TestClient(create_app(settings, catalogues), headers={"Origin": "http://testserver"}) as web:
        yield web


def sides(page: str) -> list[list[tuple[str, str]]]:
    """Of each side the id of each hit and what is said of its place."""
    found = re.findall(r'<section aria-labelledby="side\d">(.*?)</section>', page, re.DOTALL)
    hit = re.compile(r'/items/([^"]+)">.*?<p class="moved">([^<]*)</p>', re.DOTALL)
    return [hit.findall(side) for side in found]


def test_two_ways_are_shown_side_by_side_with_their_differences(web: TestClient, shelf: SearchClient) -> None:
    left, right = sides(web.get(COMPARE, params={"q": QUERY, "left": "usual", "right": "words"}).text)
    usual, words = shelf.search(QUERY, size=10), shelf.search(QUERY, size=10, legs=(BM25,))
    assert [id_ for id_, _ in left] == [hit.item.id for hit in usual.hits]
    assert [id_ for id_, _ in right] == [hit.item.id for hit in words.hits]
    ranks = {hit.item.id: hit.rank for hit in words.hits}
    for rank, (id_, said) in enumerate(left, 1):
        other = ranks.get(id_)
        moved = f"{abs((other or 0) - rank)} {'higher' if rank < (other or 0) else 'lower'} than there"
        assert said == ("only here" if other is None else "same place" if other == rank else moved)
    assert {said for _, said in left} - {"same place"}


def test_a_release_is_compared_with_the_live_one_and_no_other_index_is(
    web: TestClient, shelf: SearchClient
) -> None:
    release = f"{SHOP}-v0002"
    _, other = sides(web.get(COMPARE, params={"q": QUERY, "right": release}).text)
    expected = shelf.for_release(release).search(QUERY, size=10)
    assert [id_ for id_, _ in other] == [hit.item.id for hit in expected.hits]
    for name in ("another-v0001", SHOP, f"{SHOP}-v0001,another", "*", "aisle-rules"):
        assert web.get(COMPARE, params={"q": QUERY, "right": name}).status_code == 400, name
    assert web.get(COMPARE, params={"q": QUERY, "right": f"{SHOP}-v0009"}).status_code == 404


def grade(web: TestClient, judge: str, grades: dict[str, int], **headers: str) -> int:
    form = {"q": QUERY, "judge": judge, **{f"grade:{id_}": str(value) for id_, value in grades.items()}}
    return web.post(JUDGE, data=form, headers=headers, follow_redirects=False).status_code


def test_grades_of_several_judges_become_judgments_and_metrics(
    web: TestClient, shelf: SearchClient, tmp_path: Path
) -> None:
    first, second, *_ = (hit.item.id for hit in shelf.search(QUERY, size=20).hits)
    asked = {"q": QUERY, "judge": "ann"}
    page = web.get(JUDGE, params=asked).text
    assert page.count("<fieldset>") == 20 and "agree to" not in page
    ids = re.findall(r'name="grade:([^"]+)" value="0"', page)
    assert ids == sorted(ids) and first in ids
    assert grade(web, "ann", {first: 3, second: 0}) == 303
    assert grade(web, "bob", {first: 2, second: 0, "nobody": 3}) == 303
    assert grade(web, "ann", {second: 1}) == 303
    judged = read_judged_set(tmp_path / "judged" / SHOP, "all")
    assert [query.text for query in judged.queries] == [QUERY]
    assert list(judged.qrels.values()) == [{first: 2.5, second: 0.5}]
    (mine,) = read_judged_set(tmp_path / "judged" / SHOP, "ann").qrels.values()
    assert mine == {first: 3, second: 1}
    page = web.get(JUDGE, params=asked).text
    assert "judged by ann, bob" in page and "agree to 0." in page
    assert re.search(rf'name="grade:{first}" value="3" checked', page)
    compared = web.get(COMPARE, params={"q": f" {QUERY.upper()} "}).text
    assert compared.count("nDCG@10") == 2 and "grade 2.5" in compared


@pytest.mark.parametrize("judge", ["", "all", "../ann", "a/b", "x" * 41, "ann.tsv", "ann\n"])
def test_a_name_that_cannot_be_is_refused_and_nothing_is_written(
    web: TestClient, judge: str, tmp_path: Path
) -> None:
    assert grade(web, judge, {"item-0001": 1}) == 400
    assert not list((tmp_path / "judged").rglob("*")) and not list(tmp_path.glob("*.tsv"))


def test_forms_of_other_sites_and_grades_that_are_none_are_refused(web: TestClient, tmp_path: Path) -> None:
    for origin in ("https://evil.example", "null", "", "http://testserver.evil.example"):
        assert grade(web, "ann", {"item-0001": 1}, Origin=origin) == 403, origin
    assert grade(web, "ann", {"item-0001": 9}) == 400
    assert web.post(JUDGE, content=b"q=oak&judge=ann&grade:item-0001=x").status_code == 400
    assert not list((tmp_path / "judged").rglob("*"))


def test_without_a_folder_there_is_nothing_to_judge(client: Cluster, shelf: SearchClient) -> None:
    catalogues = Catalogues([TestCatalogue(SHOP, client, HashEncoder())])
    catalogues.open()
    with TestClient(create_app(ServiceSettings(check_s=60), catalogues)) as web:
        refused = web.get(JUDGE)
        assert refused.status_code == 400 and "--judgments FOLDER" in refused.text


def test_weights_are_drawn_as_tuning_found_them(client: Cluster, shelf: SearchClient, tmp_path: Path) -> None:
    specs = grid((BM25, DENSE))
    means = np.linspace(0.2, 0.6, len(specs))
    profiles = weight_profiles(specs, means)
    for leg, points in profiles.items():
        for point in points:
            weights = [dict(zip(spec.legs, spec.weights, strict=True)).get(leg, 0.0) for spec in specs]
            of_it = [m for weight, m in zip(weights, means, strict=True) if abs(weight - point.weight) < 1e-6]
            assert point.mean == max(of_it)
    said = {
        "release": f"{SHOP}-v0001",
        "metric": "nDCG@10",
        "queries": 40,
        "means": {"tuned": 0.5123},
        "profiles": {leg: [asdict(point) for point in points] for leg, points in profiles.items()},
    }
    file = tmp_path / "fusion.json"
    catalogues = Catalogues([TestCatalogue(SHOP, client, HashEncoder())])
    catalogues.open()
    with TestClient(create_app(ServiceSettings(check_s=60, tuning=file), catalogues)) as web:
        file.write_text(json.dumps(said))
        page = web.get(f"/c/{SHOP}/tune").text
        assert page.count("<polyline") == 2 and "tuned 0.5123" in page
        assert page.count("<tr><td>") == sum(map(len, profiles.values())) > 30
        for wrong in ({**said, "release": "other-v0001"}, {**said, "profiles": None}):
            file.write_text(json.dumps(wrong))
            assert web.get(f"/c/{SHOP}/tune").status_code == 400
