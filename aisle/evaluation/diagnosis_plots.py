"""Plots of a diagnosis, as PNG."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from io import BytesIO
from typing import TYPE_CHECKING, Final

import numpy as np

from aisle._environment import optional
from aisle.evaluation.codes import CodeReport
from aisle.evaluation.coverage import CoveredTargets
from aisle.evaluation.diagnosis import CandidateDiagnosis, SemanticIdDiagnosis

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_SIZE: Final = (7.0, 3.6)
_DOTS: Final = 110
_POINTS: Final = 60
"""Budgets at which coverage is drawn."""


def diagnosis_plots(diagnosis: SemanticIdDiagnosis) -> Mapping[str, bytes]:
    """File name to its content.

    Raises:
        MissingExtra: the extra ``train`` is not installed.
    """
    return {f"{name}.png": _png(figure) for name, figure in _figures(diagnosis)}


def _figures(diagnosis: SemanticIdDiagnosis) -> Iterator[tuple[str, Figure]]:
    if diagnosis.codes is not None:
        yield "levels", _levels(diagnosis.codes)
        if diagnosis.codes.affinity:
            yield "affinity", _affinity(diagnosis.codes)
    if diagnosis.candidates is not None:
        yield "coverage", _coverage(diagnosis.candidates.targets)
        yield "strata", _strata(diagnosis.candidates)
        yield "latency", _latency(diagnosis.candidates)


def _axes(heading: str) -> tuple[Figure, Axes]:
    # Without pyplot: nothing global, and no display.
    figure: Figure = optional("matplotlib.figure", extra="train").Figure(
        figsize=_SIZE, dpi=_DOTS, layout="constrained"
    )
    axes = figure.subplots()
    axes.set_title(heading)
    return figure, axes


def _png(figure: Figure) -> bytes:
    held = BytesIO()
    # Without the date and the version of the library, so that one diagnosis is one file.
    figure.savefig(held, format="png", metadata={"Software": None})
    return held.getvalue()


def _levels(report: CodeReport) -> Figure:
    figure, axes = _axes("How levels are used")
    places = np.arange(len(report.levels))
    axes.bar(places - 0.2, [one.utilisation for one in report.levels], 0.4, label="utilisation")
    axes.bar(places + 0.2, [one.perplexity for one in report.levels], 0.4, label="perplexity / size")
    axes.set_xticks(places, [f"level {one.level} ({one.size:,})" for one in report.levels])
    axes.set_ylim(0, 1.05)
    axes.legend()
    return figure


def _affinity(report: CodeReport) -> Figure:
    figure, axes = _axes("What is bought in a row shares a prefix")
    lengths = [one.length for one in report.affinity]
    axes.plot(lengths, [one.share for one in report.affinity], marker="o", label="measured")
    axes.plot(lengths, [one.chance for one in report.affinity], marker="o", label="by chance")
    axes.set_xticks(lengths)
    axes.set_xlabel("codes of the prefix")
    axes.set_ylabel("share of the steps")
    # A share may be 0.
    axes.set_yscale("symlog", linthresh=1e-5)
    axes.set_ylim(0, 1)
    axes.legend()
    return figure


def _coverage(targets: CoveredTargets) -> Figure:
    figure, axes = _axes("Targets among the candidates")
    budgets = np.unique(np.geomspace(1, max(2, targets.items), _POINTS).astype(np.int64))
    for channel in targets.ranks:
        shares = [targets.share(channel, int(budget)) for budget in budgets]
        axes.plot(budgets, shares, label=channel)
    axes.set_xscale("log")
    axes.set_xlabel("candidates in all")
    axes.set_ylabel("share of the users")
    axes.set_ylim(0, 1)
    axes.legend(fontsize="small")
    return figure


def _strata(found: CandidateDiagnosis) -> Figure:
    budget = found.budgets[0]
    figure, axes = _axes(f"Coverage of {budget:,} candidates by the target's takers")
    strata = found.targets.by_takers(budget)
    channels = list(found.targets.ranks)
    width = 0.8 / max(1, len(channels))
    places = np.arange(len(strata))
    for number, channel in enumerate(channels):
        shares = [held.shares[channel] for held in strata.values()]
        axes.bar(places + (number - (len(channels) - 1) / 2) * width, shares, width, label=channel)
    axes.set_xticks(places, list(strata))
    axes.set_ylim(0, 1)
    axes.legend(fontsize="small")
    return figure


def _latency(found: CandidateDiagnosis) -> Figure:
    figure, axes = _axes("A recommendation, median milliseconds")
    parts = list(found.milliseconds)
    axes.barh(parts, [found.milliseconds[part] for part in parts])
    axes.invert_yaxis()
    axes.set_xlabel("ms")
    return figure
