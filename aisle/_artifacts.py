"""Model artifacts: make one from a checkpoint, verify one."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from aisle.encoder import Artifact, ArtifactStore, DenseEncoder, load_model
from aisle.encoder.artifact import (
    ITEM_CODES,
    ITEM_TO_ITEM,
    RANKER,
    RECOMMENDER,
    ROUTER,
    load_artifact,
    read_manifest,
)
from aisle.encoder.code_artifact import load_codes
from aisle.encoder.cpu import InstructionSet
from aisle.encoder.text import TEXT_VERSION
from aisle.errors import ArtifactNotFound, InputError
from aisle.mappings.vector_types import SAMPLE, VectorChoice, check_budget
from aisle.types import Say

if TYPE_CHECKING:
    from aisle.encoder.export import DenseExport, ExportReport
    from aisle.evaluation.encoders.tasks import Judged

__all__ = ["InstructionSet", "export_encoder", "verified_artifact"]


def export_encoder(
    model: str | Path = "all-MiniLM-L6-v2",
    *,
    name: str | None = None,
    data: str | Path | None = None,
    revision: str | None = None,
    max_length: int | None = None,
    dims: int | None = None,
    vector_bytes: int | None = None,
    pooling: str | None = None,
    query_prefix: str | None = None,
    item_prefix: str | None = None,
    cpu: str | None = None,
    store: ArtifactStore | None = None,
    progress: Say | None = None,
) -> ExportReport:
    """Turn a text encoder into an INT8 artifact.

    The BERT family (MiniLM, E5, BGE, GTE) needs the extra ``export`` and no torch; what else transformers and
    sentence-transformers know (XLM-RoBERTa, RoBERTa, DistilBERT, MPNet, ModernBERT) the extra ``train``.

    Example:
        >>> aisle.export_encoder("intfloat/e5-small-v2", name="e5").manifest.dims
        384

    Args:
        model: a model folder, a hub id, or the name of a packaged model.
        name: of the artifact; None: the model's own.
        data: BEIR folder on whose judgments of split ``dev`` the change of nDCG@10 is measured.
        revision: branch, tag or commit on the hub.
        max_length: most tokens of a text; None: 256, or what the model allows.
        dims: cut vectors to so many values, in the graph.
        vector_bytes: memory that a vector may take, without its links in the graph: it is cut to the width
            at which some type of numbers finds most within it, in a sample of the items of ``data``.
        pooling: "mean" or "cls"; None: what the model's folder says.
        query_prefix: put before each query; None: what the model's folder or its family says.
        item_prefix: put before the text of each item; None: as above.
        cpu: instructions to export for: "avx2", "avx512", "vnni" or "arm64"; None: this machine's best.
        store: where the artifact goes; None: the one under ``AISLE_HOME``.
        progress: takes a line before each step.

    Raises:
        InputError: the model cannot be exported, or an option means nothing.
        MissingExtra: the extra ``export`` is not installed.
    """
    from aisle.catalogue.judged import read_judged
    from aisle.encoder.export import DenseExport, Pooling, export
    from aisle.evaluation.encoders.fidelity import DenseFidelity

    check_budget(vector_bytes, dims)
    if vector_bytes is not None and data is None:
        raise InputError(
            "without items nobody knows what vectors within a budget would find",
            fix="name a BEIR folder of yours with --data, or give --dims instead of --bytes",
        )
    options = DenseExport(
        model=str(model),
        name=name,
        revision=revision,
        max_length=max_length,
        dims=dims,
        pooling=None if pooling is None else _choice(Pooling, pooling, "poolings"),
        query_prefix=query_prefix,
        item_prefix=item_prefix,
        cpu=None if cpu is None else _choice(InstructionSet, cpu, "instructions"),
    )
    judged = None if data is None else read_judged(Path(data))
    say = progress or (lambda _: None)
    if vector_bytes is None or judged is None:
        return export(options, store, say, fidelity=DenseFidelity(judged))
    choices = _choices(options, judged, vector_bytes, say)
    made = export(replace(options, dims=choices[0].dims), store, say, fidelity=DenseFidelity(judged))
    return replace(made, choices=choices)


def _choices(options: DenseExport, judged: Judged, budget: int, say: Say) -> tuple[VectorChoice, ...]:
    """What the vectors of that export may be kept as, the best first."""
    from aisle.encoder.export import export
    from aisle.evaluation.encoders.vector_table import choose_vectors

    with tempfile.TemporaryDirectory(prefix="aisle-export-") as folder:
        full = export(options, ArtifactStore(Path(folder)), say)
        say(f"choosing vectors within {budget} bytes")
        # faiss keeps every type.
        return choose_vectors(DenseEncoder.load(full.path), judged.sample(SAMPLE), budget, "faiss")


def export_once(model: str, store: ArtifactStore, say: Say) -> None:
    """Make the artifact of a packaged model, unless it is there and was made for the texts of today.

    Raises:
        As `export_encoder`.
    """
    if not is_current(store, model):
        say(f"Exporting {model} to an INT8 artifact (once; a minute or two)")
        export_encoder(model, store=store)


def is_current(store: ArtifactStore, ref: str) -> bool:
    """Whether there is such an artifact, made for texts as this version makes them."""
    try:
        return read_manifest(store.resolve(ref)).text_version == TEXT_VERSION
    except ArtifactNotFound:
        return False


def verified_artifact(ref: str | Path, *, store: ArtifactStore | None = None) -> Artifact:
    """An artifact of any kind whose hashes were checked and whose self-test agrees on this machine.

    Args:
        ref: a path, a name or a fingerprint.
        store: where names are looked up; None: the one under ``AISLE_HOME``.

    Raises:
        ArtifactNotFound: nothing goes by that reference.
        ArtifactCorrupt: names what differs.
    """
    store = store or ArtifactStore.default()
    path = store.resolve(ref)
    kind = read_manifest(path).kind
    if kind == ROUTER:
        from aisle.recommendation.router_artifact import load_router

        return load_router(path, store).artifact
    if kind == ITEM_CODES:
        return load_codes(path, store)[1]
    if kind == RECOMMENDER:
        from aisle.recommendation.artifact import load_recommender

        load_recommender(path, store)
        return load_artifact(path)
    if kind == ITEM_TO_ITEM:
        from aisle.recommendation.item_to_item.artifact import load_two_heads

        load_two_heads(path, store)
        return load_artifact(path)
    if kind == RANKER:
        from aisle.search.rank.artifact import load_ranker

        return load_ranker(path, store)[1]
    return load_model(path, store).artifact


_Choice = TypeVar("_Choice", bound=Enum)


def _choice(choices: type[_Choice], value: str, what: str) -> _Choice:
    try:
        return choices(value)
    except ValueError:
        known = ", ".join(str(choice.value) for choice in choices)
        raise InputError(f"there are no {what} {value!r}", fix=f"use one of {known}") from None
