"""The sparse leg: items by the weights of the tokens that they and the question share. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mappings import SPARSE, fields
from search.legs import Question


@dataclass(frozen=True, slots=True)
class SparseLeg:
    """Learned words (SPLADE, 2109.10086): over common tokens, the sum of question's weight times item's."""

    name: str = SPARSE
    vector_field: str | None = fields.SPARSE

    def query(self, question: Question) -> dict[str, Any]:
        """``neural_sparse`` with ``query_tokens``; a question without any known token finds nothing."""
        field = str(self.vector_field)
        tokens = question.tokens.get(field)
        if not tokens:
            return {"match_none": {}}
        asked = {"neural_sparse": {field: {"query_tokens": dict(tokens)}}}
        if not question.filters:
            return asked
        return {"bool": {"must": [asked], "filter": list(question.filters)}}
