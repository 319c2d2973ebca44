"""What ``aisle encoder export`` says when it is done."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from training.export.export import ExportReport
    from training.export.fidelity import Fidelity


def as_dict(report: ExportReport) -> dict[str, Any]:
    """The report as plain JSON."""
    return {
        "path": str(report.path),
        "fingerprint": report.manifest.fingerprint,
        "manifest": report.manifest.model_dump(mode="json"),
        "fidelity": asdict(report.fidelity) if report.fidelity else None,
    }


def print_report(report: ExportReport, console: Console) -> None:
    """The report as a table."""
    table = Table(show_header=False, box=None)
    table.add_row("artifact", str(report.path))
    table.add_row("fingerprint", report.manifest.fingerprint)
    for label, value in _figures(report.fidelity) if report.fidelity else []:
        table.add_row(label, value)
    console.print(table)


def _figures(found: Fidelity) -> list[tuple[str, str]]:
    rows = [
        ("size, INT8 to fp32", f"{found.size_ratio:.3f}"),
        ("cosine to fp32", f"mean {found.cosine_mean:.4f}, least {found.cosine_min:.4f} (1,000 texts)"),
        ("p50 of a query", f"{found.p50_ms:.2f} ms, fp32 onnxruntime {found.p50_fp32_ms:.2f} ms"),
    ]
    if found.p50_torch_ms is None:
        rows.append(("p50 fp32 torch", "not measured: torch and sentence-transformers are not installed"))
    else:
        ratio = found.p50_torch_ms / found.p50_ms
        rows.append(("p50 fp32 torch", f"{found.p50_torch_ms:.2f} ms, {ratio:.1f} times as long"))
    if found.ndcg is not None and found.ndcg_fp32 is not None:
        change = found.ndcg - found.ndcg_fp32
        rows.append(("nDCG@10", f"{found.ndcg:.4f}, fp32 {found.ndcg_fp32:.4f} ({change:+.4f})"))
    return rows
