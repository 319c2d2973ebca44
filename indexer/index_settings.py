"""The settings of a new release on the cluster that is to hold it."""

from __future__ import annotations

from dataclasses import replace

import opensearchpy

from cluster import capabilities, require
from indexer.index_options import IndexOptions
from indexer.item_encoder import ItemEncoder
from mappings import IndexSettings, fields


def index_settings(
    client: opensearchpy.OpenSearch, encoder: ItemEncoder, options: IndexOptions
) -> IndexSettings:
    """With the best k-NN engine that the cluster has, and the width of the encoder's vectors.

    Raises:
        CapabilityMissing: the cluster cannot hold it.
    """
    engine = require(capabilities(client)).best_engine
    settings = IndexSettings(
        engine=engine, shards=options.shards, replicas=options.replicas, synonyms=options.synonyms
    )
    if space := encoder.spaces.get(fields.DENSE):
        settings = replace(settings, dims=space.dims)
    return settings
