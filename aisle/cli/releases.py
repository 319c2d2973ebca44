"""``aisle releases``: see, compare, promote, go back, clean up."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer
from rich import box
from rich.console import Console
from rich.table import Table

import aisle
from aisle._printable import printable
from aisle._releases import USUAL_EXAMPLES, no_releases
from aisle.cli.console import JsonOption, print_json, progress_console

if TYPE_CHECKING:
    from aisle._releases import ReleaseDiff, ReleaseRow


def cells(row: ReleaseRow) -> Iterator[str]:
    """A release as the cells of a table."""
    yield row.release
    yield row.state
    yield "?" if row.documents is None else f"{row.documents:,}"
    yield "?" if row.size_bytes is None else f"{row.size_bytes / 1e6:,.1f} MB"
    # Two words, so that a narrow terminal breaks between the day and the hour.
    yield row.created[:16].replace("T", " ")
    yield ", ".join(f"{field}: {model}" for field, model in row.encoders.items()) or "words alone"
    yield "?" if row.schema_version is None else str(row.schema_version)


def diff_lines(found: ReleaseDiff) -> Iterator[str]:
    """A comparison as lines for people."""
    documents = found.documents
    yield f"{found.before} → {found.after}"
    yield (
        f"documents: {documents.added:,} added, {documents.removed:,} removed, {documents.changed:,} changed,"
        f" {documents.same:,} the same"
    )
    for kind, ids in (("added", documents.added_ids), ("removed", documents.removed_ids)):
        if ids:
            yield f"  {kind}: {', '.join(ids)}"
    for identity, names in documents.changed_fields.items():
        yield f"  changed: {identity} ({', '.join(names)})"
    for part, differences in found.index.items():
        yield f"{part}: {'no difference' if not differences else ''}"
        for path, (old, new) in differences.items():
            yield f"  {path}: {old} → {new}"


app = typer.Typer(no_args_is_help=True)

_NAME = Annotated[str, typer.Argument(help="Name of the catalogue, such as shop.", show_default=False)]
_DRY_RUN = Annotated[bool, typer.Option("--dry-run", help="Show what would happen; change nothing.")]
_WAIT = Annotated[float, typer.Option(min=0, help="Seconds to wait for another run on this catalogue.")]


@app.callback()
def releases() -> None:
    """List, compare, promote, roll back and delete releases.

    Examples:

        aisle releases list shop

        aisle releases rollback shop
    """


@app.command("list")
def list_all(name: _NAME, as_json: JsonOption = False) -> None:
    """List the releases of a catalogue, oldest first.

    Examples:

        aisle releases list shop

        aisle releases list shop --json
    """
    rows = aisle.list_releases(name)
    if not rows:
        raise no_releases(name)
    if as_json:
        print_json([row.to_json() for row in rows])
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    for column in ("release", "state"):
        table.add_column(column, no_wrap=True)
    for column in ("documents", "size"):
        table.add_column(column, justify="right", no_wrap=True)
    for column in ("created", "encoders", "schema"):
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*cells(row))
    Console().print(table)


@app.command()
def diff(
    name: _NAME,
    before: Annotated[str, typer.Argument(help="Earlier release, such as shop-v0001.")],
    after: Annotated[str, typer.Argument(help="Later release, such as shop-v0002.")],
    examples: Annotated[
        int, typer.Option(min=0, help="Ids to show for each kind of difference.")
    ] = USUAL_EXAMPLES,
    as_json: JsonOption = False,
) -> None:
    """Compare two releases: documents (vectors left out), mapping, settings, models and pipelines.

    Examples:

        aisle releases diff shop shop-v0001 shop-v0002

        aisle releases diff shop shop-v0001 shop-v0002 --examples 100 --json
    """
    with progress_console().status("comparing"):
        found = aisle.diff_releases(name, before, after, examples=examples)
    if as_json:
        print_json(found.to_json())
        return
    for line in diff_lines(found):
        Console().print(printable(line), markup=False, highlight=False, soft_wrap=True)


@app.command()
def rollback(
    name: _NAME,
    to: Annotated[
        str | None,
        typer.Option(help="Release to make live. Default: the newest older release that is complete."),
    ] = None,
    rules: Annotated[
        bool,
        typer.Option(
            "--rules/--keep-rules", help="Also the rules that were live last while that release was."
        ),
    ] = True,
    dry_run: _DRY_RUN = False,
    wait: _WAIT = 0,
    as_json: JsonOption = False,
) -> None:
    """Make an older release live again with its models and rules. Later updates stay in the withdrawn one.

    Examples:

        aisle releases rollback shop --dry-run

        aisle releases rollback shop --keep-rules

        aisle releases rollback shop --to shop-v0003
    """
    done = aisle.rollback(name, to, rules=rules, dry_run=dry_run, wait_s=wait)
    if as_json:
        print_json(done.to_json())
        return
    now = "is now" if done.done else "would be"
    Console().print(f"{name} {now} {done.live}{_was(done.withdrawn)}", highlight=False)
    _say_models(done.served_with)
    if done.rules is not None:
        Console().print(f"its rules: {f'version {done.rules}' if done.rules else 'none'}", highlight=False)


@app.command()
def promote(
    name: _NAME,
    release: Annotated[
        str | None, typer.Argument(help="A staged release. Default: the only one.", show_default=False)
    ] = None,
    replacing: Annotated[
        str | None,
        typer.Option(metavar="RELEASE", help="Only while this one is live, which a gate held it against."),
    ] = None,
    dry_run: _DRY_RUN = False,
    wait: _WAIT = 0,
    as_json: JsonOption = False,
) -> None:
    """Make a staged release live, in one step. What was live stays, to roll back to.

    Examples:

        aisle releases promote shop

        aisle releases promote shop shop-v0008 --replacing shop-v0007

        aisle releases promote shop shop-v0008 --dry-run
    """
    done = aisle.promote(name, release, replacing=replacing, dry_run=dry_run, wait_s=wait)
    if as_json:
        print_json(done.to_json())
        return
    now = "is now" if done.done else "would be"
    Console().print(f"{name} {now} {done.live}{_was(done.replaced)}", highlight=False)
    _say_models(done.served_with)


@app.command()
def bind(
    name: Annotated[
        str, typer.Argument(help="A release, or the catalogue: its live one.", show_default=False)
    ],
    ranker: Annotated[
        str | None, typer.Option(metavar="REF", help="Ranker of `aisle train ranker`, or none.")
    ] = None,
    rerank: Annotated[
        str | None, typer.Option(metavar="REF", help="Reranker, or several: small:100,large:20; or none.")
    ] = None,
    preferences: Annotated[
        str | None, typer.Option(metavar="REF", help="Preferences of `aisle train preferences`, or none.")
    ] = None,
    dry_run: _DRY_RUN = False,
    wait: _WAIT = 0,
    as_json: JsonOption = False,
) -> None:
    """Make models part of a release: searches of it use them, and they come and go with it.

    Examples:

        aisle releases bind shop-v0008 --ranker shop

        aisle releases bind shop-v0008 --ranker none --rerank small:100,large:20 --dry-run
    """
    done = aisle.bind_models(
        name, ranker=ranker, reranker=rerank, preferences=preferences, dry_run=dry_run, wait_s=wait
    )
    if as_json:
        print_json(done.to_json())
        return
    now = "is" if done.done or done.before == done.after else "would be"
    models = ", ".join(done.after.texts) or "no models of its own"
    Console().print(f"{done.release} {now} served with {printable(models)}", highlight=False, soft_wrap=True)


@app.command()
def log(name: _NAME, as_json: JsonOption = False) -> None:
    """Show what was indexed, staged, promoted and rolled back, when and by whom. Oldest first.

    Examples:

        aisle releases log shop

        aisle releases log shop --json
    """
    entries = aisle.release_log(name)
    if not entries:
        raise no_releases(name)
    if as_json:
        print_json([entry.to_json() for entry in entries])
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    for column in ("when", "what", "release", "before", "by", "with"):
        table.add_column(column, overflow="fold")
    for entry in entries:
        told = (entry.at.replace("T", " "), entry.action, entry.release, entry.before, entry.by, entry.note)
        table.add_row(*map(printable, told))
    Console().print(table)


def _say_models(models: tuple[str, ...]) -> None:
    if models:
        Console().print(f"its models: {printable('; '.join(models))}", highlight=False, soft_wrap=True)


def _was(release: str) -> str:
    return f" (it was {release})" if release else ""


@app.command()
def prune(
    name: _NAME,
    keep: Annotated[int, typer.Option(min=0, help="Complete releases to keep beside the live one.")],
    unfinished: Annotated[
        bool,
        typer.Option("--unfinished", help="Also delete the one that `aisle index --resume` could continue."),
    ] = False,
    dry_run: _DRY_RUN = False,
    wait: _WAIT = 0,
    as_json: JsonOption = False,
) -> None:
    """Delete old, withdrawn and abandoned releases. The live and the newest release always stay.

    Examples:

        aisle releases prune shop --keep 1 --dry-run

        aisle releases prune shop --keep 1
    """
    done = aisle.prune_releases(name, keep, unfinished=unfinished, dry_run=dry_run, wait_s=wait)
    if as_json:
        print_json(done.to_json())
        return
    doomed = ", ".join(done.deleted) or "nothing"
    Console().print(f"{'deleted' if done.done else 'would delete'}: {doomed}", highlight=False)
    Console().print(
        f"{done.live or 'nothing'} is live; kept: {', '.join(done.kept) or 'nothing'}", highlight=False
    )
