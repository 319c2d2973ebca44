"""Adapting an encoder to a domain that nobody has judged yet."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from aisle._environment import optional
from aisle.encoder import ArtifactStore
from aisle.errors import InputError

if TYPE_CHECKING:
    from aisle.training.adaptation.job import Adapted
    from aisle.training.common.progress import Progress


def adapt(
    description: str,
    *,
    catalogue: str | Path | None = None,
    name: str = "adapted",
    base: str = "all-MiniLM-L6-v2",
    revision: str | None = None,
    queries: int = 20_000,
    head_only: bool = False,
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
        head_only: train a linear head alone: a minute in place of many, for less.
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
        MissingExtra: the extra ``train`` is not installed.
    """
    for module in ("torch", "sentence_transformers"):
        optional(module, extra="train")
    from aisle.training.adaptation.description import read_description
    from aisle.training.adaptation.job import AdaptationJob, adaptation_stages
    from aisle.training.adaptation.made_pairs import PairSettings
    from aisle.training.adaptation.query_writer import ChatQueryWriter
    from aisle.training.common.progress import Silent
    from aisle.training.dense.settings import TrainingSettings

    if llm is None and llm_model:
        raise InputError("a language model without an address", fix="name its endpoint too, with --llm")
    job = AdaptationJob(
        description=read_description(description),
        catalogue=None if catalogue is None else str(catalogue),
        pairs=PairSettings(queries=queries, seed=seed),
        writer=None if llm is None else ChatQueryWriter(llm, llm_model, seed),
        pairs_folder=None if pairs is None else Path(pairs),
        name=name,
        work=None if work is None else Path(work),
        settings=TrainingSettings(
            base=base, revision=revision, stages=adaptation_stages(head_only=head_only), seed=seed
        ),
    )
    adapted, _ = job.run(
        store or ArtifactStore.default(), resume=resume, measure=measure, progress=progress or Silent()
    )
    return adapted
