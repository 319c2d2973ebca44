"""Judges an encoder: quality per width and search, cost, and what it forgot against its base."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from aisle._files import whole_file
from aisle.encoder import ArtifactStore, Manifest
from aisle.encoder.dense import KIND, DenseEncoder
from aisle.encoder.export import Progress
from aisle.evaluation.encoders.cost import Cost, measure_cost
from aisle.evaluation.encoders.exact import Neighbours
from aisle.evaluation.encoders.quality import (
    ChangeReport,
    Encoded,
    WidthReport,
    change_report,
    check_widths,
    encode,
    judge_widths,
)
from aisle.evaluation.encoders.tasks import Judged, check_task


@dataclass(frozen=True, slots=True)
class EncoderReport:
    """What an encoder is worth: quality per width, cost, and change against its base.

    Attributes:
        name, fingerprint, precision, dims: of the artifact.
        dataset, split: what it was judged on.
        items, queries: how many items there are, and how many queries with a relevant one.
        relevant: the lowest grade that counts as relevant.
        widths: quality per width: the model's loss, and the index's.
        costs: the artifact's own first, then its fp32 peers; empty if nothing was timed.
        base: name and fingerprint (12 digits) of the model it is compared with; empty without one.
        changes: against the base, first on its own data, then outside; empty if neither was given.
        notes: what the reader must know, one line each.
    """

    name: str
    fingerprint: str
    precision: str
    dims: int
    dataset: str
    split: str
    items: int
    queries: int
    relevant: float
    widths: tuple[WidthReport, ...]
    costs: tuple[Cost, ...]
    base: str
    changes: tuple[ChangeReport, ...]
    notes: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        plain = {name: getattr(self, name) for name in self.__slots__}
        return plain | {
            "widths": [width.to_json() for width in self.widths],
            "costs": [cost.to_json() for cost in self.costs],
            "changes": [change.to_json() for change in self.changes],
            "notes": list(self.notes),
        }

    def to_bytes(self) -> bytes:
        """The JSON, indented."""
        return orjson.dumps(self.to_json(), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)

    def write(self, path: Path) -> None:
        """Write the JSON, whole or not at all."""
        with whole_file(path) as file:
            file.write(self.to_bytes())


@dataclass(frozen=True, slots=True)
class JudgeOptions:
    """How to judge an encoder.

    Attributes:
        widths: to judge; none: the full width and 64.
        relevant: lowest grade that counts as relevant.
        graphs: name to an approximate search that is compared with exact search; none by default.
        timed_texts: number of catalogue texts for the throughput figure; 0 leaves all timing out.
        weights: the checkpoint behind the artifact, to time its fp32 peers in the same run; None: no peers.
    """

    widths: tuple[int, ...] = ()
    relevant: float = 2
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
    """Judge an encoder on its own task, and compare it with its base there and on tasks outside.

    Each text is encoded once per encoder, at full width; narrower vectors are cut from these.

    Args:
        encoder: a loaded artifact.
        task: of the domain it is meant for.
        options: widths, graphs and timing, default ``JudgeOptions()``.
        base: what it was trained from; without it, gain and forgetting stay unknown.
        outside: tasks of other domains.
        progress: receives a line before each step.

    Raises:
        InputError: a width that the model does not have, or weights that are not its own.
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


def open_pair(
    ref: str | Path, base: str | Path | None, store: ArtifactStore
) -> tuple[DenseEncoder, DenseEncoder | None]:
    """Load an artifact and its base: the one named, else ``find_base``'s, None if there is none.

    Raises:
        ArtifactNotFound: nothing goes by that reference.
        ArtifactCorrupt: one of them is damaged, or does not run alike on this machine.
    """
    encoder = DenseEncoder.load(ref, store=store)
    found = base if base is not None else find_base(encoder.manifest, store)
    return encoder, DenseEncoder.load(found, store=store) if found is not None else None


def find_base(manifest: Manifest, store: ArtifactStore) -> Path | None:
    """The artifact, in this store, of the untrained model that ``manifest``'s model was trained from.

    Of several, the one of the same precision is taken, then the newest.

    Returns:
        Its folder; None if it is not in the store, or the model was not trained at all.
    """
    if not manifest.data_hash:
        return None
    wanted = _short(base_model(manifest))
    found = [
        (folder, other)
        for folder, other in store.list()
        if other.kind == KIND and not other.data_hash and wanted in (_short(other.base_model), other.name)
    ]
    found.sort(key=lambda pair: pair[1].precision != manifest.precision)
    return found[0][0] if found else None


def base_model(manifest: Manifest) -> str:
    """The model that training began with: its settings tell, else where the weights come from."""
    return str(manifest.training.get("base") or manifest.base_model)


def _short(model: str) -> str:
    """The model's own name: a hub id and a packaged model of that name are the same weights."""
    return model.rstrip("/").rpartition("/")[2]
