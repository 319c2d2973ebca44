"""CPU instruction sets for 8-bit products, and which of them this machine has."""

from __future__ import annotations

import os
import platform
import warnings
from collections.abc import Collection
from enum import StrEnum
from pathlib import Path

from aisle.errors import ArtifactCorrupt

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
    """Instruction sets of a CPU, by its architecture (``platform.machine()``) and flags (``/proc/cpuinfo``)."""
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
