"""Small artifacts and manifests for tests of registries, and an S3-compatible store in this process."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import urllib3
from moto.server import ThreadedMotoServer

from aisle.encoder.artifact import Artifact, ArtifactStore, Manifest, load_artifact, write_manifest
from aisle.registry.manifest import BoundArtifact, BoundIndex, BoundText, ReleaseManifest

CLUSTER = "cluster-1"


def small_artifact(
    store: ArtifactStore, name: str, content: bytes = b"weights", kind: str = "dense"
) -> Artifact:
    """An artifact of two files that no model could open."""
    with store.staging() as folder:
        (folder / "model.onnx").write_bytes(content + name.encode())
        (folder / "tokenizer.json").write_bytes(b"{}")
        write_manifest(
            folder, Manifest(kind=kind, name=name, base_model="", dims=2, text_version="2", files={})
        )
        return load_artifact(store.add(folder))


def manifest_of(
    release: str, artifacts: Sequence[Artifact] = (), *, texts: Sequence[bytes] = (), **changes: Any
) -> ReleaseManifest:
    """What binds artifacts, and texts as rules and synonyms."""
    bound = [BoundText(lines=1, fingerprint=sha256(text).hexdigest()) for text in texts] + [None, None]
    held: dict[str, Any] = {
        "catalogue": release.rpartition("-v")[0],
        "release": release,
        "cluster": CLUSTER,
        "index": BoundIndex(
            uuid=release, schema_version=3, engine="lucene", kept_as="fp32", mapping="0" * 64
        ),
        "artifacts": tuple(
            BoundArtifact(
                role=f"encoder {number}",
                kind=one.manifest.kind,
                name=one.manifest.name,
                fingerprint=one.fingerprint,
            )
            for number, one in enumerate(artifacts)
        ),
        "rules": bound[0],
        "synonyms": bound[1],
        "created": "2026-11-30T12:00:00.000+00:00",
    }
    return ReleaseManifest(**held | changes)


def given(texts: Sequence[bytes]) -> dict[str, bytes]:
    """Texts as a push takes them."""
    return {sha256(text).hexdigest(): text for text in texts}


def objects_in(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, with what it holds."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@contextmanager
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of an S3-compatible store with a bucket ``models``, where the variables lead."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    address = f"http://{host}:{port}"
    try:
        # All of its servers in one process hold the same.
        urllib3.request("POST", f"{address}/moto-api/reset")
        urllib3.request("PUT", f"{address}/models")
        use_s3(monkeypatch, address)
        yield address
    finally:
        server.stop()


def use_s3(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    """Let the variables of S3 lead to an address."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", address)
    monkeypatch.setenv("AWS_ALLOW_HTTP", "true")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "tests")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-a-secret")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
