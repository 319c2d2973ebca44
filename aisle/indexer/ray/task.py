"""What every worker is sent to do."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn, Protocol

from aisle.cluster import ClusterSettings
from aisle.cluster.failures import RetryPolicy
from aisle.encoder import DenseEncoder, item_text
from aisle.errors import AisleError, ArtifactCorrupt
from aisle.indexer.bulk import BulkResult
from aisle.indexer.dead_letters import DeadLetter
from aisle.indexer.pipeline import PipelineOptions
from aisle.indexer.vectors import ItemEncoder, ItemFields, dense_item_encoder, without_vectors
from aisle.mappings.vector_types import AS_FP32, VectorStorage


class EncoderSource(Protocol):
    """Travels to the workers; ``open`` runs there, once per worker."""

    def open(self, threads: int) -> ItemEncoder:
        """The encoder, on so many cores."""


@dataclass(frozen=True, slots=True)
class WordsOnly:
    """An index without vectors."""

    def open(self, threads: int) -> ItemEncoder:  # noqa: ARG002 - of the protocol
        """See `EncoderSource`."""
        return without_vectors()


@dataclass(frozen=True, slots=True)
class ShippedArtifact:
    """A dense artifact of the driver's machine.

    Attributes:
        path: where it stands there; used if it also stands here.
        fingerprint: 64 hex digits that the worker's model must have.
        dims: width that vectors are cut to.
        files: gives file name to content; asked only if needed. The driver puts them into Ray's object store.
        also: makers of further fields of the same vectors.
    """

    path: Path
    fingerprint: str
    dims: int
    files: Callable[[], Mapping[str, bytes]]
    also: tuple[ItemFields, ...] = ()

    def open(self, threads: int) -> ItemEncoder:
        """See `EncoderSource`.

        Raises:
            ArtifactCorrupt: what stands here, or arrived, is not the driver's artifact.
        """
        if self.path.is_dir():
            return self._open(self.path, threads)
        with tempfile.TemporaryDirectory(prefix="aisle-artifact-") as folder:
            for name, content in self.files().items():
                (Path(folder) / name).write_bytes(content)
            # The model is in memory once it is open: nothing is left behind on the worker's disk.
            return self._open(Path(folder), threads)

    def _open(self, path: Path, threads: int) -> ItemEncoder:
        model = DenseEncoder.load(path, threads=threads)
        if model.fingerprint != self.fingerprint:
            raise ArtifactCorrupt(
                f"a worker has another model at {path} than the machine that runs the command",
                fix="bring the same artifact to every machine, or remove it there: it is then sent",
            )
        name = model.manifest.name
        return dense_item_encoder(model, item_text, name=name, dims=self.dims, also=self.also)


def artifact_files(path: Path) -> dict[str, bytes]:
    """Every file of an artifact, by name."""
    return {entry.name: entry.read_bytes() for entry in sorted(path.iterdir())}


@dataclass(frozen=True, slots=True)
class TaskSpec:
    """What every worker is to do.

    Attributes:
        target: alias to write through.
        settings: of the cluster, password included; therefore a task is fetched from the `BatchBuffer`, and
            never stands in the environment, the arguments or the description of anything that Ray shows.
        encoder: opened once per worker.
        limits: of bodies and requests.
        policy: of retries.
        cpus: cores of a worker.
        vectors: how the release keeps them.
    """

    target: str
    settings: ClusterSettings
    encoder: EncoderSource
    limits: PipelineOptions
    policy: RetryPolicy
    cpus: int
    vectors: VectorStorage = AS_FP32


@dataclass(frozen=True, slots=True)
class Settled:
    """Every item at the positions ``first`` to ``last``, both included, is acknowledged or refused.

    Attributes:
        written: of its requests; ``written.accepted + len(refused)`` is the number of items.
        refused: by OpenSearch, or no JSON.
        busy_s: seconds per stage (``encode``, ``write``).
        clipped: values of vectors that their quantisation clipped.
    """

    first: int
    last: int
    written: BulkResult
    refused: tuple[DeadLetter, ...] = ()
    busy_s: Mapping[str, float] = field(default_factory=dict)
    clipped: int = 0


@dataclass(frozen=True, slots=True)
class Failed:
    """An error that ends the run. It travels as data: an exception would be printed into Ray's logs."""

    kind: type[AisleError]
    message: str
    fix: str
    status: int | None = None

    @staticmethod
    def of(error: AisleError) -> Failed:
        """Of an error that was caught."""
        return Failed(type(error), error.message, error.fix, error.status)

    def throw(self) -> NoReturn:
        """Raise it as the class that it was."""
        error = self.kind.__new__(self.kind)
        # Not the class' own constructor: some take other arguments.
        AisleError.__init__(error, self.message, fix=self.fix, status=self.status)
        raise error


Reply = Settled | Failed
