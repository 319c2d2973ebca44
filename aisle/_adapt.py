"""Adapting an encoder to a domain that nobody has judged yet."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from aisle._environment import optional
from aisle._tracking import tracked
from aisle.encoder import ArtifactStore, CrossEncoder, DenseEncoder
from aisle.encoder.artifact import check_name
from aisle.encoder.cross_encoder import KIND as RERANKER
from aisle.errors import ArtifactNotFound, InputError
from aisle.evaluation.encoders.adaptation_report import to_markdown
from aisle.types import Item, Say

if TYPE_CHECKING:
    from aisle.encoder.export import ExportReport
    from aisle.evaluation.encoders.adaptation import Home
    from aisle.evaluation.encoders.adaptation_report import AdaptationReport
    from aisle.evaluation.encoders.tasks import Judged
    from aisle.training.adaptation.job import Adapted
    from aisle.training.common.progress import Progress

__all__ = ["adapt", "interpolate", "report_adaptation", "to_markdown"]


def adapt(
    description: str,
    *,
    catalogue: str | Path | None = None,
    name: str = "adapted",
    base: str = "all-MiniLM-L6-v2",
    revision: str | None = None,
    queries: int = 20_000,
    rows: int = 0,
    keep_base: float = 0.0,
    reranker: str | Path | None = None,
    llm: str | None = None,
    llm_model: str = "",
    pairs: str | Path | None = None,
    work: str | Path | None = None,
    resume: bool = False,
    seed: int = 7,
    measure: bool = True,
    store: ArtifactStore | None = None,
    progress: Progress | None = None,
) -> Adapted:
    """Adapt an encoder to a domain by a few lines about it and its catalogue, without any judgment.

    Queries are made of what titles and attributes say, in the style that the description tells of. Those that
    find their item teach the encoder. What the description and the catalogue say is text, and nothing is sent
    anywhere unless ``llm`` is given.

    Example:
        >>> adapted = aisle.adapt(
        ...     "power tools and paint; short queries with brands and sizes",
        ...     catalogue="products.csv",
        ...     name="tools",
        ... )

    Args:
        description: what is sold and how people ask, in a few lines of any language.
        catalogue: that the encoder is for; None: items are invented from the description, which wins little.
        name: of the artifact.
        base: model to begin with: a folder, a hub id, the name of a packaged model or of a training.
        revision: branch, tag or commit of the base on the hub.
        queries: to make, before those go that do not find their item.
        rows: pairs, drawn of all, that the model's own weights are trained on before the head; 0 leaves them
            as they are. How long it will take, ``progress`` is told before it begins.
        keep_base: share of the base's weights that is mixed in at the end, 0 to 1: less is lost elsewhere.
        reranker: artifact that decides which of the items that a query finds are answers; None: the order in
            which BM25 and the encoder find them does.
        llm: address of an endpoint of OpenAI's chat completions that writes queries too; it is sent the
            description and texts of up to 300 items. None sends nothing.
        llm_model: as that endpoint calls it. A key is read from ``AISLE_LLM_KEY``.
        pairs: new folder that the pairs are kept in as well, as judgments with a split ``train``.
        work: folder of the run; None: ``training/NAME`` under ``AISLE_HOME``.
        resume: continue the run in the work folder; what is finished is not trained again.
        seed: of everything that is drawn.
        measure: compare INT8 with fp32 after training.
        store: where the artifact goes; None: the one under ``AISLE_HOME``.
        progress: is told of phases, stages, steps and remarks; None: nobody is.

    Returns:
        The pairs, how the training went, and the exported artifact.

    Raises:
        InputError: a description without words, a catalogue without words or with too few, a base that cannot
            be exported, a language model that cannot be asked, or a work folder of another run.
        ArtifactNotFound: there is no such reranker.
        MissingExtra: the extra ``train`` is not installed.
    """
    for module in ("torch", "sentence_transformers"):
        optional(module, extra="train")
    from aisle.training.adaptation.description import read_description
    from aisle.training.adaptation.job import AdaptationJob
    from aisle.training.adaptation.made_pairs import PairSettings
    from aisle.training.adaptation.query_writer import ChatQueryWriter
    from aisle.training.common.progress import Silent
    from aisle.training.dense.settings import TrainingSettings

    if llm is None and llm_model:
        raise InputError("a language model without an address", fix="name its endpoint too, with --llm")
    store = store or ArtifactStore.default()
    job = AdaptationJob(
        description=read_description(description),
        catalogue=None if catalogue is None else str(catalogue),
        pairs=PairSettings(queries=queries, seed=seed),
        scorer=None if reranker is None else _reranker(reranker, store),
        writer=None if llm is None else ChatQueryWriter(llm, llm_model, seed),
        pairs_folder=None if pairs is None else Path(pairs),
        name=name,
        work=None if work is None else Path(work),
        rows=rows,
        keep_base=keep_base,
        settings=TrainingSettings(base=base, revision=revision, seed=seed),
    )
    with tracked("adaptation", name) as run:
        adapted, _ = job.run(store, resume=resume, measure=measure, progress=progress or Silent())
        run.made(adapted.exported.path)
    return adapted


def _reranker(ref: str | Path, store: ArtifactStore) -> CrossEncoder:
    found = store.find(
        ref, RERANKER, "reranker", "see `aisle encoder list`, or make one with `aisle train reranker`"
    )
    return CrossEncoder.load(found.path, store=store)


def interpolate(
    run: str | Path,
    *,
    keep_base: float | None = None,
    name: str,
    artifact: str | Path | None = None,
    data: str | Path | None = None,
    outside: Sequence[str | Path] = (),
    most_lost: float = 0.01,
    sample: int | None = 5_000,
    measure: bool = True,
    store: ArtifactStore | None = None,
    progress: Progress | None = None,
) -> ExportReport:
    """Make an artifact of weights between those of an adapted encoder and those of its base.

    Most of what was won at home stays, and little is lost elsewhere: measure both with `report_adaptation`.

    Example:
        >>> aisle.interpolate("tools", keep_base=0.3, name="tools-kept")

    Args:
        run: name or work folder of a training by `adapt` or `train_encoder`.
        keep_base: share of the base's weights, 0 to 1; None: 0.3, or by ``data`` the best at home of those
            that lose little enough outside.
        name: of the artifact that is made.
        artifact: that the training made; None: the one that has the work folder's name.
        data: BEIR folder of the domain, by whose split ``dev`` the share is chosen.
        outside: BEIR folders of other domains.
        most_lost: of nDCG@10 outside, as a share of the base's.
        sample: items of each catalogue, all judged ones among them; None: all.
        measure: compare INT8 with fp32.
        store: of artifacts; None: the one under ``AISLE_HOME``.
        progress: is told of phases and remarks; None: nobody is.

    Returns:
        The exported artifact; its manifest has the share under ``training`` as ``keep_base``.

    Raises:
        InputError: no finished training, a share that is none, a share and data to choose it by, a folder
            that is at home and outside, an artifact of another training, or the name of an encoder that
            was trained.
        ArtifactNotFound: the training's artifact is not in the store.
        MissingExtra: the extra ``train`` is not installed.
    """
    for module in ("torch", "sentence_transformers"):
        optional(module, extra="train")
    from aisle.catalogue.judged import beir_task, require_apart
    from aisle.evaluation.encoders.adaptation_report import Limits
    from aisle.training.adaptation.chosen_share import best_share, measured_shares
    from aisle.training.adaptation.interpolate import USUAL_SHARE, Ends, Interpolation, check_share
    from aisle.training.common.progress import Silent
    from aisle.training.common.run_folder import LEDGER, work_folder

    if keep_base is not None and data is not None:
        raise InputError("a share of the base and data to choose it by", fix="give --keep-base or --data")
    if outside and data is None:
        raise InputError("other domains and none at home", fix="name judgments of the domain with --data")
    require_apart(data, outside)
    check_name(name)
    if keep_base is not None:
        check_share(keep_base)
    store, progress = store or ArtifactStore.default(), progress or Silent()
    folder = Path(run) if Path(run).is_dir() else work_folder(str(run))
    ends = Ends.of_run(folder)
    try:
        adapted = DenseEncoder.load(artifact or folder.resolve().name, store=store)
    except ArtifactNotFound as error:
        raise ArtifactNotFound(
            error.message, fix=f"name the artifact of the training in {folder}, with --artifact"
        ) from error
    if ends.data_hash and adapted.manifest.data_hash != ends.data_hash:
        raise InputError(
            f"{adapted.manifest.name} does not come from the training in {folder}",
            fix="name the artifact of that training with --artifact",
        )
    if name == adapted.manifest.name or (work_folder(name) / LEDGER).exists():
        raise InputError(
            f"{name} is an encoder that was trained, which would be lost",
            fix="give what is mixed a name of its own",
        )
    lost = Limits(most_lost=most_lost).most_lost
    share = USUAL_SHARE if keep_base is None else keep_base
    if data is not None:
        tasks = [_sampled(beir_task(Path(one)), sample) for one in (data, *outside)]
        progress.phase("measuring shares of the base")
        found = measured_shares(ends, adapted.manifest, tasks[0], tasks[1:], 2, progress)
        for one in found:
            progress.note(f"{one.keep_base:g} kept: {one.home:.4f} at home, {one.lost:.1%} lost outside")
        share = best_share(found, lost).keep_base
        if share == 1:
            progress.note("the whole base is taken: no smaller share of it wins more and loses little enough")
    interpolation = Interpolation(run=folder, keep_base=share, name=name, adapted=adapted)
    return interpolation.make(store, measure=measure, progress=progress)


def report_adaptation(
    ref: str | Path,
    *,
    data: str | Path,
    outside: Sequence[str | Path] = (),
    base: str | Path | None = None,
    split: str = "dev",
    relevant: float = 2,
    most_lost: float = 0.01,
    least_gain: float = 0.0,
    sample: int | None = None,
    store: ArtifactStore | None = None,
    progress: Say | None = None,
) -> AdaptationReport:
    """What an adapted encoder won at home and what it cost, against the model it was adapted from.

    Beside gain and loss: how the vectors lie (uniformity, anisotropy, hubs), what cutting and rounding them
    costs, how many neighbours stayed, popularity of the results, and slices of the queries.

    Example:
        >>> report = aisle.report_adaptation("tools", data="judged", outside=["other-shop"])
        >>> report.passed
        True

    Args:
        ref: the adapted artifact: a path, a name or a fingerprint.
        data: BEIR folder of its domain.
        outside: BEIR folders of other domains.
        base: artifact that it was adapted from; None: its base model, if that is in the store.
        split: which judgments.
        relevant: lowest grade that counts as relevant.
        most_lost: of nDCG@10 outside, as a share of the base's, that a check allows.
        least_gain: of R@200 at home at 64 dimensions that a check demands.
        sample: items of each catalogue, all judged ones among them; None: all.
        store: where artifacts are looked up; None: the one under ``AISLE_HOME``.
        progress: takes a line before each step.

    Raises:
        InputError: data that cannot be read, a folder that is at home and outside, or no base.
        EvaluationError: nothing to score.
        ArtifactNotFound, ArtifactCorrupt: an encoder cannot be loaded.
    """
    from aisle.catalogue.judged import beir_task, require_apart
    from aisle.evaluation.encoders.adaptation import report_adaptation as compared
    from aisle.evaluation.encoders.adaptation_report import Limits
    from aisle.evaluation.encoders.judge import open_pair

    require_apart(data, outside)
    adapted, before = open_pair(ref, base, store or ArtifactStore.default())
    if before is None:
        raise InputError(
            f"the base of {adapted.manifest.name} is not in the store",
            fix="name it with --base, or export it",
        )
    say = progress or (lambda _: None)
    tasks = [_sampled(beir_task(Path(folder), split, relevant), sample) for folder in (data, *outside)]
    limits = Limits(least_gain=least_gain, most_lost=most_lost)
    return compared(
        adapted,
        before,
        tasks[0],
        tasks[1:],
        limits=limits,
        known=_known(Path(data), tasks[0]),
        relevant=relevant,
        progress=say,
    )


def _sampled(task: Judged, most: int | None) -> Judged:
    from aisle.evaluation.encoders.tasks import sampled

    if most is not None and most < 1:
        raise InputError(f"no catalogue has {most} items", fix="give a sample of 1 or more, or None for all")
    return task if most is None else sampled(task, 7, most)


def _known(folder: Path, task: Judged) -> Home:
    """Popularity and languages, where the catalogue tells them."""
    from aisle.catalogue import read_catalogue
    from aisle.catalogue.options import ReadOptions
    from aisle.evaluation.encoders.adaptation import Home

    items: dict[str, Item] = {item.id: item for item in read_catalogue(folder, ReadOptions(format="beir"))}
    popularity = {
        name: float(item.signals.popularity)
        for name, item in items.items()
        if item.signals.popularity is not None
    }
    labels = {}
    for query, graded in task.judged.qrels.items():
        best = max(graded, key=lambda name: graded[name])
        if best in items and items[best].language:
            labels[query] = f"language {items[best].language}"
    return Home(popularity, labels)
