"""The load of a release on a real Ray: the same index as without it, whatever ends in the middle."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from ipaddress import ip_address
from pathlib import Path

import numpy as np
import orjson
import psutil
import pytest
from pydantic import SecretStr

from aisle._index_on_ray import ray_load
from aisle._vectors import item_encoder
from aisle.cluster import Cluster, ClusterSettings
from aisle.cluster.failures import RetryPolicy
from aisle.encoder import ArtifactStore, DenseEncoder, load_artifact
from aisle.encoder.whitening import Whitening
from aisle.errors import ClusterUnavailable, IndexingError, InputError
from aisle.indexer import IndexOptions, ItemEncoder, index_catalogue
from aisle.indexer.ledger.store import EarlierProgress, Ledger, Positions
from aisle.indexer.options import index_settings
from aisle.indexer.progress import Progress
from aisle.indexer.ray.driver import LoadOnRay
from aisle.indexer.ray.session import RayOptions, ray_session
from aisle.indexer.releases.create import create_release
from aisle.indexer.releases.names import loading_alias
from aisle.indexer.releases.publish import Publisher
from aisle.indexer.vectors import ItemFields, Vectors, stored_as
from aisle.mappings import ItemToItemSpace, RecommendationSpace, fields
from aisle.mappings.vector_types import Quantisation, VectorStorage, VectorType, clipped
from aisle.recommendation.item_fields import RecommendationFields
from aisle.recommendation.item_to_item.item_fields import HeadFields
from aisle.recommendation.known_items import KnownItems
from aisle.types import Item
from tests.support.encoder_artifact import minilm
from tests.support.indexing import ENCODER, count, items, options, vectors
from tests.support.item_to_item import drawn_model_of
from tests.support.proxies.faulty import Down, FaultyProxy


@dataclass(frozen=True, slots=True)
class OddVectors:
    """Vectors of which OpenSearch refuses one, or at which a worker's process ends."""

    refused: str = ""
    deadly: str = ""

    def open(self, threads: int) -> ItemEncoder:
        """For the worker."""
        return ItemEncoder(ENCODER.spaces, self.encode)

    def encode(self, batch: Sequence[Item]) -> Vectors:
        """Not a number for the one, the end of the process for the other."""
        if self.deadly in {item.id for item in batch}:
            os.kill(os.getpid(), signal.SIGKILL)
        matrix = np.array(vectors(batch)[fields.DENSE])
        matrix[[item.id == self.refused for item in batch]] = np.nan
        return {fields.DENSE: matrix}


RAY = RayOptions(workers=2, batch_items=40, store_bytes=100 * 2**20)
SECRET = "s3cret-of-this-test"
# INT8 scales are those of a batch; numbers of drawn towers are some ten times those of what they read.
CLOSE = {fields.DENSE: 5e-3, fields.ITEM_VECTOR: 5e-3, fields.ENGAGEMENT: 0.1, fields.RELEVANCE: 5e-2}


@pytest.fixture(scope="module")
def ray_here() -> Iterator[object]:
    """One Ray on loopback for this file; runs within it neither start nor stop another."""
    with ray_session(RAY) as ray:
        yield ray


@pytest.fixture
def words(ray_here: object, node_url: str) -> Iterator[LoadOnRay]:
    """Loads without vectors: what is tested is not the model."""
    with ray_load(RAY, None, settings=ClusterSettings(url=node_url)) as load:
        yield load


def load_release(
    client: Cluster,
    load: LoadOnRay,
    index: IndexOptions,
    source: Iterator[Item],
    ledger: Ledger,
    progress: object = lambda _: None,
    release: str = "",
) -> tuple[str, Progress]:
    """What ``index_catalogue`` does around a load, less lease and validation."""
    encoder = load.encoder.open(1)
    settings = index_settings(client, encoder, index)
    if not release:
        release = create_release(
            client.retrying(index.retry), index.name, settings, encoder.spaces, fusions=index.fusions
        )
        ledger.begin(release, {})
    loaded = load.load(
        loading_alias(release),
        source,
        index,
        progress=progress,  # type: ignore[arg-type]
        ledger=ledger,
    )
    publisher = Publisher(client.retrying(index.retry), index.name, release)
    publisher.check_count(loaded.accepted)
    publisher.restore(settings)
    publisher.swap()
    return release, loaded


def documents(client: Cluster, index: str) -> dict[str, dict[str, object]]:
    """Every document's source by its id."""
    found = client.search(index=index, body={"size": 2000, "query": {"match_all": {}}})
    return {hit["_id"]: hit["_source"] for hit in found["hits"]["hits"]}


def worker_processes() -> list[int]:
    """Those that encode and write, alive."""
    found = []
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            if "IndexWorker" in " ".join(process.cmdline()):
                found.append(process.pid)
    return found


def test_the_index_is_the_one_that_a_single_machine_makes(
    ray_here: object, client: Cluster, node_url: str, name: str
) -> None:
    reader = load_artifact(minilm())
    width = reader.manifest.dims
    map_ = Whitening(np.zeros(width, dtype=np.float32), np.eye(width, 5, dtype=np.float32))
    space = RecommendationSpace("cd" * 32, "shop", reader.fingerprint, dims=5, text_dims=5)
    recommended = RecommendationFields(space, KnownItems({"id-7": 0.5}, map_))
    texts = DenseEncoder.load(minilm()).encode_items([item.title for item in items(20)])
    heads = drawn_model_of(list(items(20)), texts, reader.fingerprint)
    related = HeadFields(
        ItemToItemSpace("ef" * 32, "shop", heads.dims, reader.fingerprint), heads.towers, heads.whitening
    )
    makers: tuple[ItemFields, ...] = recommended, related
    encoder = item_encoder(ArtifactStore.default(), minilm(), makers=makers)
    alone = index_catalogue(client, items(300), encoder, options(name))
    settings = ClusterSettings(url=node_url)
    other = replace(recommended, space=replace(space, encoder="ef" * 32))
    with (
        pytest.raises(InputError, match="was trained with another one"),
        ray_load(RAY, minilm(), settings=settings, makers=(other,)),
    ):
        pass
    with ray_load(RAY, minilm(), settings=settings, makers=makers) as load:
        report = index_catalogue(client, items(300), encoder, options(name), loader=load)
    assert (report.documents, report.refused, report.replaced) == (300, 0, alone.release)
    assert report.stage_s.keys() == {"encode", "write"}
    one, many = documents(client, alone.release), documents(client, report.release)
    assert len(one) == 300 and one.keys() == many.keys()
    for key, expected in one.items():
        found = many[key]
        for field, close in CLOSE.items():
            np.testing.assert_allclose(found.pop(field), expected.pop(field), atol=close)  # type: ignore[call-overload]
        assert found == expected


def test_workers_quantise_as_the_release_says(client: Cluster, words: LoadOnRay, name: str) -> None:
    storage = VectorStorage(VectorType.BYTE, Quantisation(190.0))
    load = replace(words, encoder=OddVectors())
    with Ledger() as ledger:
        release, loaded = load_release(client, load, options(name, vectors=storage), items(80), ledger)
    codes = np.asarray(stored_as(ENCODER, storage).encode(list(items(80)))[fields.DENSE])
    found = documents(client, release)
    for item, expected in zip(items(80), codes, strict=True):
        assert found[item.id][fields.DENSE] == expected.tolist()
    assert loaded.clipped == clipped(codes) > 0


def test_a_worker_that_is_killed_loses_and_doubles_nothing(
    client: Cluster, words: LoadOnRay, name: str
) -> None:
    killed: list[int] = []
    accepted: list[int] = []

    def kill_one(now: Progress) -> None:
        accepted.append(now.accepted)
        if now.accepted and not killed:
            killed.append(worker_processes()[0])
            os.kill(killed[0], signal.SIGKILL)

    with Ledger() as ledger:
        _, loaded = load_release(client, words, options(name), items(800), ledger, progress=kill_one)
        settled = ledger.before()
    assert killed and killed[0] not in worker_processes()
    # It died in the middle: there was still something to do.
    assert 0 < accepted[0] < 800
    assert (loaded.read, loaded.accepted, loaded.refused) == (800, 800, 0)
    assert settled == EarlierProgress(Positions(((0, 799),)))
    assert count(client, name) == 800


def test_a_batch_that_ends_every_worker_ends_the_run_and_what_was_settled_stays(
    client: Cluster, words: LoadOnRay, name: str
) -> None:
    load = replace(words, encoder=OddVectors(deadly="id-190"))
    with Ledger() as ledger:
        with pytest.raises(IndexingError, match="4 workers ended at the items 160 to 199") as failure:
            load_release(client, load, options(name), items(200), ledger)
        # Not one of the errors after which a release is dropped.
        assert type(failure.value) is IndexingError
        settled = ledger.before().settled
    assert len(settled) > 0 and 190 not in settled


def test_refused_documents_have_a_letter_with_their_position_and_row(
    client: Cluster, words: LoadOnRay, name: str
) -> None:
    def with_odd_ones() -> Iterator[Item]:
        for position, item in enumerate(items(200)):
            if position == 57:
                yield replace(item, id="x" * 513)
            else:
                yield item

    load = replace(words, encoder=OddVectors(refused="id-130"))
    with Ledger() as ledger:
        _, loaded = load_release(client, load, options(name), with_odd_ones(), ledger)
        letters = list(ledger.refused())
        settled = ledger.before()
    assert (loaded.accepted, loaded.refused) == (198, 2)
    assert settled == EarlierProgress(Positions(((0, 199),)), refused=2)
    assert [(letter.position, letter.id) for letter in letters] == [(57, "x" * 513), (130, "id-130")]
    assert "512 bytes" in letters[0].reason and "dense" in letters[1].reason
    assert orjson.loads(letters[1].row)["title"] == "shoe 130"
    assert count(client, name) == 198


def test_what_was_settled_is_neither_encoded_nor_written_again(
    client: Cluster, words: LoadOnRay, name: str
) -> None:
    class Interrupted(Exception):
        pass

    def stop_in_the_middle(now: Progress) -> None:
        if now.accepted >= 200:
            raise Interrupted

    with Ledger() as ledger:
        with pytest.raises(Interrupted):
            load_release(client, words, options(name), items(800), ledger, progress=stop_in_the_middle)
        before = ledger.before()
        assert 200 <= before.accepted < 800
        release, loaded = load_release(
            client, words, options(name), items(800), ledger, release=f"{name}-v0001"
        )
        assert ledger.before() == EarlierProgress(Positions(((0, 799),)))
    assert (loaded.read, loaded.accepted, loaded.resumed) == (800, 800, before.accepted)
    assert loaded.encoded == 800 - before.accepted
    assert count(client, name) == 800 and release == f"{name}-v0001"


def test_a_node_that_goes_away_is_the_error_that_it_is_and_what_was_settled_stays(
    ray_here: object, client: Cluster, node_url: str, name: str
) -> None:
    impatient = RetryPolicy(deadline_s=1, first_wait_s=0.02, longest_wait_s=0.1, request_timeout_s=1)
    with FaultyProxy(node_url) as proxy, Ledger() as ledger:
        proxy.plan = lambda _: Down() if proxy.count("/_bulk") > 4 else None
        settings = ClusterSettings(url=proxy.url)
        with (
            ray_load(RAY, None, settings=settings) as load,
            pytest.raises(ClusterUnavailable, match="took no more requests for 1 s"),
        ):
            load_release(client, load, options(name, retry=impatient), items(800), ledger)
        client.indices.refresh(index=f"{name}-v0001")
        found = documents(client, f"{name}-v0001").keys()
        settled = ledger.before().settled
    assert {f"id-{position}" for position in range(800) if position in settled} <= found


def test_a_catalogue_without_items_ends(client: Cluster, words: LoadOnRay, name: str) -> None:
    with Ledger() as ledger:
        _, loaded = load_release(client, words, options(name), iter(()), ledger)
    assert (loaded.read, loaded.accepted, loaded.refused) == (0, 0, 0)


def test_a_reader_that_fails_is_the_error_that_it_is(client: Cluster, words: LoadOnRay, name: str) -> None:
    def broken() -> Iterator[Item]:
        yield from items(100)
        raise InputError("the file ends in the middle", fix="download it again")

    with Ledger() as ledger:
        with pytest.raises(InputError, match="ends in the middle"):
            load_release(client, words, options(name), broken(), ledger)
        assert ledger.before().accepted in (80, 100)


def test_no_password_in_what_ray_writes_down_and_no_reports(
    ray_here: object, client: Cluster, node_url: str, name: str
) -> None:
    settings = ClusterSettings(url=node_url, user="indexer", password=SecretStr(SECRET))
    with ray_load(RAY, None, settings=settings) as load, Ledger() as ledger:
        load_release(client, load, options(name), items(80), ledger)
    session = Path("/tmp/ray/session_latest").resolve()
    files = [path for path in session.rglob("*") if path.is_file()]
    assert any("worker" in path.name for path in files)
    assert [path.name for path in files if SECRET.encode() in path.read_bytes()] == []
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            assert SECRET not in " ".join([*process.cmdline(), *process.environ().values()])
            # Ray's reports to its makers are off.
            assert "UsageCollection" not in " ".join(process.cmdline())


@pytest.mark.parametrize("address", ["127.0.0.1:1", "not-an-address", "ray://127.0.0.1:10001"])
def test_an_address_where_no_cluster_is(address: str) -> None:
    with pytest.raises(InputError, match="Ray cluster"), ray_session(RayOptions(address=address)):
        pass


def test_a_ray_that_was_started_here_listens_on_loopback_alone(ray_here: object) -> None:
    listening = [
        connection.laddr.ip
        for process in psutil.Process().children(recursive=True)
        for connection in process.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN and "java" not in process.name()
    ]
    assert len(listening) > 3
    assert {ip for ip in listening if not ip_address(ip.removeprefix("::ffff:")).is_loopback} == set()


def test_more_workers_than_cores(ray_here: object) -> None:
    with pytest.raises(InputError, match="more than the 2 cores"), ray_session(RayOptions(workers=3)):
        pass
