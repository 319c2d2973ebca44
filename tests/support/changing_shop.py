"""A shop on the node whose items are changed one by one, in files of its own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aisle
from aisle.cluster import Cluster
from aisle.encoder import ArtifactStore


@dataclass(frozen=True)
class ChangingShop:
    """A catalogue, its artifacts and where they lie.

    Attributes:
        client: of the node.
        store: of the artifacts.
        folder: with ``products.csv``.
        options: of `aisle.index`.
    """

    client: Cluster
    store: ArtifactStore
    folder: Path
    options: Mapping[str, Any]

    def index(self, name: str, **options: Any) -> Any:
        wanted: dict[str, Any] = {**self.options, "suggest": False}
        data, letters = self.folder / "products.csv", self.folder / f"{name}.jsonl"
        return aisle.index(
            data, name, cluster=self.client, store=self.store, dead_letters=letters, **{**wanted, **options}
        )

    def update(self, name: str, *changes: Mapping[str, Any], store: ArtifactStore | None = None) -> Any:
        lines = self.folder / "changes.jsonl"
        lines.write_text("".join(json.dumps(change) + "\n" for change in changes))
        return aisle.update(
            name,
            lines,
            refresh=True,
            from_start=True,
            checkpoint=self.folder / "checkpoint.json",
            dead_letters=self.folder / "update.jsonl",
            cluster=self.client,
            store=store or self.store,
        )

    def documents(self, name: str) -> dict[str, dict[str, Any]]:
        self.client.indices.refresh(index=name)
        hits = self.client.search(index=name, body={"size": 100, "query": {"match_all": {}}})["hits"]["hits"]
        return {hit["_id"]: hit["_source"] for hit in hits}

    def replay(self, name: str, row: Mapping[str, Any]) -> Any:
        """Send one dead letter again."""
        letter = {"line": 1, "position": None, "id": row["id"], "reason": "x", "attempts": 1, "row": row}
        (self.folder / "late.jsonl").write_text(json.dumps(letter) + "\n")
        return aisle.replay(name, self.folder / "late.jsonl", cluster=self.client, store=self.store)

    def delete(self, name: str) -> None:
        """Its releases."""
        for index in self.client.indices.get(index=f"{name}-*", allow_no_indices=True):
            self.client.indices.delete(index=index)
