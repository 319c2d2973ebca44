"""The distribution: what is in it, and that it works without this repository and beside other software."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

import aisle
from tests.support.heavy_modules import BLOCK

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
# For people who read the repository; nothing may need them.
LINKS = ("encoder", "indexer", "mappings", "search", "training")
# What shops have beside Aisle, and what Aisle's packages of these names once overwrote.
NEIGHBOURS = ("catalogue==2.0.10", "records==0.6.0")

# Prints the files of distributions that are not as they were installed.
DAMAGED = """
import base64, hashlib, sys
from importlib.metadata import distribution
for name in sys.argv[1:]:
    for file in distribution(name).files:
        if file.hash:
            path = file.locate()
            digest = hashlib.new(file.hash.mode, path.read_bytes()).digest() if path.is_file() else b""
            if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != file.hash.value:
                print(file)
"""


def run(binary: Path, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    env = {"PATH": os.defpath, "HOME": str(cwd), "AISLE_HOME": str(cwd), "COLUMNS": "120"}
    return subprocess.run(
        [str(binary), *arguments], cwd=cwd, env=env, capture_output=True, text=True, timeout=120, check=False
    )


def build(tree: Path, target: str, folder: Path) -> Path:
    """Built as pip builds it, but with the hatchling that is here."""
    hatchling = [sys.executable, "-m", "hatchling", "build", "--target", target, "--directory", str(folder)]
    subprocess.run(hatchling, cwd=tree, check=True, capture_output=True, timeout=120)
    (built,) = folder.iterdir()
    return built


def environment(place: Path) -> Path:
    """`bin` of a new environment, to which this one lends what Aisle depends on.

    The dependencies are this environment's own folders, put at the end of the path: a folder that is named
    in a .pth file gets its own .pth files ignored, and with them the editable install of this repository.
    """
    venv.create(place, symlinks=True)
    site = place / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}" / "site-packages"
    lent = [folder for folder in sys.path if Path(folder).name == "site-packages"]
    (site / "dependencies.pth").write_text("".join(f"{folder}\n" for folder in lent))
    return place / "bin"


def pip(binary: Path, *arguments: str) -> None:
    """Run this environment's pip on another one."""
    command = [sys.executable, "-m", "pip", "--python", str(binary / "python"), *arguments]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert ended.returncode == 0, ended.stderr


def content(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This tree as Windows checks it out: each link is a small text file that names its target."""
    place = tmp_path_factory.mktemp("checkout") / "aisle"
    unwanted = shutil.ignore_patterns(".*", "__pycache__", "results", "dist", "build", *LINKS)
    inside = shutil.ignore_patterns("__pycache__")
    place.mkdir()
    for entry in ROOT.iterdir():
        if entry.name in unwanted(str(ROOT), [entry.name]):
            continue
        if entry.is_dir():
            shutil.copytree(entry, place / entry.name, ignore=inside)
        else:
            shutil.copy(entry, place)
    for link in LINKS:
        (place / link).write_text(f"aisle/{link}")
    return place


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(ROOT, "wheel", tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(ROOT, "sdist", tmp_path_factory.mktemp("sdist"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`bin` of a new environment with the wheel, its dependencies and none of the extras."""
    binary = environment(tmp_path_factory.mktemp("elsewhere") / "venv")
    pip(binary, "install", "--no-deps", "--no-index", "--quiet", str(wheel))
    (dependencies,) = binary.parent.glob("lib/*/site-packages/dependencies.pth")
    dependencies.with_name("no_extras.py").write_text(BLOCK)
    dependencies.write_text(dependencies.read_text() + "import no_extras\n")
    return binary


def test_the_wheel_holds_the_package_and_nothing_else(wheel: Path) -> None:
    names = set(content(wheel))
    assert {name.split("/")[0] for name in names} == {"aisle", f"aisle-{aisle.__version__}.dist-info"}
    sources = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "aisle").rglob("*")
        if path.is_file() and path.suffix in (".py", ".json", ".html", ".css", ".js", ".svg")
    }
    assert sources <= names
    assert "aisle/cluster/node/opensearch.lock.json" in names
    assert "aisle/py.typed" in names
    assert sum(name.startswith("aisle/testing/synthetic/tables/") for name in names) >= 1
    assert not [name for name in names if name.endswith((".pyc", ".pem", ".npz", ".onnx"))]


def test_its_metadata(wheel: Path) -> None:
    files = content(wheel)
    (info,) = (name for name in files if name.endswith("/METADATA"))
    metadata = files[info].decode()
    assert "aisle = aisle.cli.main:main" in files[info.replace("METADATA", "entry_points.txt")].decode()
    assert f"\nVersion: {aisle.__version__}\n" in metadata
    for extra in PROJECT["project"]["optional-dependencies"]:
        assert f"Provides-Extra: {extra}\n" in metadata
    required = [line for line in metadata.splitlines() if line.startswith("Requires-Dist")]
    plain = [line for line in required if "extra ==" not in line]
    assert len(plain) == len(PROJECT["project"]["dependencies"])
    assert not any(word in line for line in plain for word in ("torch", "transformers", "onnx>", "datasets"))
    # Nothing says where to download from: any mirror serves.
    assert not any("://" in line for line in required)


def test_the_source_distribution_holds_what_building_and_testing_take(sdist: Path) -> None:
    with tarfile.open(sdist) as archive:
        members = archive.getmembers()
    (top,) = {member.name.split("/")[0] for member in members}
    assert top == f"aisle-{aisle.__version__}"
    names = {member.name.removeprefix(f"{top}/") for member in members}
    assert all(member.isreg() for member in members), "links do not survive everywhere"
    wanted = (
        "pyproject.toml",
        "README.md",
        "LICENSE",
        "Makefile",
        "Dockerfile",
        "deploy/kubernetes.yaml",
        "docker-compose.yml",
        "mkdocs.yml",
    )
    assert {*wanted, "aisle/py.typed", "tests/conftest.py", "requirements/dev.txt"} <= names
    for folder in ("benchmarks", "docs", "examples", "tests"):
        assert any(name.startswith(f"{folder}/") for name in names), folder
    unwanted = (".ci", ".venv", "benchmarks/results", *(f"{link}/" for link in LINKS))
    assert not [name for name in names if name.startswith(unwanted) or "__pycache__" in name]


def test_the_wheel_of_the_source_distribution_and_of_a_checkout_without_links_are_the_same(
    wheel: Path, sdist: Path, checkout: Path, tmp_path: Path
) -> None:
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path, filter="data")
    expected = content(wheel)
    assert content(build(tmp_path / f"aisle-{aisle.__version__}", "wheel", tmp_path / "one")) == expected
    assert content(build(checkout, "wheel", tmp_path / "two")) == expected


def test_an_editable_install_of_a_checkout_without_links_works(checkout: Path, tmp_path: Path) -> None:
    binary = environment(tmp_path / "venv")
    pip(binary, "install", "--no-deps", "--no-index", "--no-build-isolation", "--quiet", "-e", str(checkout))
    code = "import aisle; print(aisle.__file__, aisle.open_search.__module__)"
    for folder in (tmp_path, checkout):
        place, module = run(binary / "python", "-c", code, cwd=folder).stdout.split()
        assert Path(place).resolve() == (checkout / "aisle" / "__init__.py").resolve()
        assert module == "aisle._search"
        assert run(binary / "aisle", "--version", cwd=folder).stdout == f"aisle {aisle.__version__}\n"
        assert "Usage: aisle index" in run(binary / "aisle", "index", "--help", cwd=folder).stdout


def test_it_lives_beside_catalogue_and_records(
    wheel: Path, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """spaCy brings `catalogue`; both once lost their files to packages of ours that had their names."""
    files = tmp_path_factory.mktemp("neighbours")
    download = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--no-deps",
        "--quiet",
        "-d",
        str(files),
        *NEIGHBOURS,
    ]
    got = subprocess.run(download, capture_output=True, text=True, timeout=120, check=False)
    assert got.returncode == 0, f"{' and '.join(NEIGHBOURS)} cannot be downloaded with pip: {got.stderr}"
    neighbours = [str(file) for file in files.iterdir()]
    names = [neighbour.partition("==")[0] for neighbour in NEIGHBOURS]
    binary = environment(tmp_path / "venv")

    def assert_they_work() -> None:
        ended = run(binary / "python", "-c", DAMAGED, *names, cwd=tmp_path)
        assert (ended.returncode, ended.stdout) == (0, ""), ended.stderr
        use = "import catalogue; catalogue.create('a', 'b').register('c')(len); print(catalogue.__file__)"
        place = Path(run(binary / "python", "-c", use, cwd=tmp_path).stdout.strip())
        assert place.is_relative_to(binary.parent)

    pip(binary, "install", "--no-deps", "--no-index", "--quiet", *neighbours)
    pip(binary, "install", "--no-deps", "--no-index", "--quiet", str(wheel))
    assert_they_work()
    pip(binary, "uninstall", "--yes", "--quiet", "aisle")
    assert_they_work()
    pip(binary, "install", "--no-deps", "--no-index", "--quiet", str(wheel))
    pip(binary, "install", "--no-deps", "--no-index", "--quiet", "--force-reinstall", *neighbours)
    assert_they_work()
    assert run(binary / "aisle", "--version", cwd=tmp_path).stdout == f"aisle {aisle.__version__}\n"
    # Far enough to have imported all that reading a catalogue takes.
    ended = run(binary / "aisle", "index", "no.jsonl", "--name", "x", cwd=tmp_path)
    assert "error: no OpenSearch address is set and no node runs" in ended.stderr


def test_it_imports_from_another_folder(installed: Path, tmp_path: Path) -> None:
    code = "import aisle, json; print(json.dumps([aisle.__file__, aisle.SearchClient.__module__]))"
    ended = run(installed / "python", "-c", code, cwd=tmp_path)
    assert ended.returncode == 0, ended.stderr
    place, module = json.loads(ended.stdout)
    assert Path(place).is_relative_to(installed.parent)
    assert module == "aisle.search.client"
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


def test_training_without_its_extra_names_it(installed: Path, tmp_path: Path) -> None:
    code = (
        "import aisle\ntry:\n    aisle.train_sparse('x')\nexcept aisle.AisleError as error:\n    print(error)"
    )
    ended = run(installed / "python", "-c", code, cwd=tmp_path)
    assert "pip install 'aisle[train]'" in ended.stdout, ended.stderr


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
