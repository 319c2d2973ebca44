"""What one load of a catalogue took, stage by stage and on both sides of the wire."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from benchmarks.file_to_alias import FileToAlias
from benchmarks.scale_curve import Sample


@dataclass(frozen=True, slots=True)
class Loaded:
    """Attributes:
    run: documents, time, memory and the client's stages.
    load_s: of its seconds, until the last document was acknowledged; the rest made it live.
    client_cpu_s, node_cpu_s: CPU seconds of the two processes.
    engine_s: seconds of the engine's threads at each kind of work, see ``scale_engine``.
    samples: of the marks that were asked for.
    """

    run: FileToAlias
    load_s: float
    client_cpu_s: float
    node_cpu_s: float
    engine_s: Mapping[str, float]
    samples: tuple[Sample, ...]

    @property
    def per_s(self) -> float:
        """Products per second from the opened file to the swapped alias."""
        return self.run.documents / self.run.seconds

    @property
    def peak_mb(self) -> float:
        """All of the client's resident memory at its most, the imported program included, MB."""
        return self.run.baseline_mb + self.run.above_mb

    def cores_used(self, cores: int) -> float:
        """Share of the machine that both processes kept busy: near 1, the CPU is what bounds the load."""
        return (self.client_cpu_s + self.node_cpu_s) / (self.run.seconds * cores)

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Loaded:
        """From ``dataclasses.asdict``."""
        samples = tuple(Sample(**sample) for sample in content["samples"])
        return cls(**{**content, "run": FileToAlias(**content["run"]), "samples": samples})
