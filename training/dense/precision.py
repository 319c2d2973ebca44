"""Arithmetic of a training run: float32, or bfloat16 where the hardware multiplies it."""

from __future__ import annotations

from enum import Enum

from records.extras import optional


class Precision(Enum):
    """``AUTO`` is bfloat16 autocast (weights stay float32) where the hardware has it, else float32."""

    AUTO = "auto"
    FP32 = "fp32"
    BF16 = "bf16"

    def on(self, device: str) -> Precision:
        """``FP32`` or ``BF16`` for a torch device."""
        if self is not Precision.AUTO:
            return self
        return Precision.BF16 if _has_bf16(device) else Precision.FP32


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
