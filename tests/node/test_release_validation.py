"""A release that is broken is refused before it goes live, and a sound one is not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest

from aisle.cluster import Cluster
from aisle.errors import IndexingFailed
from aisle.indexer.releases.smoke_queries import Checked, ItemSampler, check_release
from aisle.indexer.run import index_catalogue
from aisle.indexer.vectors import ItemEncoder, Vectors, without_vectors
from aisle.mappings import fields
from aisle.types import Item
from tests.support.indexing import ENCODER, QUICK, SPACE, items, options, vectors

CATALOGUE = [replace(item, title=f"{item.title} model{n * 7}") for n, item in enumerate(items(300))]
Spoil = Callable[[Item], Item]


def loaded(
    client: Cluster, name: str, stream: Sequence[Item], encoder: ItemEncoder = ENCODER, **changes: object
) -> str:
    return index_catalogue(client, stream, encoder, options(name, **changes)).release


def sample(stream: Sequence[Item] = CATALOGUE, size: int = 100) -> tuple[Item, ...]:
    sampler = ItemSampler(size, seed=3)
    assert len(list(sampler.watch(stream))) == len(stream)
    return sampler.samples


@pytest.mark.parametrize("shards", [1, 3])
def test_a_sound_release_passes(client: Cluster, name: str, shards: int) -> None:
    release = loaded(client, name, CATALOGUE, shards=shards)
    # All of it must be found: nothing in this catalogue is hard to find.
    for encoder in (ENCODER, None):
        found = check_release(client, release, sample(), encoder=encoder, share=1.0, policy=QUICK)
        assert found == Checked(samples=100, absent=0, by_title=100, by_vector=100)


def test_a_release_of_words_alone_passes(client: Cluster, name: str) -> None:
    release = loaded(client, name, CATALOGUE[:50], without_vectors())
    found = check_release(client, release, sample(CATALOGUE[:50]), encoder=without_vectors(), policy=QUICK)
    assert found == Checked(samples=50, absent=0, by_title=50, by_vector=0)
    assert check_release(client, release, (), policy=QUICK) == Checked(0, 0, 0, 0)


def test_twins_and_titles_without_a_word_raise_no_alarm(client: Cluster, name: str) -> None:
    # One name and one vector for sixty items, of which a search can show but ten.
    twins = [replace(CATALOGUE[0], id=f"twin-{n}", title="Blue drill, 18V") for n in range(60)]
    shuffled = [replace(twin, id=f"t{twin.id}", title="18v DRILL blue") for twin in twins[:20]]
    odd = [Item(f"odd-{n}", title) for n, title in enumerate(("!!", "The", "...", "it", "?", "-", "and"))]
    stream = [*CATALOGUE[:100], *twins, *shuffled, *odd]

    def encode(batch: Sequence[Item]) -> Vectors:
        return vectors([replace(item, id="twin") if "win" in item.id else item for item in batch])

    encoder = ItemEncoder({fields.DENSE: SPACE}, encode)
    release = loaded(client, name, stream, encoder)
    found = check_release(client, release, tuple(stream), encoder=encoder, share=1.0, policy=QUICK)
    assert found.by_title == 180 and found.by_vector == 187


@pytest.mark.parametrize(
    "titles",
    [
        [f"HSS Drill Bit {n / 20:.2f} mm" for n in range(20, 261)],
        # Nothing but forms of the same words: no query can tell them apart.
        [f"HSS Drill {'Bits' if n % 2 else 'Bit'}, {'steel' if n % 3 else 'Steel!'}" for n in range(60)],
        [f"\u0932\u093e\u0932 \u0932\u0915\u095c\u0940 \u092e\u0947\u091c {n}" for n in range(40)],
        [f"\u0e42\u0e15\u0e4a\u0e30\u0e44\u0e21\u0e49{n}" for n in range(40)],
        [f"\u8d64\u3044\u30c6\u30fc\u30d6\u30eb{n}" for n in range(40)],
    ],
    ids=["sizes", "forms", "Hindi", "Thai", "Japanese"],
)
def test_titles_that_hardly_differ_raise_no_alarm(client: Cluster, name: str, titles: list[str]) -> None:
    stream = [Item(f"i{n}", title) for n, title in enumerate(titles)]

    def encode(batch: Sequence[Item]) -> Vectors:
        # As of an encoder that knows none of these words.
        return vectors([replace(item, id="unknown") for item in batch])

    encoder = ItemEncoder({fields.DENSE: SPACE}, encode)
    release = loaded(client, name, stream, encoder)
    found = check_release(client, release, stream, encoder=encoder, share=1.0, policy=QUICK)
    assert found.by_title == found.by_vector == len(titles)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda item: replace(item, title=""),
        lambda item: replace(item, title="untitled"),
        lambda item: replace(item, title=CATALOGUE[(int(item.id[3:]) + 1) % 300].title),
    ],
    ids=["empty", "all the same", "of the next item"],
)
def test_wrong_titles_are_refused(client: Cluster, name: str, spoil: Spoil) -> None:
    release = loaded(client, name, [spoil(item) for item in CATALOGUE])
    with pytest.raises(IndexingFailed, match="sampled items are not found by their own title") as refused:
        check_release(client, release, sample(), encoder=ENCODER, policy=QUICK)
    first = sample()[0]
    assert f"{first.id} ({first.title!r})" in refused.value.message


@pytest.mark.parametrize(
    "row",
    [
        lambda matrix: np.roll(matrix, 1, axis=0),
        lambda matrix: np.repeat(matrix[:1], len(matrix), axis=0),
        lambda matrix: -matrix,
    ],
    ids=["of the next item", "all the same", "turned round"],
)
def test_wrong_vectors_are_refused(
    client: Cluster, name: str, row: Callable[[np.ndarray], np.ndarray]
) -> None:
    wrong = ItemEncoder(
        {fields.DENSE: SPACE}, lambda batch: {fields.DENSE: row(vectors(batch)[fields.DENSE])}
    )
    release = loaded(client, name, CATALOGUE, wrong)
    with pytest.raises(IndexingFailed, match=r"are not found by their own vector \(dense\), such as id-"):
        check_release(client, release, sample(), encoder=ENCODER, policy=QUICK)


def test_missing_vectors_are_refused(client: Cluster, name: str) -> None:
    nothing = ItemEncoder({fields.DENSE: SPACE}, lambda _: {})
    release = loaded(client, name, CATALOGUE, nothing)
    with pytest.raises(IndexingFailed, match="100 of 100 sampled items are not found by their own vector"):
        check_release(client, release, sample(), encoder=ENCODER, policy=QUICK)


def test_a_release_that_cannot_be_asked_is_refused(client: Cluster, name: str) -> None:
    # Made for the default width of 64.
    release = loaded(client, name, CATALOGUE[:20], without_vectors())
    with pytest.raises(IndexingFailed, match=r"cannot be asked .*dimension"):
        check_release(client, release, sample(CATALOGUE[:20]), encoder=ENCODER, policy=QUICK)


def test_a_few_spoilt_items_are_no_reason_to_refuse_a_release(client: Cluster, name: str) -> None:
    spoilt = {item.id for item in sample()[:4]}
    stream = [replace(item, title="untitled") if item.id in spoilt else item for item in CATALOGUE]
    release = loaded(client, name, stream)
    assert check_release(client, release, sample(), encoder=ENCODER, policy=QUICK).by_title == 100
    with pytest.raises(IndexingFailed, match="4 of 100"):
        check_release(client, release, sample(), encoder=ENCODER, share=0.99, policy=QUICK)


def test_absent_items_are_refused_unless_refusals_explain_them(client: Cluster, name: str) -> None:
    gone = {item.id for item in sample()[:8]}
    release = loaded(client, name, [item for item in CATALOGUE if item.id not in gone])
    with pytest.raises(IndexingFailed, match="8 of 100 sampled items are not in it"):
        check_release(client, release, sample(), encoder=ENCODER, policy=QUICK)
    found = check_release(client, release, sample(), encoder=ENCODER, refused_share=0.05, policy=QUICK)
    assert (found.absent, found.by_title) == (8, 92)
