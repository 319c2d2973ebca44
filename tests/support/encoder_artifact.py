"""A real artifact of the packaged MiniLM weights, made once per test run."""

from __future__ import annotations

import functools
import tempfile
from pathlib import Path

from aisle.encoder import ArtifactStore
from aisle.encoder.export import DenseExport, export


@functools.cache
def minilm() -> Path:
    """Folder of an unmeasured INT8 export. Shared: copy it before you change it."""
    holder = _holder()
    return export(DenseExport(), ArtifactStore(Path(holder.name))).path


@functools.cache
def _holder() -> tempfile.TemporaryDirectory[str]:
    # Kept alive by the cache; its finalizer removes the folder when the interpreter ends.
    return tempfile.TemporaryDirectory(prefix="aisle-test-artifact-")
