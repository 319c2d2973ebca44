"""The machine that a training runs on: device, processor, precision and seeds."""

from __future__ import annotations

import os
import platform
import random
from enum import Enum
from pathlib import Path

import numpy as np

from aisle._environment import optional

_CPUINFO = Path("/proc/cpuinfo")


class TrainingPrecision(Enum):
    """Precision of the arithmetic; weights are kept in float32 all the same.

    ``AUTO`` is bfloat16 autocast where the hardware multiplies it, else float32. On a CPU that is AMX or
    AVX512-BF16, which is worth it alone: on an AMD EPYC with AVX512-BF16 and without AMX (one thread, MiniLM,
    32 titles of 24 tokens, interleaved) a training step took .62 to .70 of its time in float32, and encoding
    .52 to .54.
    """

    AUTO = "auto"
    FP32 = "fp32"
    BF16 = "bf16"

    def on(self, device: str) -> TrainingPrecision:
        """``FP32`` or ``BF16`` for a torch device."""
        if self is not TrainingPrecision.AUTO:
            return self
        return TrainingPrecision.BF16 if _has_bf16(device) else TrainingPrecision.FP32


def _has_bf16(device: str) -> bool:
    torch = optional("torch", extra="train")
    if device.startswith("cuda"):
        # Without emulation: an older GPU would take bfloat16 and be slower with it.
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return device == "cpu" and any(on is True for name, on in _cpu().items() if name.endswith("bf16"))


def _cpu() -> dict[str, object]:
    """What this CPU can do, by torch's names; nothing where torch does not tell."""
    found: dict[str, object] = getattr(optional("torch", extra="train").cpu, "get_capabilities", dict)()
    return found


def best_device() -> str:
    """``cuda`` where there is one, else ``cpu``."""
    return "cuda" if optional("torch", extra="train").cuda.is_available() else "cpu"


def processor() -> str:
    """The CPU's own name and the cores that this process may use: every time depends on them."""
    name = platform.processor() or platform.machine()
    if _CPUINFO.is_file():
        for line in _CPUINFO.read_text(encoding="utf-8").splitlines():
            field, _, value = line.partition(":")
            if field.strip() == "model name":
                name = value.strip()
                break
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{name}, {cores} cores"


def where(device: str) -> str:
    """A device and what it is called: for a CPU its name and cores, for a GPU its name."""
    if device.startswith("cuda"):
        return f"{device} ({optional('torch', extra='train').cuda.get_device_name(device)})"
    return f"{device} ({processor()})"


def machine_note(precision: TrainingPrecision) -> str:
    """One line on where and how a training will run."""
    device = best_device()
    chosen = precision.on(device)
    note = f"training on {where(device)} in {chosen.value}"
    if device == "cpu" and chosen is TrainingPrecision.BF16 and not _cpu().get("amx_bf16"):
        return f"{note}, without AMX, which the documented times had"
    return note


def seed_all(seed: int) -> None:
    """Python, NumPy and torch, on all devices."""
    random.seed(seed)
    np.random.seed(seed)
    optional("torch", extra="train").manual_seed(seed)
