"""k-NN's native libraries, without which faiss kills the node: which ones it will load, and whether it can.

Source: ``KNNLibraryLoader`` and ``PlatformUtils`` of k-NN 3.6. The plugin takes the first variant that the
CPU has the instructions for and that no setting turns off; if that one cannot be loaded, it tries no other.
"""

from __future__ import annotations

import json
import mmap
import os
import platform
import signal
import subprocess
import sys
import sysconfig
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from aisle._printable import printable
from aisle.cluster.node.files import Setting, node_env
from aisle.cluster.node.lock import OPENSEARCH
from aisle.cluster.node.user import NodeUser, can_reach
from aisle.errors import InputError

NATIVE_VARIABLE = "AISLE_KNN_LIB"
LINK_ERROR = "UnsatisfiedLinkError"
"""What Java calls a native library that it cannot load."""

LOADER = Path(__file__).with_name("load_libraries.py")
LOAD_S = 60.0
ENTRY = "Java_org_opensearch_knn_jni_"
"""What the names of the functions begin with that the plugin calls."""


@dataclass(frozen=True, slots=True)
class Variant:
    """The libraries as they were compiled for some CPUs.

    Attributes:
        suffix: of the names of its files.
        flags: that such a CPU has.
        disabled: node setting that turns it off.
    """

    suffix: str
    flags: frozenset[str]
    disabled: str


VARIANTS = (
    Variant(
        "_avx512_spr",
        frozenset({"avx512_fp16", "avx512_bf16", "avx512_vpopcntdq"}),
        "knn.faiss.avx512_spr.disabled",
    ),
    Variant(
        "_avx512",
        frozenset({"avx512f", "avx512cd", "avx512vl", "avx512dq", "avx512bw"}),
        "knn.faiss.avx512.disabled",
    ),
    Variant("_avx2", frozenset({"avx2"}), "knn.faiss.avx2.disabled"),
)
"""The best first; a CPU that none of them fits takes the libraries without a suffix."""


def variant_suffix(flags: frozenset[str], settings: Mapping[str, Setting]) -> str:
    """Suffix of the variant that the plugin loads on a CPU with these flags, "" for the plain one."""
    fits = (
        variant.suffix
        for variant in VARIANTS
        if variant.flags <= flags and str(settings.get(variant.disabled, False)).lower() != "true"
    )
    return next(fits, "")


def parse_cpuinfo(text: str) -> frozenset[str]:
    """Flags of the first processor in ``/proc/cpuinfo``; processors that are not x86 name none."""
    lines = (line.partition(":")[2] for line in text.splitlines() if line.startswith("flags"))
    return frozenset(next(lines, "").lower().split())


def cpu_flags() -> frozenset[str]:
    """Flags of this machine's CPU, as far as the plugin asks for them."""
    if sys.platform == "darwin" and platform.machine() == "x86_64":
        command = ["/usr/sbin/sysctl", "-n", "machdep.cpu.leaf7_features"]
        told = subprocess.run(command, capture_output=True, text=True, check=False).stdout
        return frozenset(told.lower().split()) & {"avx2"}
    cpuinfo = Path("/proc/cpuinfo")
    return parse_cpuinfo(cpuinfo.read_text(encoding="utf-8")) if cpuinfo.is_file() else frozenset()


@dataclass(frozen=True, slots=True)
class NativeLibraries:
    """Libraries that the node can load.

    Attributes:
        folder: that holds them.
        simd: whether those are among them that score vectors of one bit (``mode: on_disk``, 32x).
    """

    folder: Path
    simd: bool


def native_libraries(
    named: Path | str | None, settings: Mapping[str, Setting], user: NodeUser | None
) -> NativeLibraries | None:
    """The libraries in the named folder, once a child process of the node's user has loaded them.

    Args:
        named: folder; None takes that of ``AISLE_KNN_LIB``.
        settings: of the node; some turn a variant off.
        user: who runs the node, None for ourselves.

    Returns:
        None if no folder is named.

    Raises:
        InputError: the node could not load what the plugin loads on this CPU; faiss would then kill it.
    """
    named = named or os.environ.get(NATIVE_VARIABLE)
    if not named:
        return None
    folder = Path(named).expanduser().resolve()
    files = _files(folder)
    if os.pathsep in str(folder):
        raise _unusable(f"{folder} has a {os.pathsep!r} in its path, which ends a folder in lists of folders")
    suffix = variant_suffix(cpu_flags(), settings)
    faiss, common, util, simd = (
        f"libopensearchknn_{name}" for name in (f"faiss{suffix}", "common", "util", f"simd{suffix}")
    )
    if lacking := [name for name in (faiss, common, util) if name not in files]:
        raise _unusable(f"{folder} lacks {', '.join(lacking)}, which k-NN loads on this CPU")
    if not can_reach(folder, user):
        raise InputError(
            f"user {user.name if user else ''}, who runs the node for root, cannot enter {folder}",
            fix="move k-NN's native libraries to a folder that every user may enter, for example under /opt",
        )
    if problem := _problem(folder, [files[faiss], files[common]], user):
        raise _unusable(problem)
    for path, function in ((files[faiss], "FaissService_initLibrary"), (files[common], "JNICommons_")):
        if not _holds(path, f"{ENTRY}{function}".encode()):
            raise _unusable(f"{path} is not of k-NN: it has no {ENTRY}{function}")
    return NativeLibraries(folder, simd in files and not _problem(folder, [files[simd]], user))


def _files(folder: Path) -> dict[str, Path]:
    """Name without its ending to path, of the libraries in the folder."""
    endings = (".dylib", ".jnilib") if sys.platform == "darwin" else (".so",)
    try:
        return {path.stem: path for path in sorted(folder.iterdir()) if path.suffix in endings}
    except OSError as error:
        raise _unusable(f"{folder} cannot be read ({error.strerror})") from error


def _problem(folder: Path, libraries: Sequence[Path], user: NodeUser | None) -> str:
    """Why one of them cannot be loaded, "" if all can. A child tries: a bad library may end its process."""
    env = node_env(Path("/"), folder)
    if own := sysconfig.get_config_var("LIBDIR"):
        # Where Python's own library may lie, which the child needs to begin at all.
        env["LD_LIBRARY_PATH"] = os.pathsep.join((str(folder), own))
    order = {"libraries": list(map(str, libraries)), "user": user and [user.uid, user.gid]}
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-S", str(LOADER)],
            input=json.dumps(order),
            env=env,
            cwd="/",
            capture_output=True,
            text=True,
            errors="replace",
            timeout=LOAD_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"{libraries[0]} was not loaded within {LOAD_S:.0f} s"
    if done.returncode == 0:
        return ""
    # It names each library before it loads it.
    path = (done.stdout.splitlines() or [str(libraries[0])])[-1]
    if done.returncode < 0:
        why = f"the process ended with {signal.Signals(-done.returncode).name}"
    else:
        why = (done.stderr.strip().splitlines() or ["for no known reason"])[-1]
    who = f"user {user.name} cannot load {path}" if user else f"{path} cannot be loaded"
    return f"{who}: {why.removeprefix(f'{path}: ')}"


def _holds(path: Path, text: bytes) -> bool:
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return content.find(text) >= 0


def _unusable(message: str) -> InputError:
    return InputError(
        message,
        fix=f"point {NATIVE_VARIABLE} at plugins/opensearch-knn/lib of OpenSearch {OPENSEARCH} for this"
        " machine, or unset it to use lucene",
    )


NOTE = Path("config", "knn-libraries")
"""File in a node's folder: where the libraries lay that it ran with last."""


def holds_faiss(folder: Path) -> bool:
    """Whether an index of a node's folder has a graph of faiss (``.faiss``, or ``.faissc``)."""
    return any((folder / "data").glob("nodes/*/indices/*/*/index/*.faiss*"))


def lost_libraries(folder: Path) -> str:
    """What to set the variable to again, for a node that had the libraries and is started without them."""
    try:
        noted = Path((folder / NOTE).read_text(encoding="utf-8").strip())
        # The folder belongs to the node's user: nothing else is shown of what lies there.
        known = noted.is_absolute() and noted.is_dir()
    except (OSError, ValueError):
        known = False
    return f"{NATIVE_VARIABLE}={printable(str(noted))}" if known else f"{NATIVE_VARIABLE} to their folder"
