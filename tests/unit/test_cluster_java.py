"""Which Java is taken and which is refused, on folders made to look like installations."""

from __future__ import annotations

from pathlib import Path

import cjdk
import pytest

from aisle.cluster.node import java
from aisle.cluster.node.java import (
    JavaInfo,
    ensure_java,
    find_java,
    java_not_found,
    parse_modules,
    parse_release,
)
from aisle.errors import JavaNotFound

ALL = " ".join(sorted({"java.base", *java.MODULES}))


def make_home(folder: Path, version: str, modules: str = ALL) -> Path:
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "java").touch()
    release = f'IMPLEMENTOR="Somebody"\nJAVA_VERSION="{version}"\nMODULES="{modules}"\n'
    (folder / "release").write_text(release)
    return folder


@pytest.mark.parametrize(
    ("text", "number"), [("21.0.4+7", 21), ("25", 25), ("1.8.0_292", 8), ("17.0.15", 17), ("", 0), ("x", 0)]
)
def test_parse_version(text: str, number: int) -> None:
    assert java.parse_version(text) == number


def test_release_file_without_modules_tells_too_little() -> None:
    assert parse_release('JAVA_VERSION="21.0.1"\n') is None
    assert parse_release('JAVA_VERSION="21.0.1"\nMODULES="java.base jdk.net"\n') == JavaInfo(
        21, frozenset({"java.base", "jdk.net"})
    )


def test_list_modules_output() -> None:
    told = parse_modules("java.base@21.0.4\njdk.incubator.vector@21.0.4\n")
    assert told == JavaInfo(21, frozenset({"java.base", "jdk.incubator.vector"}))
    assert parse_modules("Error: could not find libjava.so") is None


def test_takes_the_first_that_is_new_enough_and_whole(tmp_path: Path) -> None:
    old = make_home(tmp_path / "17", "17.0.15")
    cut = make_home(tmp_path / "cut", "21.0.2", "java.base java.logging")
    good = make_home(tmp_path / "21", "21.0.2")
    better = make_home(tmp_path / "25", "25.0.3")
    assert find_java(None, [tmp_path / "none", old, cut, good, better]) == good / "bin" / "java"
    assert find_java(None, [old, cut]) is None


def test_java_home_comes_before_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = make_home(tmp_path / "a", "21.0.1"), make_home(tmp_path / "b", "25.0.1")
    (second / "bin" / "java").chmod(0o755)
    monkeypatch.delenv("OPENSEARCH_JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(second / "bin"))
    monkeypatch.setenv("JAVA_HOME", str(first))
    assert find_java() == first / "bin" / "java"
    monkeypatch.delenv("JAVA_HOME")
    assert find_java() == second / "bin" / "java"


def test_none_found_and_none_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = make_home(tmp_path / "17", "17.0.15")

    def no_network(**_: object) -> Path:
        raise cjdk.InstallError("no network")

    monkeypatch.setattr(java, "USUAL_FOLDERS", ())
    monkeypatch.setattr(cjdk, "java_home", no_network)
    monkeypatch.delenv("OPENSEARCH_JAVA_HOME", raising=False)
    monkeypatch.setenv("JAVA_HOME", str(old))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(JavaNotFound, match="is Java 17") as caught:
        ensure_java(None, tmp_path)
    assert "JAVA_HOME" in caught.value.fix


def test_error_says_why_a_new_java_does_not_do(tmp_path: Path) -> None:
    cut = make_home(tmp_path / "cut", "25.0.1", "java.base")
    assert "without the modules of a full JDK" in java_not_found([cut]).message
    assert "no Java at all" in java_not_found([]).message
