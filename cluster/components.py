"""What the embedded node is made of, by name; versions and hashes stand in opensearch.lock.json."""

from __future__ import annotations

from dataclasses import dataclass

CORE_GROUP = "org.opensearch"
PLUGIN_GROUP = "org.opensearch.plugin"

LIBRARY = ("opensearch", "opensearch-plugin-classloader", "opensearch-agent", "opensearch-agent-bootstrap")
"""Artifacts of lib/, with their runtime dependencies."""

PLUGIN_ZIPS = ("opensearch-knn", "neural-search")


@dataclass(frozen=True, slots=True)
class Module:
    """One folder under modules/.

    Attributes:
        name: the module's and its folder's name.
        artifact: its Maven artifact, in the group of the plugins.
        classname: the plugin class that the node loads.
        extends: modules whose classes it sees.
    """

    name: str
    artifact: str
    classname: str
    extends: tuple[str, ...] = ()


MODULES = (
    Module("transport-netty4", "transport-netty4-client", "org.opensearch.transport.Netty4ModulePlugin"),
    Module("lang-painless", "lang-painless", "org.opensearch.painless.PainlessModulePlugin"),
    Module("analysis-common", "analysis-common", "org.opensearch.analysis.common.CommonAnalysisModulePlugin"),
    Module("reindex", "reindex-client", "org.opensearch.index.reindex.ReindexModulePlugin"),
    Module("mapper-extras", "mapper-extras-client", "org.opensearch.index.mapper.MapperExtrasModulePlugin"),
    Module("transport-grpc", "transport-grpc", "org.opensearch.transport.grpc.GrpcPlugin"),
    Module(
        "ingest-common",
        "ingest-common",
        "org.opensearch.ingest.common.IngestCommonModulePlugin",
        ("lang-painless",),
    ),
    Module(
        "search-pipeline-common",
        "search-pipeline-common",
        "org.opensearch.search.pipeline.common.SearchPipelineCommonModulePlugin",
        ("lang-painless",),
    ),
)
