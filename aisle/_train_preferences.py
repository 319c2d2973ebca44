"""What a shop's users took of a recommender's best becomes a ranking of these. Needs the extra ``train``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from aisle._environment import optional
from aisle._recommend import find_files, read_data
from aisle._tracking import tracked
from aisle.encoder import ArtifactStore
from aisle.encoder.artifact import check_name
from aisle.errors import InputError
from aisle.recommendation.artifact import read_recommender
from aisle.recommendation.known_items import find_recommender
from aisle.recommendation.router_artifact import router_of

if TYPE_CHECKING:
    from aisle.training.common.progress import Progress
    from aisle.training.preferences.job import TrainedPreferences


def train_preferences(
    data: str | Path,
    *,
    recommender: str | Path,
    catalogue: str | Path | None = None,
    name: str | None = None,
    pool: int = 200,
    epochs: int = 12,
    beta: float = 2.0,
    columns: Mapping[str, str] | None = None,
    seed: int = 0,
    store: ArtifactStore | None = None,
    progress: Progress | None = None,
) -> TrainedPreferences:
    """Learn which of a recommender's best items users take, by bounded direct preference optimisation.

    The recommender counts again without users' last items, and a small model learns what tells these from the
    rest of the pools they were in. It can move an item by a bound that held-out users choose; where no bound
    helps them, nothing is kept. A hundred thousand events take a minute, and some more if the recommender has
    a router, whose sequences are learned again without the last items too.

    Example:
        >>> trained = aisle.train_preferences("orders.csv", recommender="shop", name="shop")
        >>> trained.metrics["N@10"] > trained.metrics["N@10 base"]
        True

    Args:
        data: orders or events, as for `aisle.train_recommender`.
        recommender: artifact whose best items are ranked again.
        catalogue: of the items; None: the folder's.
        name: of the artifact; None: the recommender's own, by which `aisle.open_recommender` finds it.
        pool: best items of a request that are ranked again.
        epochs: times that every user is seen.
        beta: how far the ranking may leave the recommender's: the less, the farther.
        columns: "user", "item", "time" or "quantity" to the column of a table.
        seed: of everything that is drawn.
        store: where artifacts are; None: the one under ``AISLE_HOME``.
        progress: is told of phases and steps; None: nobody is.

    Raises:
        InputError: a file that cannot be read, too few users, items that the recommender does not know, or
            preferences that make the ranking of held-out users no better.
        EvaluationError: nobody took three items.
        ArtifactNotFound, ArtifactCorrupt: the recommender cannot be opened.
        MissingExtra: the extra ``train`` is not installed.
    """
    optional("torch", extra="train")
    optional("onnx", extra="train")
    from aisle.training.common.progress import Silent
    from aisle.training.preferences import job
    from aisle.training.preferences.fit import PreferenceTraining

    training = PreferenceTraining(epochs=epochs, beta=beta, seed=seed)
    if pool < 2:
        raise InputError(f"a pool of {pool} cannot be ranked", fix="use 2 or more")
    store, progress = store or ArtifactStore.default(), progress or Silent()
    if name is not None:
        check_name(name)
    artifact = find_recommender(recommender, store)
    known, router = read_recommender(artifact), router_of(artifact, store)
    known = known.with_router(router) if router else known
    _, read = read_data(find_files(data, catalogue), columns, progress.phase)
    progress.note(read.words())
    sequences = read.sequences.onto(known.items)
    name = name or artifact.manifest.name
    with tracked("preferences", name) as run:
        report = job.train_preferences(known, artifact, sequences, name, store, training, progress, pool=pool)
        run.made(report.artifact.path)
    return report
