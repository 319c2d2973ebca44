"""k-NN's native libraries, without which faiss kills the node: which ones it will load, and whether it can.

Source: ``KNNLibraryLoader`` and ``PlatformUtils`` of k-NN 3.6. The plugin takes the first variant that the
CPU has the instructions for and that no setting turns off; if that one cannot be loaded, it tries no other.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
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
    try:
        folder = Path(named).expanduser().resolve()
    except (RuntimeError, OSError) as error:
        # Nobody has that home, or links that lead to one another.
        raise _unusable(f"{named} cannot be found ({error})") from error
    files = _files(folder)
    # Of LD_LIBRARY_PATH, see ld.so(8).
    if dividing := set(str(folder)) & {os.pathsep, ";"}:
        raise _unusable(
            f"{folder} has a {min(dividing)!r} in its path, which ends a folder in lists of folders"
        )
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
    for path, function in ((files[faiss], "FaissService_initLibrary"), (files[common], "JNICommons_")):
        if problem := _problem(path, user):
            raise _unusable(problem)
        if f"{ENTRY}{function}".encode() not in path.read_bytes():
            raise _unusable(f"{path} is not of k-NN: it has no {ENTRY}{function}")
    return NativeLibraries(folder, simd in files and not _problem(files[simd], user))


def _files(folder: Path) -> dict[str, Path]:
    """Name without its ending to path, of the libraries in the folder."""
    endings = (".dylib", ".jnilib") if sys.platform == "darwin" else (".so",)
    try:
        return {path.stem: path for path in sorted(folder.iterdir()) if path.suffix in endings}
    except OSError as error:
        raise _unusable(f"{folder} cannot be read ({error.strerror})") from error


def _problem(library: Path, user: NodeUser | None) -> str:
    """Why the node's user cannot load it, "" if that user can: a child process that does nothing else has.

    The loader of Linux takes it from ``LD_PRELOAD``, and what it needs in turn from the node's environment.
    On other systems there is no such way, and nothing is tried.
    """
    program = shutil.which("true", path=os.defpath)
    if sys.platform != "linux" or program is None:
        return ""
    who = f"user {user.name} cannot load {library}" if user else f"{library} cannot be loaded"
    try:
        done = subprocess.run(
            [program],
            # Relative, for the list is divided by spaces too.
            env={**node_env(Path("/"), library.parent), "LD_PRELOAD": f"./{library.name}"},
            cwd=library.parent,
            user=user.uid if user else None,
            group=user.gid if user else None,
            extra_groups=[] if user else None,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=LOAD_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"{who}: not within {LOAD_S:.0f} s"
    told = done.stderr.strip()
    last_line = told.rpartition("\n")[2]
    if done.returncode < 0:
        return f"{who}: the process ended with {signal.Signals(-done.returncode).name}"
    if done.returncode > 0 or told:
        reason = re.search(r"cannot be preloaded \((.+)\)", told)
        said = reason[1] if reason else last_line
        return f"{who}: {said or f'the process ended with {done.returncode}'}"
    return ""


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
