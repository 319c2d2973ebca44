"""How a worker comes by the encoder: its own copy of the artifact, or the driver's, sent and verified."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from encoder import DenseEncoder, item_text
from indexer import ItemEncoder, dense_item_encoder, without_vectors
from records import ArtifactCorrupt


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
    """

    path: Path
    fingerprint: str
    dims: int
    files: Callable[[], Mapping[str, bytes]]

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
        return dense_item_encoder(model, item_text, name=model.manifest.name, dims=self.dims)


def artifact_files(path: Path) -> dict[str, bytes]:
    """Every file of an artifact, by name."""
    return {entry.name: entry.read_bytes() for entry in sorted(path.iterdir())}
