"""A sequence model for a recommender, from a shop's own orders. Needs the extra ``train``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from aisle._environment import optional
from aisle._recommend import find_files, read_data
from aisle._tracking import tracked
from aisle.encoder import ArtifactStore
from aisle.encoder.artifact import check_name
from aisle.encoder.code_artifact import load_codes
from aisle.recommendation.artifact import read_recommender
from aisle.recommendation.known_items import find_recommender

if TYPE_CHECKING:
    from aisle.training.common.progress import Progress
    from aisle.training.recommendation.job import RouterReport


def train_router(
    data: str | Path,
    *,
    recommender: str | Path,
    codes: str | Path | None = None,
    catalogue: str | Path | None = None,
    name: str | None = None,
    epochs: int = 16,
    columns: Mapping[str, str] | None = None,
    seed: int = 7,
    store: ArtifactStore | None = None,
    progress: Progress | None = None,
) -> RouterReport:
    """Train a sequence model that stands beside a recommender: what comes next after a whole history.

    A Transformer reads the items of a history in order. It is trained twice: before users' last items, which
    say for how many epochs and how much it is worth beside the recommender, then on everything. A hundred
    thousand events take some minutes on one core.

    Example:
        >>> report = aisle.train_router("orders.csv", recommender="shop")
        >>> [item.id for item in aisle.open_recommender("shop").recommend(["drill-18v"], size=1).items]
        ['bits-19']

    Args:
        data: orders or events, as for `aisle.train_recommender`.
        recommender: artifact that it is for; its items and texts are those of the router too.
        codes: artifact of the items' semantic IDs (`aisle.train_codes`), to whose prefixes the router leads;
            None: a sequence model alone.
        catalogue: of the items; None: the folder's.
        name: of the artifact; None: the recommender's own, by which `aisle.open_recommender` finds it.
        epochs: over which the learning rate falls; fewer if the validation rises no more.
        columns: "user", "item", "time" or "quantity" to the column of a table.
        seed: of everything that is drawn.
        store: where artifacts are; None: the one under ``AISLE_HOME``.
        progress: is told of stages, steps and remarks; None: nobody is.

    Raises:
        InputError: a file that cannot be read, or too few users who took three items.
        ArtifactNotFound, ArtifactCorrupt: the recommender or the codes cannot be opened.
        MissingExtra: the extra ``train`` is not installed.
    """
    optional("torch", extra="train")
    from aisle.training.common.progress import Silent
    from aisle.training.recommendation.job import RouterJob
    from aisle.training.recommendation.settings import SequenceSettings

    store = store or ArtifactStore.default()
    progress = progress or Silent()
    if name is not None:
        check_name(name)
    artifact = find_recommender(recommender, store)
    settings = SequenceSettings(epochs=epochs, seed=seed)
    job = RouterJob(name=name or artifact.manifest.name, settings=settings)
    known = read_recommender(artifact)
    held = None if codes is None else load_codes(codes, store)
    _, read = read_data(find_files(data, catalogue), columns, progress.phase)
    with tracked("router", job.name) as run:
        report = job.run(read.sequences, known, artifact, store, progress, held)
        run.made(report.trained.artifact.path)
    return report
