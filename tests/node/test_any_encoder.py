"""An encoder of another family than BERT is indexed and searched with like any other."""

from __future__ import annotations

from pathlib import Path

import pytest
from opensearchpy import OpenSearch

import aisle
from aisle.encoder import ArtifactStore
from aisle.encoder.export import DenseExport, export
from aisle.mappings import DENSE
from aisle.types import Hit
from tests.support.tiny_encoders import tiny_encoder

TITLES = ("red sofa", "wireless mouse", "kettle", "cordless drill with battery", "Ø 19 mm für Wasser")


def test_a_catalogue_is_indexed_and_searched_with_an_int8_xlm_roberta(
    client: OpenSearch, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AISLE_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    rows = "".join(f"s{number},{title}\n" for number, title in enumerate(TITLES))
    (tmp_path / "shop.csv").write_text(f"sku,name\n{rows}", encoding="utf-8")
    model = tiny_encoder("xlm-roberta", tmp_path / "model")
    export(DenseExport(str(model), name="tiny"), ArtifactStore.default())
    report = aisle.index(
        tmp_path / "shop.csv", name, columns={"id": "sku", "title": "name"}, encoder="tiny", cluster=client
    )
    assert report.documents == len(TITLES)
    shop = aisle.open_search(name, cluster=client)
    for number, title in enumerate(TITLES):
        page = shop.search(title)
        best = max(page.hits, key=_contribution)
        assert best.item.id == f"s{number}"
        assert _contribution(best) > 0


def _contribution(hit: Hit) -> float:
    return next(signal.contribution for signal in hit.signals if signal.leg == DENSE)
