"""The index contract: field names, index body, search pipelines and what ``_meta`` promises. Pure; no I/O."""

from aisle.mappings.fusion import ARITHMETIC, GEOMETRIC, HARMONIC, L2, MIN_MAX, RRF, Z_SCORE, FusionSpec
from aisle.mappings.index_body import IndexSettings, index_body
from aisle.mappings.meta import (
    SCHEMA_VERSION,
    Features,
    IndexMeta,
    ItemSpace,
    ItemSpaces,
    ItemToItemSpace,
    RecommendationSpace,
    VectorSpace,
)
from aisle.mappings.pipelines import (
    BM25,
    DENSE,
    SPARSE,
    default_fusion,
    pipeline_body,
    pipeline_name,
    release_fusions,
    standard_fusions,
)
from aisle.mappings.synonyms import Synonyms

__all__ = [
    "ARITHMETIC",
    "BM25",
    "DENSE",
    "GEOMETRIC",
    "HARMONIC",
    "L2",
    "MIN_MAX",
    "RRF",
    "SCHEMA_VERSION",
    "SPARSE",
    "Z_SCORE",
    "Features",
    "FusionSpec",
    "IndexMeta",
    "IndexSettings",
    "ItemSpace",
    "ItemSpaces",
    "ItemToItemSpace",
    "RecommendationSpace",
    "Synonyms",
    "VectorSpace",
    "default_fusion",
    "index_body",
    "pipeline_body",
    "pipeline_name",
    "release_fusions",
    "standard_fusions",
]
