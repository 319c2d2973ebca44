"""An encoder's report as Markdown: one sentence on gain and forgetting, then the tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from aisle.evaluation.encoders.judge import EncoderReport
from aisle.evaluation.encoders.quality import COMPARED, DEPTH, MAIN, METRICS, ChangeReport, WidthReport
from aisle.evaluation.report import markdown_table

_EXACT = "exact"
_LAST = METRICS[-1]


def to_markdown(report: EncoderReport) -> str:
    """The whole report."""
    parts = [
        f"# {report.name} ({report.fingerprint[:12]}, {report.precision}, {report.dims} dimensions)",
        f"{report.dataset}, {report.split}: {report.items:,} items, {report.queries:,} queries,"
        f" relevant = grade ≥ {report.relevant:g}",
    ]
    if any(change.main for change in report.changes):
        parts.append(f"**Against its base, {MAIN}: {verdict(report.changes)}**")
    parts.append("## Model loss and index loss")
    parts.append(_widths(report.widths))
    if report.changes:
        against = f"against {report.base}" if report.base else "without a base"
        parts += [f"## Forgetting, {against}", _changes(report.changes)]
    if report.costs:
        parts += ["## Cost", _costs(report)]
    if report.notes:
        parts.append("\n".join(f"- {note}" for note in report.notes))
    return "\n\n".join(parts) + "\n"


def verdict(changes: Sequence[ChangeReport]) -> str:
    """Such as ``homedepot +.120 (p = .0001); outside: icecat -.030 (p = .0200)``; empty without a base."""
    said = {True: [], False: []}  # type: dict[bool, list[str]]
    for change in changes:
        if change.main:
            said[change.outside].append(
                f"{change.dataset} {_signed(change.main.delta)} (p = {_number(change.main.p_value)})"
            )
    outside = [f"outside: {', '.join(said[True])}"] if said[True] else []
    return "; ".join([*said[False], *outside])


def _widths(widths: Sequence[WidthReport]) -> str:
    head = ["dims", "search", *METRICS, f"{_LAST} kept", f"overlap@{DEPTH}"]
    return markdown_table(head, [row for width in widths for row in _width_rows(width, widths[0])])


def _width_rows(width: WidthReport, widest: WidthReport) -> Iterator[list[str]]:
    dims = str(width.dims) if width.trained else f"{width.dims} (naive cut)"
    kept = f"{width.exact[_LAST] / widest.exact[_LAST]:.3f}" if widest.exact[_LAST] else ""
    yield [dims, _EXACT, *(_number(width.exact[metric]) for metric in METRICS), kept, ""]
    for graph in width.graphs:
        changes = [_signed(graph.change[metric]) for metric in METRICS]
        yield [dims, graph.engine, *changes, "", f"{graph.overlap:.4f}"]


def _changes(changes: Sequence[ChangeReport]) -> str:
    head = [
        "data",
        "",
        "queries",
        *(f"{m} {part}" for m in COMPARED for part in ("base", "model", "change", "p")),
    ]
    return markdown_table(head, [list(_change_row(change)) for change in changes])


def _change_row(change: ChangeReport) -> Iterator[str]:
    yield from (
        f"{change.dataset} {change.split}",
        "outside" if change.outside else "own",
        f"{change.queries:,}",
    )
    compared = {found.metric: found for found in change.comparisons}
    for metric in COMPARED:
        found = compared.get(metric)
        yield _number(change.base[metric]) if change.base is not None else ""
        yield _number(change.model[metric])
        yield from (_signed(found.delta), _number(found.p_value)) if found else ("", "")


def _costs(report: EncoderReport) -> str:
    own = report.costs[0]
    head = ["", "MB", "to it", "query p50 ms", "to it", "texts/s", "to it"]
    rows = [
        [
            cost.name,
            f"{cost.model_bytes / 1e6:.1f}",
            f"{cost.model_bytes / own.model_bytes:.2f}x",
            f"{cost.p50_ms:.2f}",
            f"{cost.p50_ms / own.p50_ms:.2f}x",
            f"{cost.texts_per_s:,.0f}",
            f"{cost.texts_per_s / own.texts_per_s:.2f}x",
        ]
        for cost in report.costs
    ]
    return markdown_table(head, rows)


def _number(value: float) -> str:
    return f"{value:.4f}"


def _signed(value: float) -> str:
    return f"{value:+.4f}"
