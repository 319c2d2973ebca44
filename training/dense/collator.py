"""Rows of text numbers to padded tensors, as sentence-transformers' trainer wants them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from encoder.tokens import padded
from training.dense.tokens import TokenTable

QUERY = "query"
LABEL = "label"


@dataclass(frozen=True, slots=True)
class Collator:
    """For every column ``<column>_input_ids`` and ``<column>_attention_mask``, int64 [rows, longest].

    Attributes:
        queries, items: token ids by number.
        valid_label_columns: what the trainer asks a collator for.
    """

    queries: TokenTable
    items: TokenTable
    valid_label_columns: list[str] = field(default_factory=lambda: [LABEL])

    def __call__(self, rows: Sequence[Mapping[str, Any]]) -> dict[str, torch.Tensor]:
        """One batch."""
        batch: dict[str, torch.Tensor] = {}
        for column in rows[0]:
            values = [row[column] for row in rows]
            if column == LABEL:
                batch[column] = torch.tensor(values, dtype=torch.float32)
                continue
            table = self.queries if column == QUERY else self.items
            ids, lengths = padded([table.ids[number] for number in values])
            batch[f"{column}_input_ids"] = torch.from_numpy(ids)
            mask = np.arange(ids.shape[1]) < lengths[:, None]
            batch[f"{column}_attention_mask"] = torch.from_numpy(mask.astype(np.int64))
        return batch
