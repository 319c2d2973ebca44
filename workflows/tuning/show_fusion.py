"""What the live release uses when a search names no fusion."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from opensearchpy import OpenSearch

from mappings import FusionSpec, default_fusion, pipeline_name
from search import read_live
from workflows.tuning.ask_legs import legs_of


@dataclass(frozen=True, slots=True)
class Shown:
    """Attributes:
    release: the live one.
    spec: what it uses.
    tuned: whether it was tuned, or this is the default of any catalogue.
    """

    release: str
    spec: FusionSpec
    tuned: bool

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return {
            "release": self.release,
            "tuned": self.tuned,
            "pipeline": pipeline_name(self.spec),
            "spec": self.spec.to_json(),
        }


def show_fusion(client: OpenSearch, name: str) -> Shown:
    """Read it from the index.

    Raises:
        IndexNotFound, ForeignIndex: see ``search.read_live``.
    """
    meta = read_live(client, name).meta
    return Shown(meta.release, meta.fusion or default_fusion(legs_of(meta)), meta.fusion is not None)
