"""``aisle artifacts``: releases on record, in a folder or an object store."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich import box
from rich.console import Console
from rich.table import Table

import aisle
from aisle._printable import printable
from aisle._registry import USUAL_KEEP
from aisle.cli.console import JsonOption, notice, print_json, progress_console

if TYPE_CHECKING:
    from aisle._registry import Contents, ReleaseManifest

app = typer.Typer(no_args_is_help=True)

_NAME = Annotated[str, typer.Argument(help="Name of the catalogue, such as shop.", show_default=False)]
_REGISTRY = Annotated[
    str | None,
    typer.Option(
        "--registry",
        "-r",
        metavar="WHERE",
        help="A folder, or s3://bucket/path. Default: AISLE_REGISTRY.",
        show_default=False,
    ),
]


@app.callback()
def artifacts() -> None:
    """Record what releases are served with, in a folder or an S3-compatible store.

    Examples:

        aisle artifacts push shop --registry s3://models/aisle

        aisle artifacts pull shop --registry s3://models/aisle

        aisle artifacts gc --registry s3://models/aisle --dry-run
    """


@app.command()
def push(
    name: _NAME,
    registry: _REGISTRY = None,
    release: Annotated[str | None, typer.Option(help="A finished release. Default: the live one.")] = None,
    rerank: Annotated[
        str | None,
        typer.Option(metavar="REF", help="The reranker of `aisle serve --rerank`, if there is one."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Record what a release is served with: artifacts, fusion, rules, synonyms, suggestions, index, lineage.

    Examples:

        aisle artifacts push shop --registry s3://models/aisle

        aisle artifacts push shop --release shop-v0006 --registry /mnt/models --json
    """
    with progress_console().status("copying what is not there yet"):
        done = aisle.push_release(name, registry, release=release, reranker=rerank)
    if as_json:
        print_json(done.to_json())
        return
    _say(f"{done.manifest.release} is on record as {done.manifest.fingerprint[:12]}")
    for line in _bound(done.manifest):
        _say(f"  {line}")
    _say(f"{len(done.written)} written ({done.size / 1e6:,.1f} MB), {len(done.there)} were there")


@app.command()
def pull(
    name: _NAME,
    registry: _REGISTRY = None,
    release: Annotated[
        str | None,
        typer.Option(help="A release on record, or a record's fingerprint. Default: the newest record."),
    ] = None,
    texts: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Write its manifest, rules and synonyms here, too."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Bring the artifacts of a release to this machine. Every digest is checked; what is here stays.

    Examples:

        aisle artifacts pull shop --registry s3://models/aisle

        aisle artifacts pull shop --release shop-v0006 --texts shop-v0006
    """
    with progress_console().status("fetching"):
        done = aisle.pull_release(name, registry, release=release, texts=texts)
    if as_json:
        print_json(done.to_json())
        return
    _say(f"{done.manifest.release}, recorded {done.manifest.created} as {done.manifest.fingerprint[:12]}")
    for role, path in done.artifacts.items():
        _say(f"  {role}: {path} ({'fetched' if role in done.fetched else 'was there'})")
    if texts is not None:
        _say(f"  manifest, rules and synonyms: {texts}")


@app.command("list")
def list_all(registry: _REGISTRY = None, as_json: JsonOption = False) -> None:
    """List the releases on record, and what of one is gone. Ends with 1 if something is.

    Examples:

        aisle artifacts list --registry s3://models/aisle

        aisle artifacts list --json
    """
    found = aisle.list_registry(registry)
    if as_json:
        print_json(found.to_json())
    else:
        Console().print(_table(found))
        for one in found.releases:
            if one.problem:
                progress_console().print(
                    f"warning: {printable(one.key)}: {printable(one.problem)}", markup=False
                )
    if found.problems:
        raise typer.Exit(1)


@app.command()
def gc(
    registry: _REGISTRY = None,
    keep: Annotated[
        int, typer.Option(min=0, help="Of each catalogue, so many releases that are gone stay on record.")
    ] = USUAL_KEEP,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would go; change nothing.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Remove records of releases that the cluster no longer holds, and artifacts that only they bind.

    What is live, or was last where nothing is, what a rollback could go to, and what is of another cluster
    always stays.

    Examples:

        aisle artifacts gc --registry s3://models/aisle --dry-run

        aisle artifacts gc --registry s3://models/aisle --keep 2
    """
    done = aisle.clean_registry(registry, keep=keep, dry_run=dry_run)
    if as_json:
        print_json(done.to_json())
        return
    for key in (*done.releases, *done.artifacts, *done.texts):
        _say(f"{'removed' if done.done else 'would remove'} {key}")
    for key in done.lost:
        notice(f"{key} stays: its index is gone, and it was live last. Delete it there if nobody needs it")
    _say(
        f"{_counted(len(done.releases), 'release')}, {_counted(len(done.artifacts), 'artifact')}"
        f" ({done.size / 1e6:,.1f} MB), {_counted(len(done.texts), 'text')}"
        f" {'removed' if done.done else 'would go'}; {_counted(done.kept, 'release')}"
        f" {'stays' if done.kept == 1 else 'stay'}"
    )


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _bound(manifest: ReleaseManifest) -> list[str]:
    """What a manifest binds, a line each."""
    lines = [f"{one.role}: {one.name} {one.fingerprint[:12]}" for one in manifest.artifacts]
    if manifest.rules:
        lines.append(f"rules: {manifest.rules.lines:,} {manifest.rules.fingerprint[:12]}")
    if manifest.synonyms:
        lines.append(f"synonyms: {manifest.synonyms.lines:,} {manifest.synonyms.fingerprint[:12]}")
    lines.append(f"fusion: {'tuned' if manifest.fusion else 'the default'}")
    lines.append(f"suggestions: {'yes' if manifest.suggestions else 'no'}")
    lines.append(f"index: {manifest.documents:,} documents, schema {manifest.index.schema_version}")
    from_ = manifest.lineage
    code = from_.commit[:12] or from_.aisle or "unknown"
    lines.append(
        f"lineage: data {from_.data[:12] or 'unknown'}, code {code}, after {from_.parent or 'nothing'}"
    )
    return lines


def _table(found: Contents) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    for column in ("release", "record"):
        table.add_column(column, no_wrap=True)
    for column in ("recorded", "served with", "after"):
        table.add_column(column, overflow="fold")
    for one in found.releases:
        if one.manifest is None:
            table.add_row(printable(one.key), "?", "", one.problem, "")
            continue
        held = one.manifest
        names = ", ".join(bound.name for bound in held.artifacts) or "words alone"
        table.add_row(
            printable(held.release),
            held.fingerprint[:12],
            held.created[:16].replace("T", " "),
            names,
            printable(held.lineage.parent),
        )
    return table


def _say(line: str) -> None:
    Console().print(printable(line), markup=False, highlight=False, soft_wrap=True)
