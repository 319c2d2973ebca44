"""The node's files as text."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from aisle.cluster.node.embedded import java_options
from aisle.cluster.node.files import Ports, Setting, java_command, module_descriptor, node_env, opensearch_yml
from aisle.cluster.node.lock import MODULES, OPENSEARCH, dump_lock, load_lock
from aisle.errors import InputError

PORTS = Ports(9201, 9301, 9401)


def read_yml(**settings: Setting) -> dict[str, object]:
    text = opensearch_yml(
        name="n", folder=Path("/x y"), ports=PORTS, native=False, simd=False, settings=settings
    )
    pairs = (line.split(": ", 1) for line in text.splitlines())
    return {key: json.loads(value) for key, value in pairs}


def test_node_binds_loopback_and_its_three_ports() -> None:
    body = read_yml()
    assert body["network.host"] == "127.0.0.1"
    assert (body["http.port"], body["transport.port"]) == (9201, 9301)
    assert body["aux.transport.transport-grpc.port"] == "9401"
    assert body["path.data"] == "/x y/data"
    assert body["discovery.type"] == "single-node"


def test_settings_win_and_seed_hosts_end_single_node() -> None:
    settings: dict[str, Setting] = {"cluster.name": "three", "discovery.seed_hosts": ["127.0.0.1:9301"]}
    body = read_yml(**settings)
    assert body["cluster.name"] == "three"
    assert body["discovery.seed_hosts"] == ["127.0.0.1:9301"]
    assert "discovery.type" not in body


def test_descriptor_names_what_it_extends() -> None:
    module = next(module for module in MODULES if module.extends)
    lines = module_descriptor(module).splitlines()
    assert f"opensearch.version={OPENSEARCH}" in lines
    assert f"extended.plugins={','.join(module.extends)}" in lines


def test_command_turns_vectors_on_and_names_natives_only_when_there_are_some() -> None:
    where = {"java": Path("/j"), "distribution": Path("/d"), "folder": Path("/f"), "heap_mib": 512}
    plain = java_command(**where, native=None)  # type: ignore[arg-type]
    assert "--add-modules=jdk.incubator.vector" in plain
    assert "-Xmx512m" in plain
    assert not [option for option in plain if "java.library.path" in option]
    assert "-Djava.library.path=/knn" in java_command(**where, native=Path("/knn"))  # type: ignore[arg-type]
    more = java_command(**where, native=None, more=("-Xmx9m",))  # type: ignore[arg-type]
    assert more.index("-Xmx512m") < more.index("-Xmx9m") < more.index("-cp")
    assert node_env(Path("/f"), Path("/knn"))["LD_LIBRARY_PATH"] == "/knn"


def test_options_of_java_are_read_as_a_shell_reads_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENSEARCH_JAVA_OPTS", "-XX:TieredStopAtLevel=1 '-Da=b c'")
    assert java_options() == ["-XX:TieredStopAtLevel=1", "-Da=b c"]
    monkeypatch.setenv("OPENSEARCH_JAVA_OPTS", "-Da='b")
    with pytest.raises(InputError, match="OPENSEARCH_JAVA_OPTS cannot be read"):
        java_options()
    monkeypatch.delenv("OPENSEARCH_JAVA_OPTS")
    assert java_options() == []


def test_no_secret_of_ours_reaches_the_node() -> None:
    assert set(node_env(Path("/f"), None)) == {"PATH", "LANG", "HOME"}


def test_lock_is_of_the_pinned_release_and_complete() -> None:
    lock = load_lock()
    assert lock.opensearch == OPENSEARCH
    folders = {file.folder for file in lock.files}
    assert folders >= {f"modules/{module.name}" for module in MODULES}
    assert load_lock().fingerprint == lock.fingerprint
    assert dump_lock(lock) == dump_lock(load_lock())
