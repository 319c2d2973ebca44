"""Find a JDK that can run OpenSearch: 21 or later, with the modules that the node loads."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cjdk

from aisle.cluster.node.user import NodeUser, can_reach
from aisle.errors import JavaNotFound

MINIMUM = 21
MODULES = frozenset(
    {"java.instrument", "java.net.http", "jdk.incubator.vector", "jdk.management", "jdk.zipfs"}
)
"""Modules that the node or its plugins load and that cut-down runtimes lack."""

USUAL_FOLDERS = (
    ("/usr/lib/jvm", "*"),
    ("/usr/lib64/jvm", "*"),
    ("/opt", "*jdk*"),
    ("/opt/java", "*"),
    ("/usr/java", "*"),
    ("/Library/Java/JavaVirtualMachines", "*/Contents/Home"),
    ("/opt/homebrew/opt", "openjdk*/libexec/openjdk.jdk/Contents/Home"),
    ("~/.sdkman/candidates/java", "*"),
    ("~/.jdks", "*"),
)


@dataclass(frozen=True, slots=True)
class JavaInfo:
    """What a Java installation says of itself."""

    version: int
    modules: frozenset[str]

    @property
    def suits(self) -> bool:
        return self.version >= MINIMUM and self.modules >= MODULES


def parse_release(text: str) -> JavaInfo | None:
    """Read a JDK's ``release`` file; None if it does not tell both version and modules."""
    values = dict(re.findall(r'^(\w+)="(.*)"$', text, flags=re.MULTILINE))
    version = parse_version(values.get("JAVA_VERSION", ""))
    modules = values.get("MODULES", "")
    return JavaInfo(version, frozenset(modules.split())) if version and modules else None


def parse_modules(text: str) -> JavaInfo | None:
    """Read the output of ``java --list-modules`` ("java.base@21.0.4" per line)."""
    pairs = re.findall(r"^([\w.]+)@(\S+)$", text, flags=re.MULTILINE)
    version = parse_version(dict(pairs).get("java.base", ""))
    return JavaInfo(version, frozenset(name for name, _ in pairs)) if version else None


def parse_version(text: str) -> int:
    """The feature number: 21 for "21.0.4+7", 8 for "1.8.0_292", 0 for anything else."""
    match = re.match(r"(?:1\.)?(\d+)", text)
    return int(match.group(1)) if match else 0


def inspect(java_home: Path) -> JavaInfo | None:
    """What lies in a folder that may be a Java home; None if it is none or does not run."""
    binary = java_home / "bin" / "java"
    if not binary.is_file():
        return None
    release = java_home / "release"
    if release.is_file():
        info = parse_release(release.read_text(encoding="utf-8", errors="replace"))
        if info is not None:
            return info
    try:
        command = [str(binary), "--list-modules"]
        told = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return parse_modules(told.stdout)


def candidates() -> Iterator[Path]:
    """Java homes to look at, best first: OPENSEARCH_JAVA_HOME, JAVA_HOME, PATH, the usual folders."""
    for variable in ("OPENSEARCH_JAVA_HOME", "JAVA_HOME"):
        if os.environ.get(variable):
            yield Path(os.environ[variable]).expanduser()
    on_path = shutil.which("java")
    if on_path:
        yield Path(on_path).resolve().parent.parent
    for folder, pattern in USUAL_FOLDERS:
        yield from sorted(Path(folder).expanduser().glob(pattern))


def find_java(user: NodeUser | None = None, homes: Iterable[Path] | None = None) -> Path | None:
    """The first suitable Java binary among ``homes`` that ``user`` may run, or None."""
    for java_home in candidates() if homes is None else homes:
        info = inspect(java_home)
        if info is not None and info.suits and can_reach(java_home / "bin", user):
            return (java_home / "bin" / "java").resolve()
    return None


def ensure_java(user: NodeUser | None, downloads: Path) -> Path:
    """A suitable Java binary: one of this machine, else one fetched into ``downloads``.

    Raises:
        JavaNotFound: none here and none could be fetched.
    """
    found = find_java(user)
    if found is not None:
        return found
    try:
        fetched = cjdk.java_home(version=f"{MINIMUM}+", vendor="temurin", cache_dir=downloads)
    except (OSError, RuntimeError, cjdk.CjdkError) as error:
        raise java_not_found(candidates()) from error
    java = find_java(user, [Path(fetched)])
    if java is None:
        raise java_not_found([Path(fetched)])
    return java


def java_not_found(homes: Iterable[Path]) -> JavaNotFound:
    """The error, naming what was looked at and why it does not do."""
    seen = []
    for java_home in dict.fromkeys(homes):
        info = inspect(java_home)
        if info is not None:
            lack = "" if info.version < MINIMUM else " without the modules of a full JDK"
            seen.append(f"{java_home} is Java {info.version}{lack}")
    return JavaNotFound(
        f"no JDK {MINIMUM} or later found ({'; '.join(seen) or 'no Java at all'})",
        fix=f"install a JDK {MINIMUM} or later and set JAVA_HOME to its folder",
    )
