"""Two ways to search from asyncio: the client in threads, and opensearch-py's own asyncio client."""

from __future__ import annotations

import asyncio
import json
import random
import statistics
import subprocess
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Annotated, Any, Final

import typer

from aisle.catalogue import ReadOptions, read_catalogue
from aisle.cluster import Cluster
from aisle.encoder.base import QueryEncoder
from aisle.evaluation import read_judged_set
from aisle.indexer import IndexOptions, index_catalogue
from aisle.search import Bm25Leg, DenseLeg, Question, SearchClient, SearchRequest
from aisle.search.aio import AsyncSearchClient
from aisle.search.arrangement import pinned
from aisle.search.documents import DocumentsRequest, documents_body, read_documents
from aisle.search.identifiers import exact_body, read_exact
from aisle.search.legs import QueryEncoders
from aisle.search.page import SignalBook
from aisle.search.plan import SearchSettings, resolve
from aisle.search.preflight import Preflight
from aisle.search.ranking import candidates_params, plan_body, read_ranking
from aisle.types import Hit
from benchmarks.harness.parts import dataset, encoder_of_items, load_encoder, own_node

DIMS: Final = 64
WINDOW: Final = 100
TASKS: Final = (1, 8)
THREADS: Final = "AsyncSearchClient (threads)"
ASYNC: Final = "AsyncOpenSearch, encoder on the loop"
ASYNC_THREAD: Final = "AsyncOpenSearch, encoder in a thread"

Ask = Callable[[str], Awaitable[Sequence[Hit]]]


class AsyncOpenSearchWay:
    """A search through ``opensearchpy.AsyncOpenSearch`` with the pure parts of ``aisle.search``.

    It has what a plain search needs and no more: no second attempt, no correction, no reranking.
    """

    def __init__(self, url: str, name: str, encoder: QueryEncoder, *, encode_in_thread: bool) -> None:
        # Only there where aiohttp is installed.
        from opensearchpy import AsyncOpenSearch

        self._client = AsyncOpenSearch(url, pool_maxsize=10)
        self._encoders = QueryEncoders(encoder)
        legs = (Bm25Leg(), DenseLeg())
        self._settings = SearchSettings({leg.name: leg for leg in legs}, WINDOW, typos=True, exact=True)
        self._index = Preflight(Cluster(url), name, self._encoders)
        self._name = name
        self._in_thread = encode_in_thread

    async def search(self, text: str) -> Sequence[Hit]:
        request = SearchRequest(text)
        plan = resolve(request, self._settings, self._index.live())
        self._index.check(plan.live, plan.legs, plan.fusion)
        named = None
        if plan.lookup:
            body = exact_body(plan.text, plan.numbers, plan.spaced, ())
            named = read_exact(await self._client.search(index=self._name, body=body))
        if self._in_thread:
            vectors = await asyncio.to_thread(self._encoders.vectors, plan.text, plan.legs, plan.live.meta)
        else:
            vectors = self._encoders.vectors(plan.text, plan.legs, plan.live.meta)
        question = Question(plan.text, vectors, plan.clauses, plan.window)
        answer = await self._client.search(
            index=self._name,
            body=plan_body(plan, question, spelling=plan.spelling),
            params=candidates_params(plan.fusion),
        )
        ranking = read_ranking(plan, question, answer, 0.0)
        ranking = pinned(ranking, named) if named else ranking
        shown = ranking.fused[: request.size]
        asked = DocumentsRequest([fused.id for fused in shown])
        answer = await self._client.search(index=ranking.release, body=documents_body(asked))
        items = read_documents(answer, asked).items
        book = SignalBook(ranking.spec, ranking.results)
        return tuple(
            Hit(items[fused.id], rank, fused.score, book.of(fused)) for rank, fused in enumerate(shown, 1)
        )

    async def close(self) -> None:
        await self._client.close()


@dataclass(frozen=True, slots=True)
class Round:
    """One way's part of one round.

    Attributes:
        way, tasks: what was asked, by so many tasks at a time.
        ms: per search, as its task saw it.
        per_s: searches a second.
        cpu_ms: of this process, per search.
    """

    way: str
    tasks: int
    ms: tuple[float, ...]
    per_s: float
    cpu_ms: float


async def one_round(way: str, ask: Ask, texts: Sequence[str], tasks: int) -> Round:
    """Ask every text once, by so many tasks that share them."""
    left = iter(texts)
    took: list[float] = []

    async def work() -> None:
        for text in left:
            started = time.perf_counter()
            await ask(text)
            took.append((time.perf_counter() - started) * 1000)

    cpu, started = time.process_time(), time.perf_counter()
    await asyncio.gather(*(work() for _ in range(tasks)))
    wall = time.perf_counter() - started
    return Round(way, tasks, tuple(took), len(took) / wall, (time.process_time() - cpu) * 1000 / len(took))


def search_async(
    queries: Annotated[int, typer.Option(min=10, help="Searches per round.")] = 200,
    rounds: Annotated[int, typer.Option(min=1, help="Rounds of each way, in shuffled turns.")] = 10,
    limit: Annotated[int, typer.Option(min=100, help="Products of homedepot to index.")] = 5_000,
) -> None:
    """Print medians of both ways at 1 and 8 tasks, as JSON. Needs aiohttp, which Aisle does not install.

    Examples:

        pip install aiohttp && python -m benchmarks.search_latency.from_asyncio
    """
    data, model = dataset("homedepot"), load_encoder()
    judged = [query.text for query in read_judged_set(data, "dev").queries]
    with own_node() as node:
        items = read_catalogue(data, ReadOptions(limit=limit))
        name = index_catalogue(node.client, items, encoder_of_items(model, DIMS), IndexOptions("async")).name
        shop = SearchClient(node.client, name, model, window=WINDOW)
        # The trial of AsyncOpenSearch corrects nothing.
        right = (text for text in judged if shop.search(text).corrected is None)
        texts = list(islice(right, queries))
        found = asyncio.run(_measure(node.url, name, model, texts, rounds))
    summary = {"cpu": _cpu(), "queries": len(texts), "rounds": rounds, "rows": _rows(found)}
    typer.echo(json.dumps(summary, indent=1))


async def _measure(
    url: str, name: str, model: QueryEncoder, texts: Sequence[str], rounds: int
) -> list[Round]:
    client = Cluster(url, pool_maxsize=10)
    shop = SearchClient(client, name, model, window=WINDOW)
    inline = AsyncOpenSearchWay(url, name, model, encode_in_thread=False)
    threaded = AsyncOpenSearchWay(url, name, model, encode_in_thread=True)
    found: list[Round] = []
    async with AsyncSearchClient(shop) as aio:

        async def in_threads(text: str) -> Sequence[Hit]:
            return (await aio.search(text)).hits

        ways: dict[str, Ask] = {THREADS: in_threads, ASYNC: inline.search, ASYNC_THREAD: threaded.search}
        for text in texts:
            hits = [await ask(text) for ask in ways.values()]
            if any(each != hits[0] for each in hits):
                raise SystemExit(f"the ways disagree on {text!r}")
        turns = [(way, tasks) for way in ways for tasks in TASKS]
        shuffle = random.Random(0)
        for _ in range(rounds):
            shuffle.shuffle(turns)
            for way, tasks in turns:
                found.append(await one_round(way, ways[way], texts, tasks))
    for each in (inline, threaded):
        await each.close()
    client.close()
    return found


def _rows(found: Sequence[Round]) -> list[dict[str, Any]]:
    rows = []
    for way, tasks in dict.fromkeys((each.way, each.tasks) for each in found):
        own = [each for each in found if (each.way, each.tasks) == (way, tasks)]
        rows.append(
            {
                "way": way,
                "tasks": tasks,
                "p50_ms": round(statistics.median(ms for each in own for ms in each.ms), 2),
                "p95_ms": round(statistics.quantiles((ms for each in own for ms in each.ms), n=20)[-1], 2),
                "per_s": round(statistics.median(each.per_s for each in own), 1),
                "cpu_ms": round(statistics.median(each.cpu_ms for each in own), 2),
            }
        )
    return sorted(rows, key=lambda row: (row["tasks"], row["way"]))


def _cpu() -> str:
    listed = subprocess.run(["lscpu"], capture_output=True, text=True, check=True).stdout
    model = next(line.partition(":")[2].strip() for line in listed.splitlines() if "Model name" in line)
    flags = next(line for line in listed.splitlines() if line.startswith("Flags"))
    known = [flag for flag in ("avx2", "avx512_vnni", "avx512_bf16", "amx_int8") if flag in flags.split()]
    cores = next(line.partition(":")[2].strip() for line in listed.splitlines() if line.startswith("CPU(s)"))
    return f"{model}, {cores} cores, {' '.join(known)}"


if __name__ == "__main__":
    typer.run(search_async)
