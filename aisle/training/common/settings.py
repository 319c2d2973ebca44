"""Settings that cannot be used are refused by name."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Any

import numpy as np

from aisle._extras import optional
from aisle.errors import InputError


def require_valid(settings: object, rules: Iterable[tuple[str, bool, str]], use: str) -> None:
    """Refuse the first value that breaks its rule.

    Args:
        settings: whose attributes are named.
        rules: attribute, whether it holds, and what to give instead.
        use: what the value cannot be ``<use> with``.

    Raises:
        InputError: names the attribute, its value and the rule.
    """
    for name, holds, rule in rules:
        if not holds:
            raise InputError(f"{name} = {getattr(settings, name)!r} cannot be {use} with", fix=f"give {rule}")


def as_plain_json(value: Any) -> Any:
    """Enums by their values, tuples as lists, at any depth."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {key: as_plain_json(held) for key, held in value.items()}
    return [as_plain_json(held) for held in value] if isinstance(value, list | tuple) else value


class TrainingPrecision(Enum):
    """``AUTO`` is bfloat16 autocast (weights stay float32) where the hardware has it, else float32."""

    AUTO = "auto"
    FP32 = "fp32"
    BF16 = "bf16"

    def on(self, device: str) -> TrainingPrecision:
        """``FP32`` or ``BF16`` for a torch device."""
        if self is not TrainingPrecision.AUTO:
            return self
        return TrainingPrecision.BF16 if _has_bf16(device) else TrainingPrecision.FP32


def best_device() -> str:
    """``cuda`` where there is one, else ``cpu``."""
    return "cuda" if optional("torch", extra="train").cuda.is_available() else "cpu"


def _has_bf16(device: str) -> bool:
    torch = optional("torch", extra="train")
    if device.startswith("cuda"):
        # Without emulation: an older GPU would take bfloat16 and be slower with it.
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    capabilities: dict[str, object] = getattr(torch.cpu, "get_capabilities", dict)()
    return device == "cpu" and any(on is True for name, on in capabilities.items() if name.endswith("bf16"))


# What a manifest takes for a name.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def check_name(name: str) -> None:
    """Raises InputError for a name that no artifact can have."""
    if not _NAME.fullmatch(name):
        raise InputError(f"{name!r} is no name for an artifact", fix="use letters, digits, '.', '_', '-'")


def seed_all(seed: int) -> None:
    """Python, NumPy and torch, on all devices."""
    random.seed(seed)
    np.random.seed(seed)
    optional("torch", extra="train").manual_seed(seed)
