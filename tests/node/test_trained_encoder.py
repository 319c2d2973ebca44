"""An encoder that Aisle trained is one like any other: `aisle index --encoder` and `aisle search` take it."""

from __future__ import annotations

import json
import uuid

from aisle.cluster import Cluster
from aisle.encoder import ArtifactStore
from aisle.encoder.export import export
from aisle.training.dense.stages.contrastive import InBatchStage
from aisle.training.dense.stages.head import AxesStage, HeadSettings, HeadStage
from aisle.training.dense.train import train_encoder
from aisle.training.dense.trainer import Schedule
from tests.support.command import aisle, open_folder
from tests.support.tiny_catalogue import tiny_training_set, write_beir
from tests.support.tiny_training import tiny_model, tiny_settings


def test_index_and_search_with_a_trained_encoder(client: Cluster, node_url: str) -> None:
    name = f"test-trained-{uuid.uuid4().hex[:8]}"
    with open_folder() as folder:
        head = HeadStage(HeadSettings(steps=20, batch=64), pseudo=0)
        stages = (AxesStage(), InBatchStage(Schedule(10, 5e-3, 32)), head)
        settings = tiny_settings(tiny_model(folder / "tiny"), *stages)
        trained = train_encoder(tiny_training_set(), settings, folder / "work", device="cpu")
        store = ArtifactStore(folder / "home" / "artifacts")
        export(trained.export_options("shop", tiny_training_set()), store)
        write_beir(folder / "shop")
        env = {"AISLE_URL": node_url, "AISLE_HOME": str(folder / "home")}
        options = ("--name", name, "--encoder", "shop", "--dims", "16", "--json")
        indexed = aisle("index", "shop", *options, cwd=folder, env=env)
        assert indexed.code == 0, indexed.err
        # The questions share no word with the items: only the trained encoder can answer.
        found = aisle("search", "thingc styled", "--name", name, "--json", cwd=folder, env=env)
        assert found.code == 0, found.err
        hits = json.loads(found.out)["hits"]
        assert "i2-3" in [hit["item"]["id"] for hit in hits[:3]]
    client.indices.delete(index=f"{name}-v*")
