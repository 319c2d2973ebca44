"""What a run of ``aisle index`` shows: its progress, and its reports."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import Progress as Bars
from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn

from aisle.cli.console import notice, print_choices, progress_console
from aisle.cli.reading import print_dead_letters, print_reading, print_rows, rows_line

if TYPE_CHECKING:
    from aisle._preview import DryRun
    from aisle.indexer import IndexReport, Progress
    from aisle.indexer.options import KeptVectors
    from aisle.indexer.replay import ReplayReport
    from aisle.indexer.suggestions.report import SuggestionReport
    from aisle.mappings import ItemSpaces


# Where nobody watches a bar, so often a line says that the run goes on.
_LINE_EVERY_S = 10.0


@contextmanager
def index_progress(shown: Console | None) -> Iterator[Callable[[Progress], None]]:
    """One line: documents, documents a second, dead letters, repeated requests.

    It is renewed in place in a terminal; elsewhere there is one now and then. After an error it says where
    the rows went.

    Args:
        shown: takes what is read as what, as soon as that is known; None: nobody.
    """
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    console, said = progress_console(), monotonic()
    latest: list[Progress] = []
    try:
        with Bars(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:
            line = bars.add_task("starting")

            def show(now: Progress) -> None:
                nonlocal said
                if not latest and now.reading and shown:
                    print_reading(shown, now.reading)
                latest[:] = [now]
                bars.update(line, description=_described(now))
                if not console.is_terminal and monotonic() - said > _LINE_EVERY_S:
                    said = monotonic()
                    console.print(f"{now.seconds:,.0f} s: {_described(now)}", highlight=False, soft_wrap=True)

            yield show
    except BaseException:
        for now in latest:
            if now.rows and now.rows.rows:
                notice(rows_line(now.rows))
        raise


def _described(now: Progress) -> str:
    rate = (now.accepted - now.resumed) / now.seconds if now.seconds else 0.0
    parts = [f"{now.accepted:,} documents", f"{rate:,.0f}/s"]
    if aside := now.rejected + now.refused:
        parts.append(f"{aside:,} set aside")
    if now.retries:
        parts.append(f"{now.retries:,} requests repeated")
    return ", ".join(parts)


def print_languages(console: Console, languages: str) -> None:
    """That the texts are searched in."""
    if languages:
        console.print(f"  language: {languages}", highlight=False, markup=False, soft_wrap=True)


def print_indexed(console: Console, report: IndexReport) -> None:
    """Of a run."""
    became = (
        f"{report.release} is staged, {report.name} as it was"
        if report.staged
        else f"{report.name} is now {report.release}"
    )
    console.print(
        f"{became}: {report.documents:,} documents in {report.seconds:,.1f} s"
        f" ({report.docs_per_s:,.0f} a second)",
        highlight=False,
        soft_wrap=True,
    )
    if report.resumed:
        console.print(f"  {report.resumed:,} of them were there before it was resumed", highlight=False)
    if report.suggestions:
        print_suggestions(console, report.suggestions)
    if report.vectors:
        print_vectors(console, report.vectors)
    print_item_spaces(console, report.item_spaces)
    print_languages(console, report.languages)
    if report.rows:
        print_rows(console, report.rows)
    print_dead_letters(console, report.dead_letters, report.examples, report.dead_letters_file)


def print_vectors(console: Console, kept: KeptVectors) -> None:
    """As what they are kept, and what was chosen from."""
    clipped = f"; {kept.clipped:,} of their numbers were clipped" if kept.clipped else ""
    console.print(
        f"  vectors: {kept.dims} dimensions, kept as {kept.kept_as.value}{clipped}",
        highlight=False,
        soft_wrap=True,
    )
    print_choices(console, kept.choices)


def print_item_spaces(console: Console, found: ItemSpaces) -> None:
    """What it recommends items and relates them by."""
    said = []
    if space := found.recommends:
        parts = " (router and texts)" if space.text_dims else " (router)"
        vectors = f"item vectors of {space.dims} dimensions" if space.dims else "no item vectors"
        ids = f", semantic IDs of {space.levels} codes" if space.levels else ""
        said.append(f"recommends by {space.name}: {vectors}{parts if space.router else ''}{ids}")
    if relates := found.relates:
        said.append(f"relates items by {relates.name}: two vectors of {relates.dims} dimensions")
    for line in said:
        console.print(f"  {line}", highlight=False, markup=False, soft_wrap=True)


def print_suggestions(console: Console, made: SuggestionReport) -> None:
    """What can be suggested, and what may not be."""
    console.print(
        f"  suggestions: {made.popular:,} popular queries, {made.titles:,} phrases of titles,"
        f" {made.categories:,} categories, {made.brands:,} brands",
        highlight=False,
        soft_wrap=True,
    )
    for reason, number in sorted(made.dropped.items(), key=lambda dropped: -dropped[1]):
        console.print(f"    not suggested, {reason}: {number:,} queries", highlight=False)


def print_dry_run(console: Console, would: DryRun) -> None:
    """Of a run that only looked."""
    print_reading(console, would.reading)
    instead = f" in place of {would.replaces}" if would.replaces else ""
    pruned = f"; {', '.join(would.prunes)} would be deleted" if would.prunes else ""
    vectors = ", ".join(would.encoder.values()) or "words alone"
    console.print(
        f"{would.name} {'would not go live as' if would.stopped else 'would be'} {would.release}{instead}:"
        f" {would.documents:,} documents ({vectors}; k-NN engine {would.engine}){pruned}",
        highlight=False,
        markup=False,
        soft_wrap=True,
    )
    if would.vectors:
        print_vectors(console, would.vectors)
    print_item_spaces(console, would.item_spaces)
    print_languages(console, would.languages)
    print_rows(console, would.rows)
    print_dead_letters(console, would.dead_letters, would.examples, would.dead_letters_file)


def print_replayed(console: Console, report: ReplayReport) -> None:
    """Of dead letters that were sent again."""
    console.print(f"{report.documents:,} dead letters are in {report.release} now", highlight=False)
    print_dead_letters(console, report.dead_letters, report.examples, report.dead_letters_file)
