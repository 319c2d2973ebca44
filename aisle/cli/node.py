"""``aisle up``, ``down``, ``status`` and ``logs``: a real OpenSearch node without Docker."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from aisle._node import cluster_status, libraries_hint, log_lines, start_node, stop_node
from aisle.cli.console import JsonOption, print_json

NodeName = Annotated[str, typer.Option("--name", help="Name of the node.")]


def up(
    name: NodeName = "aisle",
    port: Annotated[int, typer.Option(help="HTTP port on 127.0.0.1; 0 takes any free port.")] = 0,
    heap: Annotated[
        int | None, typer.Option(min=128, help="Java heap in MiB. Default: 2048, less on small machines.")
    ] = None,
    data: Annotated[
        Path | None, typer.Option(help="Folder for the node's data. Default: under AISLE_HOME.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Start an OpenSearch node that keeps running. The first start downloads about 100 MB.

    Examples:

        aisle up

        aisle up --name second --port 9201 --heap 2048 --data ./node-data
    """
    record = start_node(name, port=port, heap_mib=heap, folder=data)
    if json:
        print_json(asdict(record))
    else:
        typer.echo(
            f"OpenSearch {record.version} is up at {record.url} (node {name}, data in {record.folder})"
        )


def down(name: NodeName = "aisle", json: JsonOption = False) -> None:
    """Stop a node started by `aisle up`. Its data are kept.

    Examples:

        aisle down

        aisle down --name second
    """
    record, ran = stop_node(name)
    if json:
        print_json({"name": name, "stopped": ran})
    else:
        typer.echo(
            f"node {name} {'is stopped' if ran else 'had ended already'}; data stay in {record.folder}"
        )


def status(json: JsonOption = False) -> None:
    """Show the cluster's version, plugins, and which k-NN engines really work.

    Examples:

        aisle status

        AISLE_URL=https://search.example:9200 aisle status --json
    """
    report = cluster_status()
    if json:
        print_json(report)
    else:
        for key, value in report.items():
            typer.echo(f"{key:14} {', '.join(map(str, value)) if isinstance(value, list | tuple) else value}")


def logs(
    name: NodeName = "aisle",
    lines: Annotated[int, typer.Option("-n", "--lines", min=1, help="Number of lines.")] = 50,
    follow_log: Annotated[
        bool, typer.Option("--follow", "-f", help="Keep printing as lines are written.")
    ] = False,
) -> None:
    """Print the last log lines of a node started by `aisle up`.

    Examples:

        aisle logs -n 20

        aisle logs --name second --follow
    """
    for line in log_lines(name, lines, follow_on=follow_log):
        typer.echo(line)
    # Stack frames may have pushed the lines that count out of those asked for.
    for line in libraries_hint(name).splitlines():
        typer.echo(line, err=True)
