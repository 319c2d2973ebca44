"""This machine's CPU: which 8-bit instruction sets it has, its cores, and ONNX Runtime sessions set to it."""

from __future__ import annotations

import os
import platform
import warnings
from collections.abc import Collection
from enum import StrEnum
from pathlib import Path

from aisle.errors import ArtifactCorrupt

# ONNX Runtime reports to its makers from the moment it is imported, unless it finds this. It is the one thing
# that must happen at import, and this is the only place that imports it.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

import onnxruntime as ort

_FLAGS = Path("/proc/cpuinfo")


class InstructionSet(StrEnum):
    """What an INT8 graph was made for.

    AVX2 and AVX512 add pairs of 8-bit products in 16 bits and saturate: weights made for them use 7 bits, so
    that no sum can overflow. VNNI and ARM64 add in 32 bits and take weights of 8 bits.
    """

    AVX2 = "avx2"
    AVX512 = "avx512"
    VNNI = "vnni"
    ARM64 = "arm64"

    @property
    def saturates(self) -> bool:
        """Whether sums of 8-bit products may overflow."""
        return self in (InstructionSet.AVX2, InstructionSet.AVX512)


class CpuNotice(UserWarning):
    """Warns that an artifact runs on a CPU that it was not made for."""


def instruction_sets() -> frozenset[InstructionSet]:
    """The instruction sets of this machine. Without /proc/cpuinfo, an x86 CPU counts as AVX2."""
    text = _FLAGS.read_text(encoding="utf-8", errors="replace") if _FLAGS.is_file() else ""
    flags = next(
        (line.partition(":")[2].split() for line in text.splitlines() if line.startswith("flags")), []
    )
    return sets_of(platform.machine(), flags)


def sets_of(machine: str, flags: Collection[str]) -> frozenset[InstructionSet]:
    """Instruction sets of a CPU by architecture (``platform.machine()``) and flags (``/proc/cpuinfo``)."""
    if machine.lower() in ("arm64", "aarch64"):
        return frozenset({InstructionSet.ARM64})
    found = {InstructionSet.AVX2}
    if {"avx512f", "avx512bw"} <= set(flags):
        found.add(InstructionSet.AVX512)
    if {"avx512_vnni", "avx_vnni"} & set(flags):
        found.add(InstructionSet.VNNI)
    return frozenset(found)


def best_of(sets: frozenset[InstructionSet]) -> InstructionSet:
    """Of these instruction sets, the one to export for."""
    order = (InstructionSet.ARM64, InstructionSet.VNNI, InstructionSet.AVX512)
    return next((candidate for candidate in order if candidate in sets), InstructionSet.AVX2)


def warn_if_lacking(made_for: str, cpu: frozenset[InstructionSet] | None, artifact: str) -> None:
    """Warn (``CpuNotice``) if a CPU lacks the instruction set that an artifact was made for.

    The artifact still runs, on the instructions there are; whether its outputs are right, the self-test says.

    Args:
        made_for: the artifact's instruction set; empty: any.
        cpu: the CPU's; None: those of this machine.
        artifact: its name, for the message.
    """
    sets = instruction_sets() if cpu is None else cpu
    if made_for and made_for not in sets:
        here = ", ".join(sorted(sets))
        warnings.warn(
            f"{artifact} was made for CPUs with {made_for}; this one has {here}: it runs on those, perhaps"
            " slower (`aisle encoder export` here makes one for this CPU)",
            CpuNotice,
            stacklevel=3,
        )


def cores() -> int:
    """CPUs this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def open_session(model: Path) -> ort.InferenceSession:
    """A CPU session in which each call runs on its caller's thread; any number of threads may call.

    Raises:
        ArtifactCorrupt: the file is no model that this onnxruntime runs.
    """
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # The graph is built of fused operators already; the extended level would merge Add and LayerNormalization
    # into SkipLayerNormalization, which takes almost five times as long on a CPU as the two.
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_BASIC
    try:
        return ort.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    # onnxruntime's own exceptions share no base class but Exception.
    except Exception as error:
        raise ArtifactCorrupt(
            f"onnxruntime {ort.__version__} cannot load {model}: {error}", fix="export the model again"
        ) from error
