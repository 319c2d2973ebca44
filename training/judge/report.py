"""The judgment of an encoder as one record."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from records.files import whole_file
from training.judge.cost import Cost
from training.judge.forgetting import ChangeReport
from training.judge.widths import WidthReport


@dataclass(frozen=True, slots=True)
class EncoderReport:
    """Attributes:
    name, fingerprint, precision, dims: of the artifact.
    dataset, split: what it was judged on; items, queries: how many (queries with a relevant item).
    relevant: the lowest grade that counts as relevant.
    widths: quality per width, the model's loss and the index's.
    costs: the artifact's own first, then its fp32 peers; empty if not timed.
    base: name and fingerprint (12 digits) of the model it is compared with; empty without one.
    changes: against the base, on its own data and then outside; empty if neither base nor outside was given.
    notes: what the reader must know, a line each.
    """

    name: str
    fingerprint: str
    precision: str
    dims: int
    dataset: str
    split: str
    items: int
    queries: int
    relevant: int
    widths: tuple[WidthReport, ...]
    costs: tuple[Cost, ...]
    base: str
    changes: tuple[ChangeReport, ...]
    notes: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        plain = {name: getattr(self, name) for name in self.__slots__}
        return plain | {
            "widths": [width.to_json() for width in self.widths],
            "costs": [cost.to_json() for cost in self.costs],
            "changes": [change.to_json() for change in self.changes],
            "notes": list(self.notes),
        }

    def to_bytes(self) -> bytes:
        """The JSON, indented."""
        return orjson.dumps(self.to_json(), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)

    def write(self, path: Path) -> None:
        """Write the JSON, whole or not at all."""
        with whole_file(path) as file:
            file.write(self.to_bytes())
