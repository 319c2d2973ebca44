"""Models from a shop's own data. All of it needs the extra ``train``, and imports it only when called."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING

from aisle._environment import optional
from aisle._tracking import tracked
from aisle.encoder import ArtifactStore
from aisle.errors import InputError

if TYPE_CHECKING:
    from aisle.encoder.export import ExportReport
    from aisle.training.common.progress import Progress, ProgressLines
    from aisle.training.cross_encoder.reranker import TrainedReranker
    from aisle.training.dense.train import TrainedEncoder
    from aisle.training.sparse.settings import QuerySide
    from aisle.training.sparse.train import TrainedSparse


def train_encoder(
    *,
    data: str | Path | None = None,
    reviews: str | Path | None = None,
    sequences: str | Path | None = None,
    held_out: str | Path | None = None,
    name: str = "encoder",
    base: str = "all-MiniLM-L6-v2",
    revision: str | None = None,
    masked: bool = False,
    titles: bool = True,
    epochs: float | str | Sequence[float] = 1.0,
    rounds: int = 2,
    distill: bool = False,
    work: str | Path | None = None,
    resume: bool = False,
    seed: int = 7,
    measure: bool = True,
    store: ArtifactStore | None = None,
    progress: Progress | None = None,
) -> tuple[TrainedEncoder, ExportReport]:
    """Train a dense encoder on judgments, reviews or sequences, and export it as an INT8 artifact.

    Example:
        >>> trained, exported = aisle.train_encoder(data="judged", name="my-encoder")
        >>> aisle.index("products.csv", "shop", encoder="my-encoder")

    Args:
        data: BEIR folder; its split ``train`` is learned from. Name exactly one of ``data``, ``reviews`` and
            ``sequences``.
        reviews: folder of reviews (``train.jsonl``, ``items.jsonl``).
        sequences: folder of user sequences and a catalogue.
        held_out: BEIR folder whose split ``dev`` is kept out of the training; INT8 is compared with
            fp32 there.
        name: of the artifact.
        base: model to begin with: a folder, a hub id, the name of a packaged model or of a training.
        revision: branch, tag or commit of the base on the hub.
        masked: learn only from reviews without their item's words: the hard task.
        titles: begin with pseudo-queries from titles.
        epochs: of the labelled pairs; several numbers, or "4,1,1", are several runs, averaged.
        rounds: of mining hard negatives and training.
        distill: end with a cross-encoder teacher.
        work: folder of the run; None: ``training/NAME`` under ``AISLE_HOME``.
        resume: continue the run in the work folder; what is finished is not trained again.
        seed: of everything that is drawn.
        measure: compare INT8 with fp32 after training.
        store: where the artifact goes; None: the one under ``AISLE_HOME``.
        progress: is told of stages, steps and remarks; None: nobody is.

    Returns:
        How the training went, and the exported artifact.

    Raises:
        InputError: bad data, a base that cannot be exported, or a work folder of another run.
        MissingExtra: the extra ``train`` is not installed.
    """
    _need_training()
    from aisle.training.common.progress import Silent
    from aisle.training.dense.settings import TrainingSettings, parse_epochs, recipe
    from aisle.training.dense.train import EncoderJob

    stages = recipe(titles=titles, rounds=rounds, distill=distill, epochs=parse_epochs(epochs))
    job = EncoderJob(
        data=_path(data),
        reviews=_path(reviews),
        sequences=_path(sequences),
        masked=masked,
        held_out=_path(held_out),
        name=name,
        work=_path(work),
        settings=TrainingSettings(base=base, revision=revision, stages=stages, seed=seed),
    )
    with tracked("encoder", name) as run:
        trained, exported = job.run(
            store or ArtifactStore.default(), resume=resume, measure=measure, progress=progress or Silent()
        )
        run.made(exported.path)
        run.losses({stage.name: stage.losses for stage in trained.history})
    return trained, exported


def train_sparse(
    data: str | Path,
    *,
    held_out: str | Path | None = None,
    name: str = "sparse",
    base: str = "all-MiniLM-L6-v2",
    revision: str | None = None,
    query_side: str = "inference_free",
    titles: int = 1,
    epochs: int = 1,
    flops: float = 0.03,
    work: str | Path | None = None,
    resume: bool = False,
    seed: int = 13,
    measure: bool = True,
    store: ArtifactStore | None = None,
    progress: Progress | None = None,
) -> tuple[TrainedSparse, ExportReport]:
    """Train a sparse encoder on judgments, and export it as an INT8 artifact.

    Example:
        >>> trained, exported = aisle.train_sparse("judged", name="my-sparse")
        >>> aisle.index("products.csv", "shop", sparse="my-sparse")

    Args:
        data: BEIR folder; its split ``train`` is learned from.
        held_out: BEIR folder whose queries of split ``dev`` are kept out of the training.
        name: of the artifact.
        base: what to begin with: a model, or the name of a run of `aisle.train_encoder`.
        revision: branch, tag or commit of the base on the hub.
        query_side: weights of a query's tokens: "inference_free" looks them up, "model" computes them.
        titles: epochs of pseudo-queries from titles, before the pairs.
        epochs: times that every pair is seen.
        flops: penalty on weights: more of it, fewer tokens an item.
        work: folder of the run; None: ``training/NAME`` under ``AISLE_HOME``.
        resume: continue the run in the work folder; what is finished is not trained again.
        seed: of everything that is drawn.
        measure: compare INT8 with fp32 after training.
        store: where the artifact goes; None: the one under ``AISLE_HOME``.
        progress: is told of stages, steps and remarks; None: nobody is.

    Returns:
        How the training went, and the exported artifact.

    Raises:
        InputError: bad data, a base that cannot be exported, or a work folder of another run.
        MissingExtra: the extra ``train`` is not installed.
    """
    _need_training()
    from aisle.training.common.progress import Silent
    from aisle.training.sparse.settings import SparseSettings
    from aisle.training.sparse.train import SparseJob

    settings = SparseSettings(
        base=base,
        revision=revision,
        query_side=_query_side(query_side),
        titles=titles,
        epochs=epochs,
        flops=flops,
        seed=seed,
    )
    job = SparseJob(data=Path(data), held_out=_path(held_out), name=name, work=_path(work), settings=settings)
    with tracked("sparse", name) as run:
        trained, exported = job.run(
            store or ArtifactStore.default(), resume=resume, measure=measure, progress=progress or Silent()
        )
        run.made(exported.path)
    return trained, exported


def train_reranker(
    data: str | Path,
    *,
    held_out: str | Path | None = None,
    name: str = "reranker",
    layers: int = 3,
    epochs: int = 4,
    max_tokens: int = 96,
    teacher: str | Path | None = None,
    teacher_epochs: int = 2,
    base: str = "all-MiniLM-L6-v2",
    revision: str | None = None,
    encoder: str | None = None,
    runs: Sequence[str | Path] = (),
    with_teacher: bool = False,
    work: str | Path | None = None,
    resume: bool = False,
    seed: int = 13,
    measure: bool = True,
    store: ArtifactStore | None = None,
    progress: Progress | None = None,
) -> tuple[TrainedReranker, list[ExportReport]]:
    """Train a cross-encoder on graded judgments, distil it into a few layers, export it as INT8.

    Example:
        >>> trained, exported = aisle.train_reranker("judged", name="my-reranker")
        >>> shop = aisle.open_search("shop", reranker="my-reranker")

    Args:
        data: BEIR folder; its split ``train`` is learned from.
        held_out: BEIR folder whose queries of split ``dev`` are kept out of the training.
        name: of the artifact.
        layers: of the teacher that the reranker keeps.
        epochs: of the reranker.
        max_tokens: longest query and item together, in tokens.
        teacher: folder of a trained cross-encoder to learn from, instead of training one.
        teacher_epochs: epochs of the teacher.
        base: what the teacher begins with: a model, or the name of a run of `aisle.train_encoder`.
        revision: branch, tag or commit of the base on the hub.
        encoder: artifact that finds candidates beside BM25.
        runs: TREC runs of the legs for the training queries, instead of mining candidates.
        with_teacher: export the teacher too, as ``NAME-teacher``, for a cascade.
        work: folder of the run; None: ``training/NAME`` under ``AISLE_HOME``.
        resume: continue the run in the work folder; a finished teacher is kept.
        seed: of everything that is drawn.
        measure: compare INT8 with fp32 after training.
        store: where the artifacts go; None: the one under ``AISLE_HOME``.
        progress: is told of stages, steps and remarks; None: nobody is.

    Returns:
        How the training went, and the exported artifacts, the reranker's first.

    Raises:
        InputError: bad data, models or settings.
        ArtifactNotFound: there is no such ``encoder``.
        MissingExtra: the extra ``train`` is not installed.
    """
    _need_training()
    from aisle.training.common.progress import Silent
    from aisle.training.cross_encoder.job import RerankerJob
    from aisle.training.cross_encoder.reranker import RerankerSettings
    from aisle.training.cross_encoder.teacher import TeacherSettings

    job = RerankerJob(
        data=Path(data),
        held_out=_path(held_out),
        name=name,
        work=_path(work),
        settings=RerankerSettings(layers=layers, epochs=epochs, max_tokens=max_tokens, seed=seed),
        teacher_settings=TeacherSettings(base=base, revision=revision, epochs=teacher_epochs, seed=seed),
        teacher=_path(teacher),
        encoder=encoder,
        runs=tuple(map(Path, runs)),
        with_teacher=with_teacher,
    )
    with tracked("reranker", name) as run:
        trained, reports = job.run(
            store or ArtifactStore.default(), resume=resume, measure=measure, progress=progress or Silent()
        )
        run.made(*(report.path for report in reports))
    return trained, reports


def progress_lines(stream: IO[str], every: float = 30.0) -> ProgressLines:
    """A context manager: a training's progress as plain lines with step, loss, rate and time left.

    Args:
        stream: where they go; every line is flushed.
        every: most seconds between two lines.
    """
    from aisle.training.common.progress import ProgressLines

    return ProgressLines(stream, every)


def _path(given: str | Path | None) -> Path | None:
    return None if given is None else Path(given)


def _query_side(name: str) -> QuerySide:
    from aisle.training.sparse.settings import QuerySide

    try:
        return QuerySide(name)
    except ValueError:
        sides = ", ".join(side.value for side in QuerySide)
        raise InputError(f"there is no query side {name!r}", fix=f"use one of {sides}") from None


def _need_training() -> None:
    """Name the extra at once, and not the first module of it that some import misses."""
    for module in ("torch", "sentence_transformers"):
        optional(module, extra="train")
