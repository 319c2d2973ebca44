"""Model loss and index loss, told apart: exact search judges the model, a graph beside it only the graph."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from aisle.encoder.artifact import Manifest
from aisle.encoder.dense import cut
from aisle.errors import InputError
from aisle.evaluation.encoders.exact import Floats, Neighbours, exact_neighbours, mean_overlap
from aisle.evaluation.encoders.tasks import Judged
from aisle.evaluation.metrics import Scores, answerable, evaluate
from aisle.evaluation.runs import Run
from aisle.evaluation.significance import Comparison, compare

METRICS = ("nDCG@10", "nDCG@20", "R@10", "R@200")
DEPTH = 200
"""R@200 needs 200 results."""

Rankings = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Encoded:
    """A task's vectors: its items, and its queries that can be scored.

    Attributes:
        task: what was encoded.
        relevant: the lowest grade that counts as relevant.
        query_ids: the queries that have a relevant item, in the order of ``queries``.
        items, queries: float32 unit rows, [n, full] and [q, full].
    """

    task: Judged
    relevant: float
    query_ids: tuple[str, ...]
    items: Floats
    queries: Floats

    def rankings(self, search: Neighbours, dims: int | None = None) -> dict[str, list[str]]:
        """The ``DEPTH`` best items of each query, found by ``search`` at a width (None: the full one)."""
        found = search(cut(self.queries, dims), cut(self.items, dims), self.task.ids, DEPTH)
        return dict(zip(self.query_ids, found, strict=True))

    def score(self, rankings: Rankings, name: str) -> Scores:
        """``METRICS`` of rankings, per query."""
        return evaluate(Run(name, rankings), self.task.judged.qrels, METRICS, relevant=self.relevant)


class TextEncoder(Protocol):
    """Turns queries and items into vectors: an encoder of an artifact, or one that is still in training."""

    def encode_items(self, texts: Sequence[str]) -> Floats:
        """float32 [n, full], unit rows."""

    def encode_queries(self, texts: Sequence[str]) -> Floats:
        """float32 [n, full], unit rows."""


def encode(encoder: TextEncoder, task: Judged, relevant: float = 2) -> Encoded:
    """Encode a task's catalogue and its scorable queries."""
    wanted = answerable(task.judged.qrels, relevant)
    queries = [query for query in task.judged.queries if query.id in wanted]
    return Encoded(
        task=task,
        relevant=relevant,
        query_ids=tuple(query.id for query in queries),
        items=encoder.encode_items(task.texts),
        queries=encoder.encode_queries([query.text for query in queries]),
    )


@dataclass(frozen=True, slots=True)
class GraphReport:
    """What an approximate search loses on the same vectors.

    Attributes:
        engine: name of the search.
        change: metric to its mean minus that of exact search: what the index loses (or, by luck, gains).
        overlap: mean share of the exact best ``DEPTH`` items that it found, in [0, 1].
    """

    engine: str
    change: Mapping[str, float]
    overlap: float


@dataclass(frozen=True, slots=True)
class WidthReport:
    """Quality at one width of the vectors.

    Attributes:
        dims: the width.
        trained: whether the model was trained to be used at this width; if not, it is a naive cut.
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
    """The widths to judge: those asked for, else the full width and, if the model is wider than that, 64.

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


def parse_widths(text: str) -> tuple[int, ...]:
    """Widths from ``384,64``, widest first; none from an empty text.

    Raises:
        InputError: not a list of whole numbers above 0.
    """
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not all(part.isdecimal() and int(part) > 0 for part in parts):
        raise InputError(f"--widths {text!r} are no widths", fix="write them like --widths 384,64")
    return tuple(sorted({int(part) for part in parts}, reverse=True))


def judge_widths(
    encoded: Encoded, manifest: Manifest, widths: Sequence[int], graphs: Mapping[str, Neighbours]
) -> Iterator[WidthReport]:
    """Judge the same vectors at each width, one after another as the reports are taken.

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


MAIN = "nDCG@10"
COMPARED = (MAIN, "R@200")


@dataclass(frozen=True, slots=True)
class ChangeReport:
    """Model against base on one judged set, each at its full width, by exact search.

    Attributes:
        dataset, split: where; queries: over how many.
        outside: whether this is outside the model's own domain, where a fall is what it forgot.
        model: metric to mean.
        base: the same of the base; None without one.
        comparisons: model minus base, with a p-value, for each metric in ``COMPARED``; empty without a base.
    """

    dataset: str
    split: str
    queries: int
    outside: bool
    model: Mapping[str, float]
    base: Mapping[str, float] | None
    comparisons: tuple[Comparison, ...]

    @property
    def main(self) -> Comparison | None:
        """The comparison by ``MAIN``, None without a base."""
        return next((c for c in self.comparisons if c.metric == MAIN), None)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON, without the queries one by one."""
        return {
            "dataset": self.dataset,
            "split": self.split,
            "queries": self.queries,
            "outside": self.outside,
            "model": dict(self.model),
            "base": dict(self.base) if self.base is not None else None,
            "comparisons": [
                {"metric": c.metric, "delta": c.delta, "p": c.p_value, "wins": c.wins, "losses": c.losses}
                for c in self.comparisons
            ],
        }


def change_report(model: Encoded, base: Encoded | None, *, outside: bool) -> ChangeReport:
    """Compare two encodings of one task (paired randomisation test, ``aisle.evaluation.significance``)."""
    ours = _scores(model, "model")
    theirs = _scores(base, "base") if base is not None else None
    return ChangeReport(
        dataset=model.task.judged.name,
        split=model.task.judged.split,
        queries=ours.queries,
        outside=outside,
        model=ours.means(),
        base=theirs.means() if theirs is not None else None,
        comparisons=tuple(compare(theirs, ours, metric) for metric in COMPARED) if theirs is not None else (),
    )


def _scores(encoded: Encoded, name: str) -> Scores:
    return encoded.score(encoded.rankings(exact_neighbours), name)
