"""The lock: every file of the embedded node with its size and hash, so a download resolves nothing."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

LOCK_FILE = Path(__file__).with_name("opensearch.lock.json")


@dataclass(frozen=True, slots=True)
class LockedFile:
    """One Maven artifact and where it goes.

    Attributes:
        folder: target folder within the distribution; a zip is unpacked there.
        group, artifact, version, packaging: its Maven coordinate.
        size: bytes.
        sha256: hex digest of the file.
    """

    folder: str
    group: str
    artifact: str
    version: str
    packaging: str
    size: int
    sha256: str

    @property
    def filename(self) -> str:
        return f"{self.artifact}-{self.version}.{self.packaging}"


@dataclass(frozen=True, slots=True)
class Lock:
    """All files of one OpenSearch release."""

    opensearch: str
    files: tuple[LockedFile, ...]

    @property
    def fingerprint(self) -> str:
        """Twelve hex digits that change with any file of the node."""
        return hashlib.sha256(dump_lock(self).encode()).hexdigest()[:12]


def load_lock(path: Path = LOCK_FILE) -> Lock:
    """Read the lock that ships with Aisle."""
    body = json.loads(path.read_text(encoding="utf-8"))
    return Lock(body["opensearch"], tuple(LockedFile(**file) for file in body["files"]))


def dump_lock(lock: Lock) -> str:
    """The lock as stable JSON: sorted by folder and file name, so that a diff reads well."""
    files = [asdict(file) for file in sorted(lock.files, key=lambda f: (f.folder, f.filename))]
    return json.dumps({"opensearch": lock.opensearch, "files": files}, indent=1) + "\n"


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


OPENSEARCH = "3.6.0"
"""Newest release whose server, modules, k-NN and neural-search are all published as Maven artifacts."""

PLUGINS = f"{OPENSEARCH}.0"

MINIMUM = (3, 0)
"""Oldest server spoken to: z-score normalisation and hybrid pagination are in every 3.x."""
