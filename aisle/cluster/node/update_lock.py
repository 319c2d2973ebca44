"""For maintainers, after a change of the lock's version: resolves the node's jars anew.

Run ``python -m aisle.cluster.node.update_lock``.


Resolving walks about 200 POM files one after another, which took 25 s of a first start; a lock takes none.
"""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path

from jgo.maven import Artifact, MavenContext

from aisle.cluster.node.lock import (
    CORE_GROUP,
    LIBRARY,
    LOCK_FILE,
    MODULES,
    OPENSEARCH,
    PLUGIN_GROUP,
    PLUGIN_ZIPS,
    PLUGINS,
    Lock,
    LockedFile,
    dump_lock,
)

LOG4J = "org.apache.logging.log4j"


def runtime(context: MavenContext, coordinate: str) -> list[Artifact]:
    """The artifact and what it needs at run time, less per-platform natives (Aisle speaks no HTTP/3)."""
    inputs, transitive = context.resolver.resolve([context.create_dependency(f"{coordinate}:compile")])
    needed = [dep for dep in transitive if dep.scope in ("compile", "runtime")]
    return [dep.artifact for dep in (*inputs, *needed) if not dep.artifact.classifier]


def locked(folder: str, artifact: Artifact) -> LockedFile:
    """Download one artifact and write down what came."""
    data = Path(artifact.resolve()).read_bytes()
    return LockedFile(
        folder,
        artifact.groupId,
        artifact.artifactId,
        artifact.version,
        artifact.packaging,
        len(data),
        hashlib.sha256(data).hexdigest(),
    )


def resolve(context: MavenContext) -> Lock:
    """Resolve every module and plugin of the node at the version that the lock is for."""
    library: dict[str, Artifact] = {}
    for name in LIBRARY:
        for artifact in runtime(context, f"{CORE_GROUP}:{name}:jar:{OPENSEARCH}"):
            library.setdefault(artifact.artifactId, artifact)
    # The server logs through log4j-api and declares its implementation nowhere.
    api = library["log4j-api"].version
    library["log4j-core"] = context.project(LOG4J, "log4j-core").at_version(api).artifact()
    files = [locked("lib", artifact) for artifact in library.values()]
    for module in MODULES:
        jars = runtime(context, f"{PLUGIN_GROUP}:{module.artifact}:jar:{OPENSEARCH}")
        own = [jar for jar in jars if jar.artifactId not in library]
        files += [locked(f"modules/{module.name}", jar) for jar in own]
    for name in PLUGIN_ZIPS:
        archive = context.project(PLUGIN_GROUP, name).at_version(PLUGINS).artifact(packaging="zip")
        files.append(locked(f"plugins/{name}", archive))
    return Lock(OPENSEARCH, tuple(files))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        LOCK_FILE.write_text(dump_lock(resolve(MavenContext(repo_cache=Path(folder)))), encoding="utf-8")
