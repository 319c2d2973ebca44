"""The fixtures that `aisle.testing` offers to users, as its documentation shows them."""

from __future__ import annotations

import re
import subprocess
import sys
import textwrap
from pathlib import Path

from opensearchpy import OpenSearch

import aisle.testing
from tests.support.command import environment


def test_the_example_of_the_documentation_passes_and_leaves_nothing_behind(
    node_url: str, client: OpenSearch, tmp_path: Path
) -> None:
    before = set(client.indices.get(index="test-*"))
    shown = re.findall(
        r"    # (\w+\.py)\n((?:    .*\n|\n)+?)(?=    # |\n\S|\n`)", aisle.testing.__doc__ or ""
    )
    files = {name: textwrap.dedent(code) for name, code in shown}
    assert set(files) == {"conftest.py", "test_shop.py"}
    files["test_shop.py"] = f"import aisle\n\n{files['test_shop.py']}"
    for name, code in files.items():
        (tmp_path / name).write_text(code)
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)],
        cwd=tmp_path,
        env=environment(AISLE_TEST_URL=node_url, AISLE_HOME=str(tmp_path / "home")),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout
    assert "1 passed" in ended.stdout
    assert set(client.indices.get(index="test-*")) == before
