"""``aisle index``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from catalogue import ReadOptions, parse_map, read_catalogue
from cli.common import JsonOption, NameOption, print_json
from cli.index_progress import index_progress
from cluster import connect
from encoder import ArtifactStore
from indexer import IndexOptions, IndexReport, RetryPolicy, SharedRejects, index_catalogue
from workflows.index_folder import item_encoder

WORDS_ONLY = "none"


def index(
    data: Annotated[
        str, typer.Argument(help="JSON lines, CSV or Parquet, a BEIR or ESCI folder, or hub:OWNER/NAME.")
    ],
    name: NameOption,
    encoder: Annotated[
        str, typer.Option(help=f"Artifact: a path, a name or a fingerprint; {WORDS_ONLY}: words alone.")
    ] = "all-MiniLM-L6-v2",
    dims: Annotated[
        int | None, typer.Option(min=1, help="Width of the vectors. Default: as the model was made for.")
    ] = None,
    form: Annotated[str, typer.Option("--format", help="Format of the data.")] = "auto",
    columns: Annotated[str, typer.Option("--map", help="Columns, as in title=name,id=sku.")] = "",
    locale: Annotated[str, typer.Option(help="Only rows of this locale (ESCI).")] = "",
    limit: Annotated[int | None, typer.Option(min=1, help="Stop after so many items.")] = None,
    shards: Annotated[int, typer.Option(min=1)] = 1,
    replicas: Annotated[int, typer.Option(min=0)] = 0,
    force_merge: Annotated[bool, typer.Option("--force-merge", help="One segment per shard.")] = False,
    keep: Annotated[int, typer.Option(min=0, help="Older releases to keep.")] = 1,
    max_refused: Annotated[
        float, typer.Option(min=0, max=1, help="Share of documents that OpenSearch may refuse.")
    ] = 0.01,
    patience: Annotated[
        float, typer.Option(min=1, help="Seconds to wait for a node that does not answer.")
    ] = 120,
    rejects: Annotated[
        Path | None, typer.Option(help="Where bad rows go. Default: NAME-rejects.jsonl, here.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Index a catalogue into a new release and make it live in one step.

    Bad rows are set aside with their line and reason. After an error or Ctrl-C, what is live is as it was.

    Examples:

        aisle index data/homedepot --name shop

        aisle index products.csv --name shop --map title=name,id=sku --force-merge

        aisle index products.parquet --name shop --encoder none --json
    """
    options = IndexOptions(
        name=name,
        shards=shards,
        replicas=replicas,
        force_merge=force_merge,
        keep=keep,
        max_refused_share=max_refused,
        retry=RetryPolicy(deadline_s=patience),
    )
    reading = ReadOptions(format=form, columns=parse_map(columns), locale=locale, limit=limit)
    client = connect()
    with SharedRejects(rejects or Path(f"{name}-rejects.jsonl")) as rejected:
        items = read_catalogue(data, reading, rejected)
        vectors = item_encoder(ArtifactStore.default(), None if encoder == WORDS_ONLY else encoder, dims)
        with index_progress(rejected) as progress:
            report = index_catalogue(
                client, items, vectors, options, refuse=rejected.refuse, progress=progress
            )
    if as_json:
        print_json({**report.to_json(), "rejects": dict(rejected.reasons)})
    else:
        _print(Console(), report, rejected)


def _print(console: Console, report: IndexReport, rejected: SharedRejects) -> None:
    console.print(
        f"{report.name} is now {report.release}: {report.documents:,} documents in {report.seconds:,.1f} s"
        f" ({report.docs_per_s:,.0f} a second)",
        highlight=False,
    )
    for reason, times in rejected.reasons.most_common():
        console.print(f"  set aside: {times:,} x {reason}", markup=False, highlight=False)
    if rejected.count:
        console.print(f"  they are in {rejected.path}", markup=False, highlight=False)
