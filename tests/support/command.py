"""The `aisle` command as its users meet it: a process of its own, or its entry point in this one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from aisle.cli.main import main
from aisle.cluster.node.libraries import NATIVE_VARIABLE
from tests.support.encoder_artifact import minilm

AISLE = Path(sys.executable).with_name("aisle")
NOWHERE = "http://127.0.0.1:9"


@dataclass(frozen=True, slots=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str


def environment(**ours: str) -> dict[str, str]:
    """This process' environment without settings of Aisle, and with ``ours``."""
    # ONNX Runtime reads the last two, and keeps quieter with them than a user's machine would.
    unwanted = ("AISLE_", "ORT_", "CI")
    kept = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(unwanted) or key in ("AISLE_CACHE", NATIVE_VARIABLE)
    }
    # Wide, so that no line of a table is cut.
    return {**kept, "COLUMNS": "200", **ours}


def start(*arguments: str, cwd: Path, env: Mapping[str, str]) -> subprocess.Popen[str]:
    """The console script, running."""
    return subprocess.Popen(
        [str(AISLE), *arguments],
        cwd=cwd,
        env=environment(**env),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def aisle(*arguments: str, cwd: Path, env: Mapping[str, str], timeout: float = 120) -> Done:
    """The console script, until it ends."""
    with start(*arguments, cwd=cwd, env=env) as process:
        try:
            out, err = process.communicate(timeout=timeout)
        finally:
            process.kill()
    return Done(process.returncode, out, err)


def here(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], *arguments: str, **env: str
) -> Done:
    """The console script's entry point in this process: for what needs no process, and takes no second."""
    with monkeypatch.context() as patch:
        for key in set(os.environ) - set(environment()):
            patch.delenv(key)
        for key, value in {"COLUMNS": "200", **env}.items():
            patch.setenv(key, value)
        patch.setattr(sys, "argv", ["aisle", *arguments])
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capfd.readouterr()
    code = ended.value.code
    assert isinstance(code, int)
    return Done(code, out, err)


def failure(done: Done) -> str:
    """The error and its fix, once it is certain that nothing else was said after them.

    Every failure that Aisle means ends in exactly one line "error: " and one line "fix: ".
    """
    assert done.code == 1, done
    assert "Traceback" not in done.err, done.err
    lines = [line for line in done.err.splitlines() if line.strip()]
    assert [line.split(" ")[0] for line in lines[-2:]] == ["error:", "fix:"], done.err
    assert not any(line.startswith(("error:", "fix:")) for line in lines[:-2]), done.err
    assert all(len(line) > len("error: ") + 3 for line in lines[-2:])
    return "\n".join(lines[-2:])


@contextmanager
def open_folder() -> Iterator[Path]:
    """A temporary folder that the node's own user may enter, as pytest's may not be."""
    folder = Path(tempfile.mkdtemp(prefix="aisle-cli-test-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def put_encoder(home: Path) -> Path:
    """Make ``home`` an AISLE_HOME that holds the packaged MiniLM's artifact."""
    artifact = minilm()
    kind = home / "artifacts" / "dense"
    kind.mkdir(parents=True)
    (kind / artifact.name).symlink_to(artifact)
    return home


def listing(folder: Path) -> list[str]:
    """Every file below, so that "nothing was written" can be said."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))
