"""Judges an encoder: quality per width and search, cost, and what it forgot against its base."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from encoder.dense import DenseEncoder
from training.export.judged import Judged
from training.judge.cost import Cost, measure_cost
from training.judge.encoded import Encoded, encode
from training.judge.exact_search import Neighbours
from training.judge.forgetting import ChangeReport, change_report
from training.judge.report import EncoderReport
from training.judge.tasks import check_task
from training.judge.widths import WidthReport, check_widths, judge_widths

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class JudgeOptions:
    """Attributes:
    widths: to judge, see ``check_widths``.
    relevant: lowest grade that counts as relevant.
    graphs: name to an approximate search that is held against exact search; none by default.
    timed_texts: catalogue texts of the throughput figure; 0 leaves all timing out.
    weights: the checkpoint behind the artifact; times its fp32 peers in the same run, see ``measure_cost``.
    """

    widths: tuple[int, ...] = ()
    relevant: int = 2
    graphs: Mapping[str, Neighbours] = field(default_factory=dict)
    timed_texts: int = 1000
    weights: str | None = None


def judge_encoder(
    encoder: DenseEncoder,
    task: Judged,
    options: JudgeOptions | None = None,
    *,
    base: DenseEncoder | None = None,
    outside: Sequence[Judged] = (),
    progress: Progress = lambda _: None,
) -> EncoderReport:
    """Judge an encoder on its own task, and against its base there and on tasks outside.

    Each text is encoded once per encoder, at full width; narrower vectors are cut from these.

    Args:
        encoder: a loaded artifact.
        task: the domain it is for.
        options: see there.
        base: what it was trained from; without it gain and forgetting stay unknown.
        outside: tasks of other domains.
        progress: takes a line before each step.

    Raises:
        InputError: a width that the model has not, or weights that are not its own.
        EvaluationError: a task that cannot be scored.
        MissingExtra: from a search in ``options.graphs``, or for ``options.weights``.
    """
    options = options or JudgeOptions()
    widths = check_widths(encoder.manifest, options.widths)
    for one in (task, *outside):
        check_task(one, options.relevant)
    encoded = _encode(encoder, task, options, progress)
    judged = _widths(encoded, encoder, widths, options, progress)
    changes = _changes(encoder, base, encoded, outside, options, progress)
    return EncoderReport(
        name=encoder.manifest.name,
        fingerprint=encoder.fingerprint,
        precision=encoder.manifest.precision,
        dims=encoder.dims,
        dataset=task.judged.name,
        split=task.judged.split,
        items=len(task.ids),
        queries=len(encoded.query_ids),
        relevant=options.relevant,
        widths=judged,
        costs=_costs(encoder, task, options, progress),
        base=f"{base.manifest.name} ({base.fingerprint[:12]})" if base is not None else "",
        changes=tuple(changes),
        notes=tuple(_notes(encoder, base, judged)),
    )


def _encode(encoder: DenseEncoder, task: Judged, options: JudgeOptions, progress: Progress) -> Encoded:
    progress(f"{encoder.manifest.name}: encoding {len(task.ids):,} items of {task.judged.name}")
    return encode(encoder, task, options.relevant)


def _widths(
    encoded: Encoded,
    encoder: DenseEncoder,
    widths: Sequence[int],
    options: JudgeOptions,
    progress: Progress,
) -> tuple[WidthReport, ...]:
    progress(f"searching at {', '.join(map(str, widths))} dimensions: exact, {', '.join(options.graphs)}")
    return tuple(judge_widths(encoded, encoder.manifest, widths, options.graphs))


def _changes(
    encoder: DenseEncoder,
    base: DenseEncoder | None,
    own: Encoded,
    outside: Sequence[Judged],
    options: JudgeOptions,
    progress: Progress,
) -> Iterator[ChangeReport]:
    if base is not None:
        yield change_report(own, _encode(base, own.task, options, progress), outside=False)
    for task in outside:
        ours = _encode(encoder, task, options, progress)
        theirs = _encode(base, task, options, progress) if base is not None else None
        yield change_report(ours, theirs, outside=True)


def _costs(
    encoder: DenseEncoder, task: Judged, options: JudgeOptions, progress: Progress
) -> tuple[Cost, ...]:
    if not options.timed_texts:
        return ()
    progress("timing")
    queries = [query.text for query in task.judged.queries]
    return measure_cost(encoder, queries, task.sample(options.timed_texts), options.weights)


def _notes(encoder: DenseEncoder, base: DenseEncoder | None, widths: Sequence[WidthReport]) -> Iterator[str]:
    manifest = encoder.manifest
    naive = [str(width.dims) for width in widths if not width.trained]
    if naive:
        trained = ", ".join(map(str, manifest.widths or (manifest.dims,)))
        yield f"not trained for {', '.join(naive)} dimensions (trained for {trained}): a naive cut"
    if base is None:
        yield f"no base to compare with (of {manifest.base_model}): gain and forgetting are not known"
    elif base.fingerprint == encoder.fingerprint:
        yield "the base is this very artifact"
