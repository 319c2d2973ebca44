"""Semantic IDs: every item of a catalogue gets a tuple of codes, coarse to fine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from aisle._artifacts import export_once
from aisle._environment import optional
from aisle._recommend import USUAL_ENCODER, find_files, read_data
from aisle._tracking import tracked
from aisle.encoder import ArtifactStore, DenseEncoder
from aisle.encoder.artifact import check_name
from aisle.errors import InputError

if TYPE_CHECKING:
    from aisle.sequences import Sequences
    from aisle.training.common.progress import Progress
    from aisle.training.semantic_ids.job import TrainedCodes


def train_codes(
    data: str | Path | None = None,
    *,
    catalogue: str | Path | None = None,
    name: str = "codes",
    encoder: str | Path | None = USUAL_ENCODER,
    sizes: Sequence[int] | None = None,
    method: str = "kmeans",
    text_weight: float = 1.0,
    co_purchase_weight: float = 0.5,
    epochs: int = 60,
    start: str = "kmeans",
    columns: Mapping[str, str] | None = None,
    seed: int = 7,
    store: ArtifactStore | None = None,
    progress: Progress | None = None,
) -> TrainedCodes:
    """Give every item of a catalogue a semantic ID: a tuple of codes, coarse to fine.

    Example:
        >>> trained = aisle.train_codes("orders.csv", catalogue="products.csv", name="shop")
        >>> trained.report.colliding_after
        0.0

    Args:
        data: orders or events, or a folder with them and a catalogue, as `aisle.train_recommender` reads
            them; None: the texts alone.
        catalogue: of the items; None: the folder's.
        name: of the artifact.
        encoder: artifact that reads the items' texts; None: co-purchases alone.
        sizes: codes of each level, coarsest first; None: four levels of 256, or fewer where there are under
            2,048 items.
        method: "kmeans", k-means on what each level leaves, or "rqvae", an autoencoder.
        text_weight: of texts in the distance of two items; 0 leaves them out.
        co_purchase_weight: of what is bought with them; 0 leaves it out.
        epochs: of "rqvae".
        start: of the codebooks of "rqvae": "kmeans" or "random".
        columns: "user", "item", "time" or "quantity" to the column of a table; overrides what is found.
        seed: of everything that is drawn.
        store: where the artifact goes; None: the one under ``AISLE_HOME``.
        progress: is told of phases, steps and remarks; None: nobody is.

    Returns:
        The artifact, figures of the codes, and words that label their prefixes.

    Raises:
        InputError: data that cannot be read, nothing to make codes of, or more codes than items.
        ArtifactNotFound, ArtifactCorrupt: the encoder cannot be loaded.
        MissingExtra: the extra ``train`` is not installed.
    """
    optional("faiss", extra="train")
    from aisle.training.common.progress import Silent
    from aisle.training.semantic_ids.fit import CodeSettings, usual_sizes
    from aisle.training.semantic_ids.job import CodesJob
    from aisle.training.semantic_ids.methods import method_of

    check_name(name)
    chosen = method_of(method, epochs=epochs, start=start)
    progress, store = progress or Silent(), store or ArtifactStore.default()
    items, texts, sequences = _read(data, catalogue, columns, progress)
    settings = CodeSettings(tuple(sizes) if sizes else usual_sizes(len(items)), chosen, seed)
    job = CodesJob(
        name=name, settings=settings, text_weight=text_weight, co_purchase_weight=co_purchase_weight
    )
    model = None
    if encoder is not None and text_weight and any(texts):
        if encoder == USUAL_ENCODER:
            export_once(USUAL_ENCODER, store, progress.note)
        model = DenseEncoder.load(encoder, store=store)
    with tracked("codes", name) as run:
        report = job.run(items, texts, sequences, model, store, progress)
        run.made(report.artifact.path)
    return report


def parse_sizes(given: str) -> tuple[int, ...]:
    """Read sizes of levels such as ``256,256,512``.

    Raises:
        InputError: not of that form.
    """
    try:
        return tuple(int(size) for size in given.split(","))
    except ValueError:
        raise InputError(
            f"cannot read the sizes {given!r}", fix="write codes of each level, as in --sizes 256,256,256"
        ) from None


def _read(
    data: str | Path | None,
    catalogue: str | Path | None,
    columns: Mapping[str, str] | None,
    progress: Progress,
) -> tuple[tuple[str, ...], tuple[str, ...], Sequences | None]:
    """Ids, texts and sequences of the items; no sequences where only a catalogue is named."""
    if data is None:
        if catalogue is None:
            raise InputError(
                "there are no items", fix="name a catalogue with --catalogue, or events with --data"
            )
        from aisle.catalogue.interactions import read_texts

        progress.phase("reading the catalogue")
        alone = read_texts(catalogue)
        return alone.ids, alone.texts, None
    known, read = read_data(find_files(data, catalogue), columns, progress.phase)
    progress.note(read.words())
    items = read.sequences.items
    return items, known.texts if known else ("",) * len(items), read.sequences
