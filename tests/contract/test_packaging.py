"""The wheel: what is in it, and that it works elsewhere, without this repository and without the extras."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

from tests.support.heavy_modules import BLOCK

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PACKAGES: list[str] = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built as pip builds it, but with the hatchling that is here."""
    folder = tmp_path_factory.mktemp("wheel")
    hatchling = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(hatchling, cwd=ROOT, check=True, capture_output=True, timeout=120)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`bin` of a new environment with the wheel, its dependencies and none of the extras.

    The dependencies are this environment's own folder, put at the end of the path: a folder that is named
    in a .pth file gets its own .pth files ignored, and with them the editable install of this repository.
    """
    place = tmp_path_factory.mktemp("elsewhere") / "venv"
    venv.create(place, with_pip=True, symlinks=True)
    python = place / "bin" / "python"
    pip = [str(python), "-m", "pip", "install", "--no-deps", "--no-index", "--quiet", str(wheel)]
    subprocess.run(pip, check=True, capture_output=True, timeout=120, cwd=place)
    site = Path(
        subprocess.check_output(
            [python, "-c", "import site; print(site.getsitepackages()[0])"], text=True
        ).strip()
    )
    (site / "no_extras.py").write_text(BLOCK)
    (site / "dependencies.pth").write_text(f"{sysconfig.get_path('purelib')}\nimport no_extras\n")
    return python.parent


def run(binary: Path, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    env = {"PATH": os.defpath, "HOME": str(cwd), "AISLE_HOME": str(cwd), "COLUMNS": "120"}
    return subprocess.run(
        [str(binary), *arguments], cwd=cwd, env=env, capture_output=True, text=True, timeout=60, check=False
    )


def test_the_wheel_holds_every_package_and_nothing_else(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    tops = {name.split("/")[0] for name in names}
    version = PROJECT["project"]["version"]
    assert PACKAGES == ["aisle"]
    assert tops == {*PACKAGES, f"aisle-{version}.dist-info"}
    sources = {
        str(path.relative_to(ROOT))
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and path.suffix in (".py", ".json", ".html", ".css", ".js", ".svg")
    }
    assert sources <= names
    assert "aisle/cluster/node/opensearch.lock.json" in names
    assert "aisle/py.typed" in names
    assert sum(name.startswith("aisle/testing/synthetic/tables/") for name in names) >= 1
    assert not [name for name in names if name.endswith((".pyc", ".pem", ".npz", ".onnx"))]


def test_its_metadata(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (info,) = (name for name in archive.namelist() if name.endswith("/METADATA"))
        metadata = archive.read(info).decode()
        points = archive.read(info.replace("METADATA", "entry_points.txt")).decode()
    assert "aisle = aisle.cli.main:main" in points
    for extra in ("train", "serve", "ray", "dev"):
        assert f"Provides-Extra: {extra}\n" in metadata
    required = [line for line in metadata.splitlines() if line.startswith("Requires-Dist")]
    plain = [line for line in required if "extra ==" not in line]
    assert len(plain) == len(PROJECT["project"]["dependencies"])
    assert not any(word in line for line in plain for word in ("torch", "transformers", "onnx>", "datasets"))
    # Nothing says where to download from: any mirror serves.
    assert not any("://" in line for line in required)


def test_it_imports_from_another_folder(installed: Path, tmp_path: Path) -> None:
    code = (
        "import importlib, json\n"
        f"print(json.dumps({{name: importlib.import_module(name).__file__ for name in {PACKAGES!r}}}))"
    )
    ended = run(installed / "python", "-c", code, cwd=tmp_path)
    assert ended.returncode == 0, ended.stderr
    places = json.loads(ended.stdout)
    assert set(places) == set(PACKAGES)
    for name, place in places.items():
        assert Path(place).is_relative_to(installed.parent), name
    assert run(installed / "python", "-c", "import torch", cwd=tmp_path).returncode == 1


def test_its_command_works_there(installed: Path, tmp_path: Path) -> None:
    assert "demo" in run(installed / "aisle", "--help", cwd=tmp_path).stdout
    for command in ("index", "search", "demo"):
        ended = run(installed / "aisle", command, "--help", cwd=tmp_path)
        assert ended.returncode == 0, ended.stderr
        assert f"aisle {command}" in ended.stdout
    nothing = run(installed / "aisle", "index", "no.jsonl", "--name", "x", cwd=tmp_path)
    assert nothing.returncode == 1
    assert "error: no OpenSearch address is set and no node runs" in nothing.stderr


def test_its_data_files_are_read_there(installed: Path, tmp_path: Path) -> None:
    code = (
        "from pathlib import Path\n"
        "from aisle.cluster.node.lock import load_lock\n"
        "from aisle.testing.synthetic import SyntheticOptions, write_synthetic\n"
        "print(len(load_lock().files))\n"
        "write_synthetic(Path('made'), SyntheticOptions(products=1000))\n"
    )
    ended = run(installed / "python", "-c", code, cwd=tmp_path)
    assert ended.returncode == 0, ended.stderr
    assert int(ended.stdout) > 50
    assert len((tmp_path / "made" / "corpus.jsonl").read_text().splitlines()) == 1000
