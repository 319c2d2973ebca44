"""k-NN's native libraries: proven before a node starts with them, missed before one starts without them."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import typer
from typer.testing import CliRunner

from aisle.cli.node import logs
from aisle.cluster import EmbeddedNode, NodeOptions
from aisle.cluster.node import libraries
from aisle.cluster.node.embedded import LOG, start_failure
from aisle.cluster.node.files import Setting
from aisle.cluster.node.folder import MARKER
from aisle.cluster.node.libraries import NATIVE_VARIABLE, NOTE, VARIANTS, parse_cpuinfo, variant_suffix
from aisle.cluster.node.registry import NodeRecord, register
from aisle.cluster.node.user import node_user
from aisle.errors import InputError, NodeStartFailed
from tests.support.three_nodes import node_home

linux = pytest.mark.skipif(sys.platform != "linux", reason="libraries of Linux")
AVX512 = "avx512f avx512cd avx512vl avx512dq avx512bw"
SPR = "avx512_fp16 avx512_bf16 avx512_vpopcntdq"
SUFFIX = variant_suffix(libraries.cpu_flags(), {})
FAISS, COMMON, UTIL, SIMD = (
    f"libopensearchknn_{name}.so" for name in (f"faiss{SUFFIX}", "common", "util", f"simd{SUFFIX}")
)
FUNCTIONS = (
    b"Java_org_opensearch_knn_jni_FaissService_initLibrary Java_org_opensearch_knn_jni_JNICommons_free"
)


@pytest.mark.parametrize(
    ("flags", "off", "suffix"),
    [
        ("sse2", (), ""),
        ("sse2 avx avx2", (), "_avx2"),
        (f"avx2 {AVX512}", (), "_avx512"),
        (f"avx2 {AVX512}".replace(" avx512vl", ""), (), "_avx2"),
        (f"avx2 {AVX512} {SPR}", (), "_avx512_spr"),
        (f"avx2 {AVX512} {SPR}".replace("avx512_fp16 ", ""), (), "_avx512"),
        (f"avx2 {AVX512} {SPR}", ("avx512_spr",), "_avx512"),
        (f"avx2 {AVX512} {SPR}", ("avx512_spr", "avx512"), "_avx2"),
        (f"avx2 {AVX512}", ("avx512", "avx2"), ""),
    ],
)
def test_the_plugin_takes_the_best_variant_that_the_cpu_has(
    flags: str, off: tuple[str, ...], suffix: str
) -> None:
    settings: dict[str, Setting] = {f"knn.faiss.{name}.disabled": True for name in off}
    assert variant_suffix(frozenset(flags.split()), settings) == suffix
    as_text: dict[str, Setting] = dict.fromkeys(settings, "true")
    assert variant_suffix(frozenset(flags.split()), as_text) == suffix


def test_flags_are_those_of_the_first_processor() -> None:
    text = "processor\t: 0\nflags\t\t: fpu AVX2 avx512f\nbugs\t: x\n\nprocessor\t: 1\nflags\t\t: fpu\n"
    assert parse_cpuinfo(text) == {"fpu", "avx2", "avx512f"}
    assert parse_cpuinfo("processor\t: 0\nFeatures\t: fp asimd\n") == frozenset()


@pytest.fixture
def folder() -> Iterator[Path]:
    with node_home() as made:
        yield made


def shared_object() -> bytes:
    """Some library of this machine that has nothing to do with k-NN."""
    with Path("/proc/self/maps").open() as maps:
        found = next(line.split()[-1] for line in maps if "/libc.so" in line or "/libc-2" in line)
    return Path(found).read_bytes()


def put(folder: Path, *names: str, content: bytes) -> None:
    for name in names:
        (folder / name).write_bytes(content)


def refusal(folder: Path) -> str:
    """What starting a node with this folder says; nothing is downloaded or started before."""
    with pytest.raises(InputError) as caught:
        EmbeddedNode.start(NodeOptions(native=folder, folder=folder / "node"))
    assert NATIVE_VARIABLE in caught.value.fix or "move" in caught.value.fix
    assert not (folder / "node").exists()
    return caught.value.message


def test_a_folder_must_be_one(folder: Path) -> None:
    assert "No such file or directory" in refusal(folder / "nowhere")
    put(folder, "file", content=b"x")
    assert "Not a directory" in refusal(folder / "file")
    for dividing in ":;":
        made = folder / f"a{dividing}b"
        made.mkdir()
        assert repr(dividing) in refusal(made)


def test_what_leads_to_no_folder_is_said(tmp_path: Path) -> None:
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    for named in ("~nobody-of-that-name/knn", loop):
        with pytest.raises(InputError, match=r"cannot be (found|read)") as caught:
            libraries.native_libraries(named, {}, None)
        assert NATIVE_VARIABLE in caught.value.fix


@linux
def test_what_the_cpu_asks_for_must_be_there(folder: Path) -> None:
    assert f"lacks {FAISS[:-3]}, {COMMON[:-3]}, {UTIL[:-3]}" in refusal(folder)
    others = [variant.suffix for variant in VARIANTS if variant.suffix != SUFFIX] + ([""] if SUFFIX else [])
    put(folder, *(f"libopensearchknn_faiss{suffix}.so" for suffix in others), content=b"other CPUs")
    put(folder, COMMON, UTIL, content=b"x")
    assert refusal(folder).endswith(f"lacks {FAISS[:-3]}, which k-NN loads on this CPU")


@linux
@pytest.mark.parametrize("content", [b"garbage" * 200, b"", None], ids=["garbage", "empty", "cut off"])
def test_what_cannot_be_loaded_is_refused(folder: Path, content: bytes | None) -> None:
    put(folder, FAISS, COMMON, UTIL, content=shared_object()[:20_000] if content is None else content)
    told = refusal(folder)
    assert FAISS in told and ("cannot be loaded: " in told or "cannot load" in told)
    assert told.rpartition(": ")[2]


@linux
def test_a_library_of_another_program_is_refused(folder: Path) -> None:
    put(folder, FAISS, COMMON, UTIL, content=shared_object())
    assert "is not of k-NN" in refusal(folder)


@linux
def test_what_can_be_loaded_is_taken(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(folder, FAISS, COMMON, UTIL, content=shared_object() + FUNCTIONS)
    user = node_user()
    found = libraries.native_libraries(folder, {}, user)
    assert found == libraries.NativeLibraries(folder.resolve(), simd=False)
    put(folder, SIMD, content=shared_object())
    monkeypatch.setenv(NATIVE_VARIABLE, str(folder))
    assert libraries.native_libraries(None, {}, user) == libraries.NativeLibraries(
        folder.resolve(), simd=True
    )
    put(folder, SIMD, content=b"garbage")
    found = libraries.native_libraries(None, {}, user)
    assert found is not None and not found.simd
    monkeypatch.setenv(NATIVE_VARIABLE, "")
    assert libraries.native_libraries(None, {}, user) is None


@linux
@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts a node as another user")
def test_the_nodes_user_must_be_able_to_read_them(folder: Path) -> None:
    closed = folder / "closed" / "lib"
    closed.mkdir(parents=True)
    put(closed, FAISS, COMMON, UTIL, content=shared_object() + FUNCTIONS)
    (closed / FAISS).chmod(0o600)
    assert f"cannot load {closed / FAISS}: cannot open" in refusal(closed)
    (closed / FAISS).chmod(0o644)
    closed.parent.chmod(0o700)
    assert "cannot enter" in refusal(closed)


def node_folder(folder: Path, graph: str) -> Path:
    """What a node leaves that had the libraries and a faiss index."""
    kept = folder / "kept"
    index = kept / "data" / "nodes" / "0" / "indices" / "a1b2" / "0" / "index"
    index.mkdir(parents=True)
    (kept / "config").mkdir()
    (kept / MARKER).touch()
    (kept / NOTE).write_text(f"{folder}\n")
    (index / graph).touch()
    return kept


@pytest.mark.parametrize("graph", ["_2_165_dense.faiss", "_2_165_dense.faissc"])
def test_a_node_with_faiss_indexes_is_not_started_without_the_libraries(
    folder: Path, graph: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(NATIVE_VARIABLE, raising=False)
    kept = node_folder(folder, graph)
    before = sorted(kept.rglob("*"))
    with pytest.raises(NodeStartFailed, match="node aisle has faiss indexes") as caught:
        EmbeddedNode.start(NodeOptions(folder=kept))
    assert caught.value.fix.startswith(f"set {NATIVE_VARIABLE}={folder}, or")
    assert sorted(kept.rglob("*")) == before
    (kept / NOTE).write_text("/nowhere/\x1b[31m\n")
    with pytest.raises(NodeStartFailed) as caught:
        EmbeddedNode.start(NodeOptions(folder=kept))
    assert caught.value.fix.startswith(f"set {NATIVE_VARIABLE} to their folder, or")


def test_only_graphs_of_faiss_need_the_libraries(folder: Path) -> None:
    assert not libraries.holds_faiss(folder / "new")
    assert not libraries.holds_faiss(node_folder(folder, "_2_Lucene99HnswVectorsFormat_0.vex"))


LOST = "java.lang.UnsatisfiedLinkError: no opensearchknn_faiss_avx2 in java.library.path: /knn"
FRAMES = "".join(f"\tat org.opensearch.knn.jni.FaissService.{n}(FaissService.java:{n})\n" for n in range(40))


def put_log(folder: Path, text: str) -> Path:
    log = folder / LOG
    log.parent.mkdir(parents=True)
    log.write_text(text)
    return folder


def test_a_start_that_fails_for_want_of_the_libraries_names_them(folder: Path) -> None:
    kept = put_log(
        node_folder(folder, "x"), f"[INFO] starting\nfatal error in thread [main], exiting\n{LOST}\n{FRAMES}"
    )
    error = start_failure("shop", kept, alive=False)
    assert LOST in error.message
    assert error.fix == f"set {NATIVE_VARIABLE}={folder}, then start it again"
    other = start_failure("shop", put_log(folder / "other", "[ERROR] unknown setting\n"), alive=False)
    assert NATIVE_VARIABLE not in other.fix


def test_logs_name_the_libraries_that_a_node_ended_without(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AISLE_HOME", str(tmp_path))
    kept = put_log(node_folder(folder, "x"), f"{LOST}\n{FRAMES}")
    app = typer.Typer()
    app.command()(logs)
    ours = psutil.Process()
    for created, told in ((0.0, True), (ours.create_time(), False)):
        register(NodeRecord("aisle", ours.pid, created, "http://127.0.0.1:9", str(kept), "3.6.0"))
        done = CliRunner().invoke(app, ["-n", "2"])
        assert done.exit_code == 0 and LOST not in done.stdout
        assert (f"{NATIVE_VARIABLE}={folder}" in done.stderr) is told
        assert (LOST in done.stderr) is told
