"""What ``aisle index`` says when it is done."""

from __future__ import annotations

from rich.console import Console

from cli.common import printable
from indexer import DeadLetters, IndexReport
from workflows.index_dry_run import DryRun
from workflows.replay import ReplayReport


def print_indexed(console: Console, report: IndexReport, letters: DeadLetters) -> None:
    """Of a run."""
    console.print(
        f"{report.name} is now {report.release}: {report.documents:,} documents in {report.seconds:,.1f} s"
        f" ({report.docs_per_s:,.0f} a second)",
        highlight=False,
    )
    if report.resumed:
        console.print(f"  {report.resumed:,} of them were there before it was resumed", highlight=False)
    _print_letters(console, letters)


def print_dry_run(console: Console, would: DryRun, letters: DeadLetters) -> None:
    """Of a run that only looked."""
    instead = f" in place of {would.replaces}" if would.replaces else ""
    pruned = f"; {', '.join(would.prunes)} would be deleted" if would.prunes else ""
    vectors = ", ".join(would.encoder.values()) or "words alone"
    console.print(
        f"{would.name} would be {would.release}{instead}: {would.documents:,} documents"
        f" ({vectors}; k-NN engine {would.engine}){pruned}",
        highlight=False,
        markup=False,
    )
    _print_letters(console, letters)


def print_replayed(console: Console, report: ReplayReport, letters: DeadLetters) -> None:
    """Of dead letters that were sent again."""
    console.print(f"{report.documents:,} dead letters are in {report.release} now", highlight=False)
    _print_letters(console, letters)


def _print_letters(console: Console, letters: DeadLetters) -> None:
    for reason, times in letters.reasons.most_common():
        console.print(f"  set aside: {times:,} x {printable(reason)}", markup=False, highlight=False)
    if letters.count:
        console.print(f"  they are in {letters.path}", markup=False, highlight=False)
