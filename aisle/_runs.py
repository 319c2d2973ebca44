"""Trainings on record: list them, and name the champion that others are held against."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from opensearchpy import OpenSearch

from aisle._tracking import (
    ARTIFACT,
    CHAMPION,
    EXPERIMENT,
    FINGERPRINT,
    KIND,
    RunRow,
    open_client,
    refused,
    tracking_uri,
    usual_uri,
)
from aisle.cluster import Cluster
from aisle.cluster.client import connected
from aisle.errors import AisleError, InputError
from aisle.registry.served import fingerprints_of
from aisle.search import read_live

if TYPE_CHECKING:
    from mlflow import MlflowClient

__all__ = ["USUAL_RUNS", "RunRow", "list_runs", "name_champion", "name_live_champions"]

USUAL_RUNS: Final = 20
_DIGITS: Final = 8


def list_runs(*, kind: str | None = None, size: int = USUAL_RUNS) -> tuple[RunRow, ...]:
    """Trainings on record, the newest first. They are put there where ``AISLE_TRACKING`` is on.

    Example:
        >>> [(run.name, run.metrics["ndcg"], run.aliases) for run in aisle.list_runs(kind="encoder")]
        [('encoder shop', 0.4938, ('challenger',)), ('encoder shop', 0.4772, ('champion',))]

    Args:
        kind: what was trained, such as "encoder"; None: everything.
        size: not more than so many.

    Raises:
        MissingExtra: the extra ``mlflow`` is not installed.
        InputError: the record does not answer.
    """
    uri = tracking_uri() or usual_uri()
    client = open_client(uri)
    with refused(uri):
        known = client.get_experiment_by_name(EXPERIMENT)
        if known is None:
            return ()
        wanted = f"tags.`{KIND}` = '{kind}'" if kind and kind.replace("-", "").isalnum() else ""
        if kind and not wanted:
            raise InputError(f"nothing of the kind {kind!r} is trained", fix="use a kind such as encoder")
        runs = client.search_runs([known.experiment_id], filter_string=wanted, max_results=size)
        aliases = _aliases(client)
    return tuple(_row(run, aliases) for run in runs)


def name_champion(ref: str) -> RunRow:
    """Make what a training made the champion of its kind and name: what is in use.

    Example:
        >>> aisle.name_champion("04f1c8c27f6e").aliases
        ('champion',)

    Args:
        ref: fingerprint of the artifact, or id of the run: the first 8 digits or more.

    Raises:
        MissingExtra: the extra ``mlflow`` is not installed.
        InputError: no run on record goes by that, or the record does not answer.
    """
    uri = tracking_uri() or usual_uri()
    client = open_client(uri)
    with refused(uri):
        found = [one for one in client.search_model_versions() if len(ref) >= _DIGITS and _goes_by(one, ref)]
        if len({version.tags.get(FINGERPRINT) for version in found}) != 1:
            raise InputError(
                f"{'several runs go' if found else 'no run goes'} by {ref!r}",
                fix="give more digits of a fingerprint or id: aisle runs list",
            )
        return _champions(client, [found])[0]


def name_live_champions(name: str, *, cluster: OpenSearch | None = None) -> tuple[RunRow, ...]:
    """Make what a release is served with the champions: encoders, recommender, ranker and the like.

    With tracking on, `promote`, `rollback` and an `index` that goes live do it themselves. What was trained
    elsewhere, or without a record, is left out.

    Example:
        >>> [run.artifact for run in aisle.name_live_champions("shop")]
        ['dense/shop-04f1c8c27f6e', 'ranker/shop-7d0c55e81b3a']

    Args:
        name: of a catalogue: its live release; or of one release.
        cluster: connection; None: that of ``AISLE_URL``, else the node of `aisle up`.

    Raises:
        MissingExtra: the extra ``mlflow`` is not installed.
        IndexNotFound, ForeignIndex: there is no such release of Aisle.
        InputError: the record does not answer.
        ClusterError: the cluster does not answer.
    """
    served = fingerprints_of(read_live(connected(cluster), name).meta)
    uri = tracking_uri() or usual_uri()
    client = open_client(uri)
    with refused(uri):
        versions = [one for one in client.search_model_versions() if one.tags.get(FINGERPRINT) in served]
        made: dict[str, list[Any]] = {one.tags[FINGERPRINT]: [] for one in versions}
        for one in versions:
            made[one.tags[FINGERPRINT]].append(one)
        return _champions(client, [made[one] for one in served if one in made])


def champions_follow(cluster: Cluster, name: str) -> None:
    """With tracking on, what is live now becomes the champions; a record that fails is a warning.

    Args:
        cluster: connection.
        name: of the catalogue.
    """
    if not tracking_uri():
        return
    try:
        name_live_champions(name, cluster=cluster)
    except AisleError as error:
        warnings.warn(f"champions on record are not those that are live: {error.message}", stacklevel=3)


def _champions(client: MlflowClient, artifacts: Sequence[Sequence[Any]]) -> tuple[RunRow, ...]:
    """The runs that made the newest version of each artifact, which become the champions."""
    newest = [max(versions, key=lambda version: int(version.version)) for versions in artifacts]
    for one in newest:
        client.set_registered_model_alias(one.name, CHAMPION, one.version)
    aliases = _aliases(client)
    return tuple(_row(client.get_run(str(one.run_id)), aliases) for one in newest)


def _goes_by(version: Any, ref: str) -> bool:
    return any(name.startswith(ref) for name in (version.tags.get(FINGERPRINT, ""), version.run_id))


def _aliases(client: MlflowClient) -> Mapping[str, tuple[str, ...]]:
    """Run to the aliases of what it made."""
    found: dict[str, set[str]] = {}
    for model in client.search_registered_models():
        for alias, number in model.aliases.items():
            version = client.get_model_version(model.name, str(number))
            found.setdefault(str(version.run_id), set()).add(alias)
    return {run: tuple(sorted(those)) for run, those in found.items()}


def _row(run: Any, aliases: Mapping[str, Sequence[str]]) -> RunRow:
    info, data = run.info, run.data
    ended = info.end_time
    return RunRow(
        id=info.run_id,
        kind=data.tags.get(KIND, ""),
        name=info.run_name,
        status=info.status,
        began=info.start_time / 1000,
        seconds=None if ended is None else (ended - info.start_time) / 1000,
        artifact=data.tags.get(ARTIFACT, ""),
        fingerprint=data.tags.get(FINGERPRINT, ""),
        aliases=tuple(aliases.get(info.run_id, ())),
        params=dict(data.params),
        metrics=dict(data.metrics),
    )
