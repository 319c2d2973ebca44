"""``aisle plan``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

import aisle
from aisle._plan import TEXT_BYTES, Engine, VectorType
from aisle.cli.console import JsonOption, print_json

if TYPE_CHECKING:
    from aisle.indexer.capacity import Alternative, Plan
    from aisle.indexer.capacity.sources import Recall

GIB = 2**30


def print_plan(console: Console, plan: Plan) -> None:
    """The plan, the ways to keep vectors, what it rests on, and the flags."""
    for name, value in _lines(plan):
        console.print(f"{name:10} {value}", markup=False)
    if plan.request.has_vectors:
        console.print(_table(plan))
        console.print("Choose one with --vectors, here as in `aisle index`.", markup=False)
        console.print("None of the recalls was measured with 64 dimensions: measure your own.", markup=False)
    console.print("\nIt rests on:", markup=False)
    for number, assumption in enumerate(plan.assumptions, 1):
        said = f" [{assumption.source.title}]" if assumption.source else ""
        console.print(f"  {number}. {assumption.text}{said}", markup=False)
    console.print(f"\naisle index DATA --name NAME {' '.join(plan.flags)}", markup=False)


def size(number: int) -> str:
    """Bytes for people, in binary units."""
    for unit, least in (("TiB", GIB * 1024), ("GiB", GIB), ("MiB", 2**20)):
        if number >= least:
            return f"{number / least:,.1f} {unit}"
    return f"{number / 1024:,.1f} KiB"


def _lines(plan: Plan) -> list[tuple[str, str]]:
    asked, nodes, disk = plan.request, plan.nodes, plan.disk
    made = f"{plan.shards} primary, {asked.copies} copies each: {size(plan.shard_bytes)}"
    further = "".join(f" + {dims}" for dims in asked.float_dims)
    lines = [
        ("catalogue", f"{asked.docs:,} items, {asked.dims}{further} dimensions, replicas: {asked.replicas}"),
        ("shards", f"{made} and {plan.shard_docs:,} items in each"),
        ("nodes", f"{nodes.count} of {size(asked.node_memory)} memory; decided by {nodes.bound.value}"),
        ("heap", f"{size(nodes.heap)} on each node; {size(nodes.vectors)} are left for vectors"),
        (
            "disk",
            f"{size(disk.to_provide)} in all, {size(-(-disk.to_provide // nodes.count))} on each node,"
            f" {asked.keep} older kept",
        ),
        (
            "",
            f"of it {size(disk.primary)} for one copy, {size(disk.at_rest)} at rest,"
            f" {size(disk.at_peak)} while indexing",
        ),
    ]
    if asked.has_vectors:
        memory = plan.memory
        lines.append(
            ("vectors", f"{size(memory.one_copy)} of memory for one copy, {size(memory.all_copies)} in all")
        )
    return lines


def _table(plan: Plan) -> Table:
    table = Table(
        *("vectors as", "memory, all copies", "disk, one copy", "nodes", "published recall@100"),
        title_justify="left",
    )
    for way in plan.vectors:
        table.add_row(
            way.kept_as.value, size(way.all_copies), size(way.primary), str(way.nodes), _recalls(way)
        )
    return table


def _recalls(way: Alternative) -> str:
    return "\n".join(map(_recall, way.recall))


def _recall(found: Recall) -> str:
    return f"{found.small:.2f} for {found.full:.2f} ({found.data}, {found.dims} d)"


def plan(
    docs: Annotated[str, typer.Option(help="Number of items, such as 826402, 10k, 100M or 2B.")],
    dim: Annotated[int, typer.Option("--dim", "--dims", help="Vector width; 0 plans for words only.")] = 64,
    m: Annotated[int, typer.Option("--m", help="Links per vector of the HNSW graph.")] = 16,
    replicas: Annotated[int, typer.Option(help="Copies of each shard beside the primary.")] = 1,
    keep: Annotated[int, typer.Option(help="Older releases to keep for rollback.")] = 1,
    engine: Annotated[
        Engine, typer.Option(help="k-NN engine of the cluster; `aisle status` shows it.")
    ] = Engine.FAISS,
    vectors: Annotated[
        VectorType, typer.Option("--vectors", help="What vectors are kept as.")
    ] = VectorType.FP32,
    item_dims: Annotated[
        int, typer.Option("--item-dims", help="Width of item vectors, as `aisle index --recommender` says.")
    ] = 0,
    head_dims: Annotated[
        int,
        typer.Option(
            "--head-dims", help="Width of each head's vector, as `aisle index --item-to-item` says."
        ),
    ] = 0,
    bytes_per_doc: Annotated[
        int, typer.Option("--bytes-per-doc", help="Bytes of one document on disk, without its vector.")
    ] = TEXT_BYTES,
    node_memory: Annotated[str, typer.Option("--node-memory", help="Memory of one data node.")] = "64GiB",
    node_disk: Annotated[
        str | None, typer.Option("--node-disk", help="Disk of one data node. Default: as much as needed.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Size a cluster for a catalogue: shards, nodes, heap, disk and memory for vectors.

    No cluster is contacted. Each number comes with the assumption behind it.

    Examples:

        aisle plan --docs 100M --dim 64 --replicas 1

        aisle plan --docs 100M --dim 256 --vectors byte

        aisle plan --docs 1M --item-dims 384

        aisle plan --docs 1M --head-dims 64

        aisle plan --docs 10k --replicas 0 --engine lucene --node-memory 8GiB

        aisle plan --docs 2B --dim 128 --node-memory 128GiB --node-disk 4TB --json
    """
    found = aisle.plan(
        docs,
        dims=dim,
        m=m,
        replicas=replicas,
        keep=keep,
        engine=engine,
        vectors=vectors,
        item_dims=item_dims,
        head_dims=head_dims,
        bytes_per_doc=bytes_per_doc,
        node_memory=node_memory,
        node_disk=node_disk,
    )
    if as_json:
        print_json(found.to_json())
    else:
        print_plan(Console(highlight=False, soft_wrap=True), found)
