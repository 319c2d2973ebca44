"""Names of rungs and widths that the encoder benchmarks and their tables share."""

from __future__ import annotations

from typing import Final

FULL: Final = 384
NARROW: Final = 64
WIDTHS: Final = (FULL, NARROW)

BASE: Final = "base"
FP32: Final = "fp32"
PER_TOKEN: Final = "int8-per-token"
SERVED: Final = "int8"
