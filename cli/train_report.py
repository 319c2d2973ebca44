"""What ``aisle train encoder`` says when it is done."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from cli.export_report import as_dict as export_as_dict
from cli.export_report import print_report as print_export

if TYPE_CHECKING:
    from training.dense.trained import TrainedEncoder
    from training.export.export import ExportReport


def as_dict(trained: TrainedEncoder, exported: ExportReport) -> dict[str, Any]:
    """The report as plain JSON: what the export says, and the training run."""
    run = {
        "folder": str(trained.folder),
        "seconds": trained.seconds,
        "device": trained.device,
        "precision": trained.precision,
        "stages": [asdict(record) for record in trained.history],
    }
    return {**export_as_dict(exported), "training": run}


def print_report(trained: TrainedEncoder, exported: ExportReport, console: Console) -> None:
    """A table of the stages, then the export's."""
    table = Table("stage", "rows", "steps", "loss, first to last", "minutes")
    for record in trained.history:
        losses = [loss for _, loss in record.losses]
        fall = f"{losses[0]:.3f} to {losses[-1]:.3f}" if losses else ""
        table.add_row(
            record.name, f"{record.rows:,}", f"{record.steps:,}", fall, f"{record.seconds / 60:.1f}"
        )
    console.print(table)
    console.print(
        f"trained on {trained.device} in {trained.precision}; the torch model is in {trained.folder}"
    )
    print_export(exported, console)
