"""``aisle plan``."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from cli.common import JsonOption, print_json
from cli.plan_report import print_plan
from indexer.planner import Engine, PlanRequest, parse_bytes, parse_count
from indexer.planner import plan as planned
from indexer.planner.disk import TEXT_BYTES


def plan(
    docs: Annotated[str, typer.Option(help="Items, such as 826402, 10k, 100M or 2B.")],
    dim: Annotated[int, typer.Option("--dim", help="Width of the vectors; 0 plans for words alone.")] = 64,
    m: Annotated[int, typer.Option("--m", help="Links per vector of the HNSW graph.")] = 16,
    replicas: Annotated[int, typer.Option(help="Further copies of each shard.")] = 1,
    keep: Annotated[int, typer.Option(help="Older releases to keep.")] = 1,
    engine: Annotated[
        Engine, typer.Option(help="k-NN engine of the cluster, see `aisle status`.")
    ] = Engine.FAISS,
    bytes_per_doc: Annotated[
        int, typer.Option("--bytes-per-doc", help="On disk, without its vector. Default: as measured.")
    ] = TEXT_BYTES,
    node_memory: Annotated[str, typer.Option("--node-memory", help="Of one data node.")] = "64GiB",
    node_disk: Annotated[
        str | None, typer.Option("--node-disk", help="Of one data node. Default: whatever it takes.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Size a cluster for a catalogue: shards, nodes, heap, disk and memory for vectors.

    Nothing is asked of a cluster. Every number comes with what it rests on.

    Examples:

        aisle plan --docs 100M --dim 64 --replicas 1

        aisle plan --docs 10k --replicas 0 --engine lucene --node-memory 8GiB

        aisle plan --docs 2B --dim 128 --node-memory 128GiB --node-disk 4TB --json
    """
    found = planned(
        PlanRequest(
            docs=parse_count(docs),
            dims=dim,
            m=m,
            replicas=replicas,
            keep=keep,
            engine=engine,
            text_bytes=bytes_per_doc,
            node_memory=parse_bytes(node_memory),
            node_disk=parse_bytes(node_disk) if node_disk is not None else None,
        )
    )
    if as_json:
        print_json(found.to_json())
    else:
        print_plan(Console(highlight=False, soft_wrap=True), found)
