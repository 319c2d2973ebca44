"""The catalogue benchmark's products, graphs, growth and forecast, on a small scale."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from itertools import islice, pairwise
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aisle.encoder import DenseEncoder
from aisle.encoder.text import MAX_CHARS, clean
from aisle.errors import InputError
from aisle.evaluation.encoders.exact import exact_neighbours
from aisle.mappings import IndexSettings
from benchmarks.catalogue import hnsw
from benchmarks.catalogue.__main__ import SETTINGS, sizes
from benchmarks.catalogue.figures import catalogue, catalogue_search
from benchmarks.catalogue.forecast import (
    FORMATS,
    GB,
    WORK,
    core_hours,
    disk_bytes,
    forecast,
    memory_bytes,
    shards,
    space_name,
)
from benchmarks.catalogue.measure import (
    BEAMS,
    Asked,
    Encoded,
    Graph,
    QuerySet,
    Searched,
    encode_in_steps,
    evenly,
    measure_graph,
    query_vectors,
)
from benchmarks.catalogue.products import EDITS, SIZES, Edit, Products, colour, model, pack, size, variant
from benchmarks.catalogue.table import (
    BUILD,
    ENCODE,
    beam_attempts,
    catalogue_goals,
    catalogue_rows,
    growth,
    growth_attempts,
    growths,
)
from benchmarks.harness.result_file import CPU, ROOT, BenchmarkResult
from tests.support.encoder_artifact import minilm

TITLES = (
    "Delta Vero 1-Handle Shower Only Faucet Trim Kit in Chrome",
    "LICHTENBERG Sheer Curtain Panel, 40 in. W x 63 in. L",
    "Batteries (Pack of 6)",
    "Grohe Valve GR-35015",
    "Portal",
)


def made(count: int, titles: tuple[str, ...] = TITLES, seed: int = 0) -> list[str]:
    return list(islice(Products(titles, seed), count))


def test_products_are_distinct_and_begin_with_the_real_titles() -> None:
    texts = made(5_000)
    assert len({text.casefold() for text in texts}) == len(texts) == 5_000
    assert tuple(texts[:5]) == TITLES
    assert all(text == clean(text) for text in texts)


def test_products_are_the_same_again_and_a_smaller_catalogue_is_the_beginning_of_a_larger() -> None:
    assert made(2_000) == made(2_000)
    assert made(300) == made(2_000)[:300]
    assert made(2_000, seed=1) != made(2_000)


def test_a_title_that_comes_again_or_is_empty_is_no_product() -> None:
    products = Products(("Portal", "PORTAL", "", "Braid"))
    assert list(islice(products, 2)) == ["Portal", "Braid"]
    assert list(islice(products, 10))[-1] != ""
    assert products.real == 2


# Without a deadline: a busy machine is no failure.
@settings(deadline=None)
@given(st.lists(st.text(max_size=80).map(clean), max_size=6), st.integers(0, 9))
def test_any_titles_make_distinct_products(titles: list[str], seed: int) -> None:
    if not any(titles):
        with pytest.raises(InputError, match="no real titles"):
            next(Products(titles, seed))
    else:
        texts = made(200, tuple(titles), seed)
        assert len({text.casefold() for text in texts}) == 200


def test_a_title_of_full_length_does_not_stop_the_stream() -> None:
    texts = made(50, ("x" * MAX_CHARS, "Portal"))
    assert len(set(texts)) == 50
    assert max(map(len, texts)) == MAX_CHARS


@pytest.mark.parametrize(
    ("edit", "title", "kept"),
    [
        (colour, TITLES[0], ("Delta Vero 1-Handle Shower Only Faucet Trim Kit in ", "")),
        (pack, TITLES[2], ("Batteries (Pack of ", ")")),
        (model, TITLES[3], ("Grohe Valve ", "")),
        (colour, "Portal", ("Portal in ", "")),
        (pack, "Portal", ("Portal (Pack of ", ")")),
        (size, "Portal", ("Portal, ", " in.")),
        (model, "Portal", ("Portal ", "")),
    ],
)
def test_an_edit_changes_what_a_title_names_and_adds_what_it_does_not(
    edit: Edit, title: str, kept: tuple[str, str]
) -> None:
    texts = {edit(title, Random(seed)) for seed in range(50)}
    assert len(texts) > 10
    assert all(text.startswith(kept[0]) and text.endswith(kept[1]) for text in texts)
    assert all(len(text) <= len(title) + 24 for text in texts)


def test_a_size_is_a_number_of_its_own() -> None:
    texts = {size(TITLES[1], Random(seed)) for seed in range(50)}
    assert all(text.startswith("LICHTENBERG Sheer Curtain Panel, ") for text in texts)
    assert {"40 in. W" in text for text in texts} == {"63 in. L" in text for text in texts} == {True, False}
    # Neither a model number nor a decimal holds a size.
    for title in ("Saw SJ-75344", "0.5 kg", "3/4 Inch"):
        assert size(title, Random(0)).startswith(title)


def test_a_variant_changes_one_or_two_things() -> None:
    changed = [variant("Portal", Random(seed)) for seed in range(200)]
    signs = (" in ", "(Pack of", " x ", "-")
    counts = {sum(sign in text.replace(" in. x", " x") for sign in signs) for text in changed}
    assert counts == {1, 2}
    assert len(EDITS) == 4


def test_queries_are_chosen_evenly() -> None:
    texts = [str(number) for number in range(10)]
    assert list(evenly(texts, 5)) == ["0", "2", "4", "6", "8"]
    assert list(evenly(texts, 99)) == texts
    assert list(evenly([], 3)) == []


def test_a_trial_has_as_many_sizes_in_the_same_proportions() -> None:
    assert tuple(sizes(826_402)) == SIZES
    assert sizes(10_000)[0] > 100
    assert all(small < large for small, large in pairwise(sizes(10_000)))


@pytest.fixture(scope="module")
def vectors() -> hnsw.Vectors:
    rows = np.random.default_rng(0).standard_normal((1_000, 64)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows


def test_exact_search_is_the_reference(vectors: hnsw.Vectors) -> None:
    names = [f"{number:05}" for number in range(len(vectors))]
    found = hnsw.exact(vectors[:20] + 0.01, vectors, 10)
    expected = exact_neighbours(vectors[:20] + 0.01, vectors, names, 10)
    assert [[names[at] for at in row] for row in found] == expected


def test_a_wider_beam_finds_more_and_a_graph_has_our_mappings_settings(vectors: hnsw.Vectors) -> None:
    threads = hnsw.require_faiss().omp_get_max_threads()
    graph, seconds = hnsw.build(vectors, SETTINGS)
    assert seconds > 0
    assert (graph.hnsw.efConstruction, graph.hnsw.efSearch) == (100, 256)
    queries = np.random.default_rng(1).standard_normal((50, 64)).astype(np.float32)
    nearest = hnsw.exact(queries, vectors, 100)
    recalls = []
    for beam in (100, 1_000):
        found, times = hnsw.search(graph, queries, 100, beam)
        assert len(times) == 50
        recalls.append(hnsw.recall(found, nearest, 100))
    assert 0.3 < recalls[0] < recalls[1]
    assert recalls[1] > 0.999
    assert hnsw.require_faiss().omp_get_max_threads() == threads


def test_a_graphs_file_holds_vectors_and_two_links_for_each_m(vectors: hnsw.Vectors) -> None:
    found = {m: hnsw.file_bytes(hnsw.build(vectors, IndexSettings(m=m))[0]) / 1_000 for m in (8, 16)}
    assert 64 * 4 + 8 * 16 < found[16] < 1.1 * (64 * 4 + 8 * 16)
    assert found[16] - found[8] == pytest.approx(8 * 8, rel=0.1)


def test_recall_counts_what_is_found_in_any_order() -> None:
    nearest = np.array([[1, 2, 3, 4], [5, 6, 7, 8]])
    found = np.array([[2, 1, 9, 3], [8, -1, -1, -1]])
    assert hnsw.recall(found, nearest, 4) == pytest.approx((3 / 4 + 1 / 4) / 2)
    assert hnsw.recall(found, nearest, 2) == pytest.approx((1 + 0) / 2)


@pytest.fixture(scope="module")
def encoder() -> DenseEncoder:
    return DenseEncoder.load(minilm())


def test_encoding_stops_at_every_size_and_fills_the_vectors_in_order(encoder: DenseEncoder) -> None:
    texts = made(60)
    out = np.zeros((50, 64), dtype=np.float32)
    steps = encode_in_steps(encoder, iter(texts), [20, 50], out, 0)
    first = next(steps)
    assert first.products == 20
    assert not out[20:].any()
    (last,) = steps
    assert last.seconds > first.seconds > 0
    assert last.memory_mb > 10
    assert np.sum(out * encoder.encode_items(texts[:50], 64), axis=1) == pytest.approx(np.ones(50), abs=1e-3)


@pytest.mark.parametrize(("texts", "said"), [(["a", "B", "b"], "two products"), (["a"], "ends after 1 ")])
def test_a_catalogue_that_breaks_its_promise_stops_the_run(
    encoder: DenseEncoder, texts: list[str], said: str
) -> None:
    with pytest.raises(InputError, match=said):
        list(encode_in_steps(encoder, iter(texts), [3], np.zeros((3, 64), dtype=np.float32), 0))


def test_a_graph_is_measured_with_real_queries(encoder: DenseEncoder) -> None:
    texts = made(300)
    queries = QuerySet("typed", ("shower faucet", "curtain", "valve"))
    rows = query_vectors(encoder, queries, 64)
    assert np.linalg.norm(rows, axis=1) == pytest.approx(np.ones(3), abs=1e-5)
    graph = measure_graph(encoder, encoder.encode_items(texts, 64), [(queries, rows)], SETTINGS, 0)
    assert graph.products == 300
    assert [one.ef_search for one in graph.searched] == list(BEAMS)
    assert graph.searched[-1].recall_100 == 1.0
    (asked,) = graph.asked
    # The encoder takes longer than a graph of 300.
    assert asked.p50_ms > graph.searched[0].p50_ms > 0
    assert graph.size_bytes > 300 * 384


def test_growth_finds_the_power_law() -> None:
    products = (10_000, 100_000, 1_000_000)
    law = growth(products, [3 * n**1.5 for n in products])
    assert law.exponent == pytest.approx(1.5)
    assert law.per_tenfold == pytest.approx(10**1.5)
    assert law.at(10**8) == pytest.approx(3e12)
    constant = growth(products, [7.0] * 3)
    assert constant.exponent == pytest.approx(0, abs=1e-9)
    assert constant.at(10**8) == pytest.approx(7)
    for sizes_, values in (((10, 10), (1.0, 2.0)), ((10, 20), (0.0, 1.0))):
        with pytest.raises(InputError, match="two sizes"):
            growth(sizes_, values)


def test_memory_is_as_in_opensearchs_own_examples() -> None:
    # 1 million vectors of 256 dimensions, m 16: float32, then 1, 2 and 4 bits.
    examples = {32: 1.267, 1: 0.176, 2: 0.211, 4: 0.282}
    for bits, gigabytes in examples.items():
        assert memory_bytes(1_000_000, 256, 16, bits) / GB == pytest.approx(gigabytes, abs=6e-4)


def test_disk_holds_the_raw_vectors_beside_the_graph() -> None:
    sizes_ = {kind.name: disk_bytes(1, 64, 16, kind) for kind in FORMATS}
    assert list(sizes_.values()) == [256 + 256 + 128, 128 + 256 + 128, 64 + 64 + 128, 8 + 256 + 128]


def test_shards_and_hours() -> None:
    assert [shards(total) for total in (0, 30 * GB, 30 * GB + 1, 95 * GB)] == [1, 1, 2, 4]
    assert core_hours(3_600_000, 1_000, 2) == pytest.approx(2.0)


def measured() -> Iterator[tuple[Encoded, Graph]]:
    for products, recall, milliseconds in ((10_000, 0.99, 0.1), (100_000, 0.94, 0.2)):
        searched = [
            Searched("typed", 256, 1.0, recall, milliseconds, 1.0),
            Searched("typed", 512, 1.0, recall + 0.009, milliseconds * 2, 1.0),
        ]
        yield (
            Encoded(products, products / 1_000, 100.0 + products / 1_000),
            Graph(
                products,
                products / 10_000,
                400 * products,
                90 + products / 500,
                searched,
                [Asked("typed", 2.0, 9.0)],
            ),
        )


ROWS = catalogue_rows(*zip(*measured(), strict=True))


def test_rows_hold_rates_and_sizes() -> None:
    first = ROWS[0]
    assert first["products_per_s"] == 1_000
    assert first["vectors_per_s"] == 10_000
    assert first["bytes_per_product"] == 400
    assert first["searched"][1]["ef_search"] == 512


def test_goals_are_of_the_largest_size_and_the_indexs_own_beam() -> None:
    goals = {goal.name: goal for goal in catalogue_goals(ROWS, 256)}
    recalled = goals["HNSW recall@100 at ef_search 256, typed"]
    assert (recalled.value, recalled.met) == (0.94, False)
    assert goals["query p50 with its encoding, ms, typed"].met
    # 110 -> 290 MB, the worse of encoding and building at each size, over 90,000 products.
    assert goals["peak memory for each product more, bytes"].value == pytest.approx(2_000)
    assert goals["encoding time grows as products to the power of"].value == pytest.approx(1)
    assert len(goals) == 5


def test_growth_and_beams_are_told() -> None:
    laws = growths(ROWS, 256)
    assert [laws[name].exponent for name in (ENCODE, BUILD)] == pytest.approx([1, 1])
    assert laws["HNSW search p50, ms, typed"].per_tenfold == pytest.approx(2)
    assert growth_attempts(ROWS, 256)[0]["value"] == {"exponent": 1.0, "per_tenfold": 10.0}
    assert [one["value"] for one in beam_attempts(ROWS)] == [None]
    assert [one["value"] for one in beam_attempts(ROWS, 0.945)] == [512]


def test_the_forecast_is_the_rates_times_a_hundred_million() -> None:
    work, *space = forecast(ROWS, SETTINGS, 2)
    hours = list(work["value"].values())
    assert hours[0] == pytest.approx(100_000 * 2 / 3_600, abs=0.1)
    assert hours[1] == hours[2] == pytest.approx(10_000 * 2 / 3_600, abs=0.1)
    assert hours[3] == pytest.approx(1.6)
    assert [space_name(one["tried"]) for one in space] == [kind.name for kind in FORMATS]
    assert space[0]["value"] == {"memory_gb": 42.2, "disk_gb": 64.0, "shards": 3}
    assert space_name(WORK) is None


def test_the_figures_are_drawn_from_the_result() -> None:
    result = BenchmarkResult(
        benchmark="encoder-catalogue",
        command="python -m benchmarks.catalogue",
        commit="0123456789abcdef",
        cpu="A CPU, 2 cores",
        date="2026-01-02T03:04:05+00:00",
        where=CPU,
        rows=ROWS,
        attempts=[*growth_attempts(ROWS, 256), *beam_attempts(ROWS), *forecast(ROWS, SETTINGS, 2)],
        goals=catalogue_goals(ROWS, 256),
    )
    drawn = catalogue(result)
    assert "| 100,000 | 100 | 1,000 | 200 | 10 | 10,000 | 290 | 40 | 400 |" in drawn
    assert "| 10,000 | 2.00 / 9.00 |" in drawn
    assert "| HNSW search p50, ms, typed | 0.30 | 2.0 |" in drawn
    assert "| float32 | 42.2 | 64 | 3 |" in drawn
    assert "| HNSW recall@100 at ef_search 256, typed ≥ 0.95 | 0.94 | **no** |" in drawn
    assert "| 100,000 | typed | 512 | 1.0000 | 0.9490 | 0.400 | 1.000 |" in catalogue_search(result)


def test_the_command_without_its_data_fails_with_one_line(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.catalogue"],
        cwd=ROOT,
        env={**os.environ, "AISLE_DATA": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("error: there is no data set")
    assert done.stdout == ""
