"""Model loss and index loss, told apart: exact search judges the model, a graph beside it only the graph."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from encoder.manifest import Manifest
from records import InputError
from training.judge.encoded import DEPTH, METRICS, Encoded
from training.judge.exact_search import Neighbours, exact_neighbours, mean_overlap


@dataclass(frozen=True, slots=True)
class GraphReport:
    """An approximate search of the same vectors.

    Attributes:
        engine: its name.
        change: metric to its mean less that of exact search: what the index loses (or, by luck, wins).
        overlap: mean share of the exact ``DEPTH`` best that it found, in [0, 1].
    """

    engine: str
    change: Mapping[str, float]
    overlap: float


@dataclass(frozen=True, slots=True)
class WidthReport:
    """One width.

    Attributes:
        dims: of the vectors.
        trained: the model was trained to be used at this width; else it is a naive cut.
        exact: metric to mean by exact search: what the model is worth.
        graphs: what each approximate search loses against that.
    """

    dims: int
    trained: bool
    exact: Mapping[str, float]
    graphs: tuple[GraphReport, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        graphs = [{"engine": g.engine, "change": dict(g.change), "overlap": g.overlap} for g in self.graphs]
        return {"dims": self.dims, "trained": self.trained, "exact": dict(self.exact), "graphs": graphs}


def check_widths(manifest: Manifest, widths: Sequence[int]) -> tuple[int, ...]:
    """The widths to judge; the full one and, if the model is wider, 64, unless some are asked for.

    Raises:
        InputError: the model has no such width.
    """
    wanted = tuple(widths) or tuple(dict.fromkeys((manifest.dims, min(64, manifest.dims))))
    for width in wanted:
        if not 1 <= width <= manifest.dims:
            raise InputError(
                f"{manifest.name} has {manifest.dims} dimensions, not {width}",
                fix=f"ask for widths of 1 to {manifest.dims}",
            )
    return wanted


def judge_widths(
    encoded: Encoded, manifest: Manifest, widths: Sequence[int], graphs: Mapping[str, Neighbours]
) -> Iterator[WidthReport]:
    """Judge the same vectors at each width, as each is asked for.

    Args:
        encoded: a task's vectors.
        manifest: of the model that made them.
        widths: see ``check_widths``.
        graphs: name to an approximate search.
    """
    for dims in widths:
        best = encoded.rankings(exact_neighbours, dims)
        exact = encoded.score(best, "exact").means()
        reports = []
        for engine, search in graphs.items():
            found = encoded.rankings(search, dims)
            means = encoded.score(found, "graph").means()
            change = {metric: means[metric] - exact[metric] for metric in METRICS}
            reports.append(GraphReport(engine, change, mean_overlap(found, best, DEPTH)))
        yield WidthReport(dims, dims in (manifest.dims, *manifest.widths), exact, tuple(reports))
