"""Trainings on record in MLflow, where tracking is on: settings, figures, losses, and what came of them."""

from __future__ import annotations

import logging
import os
import sqlite3
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from aisle._environment import home, optional
from aisle._version import __version__
from aisle.encoder.artifact import Manifest, read_manifest
from aisle.errors import InputError

if TYPE_CHECKING:
    from mlflow import MlflowClient

VARIABLE: Final = "AISLE_TRACKING"
EXPERIMENT: Final = "aisle"
CHAMPION, CHALLENGER = "champion", "challenger"
FINGERPRINT, KIND, ARTIFACT = "aisle.fingerprint", "aisle.kind", "aisle.artifact"
_ON: Final = frozenset({"on", "1", "true", "yes"})
_OFF: Final = frozenset({"", "off", "0", "false", "no"})
# Nothing is sent to anybody by itself, and a server that is away is told of within seconds, not minutes.
_MLFLOW: Final = MappingProxyType(
    {
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
        "MLFLOW_HTTP_REQUEST_TIMEOUT": "20",
    }
)
# What MLflow takes of one value, and of one batch.
_LONGEST: Final = 6_000
_BATCH: Final = 100


def tracking_uri() -> str:
    """Where trainings are on record: what ``AISLE_TRACKING`` says; empty if tracking is off."""
    said = os.environ.get(VARIABLE, "")
    if said.lower() in _OFF:
        return ""
    return usual_uri() if said.lower() in _ON else said


def usual_uri() -> str:
    """The SQLite file under ``AISLE_HOME``."""
    return f"sqlite:///{home() / 'mlflow.db'}"


class TrackedTraining:
    """A training that is under way, and on record if tracking is on.

    Args:
        client: of MLflow; None if tracking is off.
        run: its id there.
    """

    def __init__(self, client: MlflowClient | None = None, run: str = "") -> None:
        self._client = client
        self._run = run

    def made(self, *artifacts: Path) -> None:
        """Record what came of it: its settings and figures are those of the first artifact's manifest."""
        if self._client is None:
            return
        with _said_not_raised():
            manifests = [read_manifest(path) for path in artifacts]
            _log(self._client, self._run, manifests[0])
            for path, manifest in zip(artifacts, manifests, strict=True):
                _register(self._client, self._run, path, manifest)

    def losses(self, stages: Mapping[str, Sequence[tuple[int, float]]]) -> None:
        """Record the losses of each stage: step, and mean loss since the one before."""
        if self._client is None:
            return
        from mlflow.entities import Metric

        now = _now()
        found = [
            Metric(f"loss/{_worded(stage)}", loss, now, step)
            for stage, steps in stages.items()
            for step, loss in steps
        ]
        with _said_not_raised():
            for begin in range(0, len(found), _BATCH):
                self._client.log_batch(self._run, metrics=found[begin : begin + _BATCH])


@contextmanager
def tracked(kind: str, name: str) -> Iterator[TrackedTraining]:
    """Record the training within, if tracking is on. A training does not fail because its record does.

    Args:
        kind: what is trained, as ``aisle train`` calls it.
        name: of the artifact.

    Raises:
        MissingExtra: tracking is on, and the extra ``mlflow`` is not installed.
        InputError: tracking is on, and there is no place for it; said before the training begins.
    """
    uri = tracking_uri()
    if not uri:
        yield TrackedTraining()
        return
    client = open_client(uri)
    tags = {KIND: kind, "aisle.version": __version__}
    with refused(uri):
        run = client.create_run(experiment(client), run_name=f"{kind} {name}", tags=tags).info.run_id
    status = "FAILED"
    try:
        yield TrackedTraining(client, run)
        status = "FINISHED"
    except KeyboardInterrupt:
        status = "KILLED"
        raise
    finally:
        with _said_not_raised():
            client.set_terminated(run, status)


def open_client(uri: str) -> MlflowClient:
    """A client of what is on record there; a SQLite file is made.

    Raises:
        MissingExtra: the extra ``mlflow`` is not installed.
        InputError: there is no such place, or it does not answer.
    """
    for variable, usual in _MLFLOW.items():
        os.environ.setdefault(variable, usual)
    optional("mlflow", extra="mlflow")
    optional("sqlalchemy", extra="mlflow")
    from mlflow import MlflowClient

    for noisy in ("mlflow", "alembic"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    with refused(uri):
        if uri.startswith("sqlite:///"):
            _check_file(Path(uri.removeprefix("sqlite:///")))
        return MlflowClient(tracking_uri=uri, registry_uri=uri)


def experiment(client: MlflowClient) -> str:
    """The id of the experiment that holds trainings; it is made if it is not there."""
    found = client.get_experiment_by_name(EXPERIMENT)
    return str(found.experiment_id if found else client.create_experiment(EXPERIMENT))


def _check_file(path: Path) -> None:
    """Make the folder, and look whether SQLite can use the file: MLflow tries minutes before it says so."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with closing(sqlite3.connect(path)) as database:
            database.execute("PRAGMA schema_version")
    except sqlite3.Error as error:
        raise OSError(str(error)) from None


@contextmanager
def refused(uri: str) -> Iterator[None]:
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except (MlflowException, SQLAlchemyError, OSError) as error:
        # Without a user and a password.
        shown = uri.rpartition("@")[2]
        raise InputError(
            f"there is no record of trainings at {shown} ({_first_line(error).replace(uri, shown)[:200]})",
            fix=f"set {VARIABLE} to sqlite:///FILE or a server's address, or to off",
        ) from None


@contextmanager
def _said_not_raised() -> Iterator[None]:
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except (MlflowException, SQLAlchemyError, OSError) as error:
        warnings.warn(
            f"the training is not on record as it should be: {_first_line(error)[:200]}", stacklevel=3
        )


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def _log(client: MlflowClient, run: str, manifest: Manifest) -> None:
    from mlflow.entities import Metric, Param, RunTag

    now = _now()
    settings = {
        "base_model": manifest.base_model,
        "dims": manifest.dims,
        "precision": manifest.precision,
        **dict(_flat(manifest.told_training)),
    }
    params = [Param(_worded(name), str(value)[:_LONGEST]) for name, value in settings.items()]
    metrics = [Metric(_worded(name), value, now, 0) for name, value in manifest.metrics.items()]
    tags = [
        RunTag(FINGERPRINT, manifest.fingerprint),
        RunTag(ARTIFACT, f"{manifest.kind}/{manifest.name}-{manifest.fingerprint[:12]}"),
        RunTag("aisle.data_hash", manifest.data_hash),
        RunTag("mlflow.source.git.commit", manifest.git_commit),
    ]
    for begin in range(0, len(params), _BATCH):
        client.log_batch(run, params=params[begin : begin + _BATCH])
    client.log_batch(run, metrics=metrics, tags=tags)


def model_name(manifest: Manifest) -> str:
    """What MLflow's registry calls the artifacts of one kind and name."""
    return f"{manifest.kind}.{manifest.name}"


def _register(client: MlflowClient, run: str, path: Path, manifest: Manifest) -> None:
    """A version of the model, and the challenger of the one that is in use."""
    from mlflow.exceptions import MlflowException

    name = model_name(manifest)
    try:
        client.create_registered_model(name)
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
    tags = {FINGERPRINT: manifest.fingerprint}
    version = client.create_model_version(name, source=str(path), run_id=run, tags=tags)
    client.set_registered_model_alias(name, CHALLENGER, version.version)


def _flat(settings: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in settings.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _worded(name: str) -> str:
    """A name as MLflow takes it."""
    kept = name.replace("@", "_at_")
    return "".join(one if one.isalnum() or one in "_-. :/" else "_" for one in kept)[:250]


def _now() -> int:
    return int(time.time() * 1000)


@dataclass(frozen=True, slots=True)
class RunRow:
    """A training on record.

    Attributes:
        id: in MLflow.
        kind: what was trained.
        name: of the run.
        status: "FINISHED", "FAILED", "KILLED" or "RUNNING".
        began: UTC, seconds since 1970.
        seconds: that it took; None while it runs.
        artifact: that came of it; empty if none did.
        fingerprint: of the artifact.
        aliases: "champion", "challenger", or both.
        params, metrics: settings and figures.
    """

    id: str
    kind: str
    name: str
    status: str
    began: float
    seconds: float | None
    artifact: str
    fingerprint: str
    aliases: tuple[str, ...]
    params: Mapping[str, str]
    metrics: Mapping[str, float]

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return {name: getattr(self, name) for name in self.__slots__}
